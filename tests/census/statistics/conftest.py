from pathlib import Path

import pandas as pd
import pytest

COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
]
DATA = Path(__file__).parents[3] / "census" / "data"


@pytest.fixture(scope="session")
def adult() -> pd.DataFrame:
    """The bundled files as pandas alone reads them: the oracle's own way to the numbers."""
    files = [
        pd.read_csv(
            DATA / name, names=COLUMNS, skipinitialspace=True, na_values="?", comment="|"
        ).assign(split=split)
        for name, split in (("adult.data.gz", "train"), ("adult.test.gz", "test"))
    ]
    frame = pd.concat(files, ignore_index=True)
    return frame.assign(income=frame.income.str.rstrip("."))
