"""Statements about the people selected, made once for each shape of question.

Django takes a third of a millisecond to make one: as long as all else that an answer takes beside
its SQL. What does not depend on which rows are selected is kept as SQL; the condition that does
is made each time.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import BooleanField, Expression, F, Q, QuerySet
from django.db.models.sql import Query

from census.models import Person

Row = dict[str, Any]
_HERE = "/* condition */"


@dataclass(frozen=True)
class Shape:
    """What is asked about whatever rows are selected; `name` tells it from all other shapes.

    `keys` are the columns grouped by, `expressions` what is grouped by beside them.
    """

    name: Hashable
    aggregates: Callable[[], Mapping[str, Expression]] = field(compare=False)
    keys: tuple[str, ...] = ()
    expressions: Mapping[str, Expression | F] = field(default_factory=dict, compare=False)


class _Condition(Expression):
    """The place of the condition in a statement, and in its parameters."""

    conditional = True

    def __init__(self) -> None:
        super().__init__(output_field=BooleanField())

    def as_sql(self, *_: Any) -> tuple[str, tuple[str]]:
        return _HERE, (_HERE,)


class Statement:
    """A statement that lacks its condition."""

    def __init__(self, make: Callable[[QuerySet[Person]], QuerySet[Person, Row]]) -> None:
        made = make(Person.objects.filter(_Condition()).order_by())
        compiler = made.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        place = params.index(_HERE)
        self._before, self._after = sql.split(_HERE)
        self._params_before, self._params_after = params[:place], params[place + 1 :]
        self._names = list(made.query.selected or ())
        self._converters = compiler.get_converters([column for column, *_ in compiler.select])

    def read(self, condition: Q) -> list[Row]:
        """Return what it finds where `condition` holds."""
        connection = connections[router.db_for_read(Person)]
        where, params = _where(condition, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                f"{self._before}{where}{self._after}",
                (*self._params_before, *params, *self._params_after),
            )
            found = [list(row) for row in cursor.fetchall()]
        for place, (converters, expression) in self._converters.items():
            for row in found:
                for convert in converters:
                    row[place] = convert(row[place], expression, connection)
        return [dict(zip(self._names, row, strict=True)) for row in found]


def _where(condition: Q, connection: Any) -> tuple[str, Sequence[Any]]:
    """Return a condition as SQL, also where it holds always, or never."""
    if not condition:
        return "TRUE", ()
    query = Query(Person, alias_cols=False)
    try:
        made: tuple[str, Sequence[Any]] = query.get_compiler(connection=connection).compile(
            query.build_where(condition)
        )
    except EmptyResultSet:
        return "FALSE", ()
    except FullResultSet:
        return "TRUE", ()
    return made
