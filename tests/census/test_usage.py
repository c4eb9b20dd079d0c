"""`manage.py usage` with lines in nginx's format (tests/faults has real lines)."""

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from census.usage import describe

LINE = (
    '{"time":"2026-11-25T17:04:55+00:00","request_id":"79e228c2beb67170d5dd8568f7c4aeb7",'
    '"method":"GET","uri":"%s","status":%d,"cache":"%s","seconds":%s,"service_seconds":%s,'
    '"bytes":%d,"user_agent":"curl/7.88.1"}\n'
)
LOG = "".join(
    [
        LINE % ("/v1/computation/mean/age", 200, "MISS", "0.018", "0.019", 1659),
        LINE % ("/v1/computation/mean/age", 200, "HIT", "0.000", "null", 1629),
        "proxy-1  | "
        + LINE % ("/v1/computation/median/hours-per-week.csv?weight=fnlwgt", 200, "MISS", 1, 1, 99),
        "2026/11/25 17:13:05 [warn] 50#50: *63 limiting requests, excess: 100.9\n",
        LINE % ("/v1/crosstab/sex/income?format=csv", 200, "STALE", "0.001", "null", 300),
        LINE % ("/v1/people?group_by=sex,race", 400, "", "0.002", "0.002", 200),
        LINE % ("/v1/computation/mean/age?group_by=sex&group_by=race", 304, "HIT", 0, "null", 0),
        LINE % ("/nope\\\\\\u0007", 404, "", "0.002", "0.002", 200),
        LINE % ("", 400, "", "0.000", "null", 155),
        "{not json\n",
        '{"time":"x","uri":"/v1","status":"many","seconds":0,"bytes":1}\n',
    ]
)


def usage(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("usage", *arguments)
    return capsys.readouterr().out


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {name: figures["requests"] for name, figures in found.items()}


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str], packed: bool) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(LOG.encode()) if packed else LOG.encode())
    found = json.loads(usage("--json", str(path), capsys=capsys))
    assert found["total"] == {
        "requests": 8,
        "bytes": 4242,
        "median_ms": 1,
        "p95_ms": 1000,
        "max_ms": 1000,
    }
    assert found["skipped_lines"] == 3
    assert found["from"] == found["to"] == "2026-11-25T17:04:55+00:00"
    assert counts(found["route"]) == {
        "/v1/computation/{metric}/{column}": 4,
        "/": 1,
        "/v1/crosstab/{row}/{column}": 1,
        "/v1/people": 1,
        "unmatched": 1,
    }
    assert counts(found["metric"]) == {"mean": 3, "median": 1}
    assert counts(found["column"]) == {"age": 3, "hours_per_week": 1, "income": 1, "sex": 1}
    assert counts(found["format"]) == {"default": 3, "csv": 2}
    assert counts(found["weight"]) == {"none": 4, "fnlwgt": 1}
    assert counts(found["group"]) == {"none": 4, "race": 1, "sex": 1}
    assert counts(found["cache"]) == {"none": 3, "HIT": 2, "MISS": 2, "STALE": 1}
    assert counts(found["status"]) == {"200": 4, "400": 2, "304": 1, "404": 1}


def test_a_table_is_printed_of_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(LOG.encode())))
    table = usage("--top", "1", capsys=capsys).splitlines()
    assert table[0].startswith("8 requests, 2026-11-25T17:04:55")
    assert table[0].endswith("; 3 other lines")
    (row,) = [line.split() for line in table if line.startswith("  /v1/computation")]
    assert row[1:3] == ["4", "50.0%"]
    assert "  and 3 more (--top)" in table


def test_an_empty_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "access.log"
    path.touch()
    assert "0 requests" in usage(str(path), capsys=capsys)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("usage", str(tmp_path / "nope"))
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(LOG.encode())[:-20])
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("usage", str(broken))


def test_a_prefix_is_no_part_of_a_route(settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/adult"
    assert describe("/adult/v1/fields/age?x=1", 400) == {"route": ["/v1/fields/{column}"]}


def test_names_in_refused_requests_are_not_counted() -> None:
    assert describe("/v1/computation/nope/xyz", 404) == {
        "route": ["/v1/computation/{metric}/{column}"]
    }
    assert describe("//[", 400) == {"route": ["unmatched"]}
    assert describe(f"/v1/people?weight={'a' * 99}", 200)["weight"] == ["other"]
