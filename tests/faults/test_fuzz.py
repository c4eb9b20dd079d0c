"""schemathesis over the whole OpenAPI description, against the running service."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.service import ROOT, Service

PHASES = os.environ.get("FUZZ_PHASES", "examples,coverage,fuzzing")
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "100")  # of each operation, beside those of coverage
SECONDS = os.environ.get("FUZZ_SECONDS", "1800")  # for each piece, at most
SEED = os.environ.get("FUZZ_SEED")
AT_LEAST = 10_000
# The operations by pieces, so that each is done in minutes; the last is of all others.
PIECES = {
    "counts": "count|missing|distinct|mode",
    "sums": "mean|sum|min|max",
    "quantiles": "median|quantiles|gini|lorenz",
    "moments": "variance|std|skewness|kurtosis",
    "shares": "distribution|proportion",
    "tables": "statistics|correlation|crosstab|fairness",
    "models": "comparison|decomposition|linear_regression|logistic_regression",
}
cases: Counter[str] = Counter()


@pytest.mark.parametrize("piece", [*PIECES, "others"])
def test_answers_are_as_described(
    standing: Service, record: Any, tmp_path: Path, piece: str
) -> None:
    named = PIECES.get(piece) or "|".join(PIECES.values())
    choice = "include" if piece in PIECES else "exclude"
    description = tmp_path / "schema.json"
    description.write_bytes(standing.get("/schema?format=json").body)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file=tests/faults/schemathesis.toml"),
        *("run", str(description), f"--url=http://127.0.0.1:{standing.port}", "--no-color"),
        *("--workers=2", f"--max-time={SECONDS}", *([f"--seed={SEED}"] if SEED else [])),
        "--suppress-health-check=too_slow",  # which is of how busy the machine is
        *(f"--phases={PHASES}", f"--max-examples={EXAMPLES}", "--no-shrink"),
        *("--continue-on-failure", "--generation-database=none", "--request-timeout=60"),
        f"--{choice}-operation-id-regex=^({named})$",
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    report = run.stdout + run.stderr
    (tmp_path / "report").write_text(report)
    found = re.search(r"(\d+) generated", report)
    assert found, report[-3000:]
    cases[piece] = int(found[1])
    errors = dict(re.findall(r"❌ (ST\d+ .*): (\d+)", report))
    record(f"schemathesis: {piece}", requests=cases[piece], wrong=0, errors=errors)
    assert run.returncode == 0, f"{errors}: see {tmp_path}/report\n{report[-20000:]}"


def test_there_were_enough() -> None:
    print(f"{cases.total()} cases: {dict(cases)}")
    assert cases.total() >= AT_LEAST or len(cases) <= len(PIECES)  # where only some were chosen
