"""Typed parameters: their names, how their text is read, how they are described.

A type reads a text into a value or raises `Invalid`, and writes a value in its canonical
spelling. It describes itself as a JSON Schema, from which OpenAPI and HTML forms are made.
Nothing here knows HTTP.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from math import inf, isfinite
from typing import Any, ClassVar


class Invalid(ValueError):
    """A text that its parameter does not take: a code for programs, a sentence for people."""

    def __init__(
        self, code: str, detail: str, allowed: Iterable[str] = (), given: str | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.allowed = list(allowed)
        self.did_you_mean = nearest(given, self.allowed) if given is not None else None


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """Returns the one of `allowed` that is closest to `given`, if any is close."""
    folded = {name.casefold(): name for name in allowed}
    # The time is quadratic in the length, and nothing that is allowed is longer than this.
    matches = get_close_matches(given[:100].casefold(), folded, n=1, cutoff=0.65)
    return folded[matches[0]] if matches else None


def shown(text: str) -> str:
    """Returns `text` quoted for an error message, cut where it is too long to help."""
    return repr(text if len(text) <= 80 else text[:80] + "…")


class InvalidCombination(Exception):
    """A valid value of a parameter that these rows, columns or groups do not allow."""

    def __init__(self, parameter: "Parameter", code: str, detail: str) -> None:
        super().__init__(detail)
        self.errors = [{"parameter": parameter.name, "code": code, "detail": detail}]


class Type(ABC):
    """How the text of a parameter is read and written."""

    # Whether it is a list, whose values may also be given one by one.
    is_list: ClassVar[bool] = False

    @abstractmethod
    def read(self, text: str) -> Any:
        """Returns the value of `text`, or raises `Invalid`."""

    def write(self, value: Any) -> str:
        """Returns the canonical spelling of a value that `read` returned."""
        return str(value)

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Returns the JSON Schema of the value."""

    def suggestions(self) -> Sequence[str]:
        """Returns texts to choose from; none if there are too many."""
        return ()


@dataclass(frozen=True)
class Number(Type):
    """A decimal number within bounds, which are inclusive."""

    minimum: float | None = None
    maximum: float | None = None

    # Programs write a number between 0 and 1 with up to 24 digits. In an exponent a blank is a
    # plus that was not percent-encoded: R writes 100000 as 1e+05.
    pattern: ClassVar = re.compile(
        r"[+-]?(\d{1,18}(\.\d{0,40})?|\.\d{1,40})([eE][+ -]?\d{1,3})?", re.ASCII
    )
    noun: ClassVar = "a number"
    json_type: ClassVar = "number"

    def convert(self, number: Decimal) -> float | None:
        """Returns the value of `number`: infinite if it is too large, None if it is of no value."""
        return float(number) + 0.0  # -0 becomes 0

    def read(self, text: str) -> Any:
        if not self.pattern.fullmatch(text):
            if text.isascii() and text.removeprefix("-").isdecimal():
                raise Invalid("out_of_range", f"{shown(text)} has too many digits.")
            raise self._not_one(text)
        value = self.convert(Decimal(text.replace(" ", "+")))
        if value is None:
            raise self._not_one(text)
        if not self.holds(value):
            raise Invalid("out_of_range", f"{text} is out of range: give {self.limits}.")
        return value

    def _not_one(self, text: str) -> Invalid:
        return Invalid(f"not_{self.json_type}", f"{shown(text)} is not {self.expected}.")

    def holds(self, value: float) -> bool:
        low = -inf if self.minimum is None else self.minimum
        high = inf if self.maximum is None else self.maximum
        return isfinite(value) and low <= value <= high

    @property
    def expected(self) -> str:
        if self.minimum is None or self.maximum is None:
            return self.noun
        return f"{self.noun} from {self.minimum} to {self.maximum}"

    @property
    def limits(self) -> str:
        """What is in range, in words."""
        return self.expected

    def write(self, value: float) -> str:
        return repr(value).removesuffix(".0")

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": self.json_type} | {k: v for k, v in bounds.items() if v is not None}


@dataclass(frozen=True)
class Integer(Number):
    """A whole number of up to 18 digits, which fit 64 bits: also as `1e+05` or `13.0`."""

    noun: ClassVar = "a whole number"
    json_type: ClassVar = "integer"

    def convert(self, number: Decimal) -> float | None:
        if abs(number) >= _TOO_LARGE:  # 1e400 must not become an integer of 401 digits
            return inf
        return int(number) if number == number.to_integral_value() else None

    @property
    def limits(self) -> str:
        return self.expected if self.expected != self.noun else f"{self.noun} of up to 18 digits"

    def schema(self) -> dict[str, Any]:
        return {"minimum": 1 - _TOO_LARGE, "maximum": _TOO_LARGE - 1} | super().schema()


_TOO_LARGE = 10**18


@dataclass(frozen=True)
class Boolean(Type):
    """`true` or `false`, in any case: Python writes True, R writes TRUE."""

    def read(self, text: str) -> bool:
        value = text.lower()
        if value not in ("true", "false"):
            raise Invalid(
                "not_boolean", f"{shown(text)} is neither true nor false.", ("true", "false"), text
            )
        return value == "true"

    def write(self, value: bool) -> str:
        return str(value).lower()

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Type):
    """One of a list of texts; case matters.

    `aliases` are other spellings of some of them. `title` names the list in OpenAPI, where
    several parameters share it or the parameter's own name would not do.
    """

    values: tuple[str, ...]
    noun: str = "one of the values allowed"
    aliases: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    def read(self, text: str) -> str:
        value = self.aliases.get(text, text)
        if value not in self.values:
            raise Invalid("unknown_value", f"{shown(text)} is not {self.noun}.", self.values, text)
        return value

    def schema(self) -> dict[str, Any]:
        title = {"title": self.title} if self.title else {}
        return {"type": "string", **title, "enum": list(self.values)}

    def suggestions(self) -> Sequence[str]:
        return self.values


@dataclass(frozen=True)
class Text(Type):
    """Any text; it is judged elsewhere. `values` are texts to choose from."""

    values: tuple[str, ...] = ()

    def read(self, text: str) -> str:
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def suggestions(self) -> Sequence[str]:
        return self.values


@dataclass(frozen=True)
class ListOf(Type):
    """Comma-separated values, each once unless `repeats`."""

    item: Type
    minimum: int = 1
    maximum: int = 100
    repeats: bool = False

    is_list: ClassVar = True

    def read(self, text: str) -> list[Any]:
        parts = text.split(",", self.maximum)
        if not self.minimum <= len(parts) <= self.maximum or not text:
            raise Invalid("wrong_length", f"Give {self.expected}.")
        values = [self.item.read(part) for part in parts]
        if not self.repeats and len(set(values)) < len(values):
            raise Invalid("repeated_value", f"{shown(text)} names a value more than once.")
        return values

    def write(self, value: Iterable[Any]) -> str:
        return ",".join(map(self.item.write, value))

    @property
    def expected(self) -> str:
        if self.maximum == 1:
            return "exactly one value"
        return f"{self.minimum} to {self.maximum} values, separated by commas"

    def schema(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": self.item.schema(),
            "minItems": self.minimum,
            "maxItems": self.maximum,
            "uniqueItems": not self.repeats,
        }

    def suggestions(self) -> Sequence[str]:
        return self.item.suggestions()


@dataclass(frozen=True)
class Tuple(Type):
    """Comma-separated values, one for each of `items`."""

    items: tuple[Type, ...]

    def read(self, text: str) -> tuple[Any, ...]:
        parts = text.split(",")
        if len(parts) != len(self.items):
            raise Invalid(
                "wrong_length",
                f"Give {len(self.items)} values, separated by commas, not {shown(text)}.",
            )
        return tuple(item.read(part) for item, part in zip(self.items, parts, strict=True))

    def write(self, value: Iterable[Any]) -> str:
        pairs = zip(self.items, value, strict=True)
        return ",".join(item.write(part) for item, part in pairs)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class Range(ListOf):
    """Two values `a,b` with a ≤ b, or a < b where `strict`."""

    minimum: int = 2
    maximum: int = 2
    repeats: bool = True
    strict: bool = False

    other_spelling: ClassVar = re.compile(
        r"\s*(\d{1,18})\s*(?:-|–|\.\.+|:|;|to)\s*(\d{1,18})\s*", re.ASCII
    )

    def read(self, text: str) -> list[Any]:
        if text.count(",") != 1:
            raise self._wrong_length(text)
        low, high = super().read(text)
        if low > high or (self.strict and low == high):
            raise Invalid(
                "empty_range",
                f"The range {text} holds nothing: the first value must be the smaller one.",
            )
        return [low, high]

    def _wrong_length(self, text: str) -> Invalid:
        """Returns the error of a text that is no `a,b`, such as `17-24`."""
        detail = f"Give the lowest and the highest value as in 20,30, not {shown(text)}."
        error = Invalid("wrong_length", detail)
        if found := self.other_spelling.fullmatch(text):
            meant = ",".join(sorted(found.groups(), key=int))
            with suppress(Invalid):  # two values that no range takes are no help
                self.read(meant)
                error.did_you_mean = meant
        return error


@dataclass(frozen=True)
class Either(Type):
    """A word, or else a value of another type."""

    words: tuple[str, ...]
    otherwise: Number

    def read(self, text: str) -> Any:
        if text in self.words:
            return text
        try:
            return self.otherwise.read(text)
        except Invalid as error:
            words = " or ".join(self.words)
            detail = f"{shown(text)} is neither {self.otherwise.expected} nor {words}."
            found = Invalid(error.code, detail, self.words, text)
            found.allowed.insert(0, self.otherwise.expected)
            raise found from None

    def write(self, value: Any) -> str:
        return value if isinstance(value, str) else self.otherwise.write(value)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [self.otherwise.schema(), {"type": "string", "enum": list(self.words)}]}


@dataclass(frozen=True)
class Refused(Type):
    """Takes no value: the parameter does not apply here, for the reason given."""

    reason: str
    allowed: tuple[str, ...] = ()

    def read(self, text: str) -> Any:  # noqa: ARG002
        raise Invalid("not_applicable", self.reason, self.allowed)

    def schema(self) -> dict[str, Any]:
        return {"not": {}}


@dataclass(frozen=True)
class Parameter:
    """A named parameter; `default` is the value where it is not given."""

    name: str
    type: Type
    description: str
    default: Any = None
    required: bool = False
    example: str | None = None

    def schema(self) -> dict[str, Any]:
        schema = self.type.schema()
        return schema if self.default is None else schema | {"default": self.default}

    def sample(self) -> str:
        """Returns a text that it takes: the example, else the last to choose from."""
        return self.example or next(reversed(self.type.suggestions()), "")

    def refused(self, reason: str, allowed: Iterable[str] = ()) -> "Parameter":
        """Returns this parameter as it is where it cannot apply."""
        return replace(self, type=Refused(reason, tuple(allowed)), default=None, required=False)
