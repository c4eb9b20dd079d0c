"""What the views of the whole table measure, by the name it has in an answer, and its formula.

OpenAPI and the README tell it from here, as they tell the formulas of the metrics from the
registry. n counts rows and w weighs them (1 without a weight); k of n have the outcome; `ref` is
the group compared with; SE² is p(1−p)/n, with a weight n/(n−1) · Σ(w([outcome]−p))² / (Σw)².
"""

from collections.abc import Mapping

STATISTICS: Mapping[str, str] = {
    "histogram": "counts of bins [a, b) of width ⌈(max − min + 1)/10⌉, the last one closed",
    "std": "√(n/(n−1) · Σw(x−m)² / Σw)",
}
CORRELATION: Mapping[str, str] = {
    "matrix": "r = Σw(x−m_x)(y−m_y) / √(Σw(x−m_x)² · Σw(y−m_y)²); null for a constant column",
}
CROSSTAB: Mapping[str, str] = {
    "row_proportions": "n_ij / n_i., with a weight Σw of the cell / Σw of the row",
    "column_proportions": "n_ij / n_.j, with a weight Σw of the cell / Σw of the column",
    "chi2": "χ² = Σ(n_ij − e_ij)² / e_ij, e_ij = n_i. n_.j / n: of the counts, without Yates",
    "dof": "(r−1)(c−1) of r rows and c columns",
    "p_value": "P(χ²(dof) ≥ chi2)",
    "log10_p": "log₁₀ of p_value, also where that is too small for a float",
    "cramers_v": "√(χ² / (n · min(r−1, c−1)))",
    "min_expected": "min e_ij",
    "rao_scott_f": "X² / tr Δ, X² = n · Σ(p_ij − p_i. p_.j)² / (p_i. p_.j) of the weighted shares, "
    "Δ the generalised design effects; null where the table is too sparse for them",
    "rao_scott_df1": "(tr Δ)² / tr Δ²",
    "rao_scott_df2": "(n−1) · df1",
    "rao_scott_p": "P(F(df1, df2) ≥ rao_scott_f)",
    "rao_scott_log10_p": "log₁₀ of rao_scott_p, also where that is too small for a float",
}
FAIRNESS: Mapping[str, str] = {
    "base_rate": "p = k/n; weighted: Σw[outcome] / Σw",
    **dict.fromkeys(
        ("ci_lower", "ci_upper"),
        "Wilson interval of p; weighted: expit(logit p ± t(n−1) · SE / (p(1−p)))",
    ),
    "statistical_parity_difference": "p − p_ref",
    "spd_standard_error": "√(SE² + SE_ref²)",
    **dict.fromkeys(("spd_ci_lower", "spd_ci_upper"), "p − p_ref ± z · √(SE² + SE_ref²) (Wald)"),
    "disparate_impact": "p / p_ref",
    **dict.fromkeys(
        ("di_ci_lower", "di_ci_upper"), "p/p_ref · exp(± z · √(SE²/p² + SE_ref²/p_ref²)) (Katz)"
    ),
    "demographic_parity_difference": "max p − min p over the groups",
    "demographic_parity_ratio": "min p / max p over the groups",
    "smoothed_differential_fairness": "max |log(q/q′)| over two groups, of q = (k+½)/(n+1) or of "
    "1 − q (Foulds et al. 2020); not with a weight",
}
MEASURES: Mapping[str, Mapping[str, str]] = {
    "statistics": STATISTICS,
    "correlation": CORRELATION,
    "crosstab": CROSSTAB,
    "fairness": FAIRNESS,
}

FORMULAS = {name: text for measures in MEASURES.values() for name, text in measures.items()}
