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
        [
            (MEAN, "group_by=sex,native_country&age__in=40,30", "*/*"),
            (MEAN, "group_by=sex&age__in=40&group_by=native-country&age__in=30", "*/*"),
            (MEAN, "group_by%5B%5D=sex&group_by[]=native_country&age__in[]=40,30", "*/*"),
        ],
        [
            (MEAN, "complete=true&fnlwgt__gte=100000&age__range=20,30&confidence=0.9", "*/*"),
            (MEAN, "complete=True&fnlwgt__gte=1e%2B05&age__range=2e1,30.0&confidence=.90", "*/*"),
            (
                MEAN,
                "complete=TRUE&fnlwgt__gte=1e 05&age__range=20&age__range=30&confidence=9e-1",
                "*/*",
            ),
        ],
        [
            ("/v1/people", "fields=age,hours_per_week&ordering=-age,id", "*/*"),
            ("/v1/people", "ordering=-age&fields=age&fields=hours-per-week&ordering=id", "*/*"),
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
        ((MEAN, "age__in=1,2", "*/*"), (MEAN, "age__in=2,1", "*/*")),
        ((MEAN, "group_by=sex&group_by=race", "*/*"), (MEAN, "group_by=race,sex", "*/*")),
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


def test_apply_to_replaces_the_whole_request() -> None:
    request = RequestFactory().get(
        f"{MEAN}/?sex=Male&format=csv&age__gte=20", headers={"Accept": HTML}
    )
    _ = request.headers
    form = canonical(request.path_info, request.META["QUERY_STRING"], HTML)
    assert form == Canonical(f"{MEAN}.csv", "age__gte=20&sex=Male", "text/csv", absolute=False)
    form.apply_to(request)
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
