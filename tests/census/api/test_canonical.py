"""Spellings of one request, and requests that only look like one."""

import pytest
from django.test import Client, RequestFactory

from census.api.canonical import Canonical, canonical

MEAN = "/v1/computation/mean/age"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    "others",
    [
        [
            (MEAN, "sex=Male&race=White", "*/*"),
            (MEAN, "race=White&sex=Male", "application/json"),
            (f"{MEAN}/", "race=White&sex=Male", "application/json;q=0.9, text/csv;q=0.1"),
            (MEAN, "race=W%68ite&sex=Male", "*/*"),
        ],
        [
            (MEAN, "hours-per-week__gte=40", "*/*"),
            (MEAN, "hours_per_week__gte=40", "*/*"),
            (MEAN, "hours%2Dper-week__gte=40", "*/*"),
        ],
        [
            (f"{MEAN}.csv", "", "*/*"),
            (MEAN, "format=csv", "application/json"),
            (f"{MEAN}.csv", "", HTML),
            (f"{MEAN}/", "format=csv", HTML),
        ],
        [
            (MEAN, "sex=&weight=fnlwgt", HTML),
            (MEAN, "weight=fnlwgt", HTML),
            (MEAN, "weight=fnlwgt&race=", "text/html"),
        ],
    ],
)
def test_spellings_of_one_request(others: list[tuple[str, str, str]]) -> None:
    forms = {canonical(*asked) for asked in others}
    assert len(forms) == 1
    assert None not in forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((MEAN, "", "*/*"), ("/v1/computation/average/age", "", "*/*")),
        ((MEAN, "", "*/*"), (MEAN, "", HTML)),
        ((MEAN, "", "*/*"), (MEAN, "", "text/csv")),
        ((MEAN, "sex=Male", "*/*"), (MEAN, "sex=Male&sex=Male", "*/*")),
        ((MEAN, "sex=", "*/*"), (MEAN, "", "*/*")),
        ((MEAN, "sex=Male", "*/*"), (MEAN, "Sex=Male", "*/*")),
        ((MEAN, "workclass__in=a,b", "*/*"), (MEAN, "workclass__in=b,a", "*/*")),
    ],
)
def test_different_requests(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert canonical(*one) != canonical(*other)


@pytest.mark.parametrize(
    ("path", "query", "accept"),
    [
        ("/", "", "*/*"),
        ("/healthz", "", "*/*"),
        ("/v2", "", "*/*"),
        (f"{MEAN}.xls", "", "*/*"),
        (MEAN, "format=xls", "*/*"),
        (MEAN, "", "image/gif"),
        (MEAN, "&".join(f"a{i}=1" for i in range(2000)), "*/*"),
    ],
)
def test_requests_without_an_answer_to_keep(path: str, query: str, accept: str) -> None:
    assert canonical(path, query, accept) is None


def test_an_imposed_form_is_all_that_is_left() -> None:
    request = RequestFactory().get(
        f"{MEAN}/?sex=Male&format=csv&age__gte=20", headers={"Accept": HTML}
    )
    _ = request.headers
    form = canonical(request.path_info, request.META["QUERY_STRING"], HTML)
    assert form == Canonical(f"{MEAN}.csv", "age__gte=20&sex=Male", "text/csv", absolute=False)
    form.impose(request)
    assert request.get_full_path() == f"{MEAN}.csv?age__gte=20&sex=Male"
    assert request.headers["Accept"] == "text/csv"
    assert dict(request.GET.items()) == {"age__gte": "20", "sex": "Male"}


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["b=1&a=2", "sex=Man&age-x=1", "format=json&sex=Man"])
def test_errors_repeat_what_was_asked(client: Client, query: str) -> None:
    answer = client.get(f"{MEAN}/?{query}")
    assert answer.status_code == 400
    assert answer.json()["instance"].removeprefix(MEAN).lstrip("/") == f"?{query}"
    assert answer["Cache-Control"] == "no-store"
