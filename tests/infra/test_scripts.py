"""The scripts where nothing is deployed, or something is missing: they say what."""

from pathlib import Path

import pytest
from checkout import Site


@pytest.mark.parametrize(
    ("script", "env", "message"),
    [
        ("rollback", {"TAG": "0123456789ab"}, "adultapi-production is not deployed in this"),
        ("url", {}, "adultapi-production is not deployed in this account and region"),
        ("plan", {}, "adultapi-production is not deployed in this account and region"),
        ("shell", {}, "no instance of adultapi-production is running"),
        ("ssh", {}, "no instance of adultapi-production is running"),
        ("logs", {"SINCE": "1h"}, "SINCE is '1h': set it to a number of minutes"),
        ("destroy", {}, "Nothing is deployed here."),
        ("destroy", {"REFUSED": "head-bucket"}, "cannot tell whether it exists"),
        ("url", {"REFUSED": "head-bucket"}, "cannot tell whether it exists"),
        ("deploy", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS accepts no credentials"),
        ("deploy", {"CONTAINER_ENGINE": "no-engine"}, "no-engine is not installed"),
        ("deploy", {"CONTAINER_ENGINE": "false"}, "false does not answer: start it"),
    ],
)
def test_scripts_say_what_they_lack(
    site: Site, script: str, env: dict[str, str], message: str
) -> None:
    site.commit(f"To deploy with {env}")
    result = site.script(script, **env)
    assert message in result.stdout
    assert result.returncode == (0 if message == "Nothing is deployed here." else 1)


def test_uncommitted_changes_are_not_deployed(site: Site) -> None:
    (site.root / "stray").touch()
    result = site.script("deploy")
    (site.root / "stray").unlink()
    assert result.returncode == 1
    assert "uncommitted changes" in result.stdout


def test_the_region_is_the_profiles(site: Site, tmp_path: Path) -> None:
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = eu-west-3\n")
    result = site.script("url", AWS_CONFIG_FILE=str(profile), AWS_REGION="")
    assert "Environment production in account 123456789012, eu-west-3" in result.stdout


def test_the_first_version_of_the_cli_will_not_do(site: Site) -> None:
    real = site.env["PATH"].partition(":")[2]
    result = site.script("url", PATH=real)
    assert (result.returncode, "the AWS CLI must be version 2" in result.stdout) == (1, True)
