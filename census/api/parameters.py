"""All judgement of input: the query string against the parameters that a route takes."""

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
MOST_PARAMETERS = 200  # no route has as many

Error = dict[str, Any]


class BadRequest(APIException):
    """Parameters that cannot be taken: every one of them, each with what would be right."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "bad-parameter"

    def __init__(self, errors: list[Error]) -> None:
        details = dict.fromkeys(error["detail"] for error in errors)
        super().__init__(" ".join(islice(details, 3)))
        self.errors = errors


class Unknown(BadRequest):
    """A name in the path that there is not."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "not-found"


def error(
    parameter: str,
    code: str,
    detail: str,
    allowed: Iterable[str] = (),
    did_you_mean: str | None = None,
) -> Error:
    """Returns an error as a problem document lists it."""
    found: Error = {"parameter": parameter, "code": code, "detail": detail}
    if allowed := list(allowed):
        found["allowed"] = allowed
    if did_you_mean is not None:
        found["did_you_mean"] = did_you_mean
    return found


def judge(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> dict[str, Any]:
    """Returns the value of each parameter that is given or has a default, by name.

    An HTML form sends the fields left empty: with `blanks` they count as not given. Raises
    `BadRequest` with an error for each parameter that is unknown, repeated, required but not
    there, or whose value is invalid.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    failed = {error["parameter"] for error in errors}
    for name, parameter in known.items():
        if name in values or name in failed:
            continue
        if parameter.required:
            allowed = parameter.type.schema().get("enum", ())
            detail = f"Give `{name}`: {parameter.description}"
            errors.append(error(name, "required", detail, allowed))
        elif parameter.default is not None:
            values[name] = parameter.default
    if errors:
        raise BadRequest(errors)
    return values


def canonical_query(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> str:
    """Returns the query in its one canonical spelling, without `format`.

    Names are those of the columns, in alphabetical order; a list is separated by commas; a
    value is as its type writes it. Raises `BadRequest` where `judge` does, but for what is
    required and not there.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    if errors:
        raise BadRequest(errors)
    pairs = [(name, known[name].type.write(value)) for name, value in sorted(values.items())]
    return urlencode(pairs, safe=",")


def _read(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, Any], list[Error]]:
    """Returns the values of the parameters that are given, and the errors."""
    texts, errors = given(query, known, blanks=blanks)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = known[name].type.read(text)
        except Invalid as e:
            errors.append(error(name, e.code, e.detail, e.allowed, e.did_you_mean))
    return values, errors


def given(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, str], list[Error]]:
    """Returns the text of each known parameter, and errors for unknown and repeated ones.

    A list may come as `a=1,2`, `a=1&a=2` or `a[]=1&a[]=2`; its text is always `1,2`.
    """
    filled = {
        spelt: [text for text in texts if text or not blanks] for spelt, texts in query.lists()
    }
    number = sum(map(bool, filled.values()))
    if number > MOST_PARAMETERS:
        detail = f"{number} parameters are too many: give at most {MOST_PARAMETERS}."
        raise BadRequest([error("", "too_many_parameters", detail)])
    given: dict[str, list[str]] = {}
    errors: list[Error] = []
    for spelt, texts in filled.items():
        name = _name(spelt, known)
        if name == FORMAT or not texts:
            continue
        if name in known:
            given.setdefault(name, []).extend(texts)
            continue
        detail = f"There is no parameter {shown(spelt)} here. (An & within a value is written %26.)"
        errors.append(error(spelt, "unknown_parameter", detail, known, nearest(name, known)))
    for name, texts in given.items():
        if len(texts) > 1 and not known[name].type.is_list:
            several = f"; for several values use `{name}__in=a,b`" if name in COLUMNS else ""
            detail = f"`{name}` is given more than once{several}."
            errors.append(error(name, "repeated_parameter", detail))
    failed = {error["parameter"] for error in errors}
    return {n: ",".join(texts) for n, texts in given.items() if n not in failed}, errors


def _name(spelt: str, known: Mapping[str, Parameter]) -> str:
    """Returns the name of a parameter, however it is spelt: `hours-per-week__in[]`."""
    name = canonical_name(spelt)
    if name.endswith("[]"):
        listed = known.get(name.removesuffix("[]"))
        if listed and listed.type.is_list:
            return listed.name
    return name
