"""The scripts where nothing is deployed, or something is missing: they say what."""

import pytest
from checkout import Site


@pytest.mark.parametrize(
    ("script", "env", "message"),
    [
        ("rollback", {"TAG": "0123456789ab"}, "nothing is deployed in this account and region"),
        ("url", {}, "nothing is deployed in this account and region"),
        ("shell", {}, "no instance of adultapi-production runs"),
        ("logs", {"SINCE": "1h"}, "SINCE is '1h': set it to a number of minutes"),
        ("destroy", {}, "Nothing is deployed here."),
        ("deploy", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS accepts no credentials"),
        ("deploy", {"CONTAINER_ENGINE": "no-engine"}, "no-engine is not installed"),
        ("deploy", {"CONTAINER_ENGINE": "false"}, "false does not answer: start it"),
        ("deploy", {"SSH_DEBUG": "1"}, "SSH_DEBUG needs SSH_CIDR"),
    ],
)
def test_scripts_say_what_they_lack(
    site: Site, script: str, env: dict[str, str], message: str
) -> None:
    site.commit(f"To deploy with {env}")
    result = site.script(script, **env)
    assert message in result.stdout
    assert result.returncode == (0 if script == "destroy" else 1)


def test_uncommitted_changes_are_not_deployed(site: Site) -> None:
    (site.root / "stray").touch()
    result = site.script("deploy")
    (site.root / "stray").unlink()
    assert result.returncode == 1
    assert "uncommitted changes" in result.stdout
