"""The examples of the OpenAPI description are what the service answers."""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from census.api.openapi.examples import FILE, PATHS, PROBLEM_PATHS, shortened

pytestmark = pytest.mark.django_db


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "loaded_at"}


@pytest.mark.parametrize("name", PATHS)
def test_an_example_is_the_answer(client: Client, name: str) -> None:
    answer = client.get(PATHS[name], headers={"host": "localhost"})
    assert answer.status_code == 200
    example = json.loads(FILE.read_text())[name]
    assert without_times(shortened(answer.json())) == without_times(example), "run `make examples`"


@pytest.mark.parametrize("status", PROBLEM_PATHS)
def test_an_example_is_the_error(client: Client, status: str) -> None:
    answer = client.get(PROBLEM_PATHS[status], headers={"host": "localhost"})
    assert answer.status_code == int(status)
    assert shortened(answer.json()) == json.loads(FILE.read_text())[status], "run `make examples`"


# Documents of a standard of their own, long, and with the address of the service in them.
STANDARDS = {"croissant", "datapackage"}


def test_every_operation_has_one() -> None:
    description = SchemaGenerator().get_schema(public=True)
    for path in description["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            content = operation["responses"]["200"]["content"]
            assert name in STANDARDS or "examples" in content["application/json"], name
            for status in PROBLEM_PATHS.keys() & operation["responses"].keys():
                (problem,) = operation["responses"][status]["content"].values()
                reference = problem["examples"][status]["$ref"]
                assert reference == f"#/components/examples/{status}"
                example = description["components"]["examples"][status]["value"]
                assert example["status"] == int(status)
