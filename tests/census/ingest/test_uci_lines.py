"""UCI's lines: rows, accepted variations and errors."""

import io
import re
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from census.ingest.readers.columns import ColumnSpec, Schema, _whole_numbers
from census.ingest.readers.problems import MAX_BLANK, MAX_LINE, BadDataError, Problem, Problems
from census.ingest.readers.uci import UciLines
from census.ingest.schema import SCHEMA

AGE = ColumnSpec("age", maximum=120)
WORK = ColumnSpec("work", categories=("Private", "State-gov", "A&B(c)"), nullable=True)
INCOME = ColumnSpec("income", categories=("<=50K", ">50K"), dotted=True)
SPLIT = ColumnSpec("split", categories=("test", "train"))
COLUMNS = (AGE, WORK, INCOME)


class Read(NamedTuple):
    rows: list[list[bytes]]
    problems: tuple[Problem, ...]


def read(data: bytes, columns: tuple[ColumnSpec, ...] = COLUMNS, max_errors: int = 1000) -> Read:
    problems = Problems(max_errors)
    form = UciLines(Schema(columns, SPLIT))
    rows: list[list[bytes]] = []
    try:
        for block in form.blocks(io.BytesIO(data), "f", problems):
            assert block.endswith(b"\n")
            rows += [line.split(b",") for line in block.splitlines()]
        problems.finish()
    except BadDataError as error:
        return Read(rows, error.problems)
    return Read(rows, ())


ONE = [[b"39", b"Private", b"<=50K"]]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"39, Private, <=50K\n", ONE),
        (b"39,Private,<=50K\n", ONE),
        (b" 39 ,\tPrivate , <=50K \n", ONE),
        (b"39, Private, <=50K.\n", ONE),
        (b"39, Private, <=50K. \n", ONE),
        (b"39, Private, <=50K\r\n", ONE),
        (b"39, Private, <=50K.\r\n", ONE),
        (b"39, Private, <=50K", ONE),
        (b"39, Private, <=50K.", ONE),
        (b"39, Private, <=50K\r", ONE),
        (b"\xef\xbb\xbf39, Private, <=50K\n", ONE),
        (b"\xef\xbb\xbf|1x3 Cross validator\n39, Private, <=50K\n", ONE),
        (b"|1x3 Cross validator\n39, Private, <=50K\n", ONE),
        (b"|any \xff bytes, 1, 2\r\n39, Private, <=50K\n| at the end", ONE),
        (b"\n\r\n  \t\n39, Private, <=50K\n\n \n", ONE),
        (b"|" + b"x" * 3 * MAX_LINE + b"\n39, Private, <=50K\n", ONE),
        (b"39, ?, >50K\n", [[b"39", b"?", b">50K"]]),
        (b"0, A&B(c), >50K\n", [[b"0", b"A&B(c)", b">50K"]]),
        # What others write.
        (b'39, "Private", <=50K\n', ONE),
        (b'"39","Private","<=50K."\r\n', ONE),
        (b"39.0, Private, <=50K\n", ONE),
        (b"39, , >50K\n", [[b"39", b"?", b">50K"]]),
        (b"39,,>50K\n", [[b"39", b"?", b">50K"]]),
        (b"39,NaN,>50K\n39,NA,>50K\n39,null,>50K\n", [[b"39", b"?", b">50K"]] * 3),
        ("39, \N{NO-BREAK SPACE}Private, <=50K".encode(), ONE),
        (b"120, ?, >50K.\n39, Private, <=50K\n", [[b"120", b"?", b">50K"], *ONE]),
    ],
)
def test_format(data: bytes, rows: list[list[bytes]]) -> None:
    assert read(data) == Read(rows, ())


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (b"1_0, Private, >50K", "age", "1_0"),
        (b"+5, Private, >50K", "age", "+5"),
        (b"-5, Private, >50K", "age", "-5"),
        (b"05, Private, >50K", "age", "05"),
        (b"5e1, Private, >50K", "age", "5e1"),
        (b"0x5, Private, >50K", "age", "0x5"),
        (b"5 5, Private, >50K", "age", "5 5"),
        (b"121, Private, >50K", "age", "121"),
        (b"1" * 5000 + b", Private, >50K", "age", "1" * 59 + "…"),
        ("٣, Private, >50K".encode(), "age", "٣"),
        (b"?, Private, >50K", "age", "?"),
        (b", Private, >50K", "age", ""),
        (b"5, private, >50K", "work", "private"),
        (b"5, Priv ate, >50K", "work", "Priv ate"),
        (b"5, Private., >50K", "work", "Private."),
        (b"5, Priv\0ate, >50K", "work", "Priv\\x00ate"),
        (b"5, Priv\xffate, >50K", "work", "Priv\\xffate"),
        (b"5, \xa0Private, >50K", "work", "\\xa0Private"),
        (b"5, ??, >50K", "work", "??"),
        (b"5, Private, ?", "income", "?"),
        (b"5, Private, >50", "income", ">50"),
        (b"5, Private, >50K..", "income", ">50K.."),
        (b"5, Private, >50K .", "income", ">50K ."),
        (b"5.5, Private, >50K", "age", "5.5"),
        (b"5., Private, >50K", "age", "5."),
        (b"'5', Private, >50K", "age", "'5'"),
        (b"5, Unknown, >50K", "work", "Unknown"),
        (b"5, Private", None, "2 values"),
        (b"5, Private, >50K, ", None, "4 values"),
        (b"5", None, "1 value"),
        (b"5; Private; >50K", None, "1 value"),
        (b"5\tPrivate\t>50K", None, "1 value"),
        (b"# 5, Private, >50K, a", None, "4 values"),
        (b"5, Private, >50K\r5, Private, >50K", None, "5 values"),
    ],
)
def test_errors_say_where_and_what(line: bytes, column: str | None, value: str) -> None:
    good = b"39, Private, <=50K\n"
    rows, problems = read(good + b"\n" + line + b"\n" + good)
    assert rows == ONE  # no row after a problem
    (problem,) = problems
    assert (problem.file, problem.line) == ("f", 3)
    assert (problem.column, problem.value) == (column, value)
    expected = {
        "age": "a whole number from 0 to 120",
        "work": "? or nothing where it is missing, or one of Private, State-gov, A&B(c)",
        "income": "one of <=50K, >50K",
        None: "3, separated by commas",
    }
    assert problem.expected.startswith(expected[column])


@pytest.mark.parametrize("data", [b"", b"\n\n", b"|comment\n", b"\xef\xbb\xbf", b" \r\n\t"])
def test_a_file_without_rows_is_an_error(data: bytes) -> None:
    problem = Problem("f", None, None, None, "at least one row, but there is none")
    assert read(data) == Read([], (problem,))
    assert str(problem) == "f: expected at least one row, but there is none."


@pytest.mark.parametrize("end", [b"39", b"39, Private", b"39, Private, >50", b"39, Private, >"])
def test_a_last_line_that_is_cut_off_says_so(end: bytes) -> None:
    (problem,) = read(b"39, Private, <=50K\n" + end).problems
    assert problem.line == 2
    assert "; the file ends in this line and may be cut off" in problem.expected


def test_a_line_too_long_to_be_one_is_not_read_into_memory() -> None:
    good = b"39, Private, <=50K\n"
    rows, problems = read(good + b"7" * 5 * MAX_LINE + b"\n" + b"40, Private, <=50\n")
    assert rows == ONE
    assert [(problem.line, problem.column) for problem in problems] == [(2, None), (3, "income")]
    assert problems[0].expected == "a line of fewer than 65,536 bytes"


def test_lines_are_counted_across_chunks() -> None:
    lines = [b"39, Private, <=50K\n"] * 20_000
    lines[12_345] = b"x, Private, <=50K\n"
    rows, problems = read(b"".join(lines))
    assert len(rows) == 12_345
    assert [problem.line for problem in problems] == [12_346]


@pytest.mark.parametrize(("max_errors", "count"), [(1, 1), (3, 3), (5, 5), (100, 5)])
def test_max_errors(max_errors: int, count: int) -> None:
    data = b"x, y, z\n39, Private, <=50K\n" + b"1, y, >50K\n" + b"1\n"
    assert len(read(data, max_errors=max_errors).problems) == count


def test_problems_of_several_files_add_up() -> None:
    form, found = UciLines(Schema(COLUMNS, SPLIT)), Problems(3)
    assert list(form.blocks(io.BytesIO(b"x, y, <=50K\n"), "one", found)) == []
    with pytest.raises(BadDataError) as raised:
        list(form.blocks(io.BytesIO(b"39, Private, <=50K\n\nx, y, <=50K\n"), "two", found))
    where = [(problem.file, problem.line, problem.column) for problem in raised.value.problems]
    assert where == [("one", 1, "age"), ("one", 1, "work"), ("two", 3, "age")]


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"39, Private, <=50K\r\r\n" * 9, 1, "the lines end with \\r\\r\\n"),
        (b"39, Private, <=50K\n" + b"\n" * 2 * MAX_BLANK, 2, "more than 100,000 blank lines"),
        (b"|\n" * 2 * MAX_BLANK, 1, "more than 100,000 blank lines"),
        (b"39, Private, <=50K\n|1x3 Cross validator\n", 2, "here UCI's adult.test begins"),
        (b"39, Private, <=50K\nage, work, income\n", 2, "this is a header"),
        (b"39, Private, <=50K\r40, ?, >50K\r", 1, "end with \\r alone"),
        (b"1, 39, Private, <=50K\n", 1, "the first value seems to be extra"),
        (b"39, Private, <=50K,\n", 1, "the last value seems to be extra"),
        (b"5, x, y, z, 1\n", 1, "the line begins '5, x, y, z, 1'"),
    ],
)
def test_errors_name_the_likely_cause(data: bytes, line: int, says: str) -> None:
    (problem,) = read(data).problems
    assert problem.line == line
    assert says in str(problem)


@pytest.mark.parametrize(
    ("value", "likely"),
    [
        ("private", "Private"),
        ("Pirvate", "Private"),
        ("STATE-GOV", "State-gov"),
        ("State gov", "State-gov"),
        ("xyz", None),
        ("", None),
    ],
)
def test_likely_meant(value: str, likely: str | None) -> None:
    assert WORK.suggestion(value) == likely
    assert AGE.suggestion(value) is None


@pytest.mark.parametrize("category", ["", "a b", "a,b", "a?", "?", "a.", ".", "a\n", "\ta"])
def test_a_category_the_format_cannot_write(category: str) -> None:
    with pytest.raises(ValueError, match="cannot be written in a file"):
        ColumnSpec("c", categories=("fine", category))


@given(st.integers(0, 10**10), st.integers(0, 10**10), st.data())
@example(0, 0, None)
def test_pattern_of_whole_numbers(a: int, b: int, data: st.DataObject | None) -> None:
    minimum, maximum = sorted((a, b))
    pattern = re.compile(_whole_numbers(minimum, maximum))
    edges = {minimum, maximum, minimum - 1, maximum + 1, 0, 1, 9, 10, 99, 100, 10**9, 10**10}
    if data:
        edges |= {data.draw(st.integers(minimum, maximum)), data.draw(st.integers(0, 10**11))}
    for number in edges:
        assert bool(pattern.fullmatch(str(number))) == (minimum <= number <= maximum)


def test_pattern_of_whole_numbers_in_full() -> None:
    for minimum in range(125):
        for maximum in range(minimum, 125):
            pattern = re.compile(_whole_numbers(minimum, maximum))
            matching = [number for number in range(1100) if pattern.fullmatch(str(number))]
            assert matching == list(range(minimum, maximum + 1))


# --- Any bytes, against a reading of the format written another way ---------------------------


MISSING = {b"", b"?", b"na", b"n/a", b"#na", b"#n/a", b"<na>", b"nan", b"-nan", b"null", b"none"}


def value_of(column: ColumnSpec, text: bytes) -> bytes | None:
    """The value of `text` in `column`; None if it is invalid."""
    value = text.decode("utf-8", "backslashreplace").strip().encode()
    if column.nullable and (value.lower() in MISSING or value == rb"\N"):
        return b"?"
    if column.dotted:
        value = value.removesuffix(b".")
    if column.categories:
        return value if value in [category.encode() for category in column.categories] else None
    whole, _, zeros = value.partition(b".")
    if b"." in value and (not zeros or zeros.strip(b"0")):
        return None
    try:
        right = b"%d" % int(whole) == whole
    except ValueError:
        right = False
    return whole if right and column.minimum <= int(whole) <= column.maximum else None


def rows_of(data: bytes, columns: tuple[ColumnSpec, ...]) -> list[list[bytes]] | None:
    """The rows of a file without quotes; None if anything is wrong with it."""
    rows = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if not line.strip(b" \t\r") or line.startswith(b"|"):
            continue
        texts = line.removesuffix(b"\r").split(b",")
        if len(texts) != len(columns) or texts[-1].endswith(b"\r"):
            return None
        values = [value_of(*pair) for pair in zip(columns, texts, strict=True)]
        if None in values:
            return None
        rows.append([value for value in values if value is not None])
    return rows or None


def value_texts(column: ColumnSpec) -> st.SearchStrategy[str]:
    values = (
        st.sampled_from(column.categories)
        if column.categories
        else st.integers(column.minimum, column.maximum).map(str)
    )
    return values | st.just("?") if column.nullable else values


padding = st.sampled_from(["", "", " ", "  ", "\t"])
rows_of_text = st.tuples(*map(value_texts, SCHEMA.columns))


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, list[list[bytes]]]:
    """A valid file and its rows."""
    text = draw(st.sampled_from(["", "\ufeff"])) + draw(st.sampled_from(["", "|1x3 Cross\n", "\n"]))
    rows = draw(st.lists(rows_of_text, min_size=1, max_size=8))
    for row in rows:
        between = draw(padding) + "," + draw(padding)
        text += draw(padding) + between.join(row) + draw(st.sampled_from(["", "."]))
        text += draw(padding) + draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return text.encode(), [[value.encode() for value in row] for row in rows]


@given(files())
def test_what_is_written_is_read(file: tuple[bytes, list[list[bytes]]]) -> None:
    data, rows = file
    assert read(data, SCHEMA.columns) == Read(rows, ())
    assert rows_of(data, SCHEMA.columns) == rows


def check_any(data: bytes, columns: tuple[ColumnSpec, ...]) -> None:
    rows, problems = read(data, columns)
    expected = rows_of(data, columns)
    assert bool(problems) == (expected is None)
    if not problems:
        assert rows == expected
    for problem in problems:
        assert str(problem).isprintable()
        assert len(problem.value or "") <= 60


words = b"39 39.0 NaN Private State-gov ? <=50K >50K . | _ - 0 121 \0 \xff \xef\xbb\xbf".split(b" ")
between = [b",", b", ", b"\n", b"\r\n", b"\r", b" ", b"\t", b"\x0b"]
alphabet = st.sampled_from([*words, *between])


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    check_any(data, SCHEMA.columns)
    check_any(data, COLUMNS)


@given(st.lists(alphabet).map(b"".join))
@example(b"39,?,>50K.\t.\n")
def test_any_bytes_that_look_like_it(data: bytes) -> None:
    check_any(data, COLUMNS)


@given(files(), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), alphabet), max_size=3))
def test_mutations(
    file: tuple[bytes, list[list[bytes]]], edits: list[tuple[float, int, bytes]]
) -> None:
    data, _ = file
    for where, removed, inserted in edits:
        position = int(where * len(data))
        data = data[:position] + inserted + data[position + removed :]
    check_any(data, SCHEMA.columns)
