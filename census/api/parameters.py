"""Validation of the query string against the parameters of a route."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from rest_framework import status
from rest_framework.exceptions import APIException

from census.columns import COLUMNS, canonical_name
from census.statistics.parameters import (
    Invalid,
    Parameter,
    nearest,
    shown,
)

FORMAT = "format"
MAX_PARAMETERS = 200  # no route has so many

Error = dict[str, Any]


class BadRequest(APIException):
    """Invalid parameters. `errors` has an entry for each of them."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "bad-parameter"

    def __init__(self, errors: list[Error]) -> None:
        details = dict.fromkeys(error["detail"] for error in errors)
        super().__init__(" ".join(islice(details, 3)))
        self.errors = errors


class UnknownName(BadRequest):
    """A name in the path does not exist."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "not-found"


def error(
    parameter: str,
    code: str,
    detail: str,
    allowed: Iterable[str] = (),
    did_you_mean: str | None = None,
) -> Error:
    """Returns an entry of `errors` in a problem document."""
    entry: Error = {"parameter": parameter, "code": code, "detail": detail}
    if allowed := list(allowed):
        entry["allowed"] = allowed
    if did_you_mean is not None:
        entry["did_you_mean"] = did_you_mean
    return entry


def validate(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> dict[str, Any]:
    """Returns the values of the parameters that are present or have a default, by name.

    An HTML form sends its empty fields: `blanks` ignores them. Raises `BadRequest` with an error
    for each parameter that is unknown, repeated, invalid, or required but absent.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    failed = {error["parameter"] for error in errors}
    for name, parameter in known.items():
        if name in values or name in failed:
            continue
        if parameter.required:
            detail = f"Give `{name}`: {parameter.description}"
            errors.append(error(name, "required", detail, parameter.type.suggestions()))
        elif parameter.default is not None:
            values[name] = parameter.default
    if errors:
        raise BadRequest(errors)
    return values


def canonical_query(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> str:
    """Returns the query in its canonical spelling, without `format`.

    Parameters are in alphabetical order, column names in the API's spelling, lists separated by
    commas, and values as their type writes them. Raises `BadRequest` as `validate` does, except
    for required parameters that are absent.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    if errors:
        raise BadRequest(errors)
    pairs = [(name, known[name].type.write(value)) for name, value in sorted(values.items())]
    return urlencode(pairs, safe=",")


def example_query(parameters: Iterable[Parameter]) -> str:
    """Returns a query with an example of each of the parameters."""
    return urlencode({parameter.name: parameter.sample() for parameter in parameters}, safe=",")


def _read(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, Any], list[Error]]:
    """Returns the values of the parameters that are present, and the errors."""
    texts, errors = read_texts(query, known, blanks=blanks)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = known[name].type.read(text)
        except Invalid as e:
            errors.append(error(name, e.code, e.detail, e.allowed, e.did_you_mean))
    return values, errors


def read_texts(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, str], list[Error]]:
    """Returns the text of each known parameter, and errors for unknown and repeated ones.

    A list can be sent as `a=1,2`, `a=1&a=2` or `a[]=1&a[]=2`; its text is always `1,2`.
    """
    sent = {key: [text for text in texts if text or not blanks] for key, texts in query.lists()}
    number = sum(map(bool, sent.values()))
    if number > MAX_PARAMETERS:
        detail = f"{number} parameters are too many: give at most {MAX_PARAMETERS}."
        raise BadRequest([error("", "too_many_parameters", detail)])
    by_name: dict[str, list[str]] = {}
    errors: list[Error] = []
    for key, texts in sent.items():
        name = _name(key, known)
        if name == FORMAT or not texts:
            continue
        if name in known:
            by_name.setdefault(name, []).extend(texts)
            continue
        detail = f"There is no parameter {shown(key)} here. (An & within a value is written %26.)"
        errors.append(error(key, "unknown_parameter", detail, known, nearest(name, known)))
    for name, texts in by_name.items():
        if len(texts) > 1 and not known[name].type.is_list:
            hint = f"; for several values use `{name}__in=a,b`" if name in COLUMNS else ""
            detail = f"`{name}` is given more than once{hint}."
            errors.append(error(name, "repeated_parameter", detail))
    failed = {error["parameter"] for error in errors}
    return {n: ",".join(texts) for n, texts in by_name.items() if n not in failed}, errors


def _name(key: str, known: Mapping[str, Parameter]) -> str:
    """Returns the name of a parameter in the API's spelling, without the `[]` of a list."""
    name = canonical_name(key)
    if name.endswith("[]"):
        parameter = known.get(name.removesuffix("[]"))
        if parameter and parameter.type.is_list:
            return parameter.name
    return name
