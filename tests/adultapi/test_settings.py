"""Invalid settings stop every command with a message that names the variable."""

import os
import subprocess
import sys

import pytest

GIVEN = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "SECRET_KEY": "only-for-tests"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps': set it to true or false."),
        ({"EXPORT_SPACE": "1"}, "EXPORT_SPACE is '1': set it to a whole number from 1048576 to"),
        ({"EXPORT_DIR": "exports"}, "EXPORT_DIR is 'exports': set it to an absolute path."),
        ({"SCRIPT_NAME": "adult"}, "SCRIPT_NAME is 'adult': set it to a path such as /adult."),
        ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE is /nowhere, which cannot be read"),
        ({"STATEMENT_TIMEOUT": "1.5"}, "STATEMENT_TIMEOUT is '1.5': set it to a whole number"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml': set it to one of text, json."),
        ({"CACHE_URL": "http://cache"}, "CACHE_URL does not name a Redis or Valkey server"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        (
            {"SECURE_PROXY_HEADER": "HTTP_X_FORWARDED_PROTO"},
            "SECURE_PROXY_HEADER is 'HTTP_X_FORWARDED_PROTO': set it to the name of a header",
        ),
        (
            {"DATABASE_URL": "", "DATABASE_REPLICA_URL": "postgresql://u@127.0.0.1:1/d"},
            "DATABASE_REPLICA_URL is set without DATABASE_URL",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(given: dict[str, str], says: str) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=os.environ | GIVEN | given,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert says in run.stderr
    assert "Traceback" not in run.stderr
