"""Whether the service is well: `/healthz` and `/readyz`."""

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.db.utils import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse

from adultapi import replica
from adultapi.problems import read_only
from census.models import Dataset, Person


@read_only
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process is up. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@read_only
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the database answers, is migrated and holds a whole dataset; 503 if not."""
    checks = readiness()
    ready = all(check == "ok" for check in checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    if replica.configured():  # no check: the service is ready without
        body["replica"] = replica.condition()
    answer = JsonResponse(body, status=200 if ready else 503)
    if not ready:
        answer["Retry-After"] = "5"
    return answer


def readiness() -> dict[str, str]:
    """Return what was checked, each "ok" or what is wrong; stops at the first that is."""
    checks: dict[str, str] = {}
    for name, check in (
        ("database", _database),
        ("migrations", _migrations),
        ("dataset", _dataset),
    ):
        try:
            checks[name] = check() or "ok"
        except (DatabaseError, InterfaceError):
            checks[name] = "the database does not answer"
        if checks[name] != "ok":
            break
    return checks


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} to apply: run `manage.py migrate`" if plan else None


def _dataset() -> str | None:
    dataset = Dataset.objects.first()
    if dataset is None:
        return "none is loaded: run `manage.py load_adult`"
    # Ids are 1 to the number of rows, and this is asked every few seconds: no count of all.
    last: Any = Person.objects.aggregate(last=Max("id"))["last"]
    if last != dataset.rows:
        return "incomplete: run `manage.py load_adult --force`"
    return None
