"""Health checks: `/healthz`, `/readyz` and `/startupz`."""

from threading import Event
from typing import Any

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from adultapi.problems import RETRY_SECONDS
from census.models import Dataset, Person


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answers 200 if the process is up; uses nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answers 200 if the database answers, is migrated and has a complete dataset; else 503."""
    return _answer(readiness())


_started = Event()


@require_safe
def startupz(_request: HttpRequest) -> HttpResponse:
    """Answers 503 until this process was ready once, then 200 for the rest of its life.

    It is for load balancers: they must not replace all instances when the database, which the
    instances share, is down.
    """
    if _started.is_set():
        return JsonResponse({"status": "started"})
    answer = _answer(readiness())
    if answer.status_code == 200:
        _started.set()
    return answer


def readiness() -> dict[str, str]:
    """Returns the result of each check: "ok" or what is wrong. Stops at the first failure."""
    checks: dict[str, str] = {}
    for name, check in (
        ("database", _database),
        ("migrations", _migrations),
        ("dataset", _dataset),
    ):
        try:
            checks[name] = check() or "ok"
        except Error:
            checks[name] = "the database does not answer"
        if checks[name] != "ok":
            break
    return checks


def _answer(checks: dict[str, str]) -> HttpResponse:
    ready = all(check == "ok" for check in checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    if ready:
        return JsonResponse(body)
    return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} to apply: run `manage.py migrate`" if plan else None


def _dataset() -> str | None:
    rows = Dataset.objects.values_list("rows", flat=True).first()
    if rows is None:
        return "none is loaded: run `manage.py load_adult`"
    # Ids are 1 to the number of rows. The maximum is an index lookup; a count would scan.
    last: Any = Person.objects.aggregate(last=Max("id"))["last"]
    if last != rows:
        return "incomplete: run `manage.py load_adult --force`"
    if Dataset.objects.filter(facts__isnull=True).exists():
        return "loaded by an earlier version: run `manage.py load_adult`"
    return None
