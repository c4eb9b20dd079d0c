"""The configuration as text and as plans: form, validity, the rules of variables, checkov."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import GUARD, HERE, INFRA, ROOT, Aws, run

SCRIPTS = sorted(p for p in (INFRA / "scripts").glob("*.sh") if not p.stem.startswith("lib"))
EXAMPLE = (INFRA / "terraform.tfvars.example").read_text()
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
    shown = set(re.findall(r"^#? ?(\w+) += ", EXAMPLE, re.MULTILINE))
    # Given by the scripts: what they run, and where.
    assert names - shown == {"image_tag", "environment", "region"}
    assert shown <= names


def plans_of(each: list[str], infra_copy: Path, aws: Aws) -> subprocess.CompletedProcess[str]:
    """A plan of each of these settings, as a test of Terraform, which needs no state."""
    tests = [infra_copy / "tests" / f"{number}.tftest.hcl" for number in range(len(each))]
    for test, settings in zip(tests, each, strict=True):
        test.write_text(
            f'variables {{\n  image_tag = "0123456789ab"\n{settings}\n}}\n'
            'run "one" {\n  command = plan\n}\n'
        )
    command = ["terraform", "test", "-no-color", *(f"-filter=tests/{test.name}" for test in tests)]
    result = run(command, infra_copy, aws.env)
    for test in tests:
        test.unlink()
    return result


def test_the_sizes_of_the_example_can_be_planned(infra_copy: Path, aws: Aws) -> None:
    blocks = dict(re.findall(r"^# --- (\w+): .*\n((?:.+\n)+)", EXAMPLE, re.MULTILINE))
    sizes = [
        "\n".join(line.removeprefix("# ") for line in blocks[size].splitlines())
        for size in ("smallest", "standard", "busy")
    ]
    assert "Success! 3 passed, 0 failed." in plans_of(sizes, infra_copy, aws).stdout


def test_what_has_no_rule_here_is_refused_by_the_provider(infra_copy: Path, aws: Aws) -> None:
    wrong = [
        'instance_type = "t3.tiny"\nclient_cidrs = ["203.0.113.7"]\nlog_retention_days = 31',
        'certificate_arn = "example.org"\ndatabase_backup_days = 36',
    ]
    result = plans_of(wrong, infra_copy, aws)
    assert "Failure! 0 passed, 2 failed" in result.stdout
    for refusal in [
        "InvalidInstanceType: .*t3.tiny", "Attribute cidr_ipv4 .*", "expected retention_in_days to",
        '"certificate_arn" .* is an invalid ARN', "expected backup_retention_period to be",
    ]:  # fmt: skip
        assert re.search(f"^(Error: .*)?{refusal}", result.stdout, re.MULTILINE), refusal


def settings_of(container: str) -> set[str]:
    block = rf"^    {container} = {{.*?\n(.*?)^    }}"
    [text] = re.findall(block, COMPUTE, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^ +([A-Z]+(?:_[A-Z]+)*) +=", text, re.MULTILINE))


def test_settings_are_those_of_the_service() -> None:
    names = settings_of("service") | settings_of("loader")
    assert {"DATABASE_URL", "LOADER_DATABASE_URL", "EXPORT_DIR"} <= names
    code = "\n".join(path.read_text() for path in (ROOT / "adultapi").glob("*.py"))
    assert names <= set(re.findall(r'"([A-Z_]+)"', code)) | {"SECRET_KEY_FILE"}


def test_settings_are_those_of_nginx() -> None:
    names = settings_of("proxy")
    assert "TRUSTED_PROXIES" in names
    script = (ROOT / "docker" / "start-proxy.sh").read_text()
    assert names <= set(re.findall(r"^([A-Z_]+)=\$\{\1:-", script, re.MULTILINE))


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


def test_the_images_lint(terraform_env: dict[str, str]) -> None:
    passes(["hadolint", "Dockerfile"], ROOT, terraform_env)
    passes(["shellcheck", *sorted((ROOT / "docker").glob("*.sh"))], ROOT, terraform_env)


def test_every_target_has_its_script() -> None:
    targets = re.findall(r"infra/scripts/(\w+)\.sh", (INFRA / "infra.mk").read_text())
    assert sorted(targets) == sorted(path.stem for path in SCRIPTS)
