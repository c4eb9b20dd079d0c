import pandas as pd
import pytest

from tests.census import oracle


@pytest.fixture(scope="session")
def adult() -> pd.DataFrame:
    """The bundled files as pandas alone reads them: the oracle's own way to the numbers."""
    return oracle.read()
