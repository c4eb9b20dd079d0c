"""Messages about invalid settings contain no secrets."""

import os
import subprocess
import sys

import pytest

SECRET = ("hunter", "correct", "horse")  # each a part of it
RIGHT = "postgresql://u:p@127.0.0.1:1/d"


def complaint(**settings: str) -> str:
    """Returns the message of a command that stops because of its settings."""
    given = {"DATABASE_URL": RIGHT, "SECRET_KEY": "horse-" * 12, "CACHE_URL": "", **settings}
    run = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        env=os.environ | given,
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", ["DATABASE_URL", "LOADER_DATABASE_URL", "CACHE_URL"])
@pytest.mark.parametrize("sign", list("/?#"))
def test_a_password_that_is_not_encoded(name: str, sign: str) -> None:
    scheme = "redis" if name == "CACHE_URL" else "postgresql"
    said = complaint(**{name: f"{scheme}://user:hunter{sign}correct@host/0"})
    assert f"{name} is not a valid URL: in its password write / ? # @" in said
    assert not [part for part in SECRET if part in said]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://u:hunter@host/d", "does not name a PostgreSQL database"),
        ("postgresql://u:hunter@host:port/d", "is not a valid URL"),
        ("postgresql://u:hunter@host:99999/d", "is not a valid URL"),
        ("postgresql://u:hunter@[host/d", "is not a valid URL"),
        ("postgresql://u:hunter@127.0.0.1:1", "names no database"),
        ("postgresql://u:hunter@127.0.0.1:1/d", "Is the server running"),
        ("postgresql://u:hunter@127.0.0.1:1/d?sslmode=wrong", "sslmode"),
    ],
)
def test_an_url_that_cannot_be_used(url: str, expected: str) -> None:
    said = complaint(DATABASE_URL=url)
    assert expected in said
    assert not [part for part in SECRET if part in said]
