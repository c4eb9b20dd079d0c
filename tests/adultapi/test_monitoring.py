"""The dashboard and the alerts use existing metrics and labels."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from prometheus_client import REGISTRY

from adultapi.monitoring import metrics

FOLDER = Path(settings.BASE_DIR) / "docs" / "monitoring"
FIGURE = re.compile(r"\b(adultapi_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby \(([^)]*)\)")


def expressions() -> Iterator[str]:
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in rules())


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]:
        yield from group["rules"]


@pytest.fixture
def figures(db: Any) -> dict[str, set[str]]:
    """The names of the samples of `/metrics`, and their labels."""
    families = [*REGISTRY.collect(), *metrics._dataset().collect()]
    found: dict[str, set[str]] = {}
    for metric in (metrics.REQUESTS, metrics.LATENCY, metrics.CACHE, metrics.DATABASE):
        kind, labels = metric._type, set(metric._labelnames)
        names = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}[kind]
        for suffix in names:
            extra = {"le"} if suffix == "_bucket" else set()
            found[metric._name + suffix] = labels | extra
    for family in families:
        for sample in family.samples:
            if sample.name.startswith("adultapi_"):
                found.setdefault(sample.name, set(sample.labels))
    return found


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_figure_exists(expression: str, figures: dict[str, set[str]]) -> None:
    used = FIGURE.findall(expression)
    assert used, "an expression without a figure of ours"
    known: set[str] = set()
    for name, selectors in used:
        assert name in figures, f"{name} is not a figure of /metrics"
        labels = set(re.findall(r"(\w+)=", selectors))
        assert labels <= figures[name]
        known |= figures[name]
    for grouping in GROUPING.findall(expression):
        assert {label.strip() for label in grouping.split(",")} <= known


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule["alert"])
def test_the_same_rings_on_aws(rule: dict[str, Any]) -> None:
    terraform = (Path(settings.BASE_DIR) / "infra" / "monitoring.tf").read_text()
    alarms = set(re.findall(r"^    ([a-z-]+) = \{$", terraform, re.MULTILINE))
    assert rule["annotations"]["cloudwatch"] in alarms
    assert {"summary", "action"} <= rule["annotations"].keys()
