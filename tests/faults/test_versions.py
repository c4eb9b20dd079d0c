"""Two versions of the code on one database and one cache, and migrations between them."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.cache import Cache
from tests.faults.conftest import manage
from tests.faults.load import Load
from tests.faults.service import ROOT, Service

Record = Callable[..., None]
MEAN = "/v1/computation/mean/age"
WORDS = ("sample mean;", "mean of the sample;")  # how the versions name their estimator
ADD_COLUMN = "migrations.RunSQL('ALTER TABLE census_dataset ADD COLUMN note text')"
FAIL = "migrations.RunSQL('SELECT 1 / 0')"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The code of a next version, with other texts in an answer and a migration."""
    code = tmp_path / "newer"
    for package in ("adultapi", "census", "staticfiles"):
        shutil.copytree(ROOT / package, code / package)
    shutil.copy(ROOT / "manage.py", code)
    location = code / "census" / "statistics" / "metrics" / "location.py"
    content = location.read_text()
    assert WORDS[0] in content
    location.write_text(content.replace(*WORDS))
    add_migration(code, ADD_COLUMN)
    return code


def add_migration(code: Path, *operations: str) -> None:
    folder = code / "census" / "migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    (folder / "9999_next.py").write_text(
        "from django.db import migrations\n\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('census', '{last}')]\n"
        f"    operations = [{', '.join(operations)}]\n"
    )


def words(service: Service) -> str:
    return str(json.loads(service.get(MEAN).body)["method"])


def test_a_rolling_deployment(
    url: str, owner: str, cache: Cache, newer: Path, record: Record
) -> None:
    """Each version answers as it does alone, whatever the other one has cached."""
    environment = {"DATABASE_URL": url, "CACHE_URL": cache.url}
    with (
        Service(environment) as old,
        Load(old) as before,
        Service(environment, code=newer) as new,
    ):
        early = new.get("/readyz")
        assert early.status == 503
        assert b"migrate" in early.body
        migrated = manage(url, "migrate", code=newer, LOADER_DATABASE_URL=owner)
        assert migrated.returncode == 0, migrated.stderr
        with Load(new) as after:
            before.wait_for_answers(100)
            after.wait_for_answers(100)
            for service, expected in ((old, WORDS[0]), (new, WORDS[1])) * 10:
                assert words(service).startswith(expected)
                assert service.get("/readyz").status == 200
        tags = [service.get(MEAN).headers["etag"] for service in (old, new)]
        assert tags[0] != tags[1]
        for service, tag in zip((old, new), tags, strict=True):
            assert service.get(MEAN, **{"If-None-Match": tag}).status == 304
        assert new.get(MEAN, **{"If-None-Match": tags[0]}).status == 200
    assert not before.errors
    assert not after.errors
    record("rolling deployment, the version before", **before.figures())
    record("rolling deployment, the version after", **after.figures())


def test_a_migration_fails_half_way(
    url: str, owner: str, newer: Path, service: Service, record: Record
) -> None:
    """It is rolled back, the service sees no errors, and it succeeds when it is corrected."""
    add_migration(newer, ADD_COLUMN, FAIL)
    with Load(service) as load:
        failed = manage(url, "migrate", code=newer, LOADER_DATABASE_URL=owner)
        assert failed.returncode == 1
        assert "division by zero" in failed.stderr
        assert not has_note(owner)
        assert service.get("/readyz").status == 200
        load.healed()
        add_migration(newer, ADD_COLUMN)
        mended = manage(url, "migrate", code=newer, LOADER_DATABASE_URL=owner)
        assert mended.returncode == 0, mended.stderr
        assert has_note(owner)
        load.wait_for_answers(50)
    assert not load.errors
    record("a migration fails half-way", **load.figures())


def has_note(owner: str) -> bool:
    query = "SELECT 1 FROM information_schema.columns WHERE column_name = 'note'"
    with closing(psycopg.connect(owner)) as connection:
        return connection.execute(query).fetchone() is not None
