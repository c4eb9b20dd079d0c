"""Requests of the tests, and the comparison of their numbers."""

from typing import Any

import pytest
from django.test import Client


def ask(
    client: Client, path: str, *parts: str, weighted: bool = False, status: int = 200
) -> dict[str, Any]:
    """Returns the JSON answer to `path` with the parts of a query that are not empty."""
    query = "&".join(part for part in (*parts, "weight=fnlwgt" if weighted else "") if part)
    response = client.get(f"{path}?{query}" if query else path)
    assert response.status_code == status, (path, query, response.content)
    answer: dict[str, Any] = response.json()
    return answer


def near(expected: float) -> Any:
    """Returns `expected` for a comparison with a relative tolerance of 1e-9."""
    return pytest.approx(expected, rel=1e-9)
