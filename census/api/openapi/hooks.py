"""Postprocessing hooks of drf-spectacular: they change the finished OpenAPI description."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import TextChoices
from django.urls import get_script_prefix
from drf_spectacular.drainage import warn

from census import choices

Description = dict[str, Any]


def document(result: Description, **_kwargs: Any) -> Description:
    """Adds the server's address, and that no authentication is needed."""
    result["servers"] = [{"url": get_script_prefix().rstrip("/") or "/"}]
    result["security"] = []
    return result


def parameters(result: Description, **_kwargs: Any) -> Description:
    """Moves the parameters that several operations share to `components`."""
    shared: Description = {}
    for operation in _operations(result):
        operation["parameters"] = [
            _shared(parameter, shared) for parameter in operation.get("parameters", [])
        ]
    result["components"]["parameters"] = dict(sorted(shared.items()))
    return result


def _shared(parameter: Description, shared: Description) -> Description:
    """Returns a reference to the parameter in `shared`, by its name and its list of values.

    If another parameter has that name the parameter is returned unchanged, since orval names a
    type by the name of the parameter.
    """
    values = parameter["schema"].get("$ref", "").rpartition("/")[2]
    for name in (parameter["name"], f"{parameter['name']}_{values}"):
        if name.endswith("_") or shared.setdefault(name, parameter) != parameter:
            continue
        return {"$ref": f"#/components/parameters/{name}"}
    return parameter


def value_lists(result: Description, **_kwargs: Any) -> Description:
    """Moves lists of values (enums) to `components`.

    Their name is their title, or else the name of the parameter.
    """
    enums: Description = {}
    for operation in _operations(result):
        for parameter in operation.get("parameters", []):
            title = _camel(parameter["name"])
            parameter["schema"] = _extract_enums(parameter["schema"], enums, title)
    schemas = result["components"]["schemas"]
    for name, schema in schemas.items():
        if "enum" not in schema:
            schemas[name] = _extract_enums(schema, enums)
    for name in enums.keys() & schemas.keys():
        warn(f"A list of values and a serializer are called {name}: rename one of them.")
    result["components"]["schemas"] = dict(sorted({**schemas, **enums}.items()))
    return result


def _extract_enums(schema: Any, enums: Description, title: str = "") -> Any:
    """Returns a schema with references to the enums in it, which are added to `enums`."""
    if isinstance(schema, list):
        return [_extract_enums(part, enums, title) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "enum" not in schema or not (name := schema.get("title", title)):
        return {
            key: _extract_enums(part, enums, title)
            for key, part in schema.items()
            if key != "x-spec-enum-id"  # an internal mark of drf-spectacular
        }
    enum = {"type": schema["type"], "enum": schema["enum"]}
    if names := _names(schema["enum"]):
        enum["x-enum-varnames"] = names
    if enums.setdefault(name, enum) != enum:
        warn(f"Two lists of values are called {name}: give one of them another title.")
    siblings = {key: schema[key] for key in schema.keys() - {"type", "enum", "title"}}
    reference = {"$ref": f"#/components/schemas/{name}"}
    return {"allOf": [reference], **siblings} if siblings else reference


_CLASSES = [cls for cls in vars(choices).values() if isinstance(cls, type(TextChoices))]
_MEMBER_NAMES = {member.value: member.name for cls in _CLASSES for member in cls}


def _names(values: list[str]) -> list[str]:
    """Returns identifiers for the values; an empty list if the values are identifiers."""
    if all(value.isidentifier() for value in values):
        return []
    return [_MEMBER_NAMES.get(value) or _name(value) for value in values]


def _name(value: str) -> str:
    name = re.sub(r"\W+", "_", value.removeprefix("-")).upper()
    return f"{name}_DESCENDING" if value.startswith("-") else name


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"\W|_", name))


def _operations(result: Description) -> Iterator[Description]:
    for path in result["paths"].values():
        yield from path.values()
