"""Negotiation, suffixes, slashes, headers and methods, and pages for browsers."""

import re
from typing import Any

import pytest
from django.test import Client

from census.api.problems import PROBLEMS

pytestmark = pytest.mark.django_db

MEAN = "/v1/computation/mean/age"
JSON, CSV, HTML = "application/json", "text/csv", "text/html"
NDJSON, PROBLEM = "application/x-ndjson", "application/problem+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def media_type(response: Any) -> str:
    return str(response["Content-Type"]).partition(";")[0]


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        ("application/*", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json;q=abc", JSON),
        ("APPLICATION/JSON", JSON),
        (BROWSER, HTML),
        (HTML, HTML),
        ("text/html;q=0.2,application/json;q=0.9", JSON),
        ("application/json;q=0.2,text/html", HTML),
        (CSV, CSV),
        ("text/*", CSV),
        ("text/*;q=0.5, image/png;q=0.1", CSV),
        ("text/*, application/json;q=0.9", CSV),
        ("text/html, text/*;q=0.9", HTML),
        ("*/*;q=0.5, text/html;q=0.5", HTML),
        ("text/csv;q=0.9,application/json;q=0.1", CSV),
        ("application/json;q=0, text/csv", CSV),
        ("*/*;q=0.1, application/x-ndjson", NDJSON),
        ("application/json, */*;q=0.5", JSON),
        ("application/xml, application/json;q=0.5", JSON),
        ("application/xml", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("garbage", None),
        (";;;,,", None),
    ],
)
def test_accept(client: Client, accept: str | None, found: str | None) -> None:
    response = client.get(MEAN, headers={} if accept is None else {"accept": accept})
    if found is None:
        assert (response.status_code, media_type(response)) == (406, PROBLEM)
        assert "json" in response.json()["detail"]
    else:
        assert (response.status_code, media_type(response)) == (200, found)
        assert "Accept" in response["Vary"]


def test_a_type_that_is_not_wanted_is_not_given(client: Client) -> None:
    response = client.get(MEAN, headers={"accept": "application/json;q=0, */*"})
    assert media_type(response) != JSON


@pytest.mark.parametrize(
    ("path", "status", "found"),
    [
        (f"{MEAN}.json", 200, JSON),
        (f"{MEAN}.csv", 200, CSV),
        (f"{MEAN}.ndjson", 200, NDJSON),
        (f"{MEAN}.api", 200, HTML),
        (f"{MEAN}.csv?sex=Male", 200, CSV),
        (f"{MEAN}?format=csv", 200, CSV),
        (f"{MEAN}?format=json", 200, JSON),
        (f"{MEAN}?format=api", 200, HTML),
        (f"{MEAN}.csv?format=csv", 200, CSV),
        (f"{MEAN}.foo", 404, PROBLEM),
        (f"{MEAN}?format=foo", 406, PROBLEM),
        (f"{MEAN}?format=", 406, PROBLEM),
        (f"{MEAN}?format=CSV", 406, PROBLEM),
        (f"{MEAN}.csv?format=json", 406, PROBLEM),
        (f"{MEAN}?format=csv&format=json", 406, PROBLEM),
        ("/v1.json", 200, JSON),
        ("/v1/fields.csv", 200, CSV),
        ("/v1/fields/age.csv", 200, CSV),
        ("/v1/computation.json", 200, JSON),
        ("/v1/dataset.json", 200, JSON),
        ("/v1/statistics.csv", 200, CSV),
        ("/v1/fairness/sex,race.csv", 200, CSV),
        ("/v1/crosstab/sex/income.ndjson", 200, NDJSON),
    ],
)
def test_formats(client: Client, path: str, status: int, found: str) -> None:
    response = client.get(path)
    assert (response.status_code, media_type(response)) == (status, found)
    # The address outweighs what a browser sends with every request.
    response = client.get(path, headers={"accept": BROWSER})
    assert response.status_code == status
    if status == 200:
        assert media_type(response) == found
    else:
        assert "json" in response.content.decode() or status == 406


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/dataset", "/v1/fields", "/v1/fields/age", "/v1/computation", MEAN, f"{MEAN}.csv"],
)
def test_a_trailing_slash_changes_nothing(client: Client, path: str) -> None:
    with_slash, without = client.get(f"{path}/"), client.get(path)
    assert with_slash.status_code == 200
    assert with_slash.content == without.content


def test_a_page_shows_no_more_than_a_browser_takes(client: Client) -> None:
    page = client.get("/v1/people?page_size=1000&format=api").content.decode()
    assert len(page) < 500_000
    assert "A page shows the first 200,000 characters" in page


@pytest.mark.parametrize("path", ["/v1", MEAN, "/v1/fields.csv", "/v1/statistics"])
def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Vary"):
        assert head[name] == get[name]


@pytest.mark.parametrize("path", ["/v1", MEAN, "/v1/fairness/sex"])
def test_options(client: Client, path: str) -> None:
    response = client.options(path)
    assert response.status_code == 200
    assert set(response["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_cors(client: Client) -> None:
    for path in (MEAN, "/v1/computation/mean/salary", "/nope"):
        response = client.get(path, headers={"origin": "https://example.org"})
        assert response["Access-Control-Allow-Origin"] == "*"
    preflight = client.options(
        MEAN,
        headers={"origin": "https://example.org", "access-control-request-method": "GET"},
    )
    assert preflight.status_code == 200
    assert "GET" in preflight["Access-Control-Allow-Methods"]
    assert "POST" not in preflight["Access-Control-Allow-Methods"]


EVERYWHERE = ["/", "/v1", MEAN, f"{MEAN}?agee=1", "/nope", "/docs", "/redoc", "/schema", "/healthz"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_headers_of_every_answer(client: Client, path: str) -> None:
    response = client.get(path)
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])
    if path != "/healthz":
        assert re.search(r"db;dur=[\d.]+.*total;dur=[\d.]+", response["Server-Timing"])
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("sent", ["abc-123", "a" * 128, "01J.x:y/z+=", "A"])
def test_a_sane_request_id_is_echoed(client: Client, sent: str) -> None:
    for path in (MEAN, "/nope", "/healthz"):
        assert client.get(path, headers={"x-request-id": sent})["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", " ", "a" * 129, "a b", "a\tb", "ä", "<script>", 'a"b', "a;b", "\x7f", "a\n", "٣"]
)
def test_an_insane_request_id_is_replaced(client: Client, sent: str) -> None:
    found = client.get(MEAN, headers={"x-request-id": sent})["X-Request-ID"]
    assert found != sent
    assert re.fullmatch(r"[0-9a-f]{32}", found)


PAGES = [
    *("/v1", "/v1/dataset", "/v1/fields", "/v1/fields/age", "/v1/computation", MEAN),
    *("/v1/computation/distribution/age", "/v1/computation/distribution/sex", "/v1/statistics"),
    *("/v1/correlation", "/v1/crosstab/sex/income", "/v1/fairness/sex", "/v1/people"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_gets_a_page(client: Client, path: str) -> None:
    response = client.get(path, headers={"accept": BROWSER})
    page = response.content.decode()
    assert (response.status_code, media_type(response)) == (200, HTML)
    assert "<html" in page
    if path not in ("/v1", "/v1/dataset", "/v1/fields", "/v1/fields/age", "/v1/computation"):
        assert '<form method="get"' in page
        assert 'name="sex"' in page
    # Nothing is asked of another host.
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver)[^"]*\.(?:js|css)', page)


def test_empty_form_fields_are_ignored(client: Client) -> None:
    response = client.get(f"{MEAN}?format=api&sex=&age__gte=&group_by=sex&weight=")
    assert response.status_code == 200
    assert "38.64358543876172" in response.content.decode()
    assert client.get(f"{MEAN}?sex=").status_code == 400


def test_what_is_asked_is_escaped(client: Client) -> None:
    attack = '"><script>alert(1)</script>'
    for url in (
        f"{MEAN}?format=api&age__gte={attack}",
        f"{MEAN}?format=api&{attack}=1",
        f"/v1/computation/mean/{attack.replace('/', '')}",
        f"/{attack}",
    ):
        for accept in (BROWSER, JSON):
            response = client.get(url, headers={"accept": accept})
            assert response.status_code in (400, 404)
            if media_type(response) == HTML:
                assert "<script>alert(1)" not in response.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        *(f"{MEAN}?agee=1", "/v1/computation/mean/salary", "/nope"),
        *("/v1/fields?format=xml", "/v1/fields.foo", "/v1/people.xml?sex=Male"),  # no such format
    ],
)
def test_errors_are_pages_for_browsers_and_problems_for_programs(client: Client, path: str) -> None:
    page = client.get(path, headers={"accept": BROWSER})
    assert media_type(page) == HTML
    for accept in ("*/*", JSON, CSV, "application/problem+json"):
        program = client.get(path, headers={"accept": accept})
        assert media_type(program) == PROBLEM
        assert program.status_code in (page.status_code, 406)


@pytest.mark.parametrize("slug", sorted(PROBLEMS))
def test_every_problem_is_explained(client: Client, slug: str) -> None:
    page = client.get(f"/problems/{slug}", headers={"accept": BROWSER})
    assert (page.status_code, media_type(page)) == (200, HTML)
    assert PROBLEMS[slug].title in page.content.decode()
    document = client.get(f"/problems/{slug}")
    assert (document.status_code, media_type(document)) == (200, JSON)
    assert document.json()["status"] == PROBLEMS[slug].status
    assert document.json()["explanation"]


def test_the_home_page_and_the_docs(client: Client) -> None:
    for path in ("/", "/docs"):
        response = client.get(path, headers={"accept": BROWSER})
        page = response.content.decode()
        assert response.status_code == 200
        assert "<title>" in page
        loaded = r'(?:<link [^>]*href|src)="(?:https?:)?//'  # a link to follow may lead anywhere
    assert not re.findall(loaded, page)


def test_uci_spelling_wherever_a_column_is_named(client: Client) -> None:
    pairs = [
        ("/v1/computation/mean/hours-per-week", "/v1/computation/mean/hours_per_week"),
        (f"{MEAN}?hours-per-week__gte=60", f"{MEAN}?hours_per_week__gte=60"),
        (f"{MEAN}?native-country=Cuba", f"{MEAN}?native_country=Cuba"),
        (f"{MEAN}?group_by=marital-status,sex", f"{MEAN}?group_by=marital_status,sex"),
        ("/v1/fields/native-country", "/v1/fields/native_country"),
        ("/v1/crosstab/marital-status/sex", "/v1/crosstab/marital_status/sex"),
        ("/v1/fairness/marital-status", "/v1/fairness/marital_status"),
        (
            "/v1/correlation?columns=hours-per-week,education-num",
            "/v1/correlation?columns=hours_per_week,education_num",
        ),
    ]
    for uci, ours in pairs:
        found, wanted = client.get(uci), client.get(ours)
        assert found.status_code == 200, uci
        one, other = found.json(), wanted.json()
        one.pop("links", None)
        other.pop("links", None)
        assert one == other


def test_links_lead_somewhere(client: Client) -> None:
    for path in (MEAN, f"{MEAN}.json?sex=Male&group_by=race", "/v1/fairness/sex", "/v1"):
        answer = client.get(path).json()
        links = answer.get("links", answer)
        for name, link in links.items():
            assert client.get(link).status_code == 200, (path, name, link)
