"""`manage.py usage` with the log of nginx."""

import json

from tests.faults.conftest import Before, manage
from tests.faults.service import Service

ASKED = {
    "/v1/computation/mean/age?weight=fnlwgt": 3,
    "/v1/computation/median/age.csv?group_by=sex": 2,
    "/v1/fields/sex": 1,
    "/nope": 1,
}


def test_usage_counts_the_requests_of_nginx(
    standing: Service, standing_url: str, before: Before
) -> None:
    proxy = before(standing)
    for path, times in ASKED.items():
        for _ in range(times):
            proxy.get(path)
    proxy.requests()
    done = manage(standing_url, "usage", "--json", str(proxy.log))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    def counts(name: str) -> dict[str, int]:
        return {value: figures["requests"] for value, figures in found[name].items()}

    assert counts("metric") == {"mean": 3, "median": 2}
    cached = counts("cache")
    assert (cached["HIT"], cached["MISS"]) == (3, 4)
    assert counts("weight") == {"fnlwgt": 3, "none": 3}
    assert counts("group") == {"none": 4, "sex": 2}
    assert counts("format") == {"default": 4, "csv": 2}
    assert found["skipped_lines"] == 0
    assert found["total"]["bytes"] > 7 * 300
