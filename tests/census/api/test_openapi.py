"""The OpenAPI description is valid, and the answers conform to it."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from census.statistics.measures import MEASURES
from census.statistics.metrics import METRICS

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def description() -> dict[str, Any]:
    response = Client().get("/schema?format=json")
    assert response.status_code == 200
    found: dict[str, Any] = json.loads(response.content)
    return found


def test_is_valid(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(description).iter_errors())


def test_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file="/dev/null")
    assert "arning" not in capsys.readouterr().err


def test_is_the_same_as_yaml(client: Client) -> None:
    for accept in ("application/yaml", "application/vnd.oai.openapi"):
        response = client.get("/schema", headers={"accept": accept})
        assert response.status_code == 200
        assert response.content.startswith(b"openapi: 3.1")


@pytest.mark.parametrize("query", ["version=%0D%0AX:1", 'version="', "lang=xx", "x=%00"])
def test_is_the_same_whatever_is_asked_beside(client: Client, query: str) -> None:
    plain, other = client.get("/schema"), client.get(f"/schema?{query}")
    assert other.content == plain.content
    assert other["Content-Type"] == plain["Content-Type"]
    assert other["Content-Disposition"] == plain["Content-Disposition"]
    assert plain["Content-Disposition"].endswith('.yaml"')


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, operation["get"])
        for path, operation in description["paths"].items()
        if path.startswith("/v1")
    ]


def test_every_operation_tells_parameters_examples_and_errors(description: dict[str, Any]) -> None:
    found = operations(description)
    assert len(found) >= len(METRICS) + 9
    identifiers = [operation["operationId"] for _, operation in found]
    assert len(set(identifiers)) == len(identifiers)
    for path, operation in found:
        assert operation["summary"], path
        assert {"200", "400", "406", "429", "503"} <= set(operation["responses"]), path
        if "{" in path:
            assert "404" in operation["responses"], path
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == ["application/problem+json"], path


def test_the_methods_are_the_reading_ones(description: dict[str, Any]) -> None:
    for path, operations_ in description["paths"].items():
        assert set(operations_) <= {"get", "parameters"}, path


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_a_metric_tells_its_formula(description: dict[str, Any], metric: str) -> None:
    operation = description["paths"][f"/v1/computation/{metric}/{{column}}"]["get"]
    assert METRICS[metric].formula in operation["description"]
    assert METRICS[metric].description in operation["description"]


@pytest.mark.parametrize("view", sorted(MEASURES))
def test_a_table_tells_its_formulas(description: dict[str, Any], view: str) -> None:
    schemas = description["components"]["schemas"]
    parts = {
        "statistics": ["ColumnStatistics", "Histogram"],
        "fairness": ["FairnessGroup"],
        "comparison": ["ComparedGroup"],
        "regression": ["LinearRegression", "LogisticRegression", "OddsRatio"],
        "decomposition": ["DecomposedGroup"],
        "oaxaca": ["OaxacaGroup"],
    }
    names = [name for name in (view.title(), *parts.get(view, ())) if name in schemas]
    told = json.dumps([schemas[name] for name in names], ensure_ascii=False)
    for name, formula in MEASURES[view].items():
        assert f'"{name}"' in told
        assert formula in told


def schema_of(description: dict[str, Any], path: str, status: str) -> dict[str, Any]:
    response = description["paths"][path]["get"]["responses"][status]
    kind = "application/json" if status == "200" else "application/problem+json"
    return {"components": description["components"], **response["content"][kind]["schema"]}


def closed(schema: Any) -> Any:
    """Returns a schema in which objects have only the described members."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        found["additionalProperties"] = False
    return found


def assert_as_described(
    client: Client, description: dict[str, Any], path: str, url: str, status: int = 200
) -> None:
    response = client.get(url)
    assert response.status_code == status, (url, response.content[:300])
    schema = schema_of(closed(description), path, str(status))
    errors = [e.message[:300] for e in Draft202012Validator(schema).iter_errors(response.json())]
    assert not errors, (url, errors[:3])


ANSWERS = [
    ("/v1", "/v1"),
    ("/v1/dataset", "/v1/dataset"),
    ("/v1/fields", "/v1/fields"),
    ("/v1/fields/{column}", "/v1/fields/age"),
    ("/v1/fields/{column}", "/v1/fields/workclass"),
    ("/v1/fields/{column}", "/v1/fields/split"),
    ("/v1/computation", "/v1/computation"),
    ("/v1/people", "/v1/people?page_size=3"),
    ("/v1/people", "/v1/people?age__lt=17"),
    ("/v1/people/{id}", "/v1/people/1"),
    *(
        (path, f"{url}{'&' if '?' in url else '?'}{query}")
        for path, url in (
            ("/v1/statistics", "/v1/statistics"),
            ("/v1/correlation", "/v1/correlation"),
            ("/v1/crosstab/{row}/{column}", "/v1/crosstab/sex/income"),
            ("/v1/crosstab/{row}/{column}", "/v1/crosstab/workclass/occupation"),
            ("/v1/crosstab/{row}/{column}", "/v1/crosstab/age/income?cells=true&layer=sex"),
            ("/v1/comparison/{column}", "/v1/comparison/age?group_by=sex"),
            ("/v1/comparison/{column}", "/v1/comparison/income?group_by=sex,race&value=%3E50K"),
            ("/v1/regression/linear/{column}", "/v1/regression/linear/age?on=sex,workclass"),
            (
                "/v1/regression/logistic/{column}",
                "/v1/regression/logistic/income?value=%3E50K&on=age,workclass",
            ),
            ("/v1/decomposition/{column}", "/v1/decomposition/age?group_by=sex&on=workclass"),
            (
                "/v1/decomposition/oaxaca/{column}",
                "/v1/decomposition/oaxaca/income?value=%3E50K&group_by=sex&on=age,race",
            ),
            ("/v1/fairness/{column}", "/v1/fairness/sex"),
            ("/v1/fairness/{column}", "/v1/fairness/sex,native_country"),
        )
        for query in ("", "weight=fnlwgt", "age__lt=17", "age__lt=17&weight=fnlwgt", "fnlwgt=77516")
    ),
]


@pytest.mark.parametrize(("path", "url"), ANSWERS)
def test_answers_are_as_described(
    client: Client, description: dict[str, Any], path: str, url: str
) -> None:
    assert_as_described(client, description, path, url)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_results_are_as_described(client: Client, description: dict[str, Any], metric: str) -> None:
    of = METRICS[metric]
    columns = [c for c in ("age", "workclass", "income") if c in {c.name for c in of.columns}]
    for column in columns:
        required = f"&value={quote(VALUES[column])}" if metric == "proportion" else ""
        for query in ("", "group_by=sex,workclass", "age__lt=17&group_by=sex", "bins=values"):
            if "bins" in query and (metric != "distribution" or column != "age"):
                continue
            for weight in ("", "&weight=fnlwgt") if of.weightable else ("",):
                url = f"/v1/computation/{metric}/{column}?{query}{required}{weight}"
                path = f"/v1/computation/{metric}/{{column}}"
                assert_as_described(client, description, path, url)


VALUES = {"age": "", "workclass": "Private", "income": ">50K"}


@pytest.mark.parametrize(
    ("path", "url", "status"),
    [
        ("/v1/computation/mean/{column}", "/v1/computation/mean/age?agee=1", 400),
        ("/v1/computation/mean/{column}", "/v1/computation/mean/workclass", 400),
        ("/v1/computation/mean/{column}", "/v1/computation/mean/salary", 404),
        ("/v1/computation/mean/{column}", "/v1/computation/mean/age?format=xml", 406),
        ("/v1/people/{id}", "/v1/people/0", 404),
        ("/v1/people", "/v1/people?page_size=0", 400),
        ("/v1/fields/{column}", "/v1/fields/salary", 404),
        ("/v1/crosstab/{row}/{column}", "/v1/crosstab/sex/fnlwgt", 400),
        ("/v1/fairness/{column}", "/v1/fairness/fnlwgt", 400),
    ],
)
def test_problems_are_as_described(
    client: Client, description: dict[str, Any], path: str, url: str, status: int
) -> None:
    assert_as_described(client, description, path, url, status)


def test_every_parameter_described_is_taken(client: Client, description: dict[str, Any]) -> None:
    """Routes accept all parameters of the description."""

    for path, operation in operations(description):
        of_category = any(part in path for part in ("crosstab", "proportion", "logistic"))
        column = "income" if of_category else "age"
        url = path.replace("{column}", "sex" if "fairness" in path else column)
        url = url.replace("{row}", "sex").replace("{id}", "1")
        for reference in operation.get("parameters", []):
            parameter = reference
            if "$ref" in reference:
                name = reference["$ref"].rpartition("/")[2]
                parameter = description["components"]["parameters"][name]
            if parameter["in"] != "query" or parameter["name"] == "format":
                continue
            response = client.get(url, {parameter["name"]: "\x00"})
            assert response.status_code == 400, (url, parameter["name"])
            codes = {e["parameter"]: e["code"] for e in response.json()["errors"]}
            assert codes[parameter["name"]] != "unknown_parameter", (url, parameter["name"])


def test_whole_is_described(description: dict[str, Any]) -> None:
    assert description["servers"] == [{"url": "/"}]
    assert description["security"] == []
    assert description["info"]["license"]["identifier"] == "MIT"
    assert description["info"]["contact"]
    declared = {tag["name"] for tag in description["tags"]}
    used = {tag for _, operation in operations(description) for tag in operation["tags"]}
    assert used == declared


def resolved(description: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = description
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def test_parameters_and_lists_of_values_are_components(description: dict[str, Any]) -> None:
    for path, operation in operations(description):
        for parameter in operation.get("parameters", []):
            if "$ref" not in parameter:  # a variant of one that is there
                assert parameter["name"] in description["components"]["parameters"], path
    for name, parameter in description["components"]["parameters"].items():
        assert '"enum"' not in json.dumps(parameter), name
    schemas = description["components"]["schemas"]
    assert schemas["Sex"] == {"type": "string", "enum": ["Female", "Male"]}
    assert schemas["Income"]["x-enum-varnames"] == ["AT_MOST_50K", "OVER_50K"]
    for name, schema in schemas.items():
        names = schema.get("x-enum-varnames", schema.get("enum", []))
        assert len(set(names)) == len(schema.get("enum", [])), name
        assert all(one.isidentifier() for one in names), name


def test_parameters_are_in_the_order_in_which_a_person_needs_them(
    description: dict[str, Any],
) -> None:
    operation = description["paths"]["/v1/computation/quantiles/{column}"]["get"]
    names = [resolved(description, p)["name"] for p in operation["parameters"]]
    assert names[:5] == ["column", "q", "group_by", "weight", "confidence"]
    assert names[-1] == "complete"


def test_no_optional_parameter_changes_the_plain_question(
    client: Client, description: dict[str, Any]
) -> None:
    """Swagger UI sends the defaults and examples unchanged, so they must be valid."""
    for path, operation in operations(description):
        found = [resolved(description, p) for p in operation.get("parameters", [])]
        sent, in_path = {}, {}
        for parameter in found:
            schema = resolved(description, parameter["schema"])
            examples = [example["value"] for example in parameter.get("examples", {}).values()]
            value = schema.get("default")
            if "allOf" in schema:
                schema = resolved(description, schema["allOf"][0])
            if parameter.get("required"):
                target = in_path if parameter["in"] == "path" else sent
                target[parameter["name"]] = (examples or schema["enum"])[0]
                continue
            assert not parameter.keys() & {"example", "examples"}, parameter["name"]
            if value is not None:
                written = ",".join(map(str, value)) if isinstance(value, list) else str(value)
                sent[parameter["name"]] = written
        url = path.format(**in_path)
        required = {p["name"] for p in found if p.get("required")}
        plain = {name: value for name, value in sent.items() if name in required}
        tried, asked = client.get(url, sent).json(), client.get(url, plain).json()
        for answer in (tried, asked):
            for link in ("links", "next", "previous"):  # which repeat the query
                answer.pop(link, None)
        assert tried == asked, url
