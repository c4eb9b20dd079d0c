"""The permissions of the service in its container, and the content of the image."""

import pytest

from tests.containers import Container, engine, eventually
from tests.image.conftest import Environment, Run


def _statuses(web: Container) -> list[dict[str, str]]:
    """Returns the status of each process of gunicorn in /proc."""
    blocks = web.sh(
        "for p in /proc/[0-9]*; do grep -q gunicorn $p/cmdline && cat $p/status && echo; done; true"
    )
    return [
        dict(line.split(":\t", 1) for line in block.splitlines())
        for block in blocks.split("\n\n")
        if "Uid:" in block
    ]


def test_gunicorn_is_process_1_and_has_no_capabilities(web: Container) -> None:
    assert "gunicorn" in web.sh("tr '\\0' ' ' </proc/1/cmdline")
    processes = _statuses(web)
    assert len(processes) >= 2, "a master and its workers"
    for process in processes:
        assert process["Uid"].split() == ["10001"] * 4
        assert process["Gid"].split() == ["10001"] * 4
        for rights in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(process[rights], 16) == 0, rights
        assert process["NoNewPrivs"] == "1"


@pytest.mark.parametrize("path", ["/app", "/app/adultapi/settings.py", "/opt/venv", "/etc/passwd"])
def test_nothing_is_writable_whatever_the_file_system_allows(image: str, path: str) -> None:
    check = f"if [ -w {path} ]; then echo writable; else echo not; fi"
    assert engine("run", "--rm", "--entrypoint=sh", image, "-c", check) == "not"


def test_it_writes_to_tmp_alone(run: Run, environment: Environment, web: Container) -> None:
    """In a writable file system all written files are visible."""
    container = run(options=(), **environment("served"))
    service = container.service()
    service.wait_until_ready()
    for path in ("/", "/docs", "/v1/people", "/v1/computation/mean/age", "/v1/fields.csv"):
        service.status(path)
    idle = run("no such mode", options=())  # what the engine itself writes
    idle.wait()
    changed = _changed(container) - _changed(idle)
    assert {path for path in changed if path != "/tmp" and not path.startswith("/tmp/")} == set()


def _changed(container: Container) -> set[str]:
    return {line.split(maxsplit=1)[1] for line in engine("diff", container.name).splitlines()}


def test_the_health_check(web: Container) -> None:
    check = web.inspect("{{json .Config.Healthcheck.Test}}")
    assert "/healthz" in check
    eventually(lambda: web.inspect("{{.State.Health.Status}}") == "healthy")
