"""The SQL of every route: few plain statements, such as a distributed PostgreSQL takes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import resolve

from census.api import urls as api
from census.api.views.listing import ListingViewSet
from census.pages import urls as pages
from census.statistics.metrics import METRICS
from census.statistics.records import Page
from census.statistics.selection import Selection
from tests.census import oracle

pytestmark = pytest.mark.django_db

MOST = 6  # statements of an answer; of a filtered profile besides one for each column
# What a distributed PostgreSQL refuses, and what a reader has no use for.
FORBIDDEN = re.compile(
    r"\bGROUPING\b|\bCUBE\b|\bROLLUP\b|\bFOR (?:UPDATE|SHARE|NO KEY|KEY)\b|\bLOCK\b|\bTEMP|"
    r"\bUNION\b|\bINSERT\b|\bUPDATE\b|\bDELETE\b|\bWITH (?!GROUP\b)|pg_advisory"
)
GROUPS = ("", "group_by=sex", "group_by=workclass,race,income")
FILTERS = ("", "age__lt=17", "sex=Female&complete=true&education__gt=HS-grad")


def required(metric: str) -> str:
    return "value=%3E50K" if metric == "proportion" else ""


def computations() -> Iterator[str]:
    for name, metric in METRICS.items():
        for column in ("age", "income") if len(metric.kinds) > 1 else (metric.columns[-1].name,):
            column = "income" if name == "proportion" else column
            for weight in ("", "weight=fnlwgt") if metric.weightable else ("",):
                for group_by in GROUPS:
                    query = "&".join(filter(None, (required(name), weight, group_by)))
                    yield f"/v1/computation/{name}/{column}?{query}"


PATHS = [
    *computations(),
    *("/v1", "/v1/computation", "/v1/dataset", "/v1/dataset/croissant", "/v1/dataset/datapackage"),
    *("/v1/fields", "/v1/fields/workclass", "/v1/people/1", "/v1/people/99999999"),
    *("/v1/people?", "/v1/people?ordering=-education,workclass&page_size=5&fields=age"),
    *("/v1/statistics?", "/v1/statistics?weight=fnlwgt"),
    *("/v1/correlation?", "/v1/correlation?weight=fnlwgt"),
    *("/v1/crosstab/sex/income?", "/v1/crosstab/workclass/workclass?weight=fnlwgt"),
    "/v1/crosstab/sex/income?cells=true&layer=race",
    *("/v1/fairness/sex?", "/v1/fairness/workclass,race?weight=fnlwgt"),
    "/v1/computation/mean/hours_per_week?group_by=age,sex&age__bands=25,45",
    *("/v1/comparison/age?group_by=sex,race", "/v1/comparison/age?group_by=sex&weight=fnlwgt"),
    "/v1/comparison/income?value=%3E50K&group_by=race",
    *("/v1/computation/average/age?", "/v1/computation/mean/age?group_by=sex&standardize=race"),
    "/v1/regression/linear/hours_per_week?on=age,sex,sex:age",
    "/v1/regression/linear/hours_per_week?on=age,sex&weight=fnlwgt",
    "/v1/regression/logistic/income?value=%3E50K&on=age,sex&weight=fnlwgt",
    "/v1/decomposition/hours_per_week?group_by=sex&on=age,education_num",
    "/v1/decomposition/oaxaca/hours_per_week?group_by=sex&on=age,workclass&weight=fnlwgt",
    *("/", "/people", "/columns", "/about", "/problems", "/problems/timeout"),
]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements of requests, without those that begin and end transactions."""
    found: list[str] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not re.match(r"SAVEPOINT|RELEASE|ROLLBACK|SET ", sql):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield found


def test_every_route_for_data_is_asked() -> None:
    asked = {resolve(path.partition("?")[0]).route for path in PATHS}
    routes = {
        str(route.pattern)
        for route in api.urlpatterns + pages.urlpatterns
        if getattr(route.callback, "cls", None) is not ListingViewSet  # of names, not of data
    }
    others = {route for route in routes if "<drf_format_suffix" in route or "csv" in route}
    forms = {"ask", "download", "favicon.ico", r"^narrow\.(?P<kind>svg|vega)$"}
    assert routes - asked - others - forms == set()


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_takes_a_few_plain_statements(client: Client, path: str) -> None:
    for filters in FILTERS if "?" in path else ("",):
        with statements() as found:
            client.get(f"{path}&{filters}" if filters else path)
        profile = path.startswith("/v1/statistics") and filters
        assert len(found) <= MOST + (len(oracle.COLUMNS) if profile else 0), found
        for sql in found:
            assert not FORBIDDEN.search(sql), sql
            assert sql.count("SELECT") == 1, sql


@pytest.mark.parametrize("path", ["/v1/people", "/v1/people?ordering=race,-age&sex=Male"])
def test_records_are_ordered_to_the_last(client: Client, path: str) -> None:
    with statements() as found:
        client.get(path)
    (records,) = (sql for sql in found if "LIMIT 51" in sql)
    # The id is the first column of a record, and the outer statement's own order.
    assert re.search(r"ORDER BY ([^()]*, )?1 ASC LIMIT 51$", records)


def test_files_are_ordered_to_the_last() -> None:
    assert str(Page(Selection()).everything().query).endswith('ORDER BY "census_person"."id" ASC')
