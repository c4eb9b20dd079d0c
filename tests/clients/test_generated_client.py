"""A client generated from the OpenAPI document by openapi-python-client asks everything."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

PACKAGE = "adult_client"
# What to give where there is no default: the first that an enumeration has, else the last. The
# columns of the fairness route are no enumeration, for there may be several.
ARGUMENTS: dict[str, list[Any]] = {
    "id": [1],
    "row": ["income"],
    "column": ["age", "sex"],
    "group_by": ["race"],
    "on": ["education"],
    "value": ["Female"],
}
MOST_MODELS = 180


@pytest.fixture(scope="session")
def generated(
    service: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, list[Any]]]:
    """The client and the module of each operation."""
    folder = tmp_path_factory.mktemp("generated")
    config = folder / "config.yaml"
    config.write_text("post_hooks: []\n")  # its looks do not matter
    subprocess.run(
        [
            *(Path(sys.executable).with_name("openapi-python-client"), "generate"),
            *("--url", f"{service.url}/schema", "--output-path", folder / PACKAGE),
            *("--meta", "none", "--fail-on-warning", "--config", config),
        ],
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module(PACKAGE)
        operations = importlib.import_module(f"{PACKAGE}.api")
        modules = [
            importlib.import_module(name)
            for _, name, is_package in pkgutil.walk_packages(
                operations.__path__, f"{operations.__name__}."
            )
            if not is_package
        ]
        with package.Client(service.url, raise_on_unexpected_status=True) as client:
            yield client, modules
    finally:
        sys.path.remove(str(folder))


def argument(name: str, kind: Any) -> Any:
    if get_origin(kind) is list:
        return [argument(name, *get_args(kind))]
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return ARGUMENTS[name][-1]
    for value in ARGUMENTS[name]:
        if value in [member.value for member in kind]:
            return kind(value)
    raise LookupError(name)


def test_answers_share_their_parts(generated: tuple[Any, list[Any]]) -> None:
    models = importlib.import_module(f"{PACKAGE}.models")
    found = [name for _, name, _ in pkgutil.iter_modules(models.__path__)]
    assert {"education", "native_country", "income", "mean_answer"} <= set(found)
    assert len(found) <= MOST_MODELS
    assert [one.name for one in models.Income] == ["AT_MOST_50K", "OVER_50K"]


def test_two_values_of_a_list(generated: tuple[Any, list[Any]]) -> None:
    client, modules = generated
    models = importlib.import_module(f"{PACKAGE}.models")
    by_name = {module.__name__.rsplit(".", 1)[1]: module for module in modules}
    column = models.CategoricalColumn
    answer = by_name["mean"].sync(
        models.NumericColumn.AGE,
        client=client,
        group_by=[column.RACE, column.SEX],
        education_in=[models.Education.GRADE_10, models.Education.MASTERS],
    )
    assert list(answer.groups[0].key.additional_properties) == ["race", "sex"]
    assert answer.rows == 1389 + 2657


def test_every_operation_answers_as_described(generated: tuple[Any, list[Any]]) -> None:
    client, modules = generated
    assert len(modules) > 25
    for module in modules:
        hints = get_type_hints(module.sync_detailed)
        required = {
            name: argument(name, hints[name])
            for name, parameter in inspect.signature(module.sync_detailed).parameters.items()
            if parameter.default is parameter.empty and name != "client"
        }
        answer = module.sync_detailed(client=client, **required)
        assert answer.status_code == 200, (module.__name__, answer.content)
        assert answer.parsed is not None


def test_records_have_their_types(generated: tuple[Any, list[Any]]) -> None:
    client, modules = generated
    by_name = {module.__name__.rsplit(".", 1)[1]: module for module in modules}
    page = by_name["people"].sync(client=client, age=28, page_size=2)
    assert page.count == 1280
    assert [record.id for record in page.results] == [5, 67]
    assert page.results[0].age == 28
    assert page.results[0].education.name == "BACHELORS"
    person = by_name["person"].sync(15, client=client)
    assert person.native_country is None
    problem = by_name["person"].sync(0, client=client)
    assert problem.status == 404
