"""The grammar of the parameters: valid queries have correct answers, others are refused."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import pytest
from django.test import Client
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from census.columns import CATEGORICAL, COLUMNS, NULLABLE, NUMERIC, Column, canonical_name
from census.statistics.selection import FILTERS, LOOKUPS, Filter
from tests.census.oracle import SCHOOLING

pytestmark = pytest.mark.django_db

Mask = Callable[[pd.DataFrame], "pd.Series[bool]"]
many = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
tried: Counter[int] = Counter()


class Given(NamedTuple):
    """A parameter as it is sent, and the rows that it selects."""

    name: str
    text: str
    mask: Mask


def numbers(of: Column) -> st.SearchStrategy[int]:
    around = st.integers((of.minimum or 0) - 2, (of.maximum or 0) + 2)
    return around | st.sampled_from([0, 1, 17, 40, 90, 99999]) | st.integers(1 - 10**18, 10**18 - 1)


def values(of: Column) -> st.SearchStrategy[Any]:
    return numbers(of) if of.numeric else st.sampled_from(list(of.choices))


def ranked(of: Column, values: Any) -> Any:
    """Returns values that compare in the order of the column."""
    return values.map(SCHOOLING.index) if of.name == "education" else values


def spellings(value: Any) -> st.SearchStrategy[str]:
    """The spellings of a value that programs of R, Python and JavaScript send."""
    if isinstance(value, str):
        return st.just(value)
    if isinstance(value, bool):
        return st.sampled_from(["true", "True", "TRUE"] if value else ["false", "False", "FALSE"])
    found = [str(value), f"{value}.0", f"{value}."]
    if abs(value) < 10**15:
        found.append(f"{value:.14e}")
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    if zeros and value:
        found += [f"{value // 10**zeros}e+{zeros:02}", f"{value // 10**zeros}E{zeros}"]
    return st.sampled_from(found)


@st.composite
def filters(draw: st.DrawFn, of: Filter) -> Given:
    """A valid filter, and the rows that it selects, computed by pandas."""
    column, name, lookup = of.column, of.column.name, of.lookup.suffix
    of_uci = of.parameter.name.replace(name, column.source_name or name, 1)
    spelt = draw(st.sampled_from([of.parameter.name, of_uci]))
    match lookup:
        case "":
            value = draw(values(column))
            return Given(spelt, draw(spellings(value)), lambda d: d[name] == value)
        case "ne":
            value = draw(values(column))
            text = draw(spellings(value))
            return Given(spelt, text, lambda d: d[name].notna() & (d[name] != value))
        case "in" | "not_in":
            several = draw(st.lists(values(column), min_size=1, max_size=6, unique=True))
            text = ",".join(draw(spellings(value)) for value in several)
            if lookup == "in":
                return Given(spelt, text, lambda d: d[name].isin(several))
            return Given(spelt, text, lambda d: d[name].notna() & ~d[name].isin(several))
        case "isnull":
            missing = draw(st.booleans())
            return Given(spelt, draw(spellings(missing)), lambda d: d[name].isna() == missing)
        case "range":
            low, high = sorted(draw(st.tuples(values(column), values(column))))
            text = f"{draw(spellings(low))},{draw(spellings(high))}"
            return Given(spelt, text, lambda d: d[name].between(low, high))
        case _:
            value = draw(values(column))
            bound = SCHOOLING.index(value) if name == "education" else value
            compare = f"__{lookup.replace('gte', 'ge').replace('lte', 'le')}__"
            return Given(
                spelt,
                draw(spellings(value)),
                lambda d: getattr(ranked(column, d[name]), compare)(bound),
            )


any_filter = st.sampled_from(sorted(FILTERS)).flatmap(lambda name: filters(FILTERS[name]))
complete = st.booleans().map(
    lambda wanted: Given(
        "complete",
        str(wanted),
        lambda d: d[[c.name for c in NULLABLE]].notna().all(axis=1) | (not wanted),
    )
)
selections = st.lists(any_filter | complete, max_size=4, unique_by=lambda g: canonical_name(g.name))


def is_list(name: str) -> bool:
    return name == "group_by" or name.endswith(("__in", "__not_in", "__range"))


@st.composite
def written(draw: st.DrawFn, pairs: list[tuple[str, str]]) -> str:
    """A query string: in any order, with more or fewer characters percent-encoded.

    Lists are separated by commas, or given one by one, as different programs do it.
    """
    safe = draw(st.sampled_from(["", ",", ",<>=", "-_.~,"]))
    sent = []
    for name, text in draw(st.permutations(pairs)):
        way = draw(st.sampled_from([",", "key", "key[]"])) if is_list(name) else ","
        texts = [text] if way == "," else text.split(",")
        sent += [(name + way.removeprefix("key").strip(","), part) for part in texts]
    return "&".join(f"{quote(name, safe='[')}={quote(text, safe=safe)}" for name, text in sent)


@many
@given(data=st.data(), selected=selections, column=st.sampled_from([c.name for c in NUMERIC]))
def test_valid_queries_have_correct_answers(
    client: Client, adult: pd.DataFrame, data: st.DataObject, selected: list[Given], column: str
) -> None:
    by = data.draw(
        st.lists(st.sampled_from([c.name for c in CATEGORICAL]), max_size=2, unique=True)
    )
    pairs = [(one.name, one.text) for one in selected]
    pairs += [("group_by", ",".join(by))] if by else []
    url = f"/v1/computation/sum/{column}?{data.draw(written(pairs))}"
    response = client.get(url)
    tried[response.status_code] += 1
    event("groups" if by else "no groups")
    assert response.status_code == 200, (url, response.content[:500])
    answer = response.json()
    rows = adult
    for one in selected:
        rows = rows[one.mask(rows)]
    assert (answer["rows"], answer["count"]) == (len(rows), len(rows)), url
    assert answer["value"] == int(rows[column].sum()), url
    if by:
        expected = {
            tuple(None if pd.isna(part) else part for part in key): (len(group), int(group.sum()))
            for key, group in rows.groupby(by, dropna=False)[column]
        }
        found = {tuple(g["key"].values()): (g["rows"], g["value"]) for g in answer["groups"]}
        assert found == expected, url


# --- What is not in it --------------------------------------------------------------------------

odd = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "'",
        "';--",
        "\0",
        "%",
        "%00",
        "null",
        "NaN",
        "1e999",
        "٣",
        "\u202e",
        "[]",
        "$where",
        "*",
        "--",
    ]
)


def not_a_value(of: Column) -> st.SearchStrategy[str]:
    if of.numeric:
        too_large = ["9" * 19, "-" + "9" * 99, "1e18", "1e400", "1e+99999", "1e" + "9" * 99]
        not_whole = ["1.5", "1e-3", "5e-324", "nan", "Infinity"]
        no_number = ["", " 1", "0x1", "1_000", "--1", "1e", "e5", ".", "1,5"]
        bad = st.sampled_from([*too_large, *not_whole, *no_number])
        number = re.compile(r"[+-]?[\d.]+(e[+ -]?\d+)?", re.IGNORECASE)
        return bad | odd.filter(lambda t: not number.fullmatch(t))
    near = st.sampled_from(list(of.choices)).flatmap(
        lambda choice: st.sampled_from(
            [choice.lower() + " ", choice + "\0", f" {choice}", choice[:-1]]
        )
    )
    return (near | odd).filter(lambda t: t not in of.choices)


@st.composite
def not_a_list(draw: st.DrawFn, of: Column) -> str:
    right = [str(one) for one in draw(st.lists(values(of), max_size=3, unique=True))]
    wrong = draw(not_a_value(of).filter(lambda t: "," not in t))
    many_values = st.just(",".join(str(n) for n in range(101)))
    return draw(
        st.permutations([*right, wrong]).map(",".join)
        | st.sampled_from([",", "1,1", f"{right[0]},{right[0]}" if right else ","])
        | many_values
    )


def bad_texts(name: str) -> st.SearchStrategy[str]:
    """Texts that are invalid for the filter."""
    of, suffix = FILTERS[name].column, FILTERS[name].lookup.suffix
    match suffix:
        case "in" | "not_in":
            return not_a_list(of)
        case "isnull":
            return odd.filter(lambda t: t.lower() not in ("true", "false"))
        case "range":
            return st.sampled_from(
                ["", "1", "2,1", "1,2,3", "a,b", ",", "1,", "1;2", "2-1", "9" * 19 + ",1"]
            )
        case _:
            return not_a_value(of)


OTHERS = {
    "complete": ["", "1", "yes", "T", "true,false", "null"],
    "group_by": ["", "id", "sex,sex", "sex,", "nope", "sex,race,income,split", "sex;race", "*"],
    "weight": ["", "age", "1", "fnlwgt,fnlwgt", "FNLWGT"],
    "confidence": ["", "0", "1", "-0.5", "95", "nan", "inf", "1e400", "0,95", "0.95 "],
    "order_by": ["", "mean", "--key", "key,count", "KEY", "+key"],
    "limit": ["", "0", "-1", "1.5", "100001", "9" * 40, "all"],
}
bad_known = st.sampled_from(sorted(FILTERS)).flatmap(
    lambda name: st.tuples(st.just(name), bad_texts(name))
) | st.sampled_from([(name, text) for name, texts in OTHERS.items() for text in texts])
known = {*FILTERS, *OTHERS, "format"}
bad_unknown = st.tuples(
    (
        odd | st.sampled_from(["id", "pk", "sex__gt", "age__contains", "sex[]", "__class__", "SEX"])
    ).filter(lambda name: canonical_name(name) not in known),
    odd,
)


@many
@given(
    data=st.data(),
    wrong=st.lists(bad_known | bad_unknown, min_size=1, max_size=5, unique_by=lambda p: p[0]),
    right=selections,
)
def test_all_errors_are_reported_at_once(
    client: Client, data: st.DataObject, wrong: list[tuple[str, str]], right: list[Given]
) -> None:
    taken = {name for name, _ in wrong}
    pairs = wrong + [(g.name, g.text) for g in right if canonical_name(g.name) not in taken]
    twice = data.draw(st.sampled_from([None, *(p for p in pairs if not is_list(p[0]))]))
    url = f"/v1/computation/mean/age?{data.draw(written(pairs + [twice] * (twice is not None)))}"
    response = client.get(url)
    tried[response.status_code] += 1
    assert response.status_code == 400, (url, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    expected = {name for name, _ in wrong}
    if twice:
        expected.add(canonical_name(twice[0]))
    assert {error["parameter"] for error in problem["errors"]} == expected, url
    for error in problem["errors"]:
        assert error["code"]
        assert error["detail"].isprintable()
        if meant := error.get("did_you_mean"):
            assert meant in error["allowed"] if "allowed" in error else accepted(client, error)


def accepted(client: Client, error: dict[str, str]) -> bool:
    """Returns whether the parameter takes the text that its error suggests."""
    suggested = {error["parameter"]: error["did_you_mean"]}
    return client.get("/v1/computation/mean/age", suggested).status_code == 200


def test_how_many_were_tried() -> None:
    print(f"{tried.total()} queries of the grammar and beside it: {dict(tried)}")
    assert len(LOOKUPS) * len(COLUMNS) > len(FILTERS)
