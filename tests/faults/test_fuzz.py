"""schemathesis over the whole OpenAPI description, against the running service."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults.service import ROOT, Service

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "100")  # of each operation, beside those of coverage
AT_LEAST = 10_000


def test_answers_are_as_described(standing: Service, record: Any, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file=tests/faults/schemathesis.toml"),
        *("run", f"http://127.0.0.1:{standing.port}/schema", "--no-color", "--workers=2"),
        *("--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}", "--no-shrink"),
        *("--continue-on-failure", "--generation-database=none", "--request-timeout=60"),
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.faults.hooks", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    report = run.stdout + run.stderr
    (tmp_path / "report").write_text(report)
    found = re.search(r"(\d+) generated", report)
    assert found, report[-3000:]
    errors = dict(re.findall(r"❌ (ST\d+ .*): (\d+)", report))
    record("schemathesis", requests=int(found[1]), wrong=0, errors=errors)
    assert run.returncode == 0, f"{json.dumps(errors)}: see {tmp_path}/report\n{report[-20000:]}"
    assert int(found[1]) >= AT_LEAST
