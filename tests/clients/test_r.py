"""R alone and with jsonlite."""

import subprocess
from typing import Any


def r(code: str) -> list[str]:
    """Returns the lines that R prints."""
    command = ["Rscript", "--vanilla", "-e", code]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_csv_with_missing_values(service: Any) -> None:
    url = f"{service.url}/v1/people.csv"
    code = f'p <- read.csv("{url}", na.strings = ""); cat(nrow(p), sum(is.na(p$native_country)))'
    assert r(code) == ["48842", "857"]


def test_r_spells_numbers_and_booleans_in_its_way(service: Any) -> None:
    url = f"{service.url}/v1/computation/count/age?fnlwgt__gte="
    code = (
        "library(jsonlite);"
        f'url <- paste0("{url}", 100000, "&complete=", TRUE);'
        "cat(url, fromJSON(url)$value, fromJSON(sub('&.*', '', url))$value)"
    )
    asked, complete, whole = r(code)
    assert asked.endswith("fnlwgt__gte=1e+05&complete=TRUE")
    assert (int(whole), int(complete) < int(whole)) == (40282, True)


def test_json_becomes_a_data_frame(service: Any) -> None:
    url = f"{service.url}/v1/computation/mean/age?group_by=sex&group_by=race"
    code = f'g <- jsonlite::fromJSON("{url}", flatten = TRUE)$groups; cat(nrow(g), names(g)[1])'
    assert r(code) == ["10", "rows"]
