"""Sentences that summarise an answer, and its caveats."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import words
from census.columns import COLUMNS
from census.metadata import about
from census.pages import numbers
from census.pages.tables import comparisons, computations
from census.pages.tables.layout import SMALL, label
from census.statistics import metrics
from census.statistics.metrics.base import SHARE, WEIGHTS

Answer = Mapping[str, Any]

# The two of the dataset's caveats that change how a weighted answer is read.
WEIGHTED = tuple(text for text in about.CAVEATS if "sum of the weights" in text or "strata" in text)


def caveats(answer: Answer) -> list[str]:
    """Returns the caveats that are shown under an answer."""
    return list(WEIGHTED) if answer.get("weight") else []


def of_answer(answer: Answer) -> list[str]:
    """Returns one or two sentences that summarise an answer, or none."""
    if "buckets" in answer:
        return _distribution(answer)
    if "quantiles" in answer:
        return _quantiles(answer)
    if "metric" in answer:
        return _values(answer)
    if "row_values" in answer:
        return _crosstab(answer)
    if "coefficients" in answer:
        return _regression(answer)
    if "reference" in answer and "base_rate" not in answer:
        return _comparison(answer)
    if "base_rate" in answer:
        return _fairness(answer)
    return []


def name(key: Mapping[str, Any]) -> str:
    """Returns the labels of a group."""
    return ", ".join(label(column, value) for column, value in key.items())


def _units(unit: str | None) -> tuple[str, str]:
    """Returns the prefix and the suffix of a value."""
    if unit == SHARE:
        return "", "%"
    if unit == WEIGHTS:
        return "sum of weights ", ""
    return "", f" {unit}" if unit else ""


def _values(answer: Answer) -> list[str]:
    metric = metrics.find(answer["metric"])
    column = COLUMNS[answer["column"]]
    levels = [*answer.get("groups", ()), answer]
    unit = computations.unit_of(answer)
    write, (before, behind) = computations.writer(unit, column, levels), _units(unit)
    if answer.get("value") is None:
        return ["Nobody is selected who has a value."] if not answer.get("count") else []

    def told(level: Answer) -> str:
        text = f"{before}{write(level['value'])}{behind}"
        if level.get("ci_lower") is not None:
            text += f" ({numbers.interval(write(level['ci_lower']), write(level['ci_upper']))})"
        return text

    known = [
        g
        for g in answer.get("groups", ())
        if isinstance(g.get("value"), int | float) and g["count"] >= SMALL
    ]
    if len(known) < 2:
        return [f"{_subject(metric.name, metric.label, answer)}: {told(answer)}."]
    high = max(known, key=lambda g: g["value"])
    low = min(known, key=lambda g: g["value"])
    text = f"Highest: {name(high['key'])}, {told(high)}. Lowest: {name(low['key'])}, {told(low)}."
    if not metric.additive:
        text += f" All together: {told(answer)}."
    if len(known) < len(answer["groups"]):
        text += f" Groups of fewer than {SMALL} people are not ranked."
    return [text]


def _subject(metric: str, name: str, answer: Answer) -> str:
    column = COLUMNS[answer["column"]]
    value = answer.get("parameters", {}).get("value")
    if metric == "proportion" and value is not None:
        return f"{column.label}: {words.value(column, value)}"
    return f"{name} of {words.lower(column.label)}"


def _distribution(answer: Answer) -> list[str]:
    column = COLUMNS[answer["column"]]
    found = []
    for level in answer.get("groups", [answer])[:3]:
        buckets = [b for b in level["buckets"] if b["proportion"] is not None]
        if buckets:
            top = max(buckets, key=lambda b: b["proportion"])
            who = f"{name(level['key'])}: " if "key" in level else "Most frequent: "
            text = computations.bucket_label(column, top) + (
                f" {column.unit}" if column.unit else ""
            )
            found.append(f"{who}{text}, {numbers.percent(top['proportion'])}%.")
    more = len(answer.get("groups", ())) > len(found)
    if found and "groups" in answer:
        return ["Most frequent " + ("(first groups) " if more else "") + "– " + " ".join(found)]
    return found


def _quantiles(answer: Answer) -> list[str]:
    unit = COLUMNS[answer["column"]].unit
    by_q = {pair["q"]: pair["value"] for pair in answer["quantiles"]}
    if not {0.25, 0.5, 0.75} <= by_q.keys() or by_q[0.5] is None:
        return []
    low, middle, high = (numbers.number(_plain(by_q[q])) for q in (0.25, 0.5, 0.75))
    text = f"Half of the people are between {low} and {high}, and the middle one is at {middle}"
    return [f"{text} {unit}." if unit else f"{text}."]


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _crosstab(answer: Answer) -> list[str]:
    one, other = (COLUMNS[answer[name]].label for name in ("row", "column"))
    v = answer.get("cramers_v")
    if answer.get("rao_scott_f") is not None:
        p = answer.get("rao_scott_log10_p")
        test = f"Rao–Scott F {numbers.number(float(answer['rao_scott_f']))}"
        test += f" on {numbers.number(float(answer['rao_scott_df1']), 1)} and "
        test += f"{numbers.number(round(answer['rao_scott_df2']))} degrees of freedom"
        if p is None and answer.get("rao_scott_p") is not None:
            test += ", p < 0.001" if answer["rao_scott_p"] < 0.001 else ""
    elif answer.get("chi2") is not None:
        test = f"χ² {numbers.number(float(answer['chi2']))} on {answer['dof']} degrees of freedom"
        p = answer.get("log10_p")
    else:
        return []
    if p is not None:
        test += f", {numbers.p_value(p)}"
    strength = "weakly" if v is not None and v < 0.1 else "clearly"
    if p is not None and p > -1.3:
        return [f"{one} and {words.lower(other)} show no association: {test}."]
    tail = f"; Cramér's V {v:.3f}" if v is not None else ""
    return [f"{one} and {words.lower(other)} are {strength} associated: {test}{tail}."]


def _comparison(answer: Answer) -> list[str]:
    column = COLUMNS[answer["column"]]
    share = not column.numeric
    plain = comparisons.writers(answer, share=share)[1]
    unit = "points" if share else column.unit or ""
    groups = [
        g
        for g in answer["groups"]
        if not comparisons.is_reference(answer, g) and g.get("difference_ci_lower") is not None
    ]
    if not groups:
        return []
    largest = max(groups, key=lambda g: abs(g["difference"]))
    text = f"{'The largest difference' if len(groups) > 1 else 'The difference'}: "
    text += f"{name(largest['key'])}, {plain(largest['difference'])} {unit}".rstrip()
    if largest.get("difference_ci_lower") is not None:
        low, high = (plain(largest[f"difference_ci_{end}"]) for end in ("lower", "upper"))
        text += f" ({low} to {high})"
    log_p = [g.get("log10_p_adjusted", g.get("log10_p")) for g in groups]
    known = [p for p in log_p if p is not None]
    if not known:  # intervals without tests, as of decompositions
        return [f"{text}."]
    clear = sum(p < -1.30103 for p in known)
    if len(groups) == 1 and known:
        return [f"{text}, {numbers.p_value(known[0])}."]
    all_of = "All" if clear == len(groups) else f"{clear} of"
    return [f"{text}. {all_of} {len(groups)} differences are significant at the 5% level."]


def _regression(answer: Answer) -> list[str]:
    found = [
        one
        for one in answer["coefficients"]
        if one["term"] != "(intercept)" and one.get("log10_p") is not None
    ]
    if not found:
        return []
    first = min(found, key=lambda one: one["log10_p"])
    odds = first.get("odds_ratio") is not None
    name, prefix = ("odds_ratio", "odds_ratio_") if odds else ("estimate", "")
    names = (name, f"{prefix}ci_lower", f"{prefix}ci_upper")
    found_numbers = [numbers.number(first[each]) for each in names]
    value, low, high = found_numbers if odds else map(numbers.signed, found_numbers)
    unit = COLUMNS[answer["column"]].unit
    told = f"odds ratio {value}" if odds else f"{value} {unit}" if unit else value
    text = f"The clearest term is “{comparisons.term(first['term'])}”: {told}"
    p = numbers.p_value(first["log10_p"])
    return [f"{text} ({numbers.interval(low, high)}), {p}, the other terms held fixed."]


def _fairness(answer: Answer) -> list[str]:
    rated: Sequence[Answer] = [g for g in answer["groups"] if g.get("base_rate") is not None]
    if len(rated) < 2:
        return []
    high = max(rated, key=lambda g: g["base_rate"])
    low = min(rated, key=lambda g: g["base_rate"])
    gap = numbers.percent(answer["demographic_parity_difference"])
    return [
        (
            f"Highest: {name(high['key'])}, {numbers.percent(high['base_rate'])}%. Lowest: "
            f"{name(low['key'])}, {numbers.percent(low['base_rate'])}%: {gap} points apart."
        )
    ]
