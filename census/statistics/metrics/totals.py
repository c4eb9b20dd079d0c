"""The standard errors of totals and counts, which follow the domain rule."""

from dataclasses import replace

from census.models import Dataset
from census.statistics import estimators
from census.statistics.members import NUMBER
from census.statistics.metrics.base import Level, Question

DOMAIN = (
    "the rows selected, and each group, are a domain of all N rows of the dataset, whose size is "
    "random too, with the factor N/(N−1)"
)
DOMAIN_FORMULA = "SE² = N/(N−1) · (Σw²x² − (Σwx)²/N) over the N rows of the dataset"
TOTAL_EXTRAS = dict.fromkeys(("standard_error", "ci_lower", "ci_upper", "deff"), NUMBER)


def with_facts(question: Question) -> Question:
    """Returns the question with the facts of the dataset that `described_total` needs."""
    if not question.weight:
        return question
    return replace(question, facts=Dataset.objects.facts())


def described_total(question: Question, wx: int, wx2: int, w2x2: int) -> Level:
    """Returns the total Σwx with its errors, from Σwx, Σwx² and Σw²x²; the value stays exact."""
    rows, weights = question.facts["rows"], question.facts["weights"]
    level = estimators.total_estimate(rows, wx, w2x2, question.confidence)._asdict()
    return level | {"value": wx, "deff": estimators.total_deff(rows, weights, wx, wx2, w2x2)}
