"""First boots, well and failing; the scripts that they run and write, linted."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
from booting import DJANGO, OWNER, PASSWORD, PROXY, REGISTRY, SECRETS, SERVICE, SETTINGS, Boot
from conftest import GUARD

# --- All well -----------------------------------------------------------------------------------


def options(call: str) -> set[str]:
    return set(re.findall(r"--(?:[a-z-]+)(?: [^- ]\S*)?", call))


def test_all_well(boot: Boot) -> None:
    host = boot()
    assert (host.status, host.told) == (0, "CONTINUE")
    assert re.fullmatch(r"adultapi: ready after \d+ s", host.log[-1])
    assert host.called("docker login", f"--password-stdin {REGISTRY}")
    assert [call.split()[-1] for call in host.called("docker pull")] == [SERVICE, PROXY]
    for part, lines in SETTINGS["settings"].items():
        assert host.path(f"/etc/adultapi/{part}").read_text() == lines + "\n"


def test_secrets_are_files_for_one_user(boot: Boot) -> None:
    host = boot()
    assert host.secrets == SECRETS
    folders = list(host.path("/run/adultapi").iterdir())
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o500}
    files = [path for folder in folders for path in folder.iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o400}
    assert all("--owner=10001" in call for call in host.called("install", "/run/adultapi/"))
    assert {call.split()[1] for call in host.called("chown")} == {"10001"}


def test_what_serves_has_nothing_of_the_loader(boot: Boot) -> None:
    """Three containers: the run that migrates and loads, the service, and nginx."""
    host = boot()
    nginx, prepare, serve = host.called("docker run")
    for call in (nginx, prepare, serve):
        assert options(call) >= {
            "--rm", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges",
            "--pids-limit 4096", "--network adultapi", "--log-opt mode=non-blocking",
        }  # fmt: skip
    assert prepare.split()[-2:] == [SERVICE, "prepare"]
    assert serve.split()[-2:] == [SERVICE, "serve"]
    assert nginx.split()[-1] == PROXY
    secrets = "--volume /run/adultapi/serve:/run/secrets/adultapi:ro"
    loader = {
        "--volume /run/adultapi/load:/run/secrets/loader:ro",
        "--env-file /etc/adultapi/loader",
    }
    assert loader < options(prepare)
    assert secrets in options(prepare)
    assert secrets in options(serve)
    assert not options(serve) & loader
    assert "/run/adultapi" not in nginx
    assert {"--ip 198.18.0.2", "--log-opt awslogs-stream=i-0123456789abcdef0"} <= options(serve)
    assert "--publish" not in serve  # nginx is the only way in
    assert "--publish 8080:8080" in options(nginx)
    assert "--volume /var/cache/adultapi:/var/cache/nginx" in options(nginx)


# --- Each step that fails says so, and has the instance replaced ---------------------------------


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("dnf", "the package docker cannot be installed"),
        ("engine", "docker does not start"),
        ("truststore", "the certificates of RDS cannot be fetched"),
        ("token", "the secrets cannot be read"),
        ("login", "the registry refuses the login"),
        ("pull", f"{SERVICE} cannot be pulled"),
        ("pull-proxy", f"{PROXY} cannot be pulled"),
        ("network", "docker makes no network"),
    ],
)
def test_steps_that_fail_say_so(boot: Boot, broken: str, message: str) -> None:
    host = boot(HOST_BROKEN=broken)
    assert (host.status, host.told) == (1, "ABANDON")
    assert host.log[-1] == f"adultapi: first boot failed: {message}"
    assert not host.called("adultapi.service")


@pytest.mark.parametrize("broken", ["prepare", "serve", "nginx"])
def test_what_never_gets_ready_is_abandoned(boot: Boot, broken: str) -> None:
    host = boot(HOST_BROKEN=broken)
    assert (host.status, host.told) == (1, "ABANDON")
    assert host.called("journalctl --unit adultapi*")
    assert re.match(r"adultapi: first boot failed: not ready after \d+ s", host.log[-1])
    if broken == "prepare":  # nothing serves what is not migrated
        assert not host.called("docker run", f"{SERVICE} serve")


@pytest.mark.parametrize(
    "answers",
    [
        {"HOST_OWNER": "not JSON"},
        {"HOST_OWNER": "[]"},
        {"HOST_OWNER": '{"username": "adultapi"}'},
        {"HOST_OWNER": '{"password": ""}'},
        {"HOST_OWNER": '{"password": null}'},
        {"HOST_OWNER": ""},
        {"HOST_DJANGO": ""},
        {"HOST_DJANGO": "short"},
    ],
    ids=lambda answers: "=".join(*answers.items()).removeprefix("HOST_"),
)
def test_malformed_secret(boot: Boot, answers: dict[str, str]) -> None:
    host = boot(**answers)
    name = next(iter(answers)).removeprefix("HOST_").lower()
    assert (host.status, host.told) == (1, "ABANDON")
    assert not [path for path in host.secrets if path.endswith(name)]
    assert any(f"secret {name} not renewed" in line for line in host.log)
    assert host.log[-1] == "adultapi: first boot failed: the secrets cannot be read"
    assert not host.called("docker login")
    assert not host.called("adultapi.service")


@pytest.mark.parametrize("broken", ["logs", "hook", "upgrade"])
def test_what_can_be_done_without_stops_nothing(boot: Boot, broken: str) -> None:
    host = boot(HOST_BROKEN=broken)
    assert (host.status, host.secrets) == (0, SECRETS)
    assert host.told == "CONTINUE"


# --- Afterwards ---------------------------------------------------------------------------------


def test_a_reboot_serves_again_with_secrets_of_that_day(boot: Boot) -> None:
    """What is in memory is lost, and the user data does not run again: systemd starts what it
    was told to; the images are on the disk."""
    then = """
    rm -r /run/adultapi
    rm "$HOST_STATE/serving"
    echo '{"password": "new"}' >"$HOST_STATE/rotated"
    : >"$HOST_STATE/calls"
    systemctl enable --now --no-block adultapi.service adultapi-proxy.service adultapi-secrets.timer
    """
    host = boot(then)
    assert host.secrets == SECRETS | {"load/owner": "db.example.org:5432:adult:adultapi:new"}
    assert (host.folder / "serving").exists()
    assert not host.called("docker login")
    assert not host.called("docker pull")


def test_a_new_password_is_written_as_a_whole(boot: Boot) -> None:
    """A file that is open keeps the earlier one; a look at the name finds the new one."""
    then = """
    exec 3</run/adultapi/load/owner
    echo '{"password": "new"}' >"$HOST_STATE/rotated"
    adultapi-secrets owner
    cat <&3 >"$HOST_STATE/seen"
    """
    host = boot(then)
    assert (host.folder / "seen").read_text() == OWNER
    assert host.secrets["load/owner"].endswith(":new")


@pytest.mark.parametrize("answer", ["unreachable", "not JSON", '{"password": ""}'])
def test_a_secret_that_cannot_be_renewed_stays_as_it_was(boot: Boot, answer: str) -> None:
    then = f"""
    echo '{answer}' >"$HOST_STATE/rotated"
    adultapi-secrets owner && exit 1
    true
    """
    host = boot(then)
    assert host.secrets == SECRETS
    assert "secret owner not renewed" in host.log[-1]


def test_no_secret_is_told(boot: Boot) -> None:
    host = boot()
    files = [path.read_text() for path in host.path("/etc").rglob("*") if path.is_file()]
    told = "\n".join([*host.calls, *files])
    assert PASSWORD not in told
    assert DJANGO not in told


def test_units(boot: Boot, terraform_env: dict[str, str]) -> None:
    host = boot()
    units = sorted(host.path("/etc/systemd/system").iterdir())
    assert [unit.name for unit in units] == [
        "adultapi-proxy.service", "adultapi-secrets.service", "adultapi-secrets.timer",
        "adultapi.service",
    ]  # fmt: skip
    for unit in units:  # the programs are those of another machine
        text = re.sub(r"/usr/(local/)?bin/[a-z-]+", "/bin/true", unit.read_text())
        unit.write_text(text.replace("Requires=docker.service\n", ""))
    found = subprocess.run(
        ["systemd-analyze", "verify", *units], text=True, timeout=GUARD, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    ours = [line for line in found.stdout.splitlines() if "adultapi" in line]
    assert (found.returncode, ours) == (0, [])


def test_lint(script: Path, boot: Boot, terraform_env: dict[str, str]) -> None:
    """The script as rendered, and the two that it writes."""
    written = sorted(boot().path("/usr/local/bin").iterdir())
    assert [path.name for path in written] == ["adultapi-say", "adultapi-secrets"]
    linted = subprocess.run(
        ["shellcheck", script, *written], env=terraform_env, text=True, timeout=GUARD, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout
