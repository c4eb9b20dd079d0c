"""R code for a question; the package `survey` gives the same numbers as the API."""

from django.http import QueryDict

from census.columns import COLUMNS, Column
from census.pages.explorer import states


def code(people: str, csv: str, state: QueryDict) -> str:
    """Returns R code that reads the people at an address and repeats the computation.

    If R has no plain function for it, the code reads the table of the answer at `csv`.
    """
    column = states.column_of(state)
    body = _computation(state, column) if column else None
    if body is None:
        return f'table <- read.csv("{csv}", na.strings = "")\ntable'
    weighted = bool(state.get("weight"))
    head = ["library(survey)", ""] if weighted else []
    read = f'people <- read.csv("{people}", na.strings = "")'
    return "\n".join([*head, read, *_bands(state), *body])


def _bands(state: QueryDict) -> list[str]:
    """Returns the lines that cut numbers into bands."""
    lines = []
    for name in COLUMNS:
        cuts = state.get(f"{name}{states.BANDS}", "")
        if cuts and all(cut.lstrip("-").isdigit() for cut in cuts.split(",")):
            ends = f"c(-Inf, {cuts.replace(',', ', ')}, Inf)"
            lines.append(f"people${name}_band <- cut(people${name}, {ends}, right = FALSE)")
    return lines


def _key(state: QueryDict, name: str) -> str:
    return f"{name}_band" if state.get(f"{name}{states.BANDS}") else name


def _computation(state: QueryDict, column: Column) -> list[str] | None:
    metric, weighted = state.get(states.METRIC, ""), bool(state.get("weight"))
    if metric == states.CROSSTAB:
        row = state.get(states.ROW, "")
        return _crosstab(row, column.name, weighted=weighted)
    if metric == states.REGRESSION:
        return _regression(state, column, weighted=weighted)
    each = _each(metric, state, column, weighted=weighted)
    if each is None:
        return None
    keys = [_key(state, name) for name in states.groupings(state)]
    names = ", ".join(f'"{key}"' for key in keys)
    # addNA: a missing key is a group of its own.
    by = f"lapply(people[c({names})], addNA)"
    parts = f"split(people, {by}, drop = TRUE)" if keys else "list(all = people)"
    return [
        "# Each group is taken as a sample of its own, as the service does.",
        f"parts <- {parts}",
        "lapply(parts, function(part) {",
        *(f"  {line}" for lines in each for line in lines.split("\n")),
        "})",
    ]


def _each(metric: str, state: QueryDict, column: Column, *, weighted: bool) -> list[str] | None:
    """Returns the lines that compute the statistic of one group, `part`."""
    name = column.name
    # `survey` stops at one row, of which there is no standard error.
    alone = "if (nrow(part) < 2) return(NULL)"
    design = f"{alone}\ndesign <- svydesign(~1, weights = ~fnlwgt, data = part)"
    level = state.get("confidence") or "0.95"
    if metric == "mean":
        if not weighted:
            # Not t.test, which stops at a group of one person or of equal values.
            return [
                f"x <- part${name}",
                "se <- sd(x) / sqrt(length(x))",
                f"t <- qt((1 + {level}) / 2, max(length(x) - 1, 1))",
                "c(mean = mean(x), se = se, lower = mean(x) - t * se, upper = mean(x) + t * se)",
            ]
        return [
            design,
            f"estimate <- svymean(~{name}, design, na.rm = TRUE)",
            f"list(estimate, confint(estimate, level = {level}, df = degf(design)))",
        ]
    if metric == "proportion":
        test = f'{name} == "{state.get(states.VALUE, "")}"'
        if not weighted:
            values = f"part$known <- !is.na(part${name})\npart <- part[part$known, ]".split("\n")
            return [*values, (f"prop.test(sum(part${test}), nrow(part), conf.level = {level},"
                             " correct = FALSE)[c('estimate', 'conf.int')]")]  # fmt: skip
        return [
            f"part <- part[!is.na(part${name}), ]",
            design,
            f'svyciprop(~I({test}), design, method = "logit", level = {level})',
        ]
    if metric in ("quantiles", "median"):
        default = states.QUANTILES if metric == "quantiles" else "0.5"
        steps = f"c({(state.get('q') or default).replace(',', ', ')})"
        if not weighted:
            return [f"quantile(part${name}, {steps}, na.rm = TRUE)"]
        return [design, f"svyquantile(~{name}, design, {steps}, na.rm = TRUE, ci = FALSE)"]
    if metric == "count":
        counted = f"part$fnlwgt[!is.na(part${name})]" if weighted else f"!is.na(part${name})"
        return [f"sum({counted})"]
    if metric == "distribution" and not column.numeric:
        if weighted:
            return [design, f"svymean(~factor({name}), design, na.rm = TRUE)"]
        return [f"prop.table(table(part${name}))"]
    return None


def _crosstab(row: str, column: str, *, weighted: bool) -> list[str]:
    if weighted:
        return [
            "design <- svydesign(~1, weights = ~fnlwgt, data = people)",
            f"prop.table(svytable(~{row} + {column}, design), 1)",
            f"svychisq(~{row} + {column}, design)",
        ]
    return [
        f"counts <- table(people${row}, people${column})",
        "prop.table(counts, 1)",
        "chisq.test(counts, correct = FALSE)",
    ]


def _regression(state: QueryDict, column: Column, *, weighted: bool) -> list[str]:
    terms = [
        ":".join(_key(state, part) for part in term.split(":"))
        for term in state.get(states.ON, "").split(",")
        if term
    ]
    outcome = column.name
    if not column.numeric:
        outcome = f'I({column.name} == "{state.get(states.VALUE, "")}")'
    formula = f"{outcome} ~ {' + '.join(terms)}"
    family = "" if column.numeric else ", family = binomial()"
    note = "# The reference of a category is its first value here, the largest in the service."
    if weighted:
        family = "" if column.numeric else ", family = quasibinomial()"
        return [
            note,
            "design <- svydesign(~1, weights = ~fnlwgt, data = people)",
            f"summary(svyglm({formula}, design{family}))",
        ]
    function = "lm" if column.numeric else "glm"
    return [note, f"summary({function}({formula}, data = people{family}))"]
