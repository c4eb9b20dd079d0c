"""What is written in pictures: numbers and labels."""

import re
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from census.api.charts import words
from census.columns import COLUMNS
from tests.census.api.charts.test_charts import COMPUTATION, fetch, spec_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "url",
    [
        "/v1/correlation",
        "/v1/correlation?coefficient=spearman&weight=fnlwgt",
        "/v1/crosstab/sex/race?cells=true",
        f"{COMPUTATION}/skewness/age?group_by=sex",
        "/v1/comparison/capital_loss?group_by=race",
        "/v1/comparison/age?group_by=split",
        "/v1/comparison/income?value=%3E50K&group_by=split",
        "/v1/decomposition/oaxaca/hours_per_week?group_by=sex&on=age",
    ],
)
def test_no_number_is_a_signed_zero(client: Client, url: str) -> None:
    drawn = fetch(client, url, "svg").content.decode()
    assert not [
        text
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
        if re.fullmatch(r"[-+\u2212][0.,]+%?", text)
    ]
    told = [record.get("told", "") for record in spec_of(client, url)["data"]["values"]]
    assert not [text for text in told if re.search(r"[-+\u2212][0.]+(?![0-9.])", text)]


@pytest.mark.parametrize("order", ["", "&order_by=-value"])
def test_no_label_of_a_group_is_cut(client: Client, order: str) -> None:
    """Long ones are broken; the last of three groupings is told by colours where it can be."""
    url = f"{COMPUTATION}/mean/age?group_by=workclass,occupation,sex&limit=60{order}"
    svg = ET.fromstring(fetch(client, url, "svg").content)
    texts = {" ".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    names = ("workclass", "occupation", *(["sex"] if order else []))
    labels = {
        " · ".join(words.value(COLUMNS[name], group["key"][name]) for name in names)
        for group in client.get(url).json()["groups"]
    }
    assert len(max(labels, key=len)) > 50
    assert labels <= texts
