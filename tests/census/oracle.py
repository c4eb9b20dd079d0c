"""The expected answers, computed with pandas, numpy, scipy and statsmodels, without project code.

Integers come out exact. Weighted formulas are written down anew, over the rows themselves and in
extended precision, where the project works from sums that the database makes.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

DATA = Path(__file__).parents[2] / "census" / "data"
FILE_COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
]
NUMERIC = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
CATEGORICAL = [
    *("workclass", "education", "marital_status", "occupation", "relationship", "race", "sex"),
    *("native_country", "income", "split"),
]
COLUMNS = [*FILE_COLUMNS, "split"]
NULLABLE = ["workclass", "occupation", "native_country"]

Expected = dict[str, Any]


def read() -> pd.DataFrame:
    """Returns the bundled files as one frame, with the API's ids as index."""
    files = [
        pd.read_csv(
            DATA / name, names=FILE_COLUMNS, skipinitialspace=True, na_values="?", comment="|"
        ).assign(split=split)
        for name, split in (("adult.data.gz", "train"), ("adult.test.gz", "test"))
    ]
    frame = pd.concat(files, ignore_index=True)
    frame.index += 1
    return frame.assign(income=frame.income.str.rstrip("."))


# --- Selections: the query, and the same rows in pandas -----------------------------------------

EDUCATION_NUM = {"9th": 5, "HS-grad": 9, "Bachelors": 13, "Masters": 14}
Mask = Callable[[pd.DataFrame], "pd.Series[bool]"]

SELECTIONS: dict[str, tuple[str, Mask]] = {
    "all": ("", lambda d: d.age > 0),
    "is": ("sex=Female", lambda d: d.sex == "Female"),
    "ne": (
        "native_country__ne=United-States",
        lambda d: d.native_country.notna() & (d.native_country != "United-States"),
    ),
    "in": ("race__in=Black,Other", lambda d: d.race.isin(["Black", "Other"])),
    "not_in": (
        "workclass__not_in=Private,State-gov",
        lambda d: d.workclass.notna() & ~d.workclass.isin(["Private", "State-gov"]),
    ),
    "isnull": ("occupation__isnull=true", lambda d: d.occupation.isna()),
    "not_isnull": ("occupation__isnull=false", lambda d: d.occupation.notna()),
    "gt_lt": ("age__gt=40&hours_per_week__lt=35", lambda d: (d.age > 40) & (d.hours_per_week < 35)),
    "gte_lte": ("age__gte=65&age__lte=90", lambda d: d.age >= 65),
    "range": ("education_num__range=3,5", lambda d: d.education_num.between(3, 5)),
    "number_in": ("age__in=17,90,33", lambda d: d.age.isin([17, 33, 90])),
    "number_ne": ("hours_per_week__ne=40", lambda d: d.hours_per_week != 40),
    "number_not_in": ("capital_gain__not_in=0,99999", lambda d: ~d.capital_gain.isin([0, 99999])),
    "ordered": ("education__gt=Bachelors", lambda d: d.education_num > 13),
    "ordered_lte": ("education__lte=9th", lambda d: d.education_num <= 5),
    "complete": ("complete=true", lambda d: d.notna().all(axis=1)),
    "split": ("split=test", lambda d: d.split == "test"),
    "nothing": ("age__lt=17", lambda d: d.age < 17),
    "one_person": ("fnlwgt=1490400", lambda d: d.fnlwgt == 1490400),
    "one_dutch": (
        "native_country=Holand-Netherlands",
        lambda d: d.native_country == "Holand-Netherlands",
    ),
    "never_worked": ("workclass=Never-worked", lambda d: d.workclass == "Never-worked"),
    "all_equal": (
        "hours_per_week=40&age=30&capital_gain=0&capital_loss=0",
        lambda d: (
            (d.hours_per_week == 40) & (d.age == 30) & (d.capital_gain == 0) & (d.capital_loss == 0)
        ),
    ),
    "ampersand": (
        "native_country=Trinadad%26Tobago",
        lambda d: d.native_country == "Trinadad&Tobago",
    ),
    "uci_spelling": ("hours-per-week__gte=80", lambda d: d.hours_per_week >= 80),
    "many": (
        "age__range=25,60&sex=Male&race__ne=White&marital_status__in=Divorced,Widowed&complete=true",
        lambda d: (
            d.age.between(25, 60)
            & (d.sex == "Male")
            & (d.race != "White")
            & d.marital_status.isin(["Divorced", "Widowed"])
            & d.notna().all(axis=1)
        ),
    ),
}
GROUPS: list[tuple[str, ...]] = [
    (),
    ("sex",),
    ("workclass",),
    ("education", "income"),
    ("occupation", "native_country"),
    ("race", "split", "workclass"),
]


def rank(column: str, value: Any) -> tuple[bool, Any]:
    """Sorts values of a column: schooling by its years, others by code point, missing last."""
    if pd.isna(value):
        return True, 0
    return False, SCHOOLING.index(value) if column == "education" else value


SCHOOLING = [
    *("Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th", "HS-grad"),
    *("Some-college", "Assoc-voc", "Assoc-acdm", "Bachelors", "Masters", "Prof-school"),
    "Doctorate",
]


def grouped(
    frame: pd.DataFrame, keys: Sequence[str]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yields each group's key and rows, in the order of the keys."""
    groups = {
        tuple(None if pd.isna(part) else part for part in key): rows
        for key, rows in frame.groupby(list(keys), dropna=False, sort=False)
    }
    for key in sorted(
        groups, key=lambda key: [rank(*pair) for pair in zip(keys, key, strict=True)]
    ):
        yield dict(zip(keys, key, strict=True)), groups[key]


# --- Metrics ------------------------------------------------------------------------------------


class Sample:
    """The rows with a value, their values and weights. The bins are made of the rows `whole`."""

    def __init__(
        self,
        frame: pd.DataFrame,
        column: str,
        options: dict[str, Any],
        *,
        weighted: bool,
        whole: pd.DataFrame,
    ) -> None:
        self.column, self.options, self.weighted = column, options, weighted
        self.rows = len(frame)
        self.all_weights = frame.fnlwgt.to_numpy()
        known = frame[column].notna().to_numpy()
        self.values = frame[column][known]
        self.weights = self.all_weights[known]
        self.n = len(self.values)
        self._whole = whole[column]

    @property
    def whole(self) -> Any:
        return self._whole.dropna().to_numpy()

    @property
    def x(self) -> Any:
        return self.values.to_numpy().astype(np.longdouble)

    @property
    def w(self) -> Any:
        return (self.weights if self.weighted else np.ones(self.n)).astype(np.longdouble)

    def size(self, chosen: Any) -> int:
        """Returns the number of the rows where `chosen` is true, or the sum of their weights."""
        return int(self.weights[chosen].sum()) if self.weighted else int(np.sum(chosen))


def level(sample: Sample, metric: str) -> Expected:
    """Returns the members of a level of the answer."""
    answer: Expected = {
        "rows": sample.rows,
        "count": sample.n,
        "missing": sample.rows - sample.n,
    }
    if sample.weighted:
        w, w2 = int(sample.weights.sum()), int((sample.weights.astype(np.int64) ** 2).sum())
        answer["weighted_count"] = w
        answer["n_effective"] = float(Fraction(w * w, w2)) if w2 else None
        answer["design_effect"] = float(Fraction(sample.n * w2, w * w)) if w2 else None
    return answer | METRICS[metric](sample)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def count(s: Sample) -> Expected:
    return {"value": s.size(np.ones(s.n, bool))}


def missing(s: Sample) -> Expected:
    if s.weighted:
        whole = int(s.all_weights.sum())
        value = whole - int(s.weights.sum())
    else:
        value, whole = s.rows - s.n, s.rows
    return {"value": value, "proportion": share(value, whole)}


def distinct(s: Sample) -> Expected:
    return {"value": int(s.values.nunique())}


def interval(value: float, error: float, df: int, confidence: float) -> tuple[float, float]:
    margin = stats.t.ppf((1 + confidence) / 2, df) * error
    return value - margin, value + margin


def linearised(x: Any, w: Any) -> tuple[float, float | None]:
    """Returns the weighted mean and its standard error for sampling with replacement."""
    n, m = len(x), np.average(x, weights=w)
    if n < 2:
        return float(m), None
    residuals = w * (x - m) / w.sum()
    return float(m), float(np.sqrt(n / (n - 1) * (residuals**2).sum()))


def mean(s: Sample) -> Expected:
    names = ("value", "standard_error", "ci_lower", "ci_upper")
    if not s.n:
        return dict.fromkeys(names)
    if s.weighted:
        value, error = linearised(s.x, s.w)
    else:
        value, error = s.values.mean(), (s.values.sem() if s.n > 1 else None)
    if error is None:
        return dict.fromkeys(names) | {"value": value}
    confidence = s.options.get("confidence", 0.95)
    return dict(
        zip(names, (value, error, *interval(value, error, s.n - 1, confidence)), strict=True)
    )


def total(s: Sample) -> Expected:
    weights = s.weights if s.weighted else np.ones(s.n, np.int64)
    # int64 holds it: 1.5e6 · 1.5e6 · 48,842 < 2⁶³.
    return {"value": int((s.values.to_numpy().astype(np.int64) * weights).sum())}


def smallest(s: Sample) -> Expected:
    return {"value": int(s.values.min()) if s.n else None}


def largest(s: Sample) -> Expected:
    return {"value": int(s.values.max()) if s.n else None}


def quantile(s: Sample, q: str) -> float | None:
    if not s.n:
        return None
    if not s.weighted:
        return float(s.values.quantile(float(q), interpolation="linear"))
    order = np.argsort(s.values.to_numpy(), kind="stable")
    cumulated = np.cumsum(s.weights[order])
    reached = cumulated >= math.ceil(Fraction(q) * int(cumulated[-1]))
    return int(s.values.to_numpy()[order][np.argmax(reached)])


def median(s: Sample) -> Expected:
    return {"value": quantile(s, "0.5")}


def quantiles(s: Sample) -> Expected:
    asked = str(s.options.get("q", "0.25,0.5,0.75")).split(",")
    return {"quantiles": [{"q": float(q), "value": quantile(s, q)} for q in asked]}


def variance(s: Sample) -> Expected:
    ddof = s.options.get("ddof", 1)
    if s.n <= ddof:
        return {"value": None}
    if not s.weighted:
        return {"value": float(np.var(s.x, ddof=ddof))}
    m = np.average(s.x, weights=s.w)
    return {"value": float(s.n / (s.n - ddof) * (s.w * (s.x - m) ** 2).sum() / s.w.sum())}


def std(s: Sample) -> Expected:
    value = variance(s)["value"]
    return {"value": None if value is None else math.sqrt(value)}


def shape(s: Sample, power: int) -> float:
    """Returns the standardised moment of the weighted values."""
    share = s.w / s.w.sum()
    deviations = s.x - (share * s.x).sum()
    spread = (share * deviations**2).sum()
    return float((share * deviations**power).sum() / spread ** (power / 2))


def skewness(s: Sample) -> Expected:
    if s.n < 3 or s.values.nunique() == 1:
        return {"value": None}
    biased = s.options.get("bias") == "true"
    if s.weighted:
        factor = 1 if biased else math.sqrt(s.n * (s.n - 1)) / (s.n - 2)
        return {"value": factor * shape(s, 3)}
    return {"value": float(stats.skew(s.values) if biased else s.values.skew())}


def kurtosis(s: Sample) -> Expected:
    if s.n < 4 or s.values.nunique() == 1:
        return {"value": None}
    biased = s.options.get("bias") == "true"
    if s.weighted:
        excess = shape(s, 4) - 3
        factor = (s.n - 1) / ((s.n - 2) * (s.n - 3))
        return {"value": excess if biased else factor * ((s.n + 1) * excess + 6)}
    return {"value": float(stats.kurtosis(s.values) if biased else s.values.kurt())}


def gini(s: Sample) -> Expected:
    """Returns half the relative mean difference, by the area below the Lorenz curve."""
    names = ("value", "standard_error", "ci_lower", "ci_upper")
    if not s.n or not s.x.sum():
        return dict.fromkeys(names)
    order = np.argsort(s.x, kind="stable")
    x, w = s.x[order], s.w[order]
    share, held = w / w.sum(), w * x / (w * x).sum()
    cumulated = np.cumsum(held)
    # Of equal values it is 0, and no rounding of one.
    area = float((share * (2 * cumulated - held)).sum())
    value = 0.0 if s.values.nunique() == 1 else 1 - area
    if s.n < 2:
        return dict.fromkeys(names) | {"value": value}
    # Ties are as one value: the mid-distribution and the total above, at the means of each tie.
    frame = pd.DataFrame({"x": x, "w": w}).groupby("x").w.sum()
    at, of = frame.index.to_numpy(), frame.to_numpy() / w.sum()
    middle = dict(zip(at, np.cumsum(of) - of / 2, strict=True))
    above = dict(zip(at, (of * at).sum() - np.cumsum(of * at) + of * at / 2, strict=True))
    f, t = (np.array([table[v] for v in x]) for table in (middle, above))
    m, a = (share * x).sum(), (share * x * f).sum()
    z = 2 / m * (x * f + t - 2 * a) - 2 * a / m**2 * (x - m)
    error = float(np.sqrt(s.n / (s.n - 1) * (w**2 * z**2).sum()) / w.sum())
    confidence = s.options.get("confidence", 0.95)
    return dict(
        zip(names, (value, error, *interval(value, error, s.n - 1, confidence)), strict=True)
    )


def lorenz(s: Sample) -> Expected:
    default = ",".join(f"{k / 10}" for k in range(1, 11))
    asked = str(s.options.get("q", default)).split(",")
    if not s.n or not s.x.sum():
        return {"lorenz": [{"q": float(q), "value": None} for q in asked]}
    order = np.argsort(s.x, kind="stable")
    places = np.concatenate([[0], np.cumsum(s.w[order]) / s.w.sum()])
    heights = np.concatenate([[0], np.cumsum((s.w * s.x)[order]) / (s.w * s.x).sum()])
    found = np.interp([float(q) for q in asked], places.astype(float), heights.astype(float))
    return {
        "lorenz": [{"q": float(q), "value": float(v)} for q, v in zip(asked, found, strict=True)]
    }


def sizes(s: Sample) -> dict[Any, tuple[int, int]]:
    """Returns the count and the weight of each value, ascending."""
    by_value = pd.Series(s.weights, index=s.values.index).groupby(s.values).agg(["size", "sum"])
    found = {
        value if isinstance(value, str) else int(value): (int(size), int(weight))
        for value, size, weight in by_value.itertuples()
    }
    return dict(sorted(found.items(), key=lambda item: rank(s.column, item[0])))


def mode(s: Sample) -> Expected:
    found = {value: size[s.weighted] for value, size in sizes(s).items()}
    top = max(found.values(), default=None)
    modes = [value for value, size in found.items() if size == top]
    return {"value": modes[0] if modes else None, "modes": modes, "frequency": top}


def bucket(s: Sample, about: Expected, count: int, weight: int) -> Expected:
    if not s.weighted:
        return {**about, "count": count, "proportion": share(count, s.n)}
    proportion = share(weight, int(s.weights.sum()))
    return {**about, "count": count, "weighted_count": weight, "proportion": proportion}


def outside(s: Sample) -> Expected:
    if "range" not in s.options:
        return {}
    low, high = map(float, s.options["range"].split(","))
    return {"below": int((s.values < low).sum()), "above": int((s.values > high).sum())}


def distribution(s: Sample) -> Expected:
    if s.column in CATEGORICAL or s.options.get("bins") == "values":
        found = list(sizes(s).items())
        if s.column in CATEGORICAL:
            found.sort(key=lambda item: -item[1][0])
        elif "range" in s.options:
            low, high = map(float, s.options["range"].split(","))
            found = [(value, size) for value, size in found if low <= value <= high]
        return {"buckets": [bucket(s, {"value": v}, *size) for v, size in found]} | outside(s)
    return histogram(s)


def histogram(s: Sample) -> Expected:
    bins = int(s.options.get("bins", 10))
    if "range" in s.options:
        low, high = map(float, s.options["range"].split(","))
    elif len(s.whole):
        low, high = s.whole.min(), s.whole.max()
    else:
        return {"buckets": []}
    values = s.values.to_numpy().astype(np.int64)
    counts, edges = np.histogram(values, bins, (low, high))
    # numpy sums weights in floats, exactly as long as they are below 2⁵³.
    weights, _ = np.histogram(values, bins, (low, high), weights=s.weights.astype(float))
    return {
        "buckets": [
            bucket(s, {"lower": float(a), "upper": float(b)}, int(c), int(w))
            for a, b, c, w in zip(edges, edges[1:], counts, weights, strict=False)
        ]
    } | outside(s)


def proportion(s: Sample) -> Expected:
    hits = s.values.to_numpy() == s.options["value"]
    k, confidence = int(hits.sum()), s.options.get("confidence", 0.95)
    value = error = lower = upper = None
    if s.n and not s.weighted:
        value = k / s.n
        error = math.sqrt(value * (1 - value) / s.n)
        lower, upper = proportion_confint(k, s.n, alpha=1 - confidence, method="wilson")
    elif s.n:
        value, error = linearised(hits.astype(np.longdouble), s.w)
        if 0 < k < s.n and error is not None:
            logit = math.log(value / (1 - value))
            ends = interval(logit, error / (value * (1 - value)), s.n - 1, confidence)
            lower, upper = (1 / (1 + math.exp(-end)) for end in ends)
        else:  # Korn and Graubard's, of as many effective rows as there are
            lower, upper = proportion_confint(k, s.n, alpha=1 - confidence, method="beta")
    return {
        "value": value,
        "successes": k,
        "standard_error": error,
        "ci_lower": lower,
        "ci_upper": upper,
    }


METRICS: dict[str, Callable[[Sample], Expected]] = {
    "count": count,
    "missing": missing,
    "distinct": distinct,
    "mean": mean,
    "sum": total,
    "min": smallest,
    "max": largest,
    "median": median,
    "quantiles": quantiles,
    "variance": variance,
    "std": std,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "mode": mode,
    "distribution": distribution,
    "proportion": proportion,
    "gini": gini,
    "lorenz": lorenz,
}
ANY_COLUMN = ("count", "missing", "distinct", "mode", "distribution")
CURVED = ("skewness", "kurtosis", "gini", "lorenz")  # whose oracles round more


# --- Comparison ---------------------------------------------------------------------------------

INFERENCE = ("standard_error", "ci_lower", "ci_upper")
EXACT = ("lower", "upper", "q")


def differences(found: Any, wanted: Any, tolerance: float, at: str = "") -> Iterator[str]:
    """Yields the differences between `found` and `wanted`; only floats may differ slightly.

    What `wanted` does not hold is not judged.
    """
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            if name not in found:
                yield f"{at}.{name} is not there"
            else:
                yield from differences(found[name], value, tolerance, f"{at}.{name}")
    elif isinstance(wanted, list):
        if len(found) != len(wanted):
            yield f"{at} has {len(found)} items, not {len(wanted)}"
        for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
            yield from differences(one, other, tolerance, f"{at}[{number}]")
    elif not _same(found, wanted, tolerance, at.rpartition(".")[2]):
        yield f"{at} is {found!r}, not {wanted!r}"


def _same(found: Any, wanted: Any, tolerance: float, name: str) -> bool:
    if isinstance(wanted, float) and isinstance(found, int | float) and name not in EXACT:
        if name.endswith(INFERENCE):
            return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-15)
        return math.isclose(found, wanted, rel_tol=tolerance, abs_tol=0)
    return type(found) is type(wanted) and found == wanted if name not in EXACT else found == wanted
