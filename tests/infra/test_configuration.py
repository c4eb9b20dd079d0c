"""The configuration as text and as plans: form, validity, the rules of variables, checkov."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import GUARD, HERE, INFRA, ROOT, Aws, run

SCRIPTS = sorted((INFRA / "scripts").glob("*.sh"))
COMPUTE = (INFRA / "compute.tf").read_text()


def passes(command: list[str | Path], cwd: Path, env: dict[str, str]) -> str:
    result = run(command, cwd, env)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_format(terraform_env: dict[str, str]) -> None:
    passes(["terraform", "fmt", "-check", "-diff", "-recursive"], INFRA, terraform_env)


@pytest.mark.parametrize("root", [".", "bootstrap"])
def test_valid(infra_copy: Path, terraform_env: dict[str, str], root: str) -> None:
    passes(["terraform", "validate", "-no-color"], infra_copy / root, terraform_env)


@pytest.mark.parametrize("root", [INFRA, INFRA / "bootstrap"], ids=["infra", "bootstrap"])
def test_lock_file_names_the_provider_alone(root: Path) -> None:
    text = (root / ".terraform.lock.hcl").read_text()
    assert re.findall(r"[a-z0-9.-]+\.[a-z]{2,}(?:/[a-z]+)+", text) == [
        "registry.terraform.io/hashicorp/aws"
    ]
    assert len(set(re.findall(r'"h1:.{43}="', text))) >= 2  # Linux and a Mac


@pytest.mark.parametrize("path", sorted(INFRA.glob("tests/*.tftest.hcl")), ids=lambda p: p.stem)
def test_plans(infra_copy: Path, aws: Aws, path: Path) -> None:
    """The rules of variables, and the optional features."""
    command = ["terraform", "test", "-no-color", f"-filter=tests/{path.name}"]
    out = passes(command, infra_copy, aws.env)
    runs = path.read_text().count('\nrun "')
    assert f"Success! {runs} passed, 0 failed." in out


def test_every_rule_is_tested() -> None:
    text = (INFRA / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    ruled = {name for name, body in blocks if "validation {" in body}
    tests = (INFRA / "tests" / "variables.tftest.hcl").read_text()
    assert ruled == set(re.findall(r"^    var\.(\w+),$", tests, re.MULTILINE))
    assert all("description" in body for _, body in blocks)


def test_the_example_sets_variables_that_there_are() -> None:
    names = set(
        re.findall(r'^variable "(\w+)"', (INFRA / "variables.tf").read_text(), re.MULTILINE)
    )
    example = (INFRA / "terraform.tfvars.example").read_text()
    shown = set(re.findall(r"^#? ?(\w+) += ", example, re.MULTILINE))
    # Given by the scripts: what they run, and where.
    assert names - shown == {"image_tag", "environment", "region", "ssh_public_key", "ssh_cidr"}
    assert shown <= names


def test_settings_are_those_of_the_service() -> None:
    [block] = re.findall(r"^  settings = merge\(\n(.*?)^  \)", COMPUTE, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r'\b([A-Z]+(?:_[A-Z]+)+)"? +=', block))
    assert {"DATABASE_URL", "DATABASE_REPLICA_URL", "CACHE_URL"} <= names
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert names <= set(re.findall(r"`([A-Z_]+)`", " ".join(rows)))


def test_checkov(infra_copy: Path, terraform_env: dict[str, str]) -> None:
    """No finding, and no suppression without its reason."""
    result = subprocess.run(
        ["checkov", "--directory", infra_copy, "--framework", "terraform", "--skip-download",
         "--quiet", "--compact", "--output", "json"],
        env=terraform_env, text=True, timeout=GUARD, check=False, capture_output=True,
    )  # fmt: skip
    report = json.loads(result.stdout)
    failed = [
        f"{check['check_id']} {check['resource']}: {check['check_name']}"
        for check in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert report["summary"]["passed"] > 100
    assert report["summary"]["parsing_errors"] == 0


def test_suppressions_have_reasons() -> None:
    for path in INFRA.rglob("*.tf"):
        for line in path.read_text().splitlines():
            if "checkov:skip" in line:
                assert re.search(r"#checkov:skip=CKV2?_AWS_\d+:\w.{5,}", line), f"{path}: {line}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_lint(script: Path, terraform_env: dict[str, str]) -> None:
    passes(["shellcheck", "--external-sources", script], INFRA, terraform_env)


def test_stubs_lint(terraform_env: dict[str, str]) -> None:
    passes(["shellcheck", *sorted((HERE / "stubs").iterdir())], ROOT, terraform_env)


def test_every_target_has_its_script() -> None:
    targets = re.findall(r"infra/scripts/(\w+)\.sh", (INFRA / "infra.mk").read_text())
    assert sorted(targets) == sorted(path.stem for path in SCRIPTS if path.stem != "lib")
