"""The contract: every metric of every column in every format, and known figures."""

import json
import math
from typing import Any, NoReturn

import pytest
from django.test import Client

from census.statistics.metrics import METRICS
from census.statistics.metrics import names as metric_names
from tests.census import oracle

pytestmark = pytest.mark.django_db

EVERY_METRIC = sorted(metric_names())
PROBLEM = "application/problem+json"
TOTAL = 48842


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def strict(content: bytes) -> Any:
    """Parses JSON strictly, without NaN."""
    return json.loads(content, parse_constant=refuse)


def ask(client: Client, url: str) -> dict[str, Any]:
    response = client.get(url)
    assert response.status_code == 200, (url, response.content[:500])
    answer: dict[str, Any] = strict(response.content)
    return answer


def required(metric: str, column: str) -> str:
    """Returns the required parameters of a metric."""
    if metric != "proportion":
        return ""
    return "value=" + {"income": "%3E50K", "sex": "Male", "split": "train"}.get(column, "nonsense")


# --- The walk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", [*oracle.COLUMNS, "salary", "hours-per-week", "id", "pk"])
@pytest.mark.parametrize("metric", [*EVERY_METRIC, "wombat"])
def test_any_metric_of_any_column_is_an_answer_or_a_coded_problem(
    client: Client, metric: str, column: str
) -> None:
    for query in (required(metric, column), "weight=fnlwgt&group_by=sex", "age__lt=17"):
        url = f"/v1/computation/{metric}/{column}?{query}"
        response = client.get(url)
        body = strict(response.content)
        if response.status_code == 200:
            assert body["metric"] == metric
            assert body["column"] == column.replace("-", "_")
            assert body["rows"] == body["count"] + body["missing"]
            assert set(body) >= {"dataset", "filters", "group_by", "weight", "method", "links"}
            continue
        assert response.status_code in (400, 404), url
        assert response["Content-Type"] == PROBLEM
        assert body["status"] == response.status_code
        assert body["type"].startswith("/problems/")
        assert body["errors"]
        for error in body["errors"]:
            assert set(error) >= {"parameter", "code", "detail"}


@pytest.mark.parametrize("format_", ["json", "api", "csv", "ndjson"])
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_any_metric_in_any_format(client: Client, metric: str, format_: str) -> None:
    for column in ("age", "income"):
        if METRICS[metric].kinds == (("categorical" if column == "age" else "numeric"),):
            continue
        query = required(metric, column)
        for rest in ("", "group_by=sex", "age__lt=17", "age__lt=17&group_by=sex"):
            path = f"/v1/computation/{metric}/{column}"
            by_suffix = client.get(f"{path}.{format_}?{query}&{rest}")
            by_query = client.get(f"{path}?{query}&{rest}&format={format_}")
            assert by_suffix.status_code == by_query.status_code == 200, (path, rest)
            if format_ in ("csv", "ndjson"):
                assert by_suffix.content == by_query.content


TABLES = [
    "/v1/statistics",
    "/v1/correlation",
    "/v1/crosstab/sex/income",
    "/v1/crosstab/native_country/occupation",
    "/v1/fairness/sex",
    "/v1/fairness/sex,race",
    "/v1/fairness/workclass",
]


@pytest.mark.parametrize("format_", ["json", "api", "csv", "ndjson"])
@pytest.mark.parametrize("path", TABLES)
def test_tables_of_anything_in_any_format(client: Client, path: str, format_: str) -> None:
    for query in ("", "weight=fnlwgt", "age__lt=17", "age__lt=17&weight=fnlwgt", "fnlwgt=1490400"):
        response = client.get(f"{path}.{format_}?{query}")
        assert response.status_code == 200, (path, query)
        if format_ == "json":
            strict(response.content)


# --- What must hold ------------------------------------------------------------------------------


def test_mean_age(client: Client) -> None:
    answer = ask(client, "/v1/computation/mean/age")
    assert b'"value":38.64358543876172' in client.get("/v1/computation/mean/age").content
    assert (answer["rows"], answer["count"], answer["missing"]) == (TOTAL, TOTAL, 0)
    assert answer["standard_error"] == pytest.approx(0.06203787139360584, rel=1e-12)


def test_fields(client: Client) -> None:
    answer = ask(client, "/v1/fields")
    fields = {field["name"]: field for field in answer["fields"]}
    assert answer["rows"] == TOTAL
    assert list(fields) == oracle.COLUMNS
    assert {name: field["missing"] for name, field in fields.items() if field["missing"]} == {
        "workclass": 2799,
        "occupation": 2809,
        "native_country": 857,
    }
    assert [fields["age"][k] for k in ("minimum", "maximum", "distinct")] == [17, 90, 74]
    assert fields["age"]["top_coded"]["value"] == 90
    contract = (
        "name source_name label description kind type role unit ordered nullable rows count "
        "missing distinct minimum maximum top_coded categories metrics"
    )
    for field in fields.values():
        assert set(field) == set(contract.split())
        one = ask(client, f"/v1/fields/{field['name']}")
        assert {name: one[name] for name in field} == field
        for link in field["metrics"]:
            assert client.get(link["href"]).status_code == 200, link


def test_fields_against_the_files(client: Client, adult: Any) -> None:
    for field in ask(client, "/v1/fields")["fields"]:
        column = adult[field["name"]]
        assert field["distinct"] == column.nunique()
        assert field["count"] == column.count()
        if field["kind"] == "categorical":
            found = {c["value"]: c["count"] for c in field["categories"] if c["count"]}
            assert found == column.value_counts().to_dict()
            values = [c["value"] for c in field["categories"]]
            assert values == sorted(values, key=lambda v: oracle.rank(field["name"], v))
        else:
            assert (field["minimum"], field["maximum"]) == (column.min(), column.max())
            if top := field["top_coded"]:
                assert top["count"] == (column == top["value"]).sum()


def test_the_dataset(client: Client) -> None:
    answer = ask(client, "/v1/dataset")
    assert answer["doi"] == "10.24432/C5XW20"
    assert answer["rows"] == TOTAL
    assert answer["rows_by_split"] == {"train": 32561, "test": 16281}
    assert (answer["duplicate_rows"], answer["complete_rows"]) == (52, 45222)
    assert {file["md5"] for file in answer["files"]} == {
        "5d7c39d7b8804f071cdd1f2a7c460872",
        "35238206dfdf7f1fe215bbb874adecdc",
    }
    assert answer["version"] == ask(client, "/v1/fields")["dataset"]
    assert answer["caveats"]


@pytest.mark.parametrize("alias", ["average", "avg"])
def test_an_alias_is_the_metric_and_echoes_what_was_asked(client: Client, alias: str) -> None:
    query = "group_by=sex&age__gte=30&weight=fnlwgt"
    answer = ask(client, f"/v1/computation/{alias}/age?{query}")
    other = ask(client, f"/v1/computation/mean/age?{query}")
    assert answer.pop("metric") == alias
    assert other.pop("metric") == "mean"
    assert answer.pop("links")["self"] != other.pop("links")["self"]
    assert answer == other


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("native_country__ne=United-States", 4153),
        ("native_country=Trinadad%26Tobago", 27),
        ("complete=true", 45222),
        ("workclass=Never-worked", 10),
        ("native_country__not_in=United-States", 4153),
        ("native_country__isnull=true", 857),
    ],
)
def test_selections_of_known_size(client: Client, query: str, count: int) -> None:
    assert ask(client, f"/v1/computation/count/age?{query}")["value"] == count


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_nothing_selected_is_null_and_empty(client: Client, metric: str, weight: str) -> None:
    if weight and not METRICS[metric].weightable:
        weight = ""
    column = "age" if "numeric" in METRICS[metric].kinds else "income"
    query = f"age__lt=17&group_by=sex{weight}&{required(metric, column)}"
    answer = ask(client, f"/v1/computation/{metric}/{column}?{query}")
    assert (answer["rows"], answer["count"], answer["missing"]) == (0, 0, 0)
    assert answer["groups"] == []
    zero = {"count", "missing", "distinct", "sum"}
    if "value" in answer:
        assert answer["value"] == (0 if metric in zero else None)
    if metric == "mode":
        assert (answer["modes"], answer["frequency"]) == ([], None)
    if metric == "distribution":
        assert answer["buckets"] == []
    if weight:
        assert answer["weighted_count"] == 0
        assert answer["n_effective"] is None


# --- What must hold: issue 3, and the figures of the contract ----------------------------------


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("path", "figures"),
    [
        (
            "mean/age?weight=fnlwgt",
            {"value": 38.05862309067412, "standard_error": 0.06887667899496155},
        ),
        ("median/age?weight=fnlwgt", {"value": 36}),
        ("median/age", {"value": 37}),
        ("std/age", {"value": 13.71050993444316}),
        ("proportion/sex?value=Male&weight=fnlwgt", {"value": 0.6757528069510574}),
        ("mean/hours_per_week?workclass=Never-worked", {"value": 28.9, "count": 10}),
        (
            "proportion/income?value=>50K",
            {
                "value": 0.23928176569346055,
                "ci_lower": 0.23551865086164034,
                "ci_upper": 0.2430858886574361,
            },
        ),
    ],
)
def test_figures_of_the_contract(client: Client, path: str, figures: dict[str, float]) -> None:
    answer = ask(client, f"/v1/computation/{path}")
    assert {name: answer[name] for name in figures} == {k: close(v) for k, v in figures.items()}


def test_effective_size(client: Client) -> None:
    answer = ask(client, "/v1/computation/mean/age?weight=fnlwgt")
    assert round(answer["n_effective"], 2) == 37283.56
    assert round(answer["design_effect"], 6) == 1.310014


def test_crosstab_of_sex_and_income(client: Client) -> None:
    answer = ask(client, "/v1/crosstab/sex/income?weight=fnlwgt")
    assert answer["chi2"] == close(2249.9161672890773)
    assert round(answer["rao_scott_f"], 2) == 1716.39
    assert (answer["rao_scott_df1"], answer["rao_scott_df2"]) == (1, 48841)


def test_age_histogram_of_statistics(client: Client) -> None:
    columns = {c["column_name"]: c for c in ask(client, "/v1/statistics")["statistics"]}
    histogram = columns["age"]["column_statistics"]["histogram"]
    counts = [8432, 9939, 10260, 8690, 5837, 3597, 1457, 482, 91, 57]
    assert histogram["hist"] == counts


@pytest.mark.parametrize(
    ("query", "difference", "ratio"),
    [("", -0.194516, 0.359655), ("complete=true", -0.198901, 0.363470)],
)
def test_fairness_by_sex(client: Client, query: str, difference: float, ratio: float) -> None:
    answer = ask(client, f"/v1/fairness/sex?{query}")
    female = answer["groups"][0]
    assert answer["reference"] == {"sex": "Male"}
    assert female["key"] == {"sex": "Female"}
    assert round(female["statistical_parity_difference"], 6) == difference
    assert round(female["disparate_impact"], 6) == ratio
    if not query:
        bounds = (female["di_ci_lower"], female["di_ci_upper"])
        assert tuple(round(bound, 6) for bound in bounds) == (0.343161, 0.376942)


# --- Nasty corners -----------------------------------------------------------------------------


def test_three_tied_modes(client: Client) -> None:
    answer = ask(client, "/v1/computation/mode/fnlwgt?split=train")
    assert answer["modes"] == [123011, 164190, 203488]
    assert answer["value"] == 123011
    assert answer["frequency"] == 13


def test_never_worked_have_no_occupation(client: Client) -> None:
    answer = ask(client, "/v1/computation/mode/occupation?workclass=Never-worked&weight=fnlwgt")
    assert (answer["rows"], answer["count"], answer["missing"]) == (10, 0, 10)
    assert (answer["value"], answer["modes"], answer["weighted_count"]) == (None, [], 0)


def test_groups_of_one(client: Client) -> None:
    query = "native_country=Holand-Netherlands&group_by=native_country"
    for weight in ("", "&weight=fnlwgt"):
        answer = ask(client, f"/v1/computation/mean/age?{query}{weight}")
        (group,) = answer["groups"]
        assert group["value"] == 32
        assert group["standard_error"] is group["ci_lower"] is group["ci_upper"] is None
        assert ask(client, f"/v1/computation/std/age?{query}{weight}")["value"] is None
        assert ask(client, f"/v1/computation/std/age?{query}{weight}&ddof=0")["value"] == 0


def test_integer_sums_stay_integers(client: Client, adult: Any) -> None:
    answer = ask(client, "/v1/computation/sum/capital_gain?weight=fnlwgt")
    exact = sum(int(w) * int(x) for w, x in zip(adult.fnlwgt, adult.capital_gain, strict=True))
    assert exact > 2**31
    assert answer["value"] == exact
    assert isinstance(answer["value"], int)


# --- Order and limit ---------------------------------------------------------------------------


@pytest.mark.parametrize("order_by", ["key", "-key", "value", "-value", "count", "-count"])
@pytest.mark.parametrize("limit", [None, 1, 3, 100])
def test_order_and_limit_of_groups(client: Client, order_by: str, limit: int | None) -> None:
    path = "/v1/computation/mean/age?group_by=education"
    every = ask(client, path)["groups"]
    query = f"&order_by={order_by}" + (f"&limit={limit}" if limit else "")
    found = ask(client, path + query)["groups"]
    name, descending = order_by.lstrip("-"), order_by.startswith("-")
    if name == "key":
        wanted = every[::-1] if descending else every
    else:
        wanted = sorted(every, key=lambda group: group[name], reverse=descending)
    assert found == wanted[:limit]


def test_groups_in_the_order_of_their_category(client: Client) -> None:
    path = "/v1/computation/mode/education?group_by=workclass&order_by=value"
    modes = [group["value"] for group in ask(client, path)["groups"]]
    assert len(set(modes)) > 1
    assert modes == sorted(modes, key=lambda value: oracle.rank("education", value))


def test_missing_keys_are_last_either_way(client: Client) -> None:
    path = "/v1/computation/count/age?group_by=workclass&order_by="
    for order_by in ("key", "-key"):
        groups = ask(client, path + order_by)["groups"]
        assert groups[-1]["key"] == {"workclass": None}
        assert groups[-1]["count"] == 2799


@pytest.mark.parametrize(
    ("order_by", "first"), [("", "Private"), ("key", "Federal-gov"), ("count", "Never-worked")]
)
def test_order_and_limit_of_buckets(client: Client, order_by: str, first: str) -> None:
    query = f"limit=2&order_by={order_by}" if order_by else "limit=2"
    answer = ask(client, f"/v1/computation/distribution/workclass?{query}")
    assert len(answer["buckets"]) == 2
    assert answer["buckets"][0]["value"] == first
    assert math.isclose(
        answer["buckets"][0]["proportion"], answer["buckets"][0]["count"] / answer["count"]
    )


# --- Every filter of every column ----------------------------------------------------------------

VALUES: dict[str, tuple[Any, Any]] = {
    "age": (39, 50),
    "fnlwgt": (77516, 200000),
    "education_num": (9, 13),
    "capital_gain": (0, 2174),
    "capital_loss": (0, 1902),
    "hours_per_week": (40, 60),
    "workclass": ("Private", "Never-worked"),
    "education": ("HS-grad", "Masters"),
    "marital_status": ("Divorced", "Widowed"),
    "occupation": ("Sales", "Armed-Forces"),
    "relationship": ("Husband", "Wife"),
    "race": ("Black", "Other"),
    "sex": ("Male", "Female"),
    "native_country": ("Cuba", "Outlying-US(Guam-USVI-etc)"),
    "income": (">50K", "<=50K"),
    "split": ("train", "test"),
}


def by_pandas(frame: Any, column: str, lookup: str, a: Any, b: Any) -> int:
    x = frame[column]
    if column == "education" and lookup in ("gt", "gte", "lt", "lte"):
        x, a = frame.education_num, {"HS-grad": 9}[a]
    found = {
        "": lambda: x == a,
        "ne": lambda: x.notna() & (x != a),
        "in": lambda: x.isin([a, b]),
        "not_in": lambda: x.notna() & ~x.isin([a, b]),
        "isnull": lambda: x.isna(),
        "gt": lambda: x > a,
        "gte": lambda: x >= a,
        "lt": lambda: x < a,
        "lte": lambda: x <= a,
        "range": lambda: x.between(a, b),
    }[lookup]()
    return int(found.sum())


LOOKUPS = ("", "ne", "in", "not_in", "isnull", "gt", "gte", "lt", "lte", "range")
ORDERED_ONLY = ("gt", "gte", "lt", "lte")


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("column", oracle.COLUMNS)
def test_every_filter(client: Client, adult: Any, column: str, lookup: str) -> None:
    a, b = VALUES[column]
    text = {"in": f"{a},{b}", "not_in": f"{a},{b}", "range": f"{a},{b}", "isnull": "true"}
    query = {f"{column}__{lookup}" if lookup else column: text.get(lookup, str(a))}
    response = client.get("/v1/computation/count/age", query)
    numeric = column in oracle.NUMERIC
    if (lookup == "range" and not numeric) or (
        lookup in ORDERED_ONLY and not numeric and column != "education"
    ):
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "unknown_parameter"
        return
    assert response.status_code == 200, response.content
    assert response.json()["value"] == by_pandas(adult, column, lookup, a, b)
