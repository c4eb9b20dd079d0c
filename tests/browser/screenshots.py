"""Makes the pictures of docs/images, as `make screenshots` asks; they are looked at by people."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Visitor

IMAGES = Path("docs/images")
SAMPLES = {
    "age": "/v1/computation/distribution/age.svg?bins=values",
    "income-by-education": "/v1/computation/proportion/income.svg"
    "?value=%3E50K&group_by=education&weight=fnlwgt",
    "hours-by-work-and-sex": "/v1/computation/mean/hours_per_week.svg?group_by=workclass,sex",
    "age-quantiles": "/v1/computation/quantiles/age.svg?group_by=marital_status",
    "fairness": "/v1/fairness/race,sex.svg",
    "education-income": "/v1/crosstab/education/income.svg?weight=fnlwgt",
}


def test_explorer(visitor: Visitor) -> None:
    page = visitor.page("/", viewport={"width": 1200, "height": 930})
    expect(page.locator("#chart svg")).to_be_visible()
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / "explorer.png")


def test_samples(visitor: Visitor) -> None:
    page = visitor.page("/")
    for name, address in SAMPLES.items():
        response = page.request.get(address)
        assert response.ok
        (IMAGES / f"{name}.svg").write_bytes(response.body())
