"""What is done with a finished OpenAPI description (postprocessing hooks of drf-spectacular)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import TextChoices
from django.urls import get_script_prefix
from drf_spectacular.drainage import warn

from census import choices

Description = dict[str, Any]


def document(result: Description, **_kwargs: Any) -> Description:
    """Adds what holds for the whole: the address, and that there is nothing to log in to."""
    result["servers"] = [{"url": get_script_prefix().rstrip("/") or "/"}]
    result["security"] = []
    return result


def parameters(result: Description, **_kwargs: Any) -> Description:
    """Moves the parameters that operations share to `components`."""
    shared: Description = {}
    for operation in _operations(result):
        operation["parameters"] = [
            _shared(parameter, shared) for parameter in operation.get("parameters", [])
        ]
    result["components"]["parameters"] = dict(sorted(shared.items()))
    return result


def _shared(parameter: Description, shared: Description) -> Description:
    """Returns a reference to the parameter: under its name, or with that of its list of values.

    Where another one has both it stays as it is: orval names a type by the parameter's name.
    """
    values = parameter["schema"].get("$ref", "").rpartition("/")[2]
    for name in (parameter["name"], f"{parameter['name']}_{values}"):
        if name.endswith("_") or shared.setdefault(name, parameter) != parameter:
            continue
        return {"$ref": f"#/components/parameters/{name}"}
    return parameter


def value_lists(result: Description, **_kwargs: Any) -> Description:
    """Moves lists of values to `components`, each by its title.

    One without a title has the name of its parameter.
    """
    found: Description = {}
    for operation in _operations(result):
        for parameter in operation.get("parameters", []):
            title = _camel(parameter["name"])
            parameter["schema"] = _lifted(parameter["schema"], found, title)
    schemas = result["components"]["schemas"]
    for name, schema in schemas.items():
        if "enum" not in schema:
            schemas[name] = _lifted(schema, found)
    for name in found.keys() & schemas.keys():
        warn(f"A list of values and a serializer are called {name}: rename one of them.")
    result["components"]["schemas"] = dict(sorted({**schemas, **found}.items()))
    return result


def _lifted(schema: Any, found: Description, title: str = "") -> Any:
    """Returns a schema with references in place of the lists of values in it."""
    if isinstance(schema, list):
        return [_lifted(part, found, title) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "enum" not in schema or not (name := schema.get("title", title)):
        kept = schema.keys() - {"x-spec-enum-id"}  # a mark of drf-spectacular's own
        return {key: _lifted(part, found, title) for key, part in schema.items() if key in kept}
    values = {"type": schema["type"], "enum": schema["enum"]}
    if names := _names(schema["enum"]):
        values["x-enum-varnames"] = names
    if found.setdefault(name, values) != values:
        warn(f"Two lists of values are called {name}: give one of them a title of its own.")
    beside = {key: schema[key] for key in schema.keys() - {"type", "enum", "title"}}
    reference = {"$ref": f"#/components/schemas/{name}"}
    return {"allOf": [reference], **beside} if beside else reference


_CLASSES = [cls for cls in vars(choices).values() if isinstance(cls, type(TextChoices))]
_CHOSEN = {member.value: member.name for cls in _CLASSES for member in cls}


def _names(values: list[str]) -> list[str]:
    """Returns names of the values for programs, or none where the values are such names."""
    if all(value.isidentifier() for value in values):
        return []
    return [_CHOSEN.get(value) or _name(value) for value in values]


def _name(value: str) -> str:
    name = re.sub(r"\W+", "_", value.removeprefix("-")).upper()
    return f"{name}_DESCENDING" if value.startswith("-") else name


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"\W|_", name))


def _operations(result: Description) -> Iterator[Description]:
    for path in result["paths"].values():
        yield from path.values()
