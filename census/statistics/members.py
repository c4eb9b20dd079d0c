"""The members of an answer and their types, from which the API's serializers are made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeVar

M = TypeVar("M", bound="Member")


@dataclass(frozen=True)
class Member:
    """A member of an object.

    `value` is a value of a column: a text or a whole number. One that is not `required` is
    there only where the question asks for it, as with a weight.
    """

    type: Literal["number", "integer", "text", "boolean", "value"]
    nullable: bool = False
    required: bool = True

    def optional(self) -> Self:
        """Returns this member as one that is not always there."""
        return replace(self, required=False)


@dataclass(frozen=True)
class Items(Member):
    """A list. Its items are of `type`, or objects called `name` that have `members`."""

    type: Any = "object"
    name: str = ""
    members: Mapping[str, Member] | None = None


COUNT = Member("integer")
FLOAT = Member("number")
INTEGER = Member("integer", nullable=True)
NUMBER = Member("number", nullable=True)
TEXT = Member("text")
VALUE = Member("value", nullable=True)
