"""The measures of tables, comparisons and regressions: their names in an answer and formulas.

OpenAPI and the README have them from here, as they have the formulas of the metrics from the
registry. n counts rows and w weighs them (1 without a weight); k of n have the outcome; `ref` is
the group compared with; SE² is p(1−p)/n, with a weight n/(n−1) · Σ(w([outcome]−p))² / (Σw)².
"""

from collections.abc import Mapping

STATISTICS: Mapping[str, str] = {
    "histogram": "counts of bins [a, b) of width ⌈(max − min + 1)/10⌉, the last one closed",
    "std": "√(n/(n−1) · Σw(x−m)² / Σw)",
}
CORRELATION: Mapping[str, str] = {
    "matrix": "r = Σw(x−m_x)(y−m_y) / √(Σw(x−m_x)² · Σw(y−m_y)²); null for a constant column; "
    "with coefficient=spearman of the mid-ranks",
    "pairs": "SE = √((1−r²)/(n−2)), t = r/SE on n−2, interval tanh(atanh r ± z/√(n−3)); weighted: "
    "SE that of the mean of ab − r(a²+b²)/2 of the standardised values, linearised, interval "
    "tanh(atanh r ± z·SE/(1−r²))",
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
    "expected": "e_ij",
    "adjusted_residuals": "(n_ij − e_ij) / √(e_ij (1 − n_i./n) (1 − n_.j/n)) (Haberman); weighted: "
    "(p_ij − p_i. p_.j) / SE, SE that of the mean of 1_ij − p_.j 1_i. − p_i. 1_.j, linearised",
    "total_proportions": "n_ij / n, with a weight Σw of the cell / Σw",
    **{
        f"{side}_{name}": f"of {side}_proportions, {what}"
        for side in ("row", "column")
        for name, what in (
            ("standard_errors", "√(p(1−p)/n); with a weight linearised"),
            ("ci_lower", "Wilson interval; with a weight logit"),
            ("ci_upper", "Wilson interval; with a weight logit"),
            ("flags", "what makes the share unreliable (NCHS)"),
        )
    },
    "g2": "2 Σ n_ij log(n_ij / e_ij)",
    "cmh_chi2": "(Σ(n₁₁ − e₁₁))² / Σ n₁. n₂. n.₁ n.₂ / (n² (n−1)) over the layers",
    "common_odds_ratio": "Σ(n₁₁ n₂₂ / n) / Σ(n₁₂ n₂₁ / n) (Mantel, Haenszel)",
    "rao_scott_null_f": "as rao_scott_f, Δ at p_i. p_.j: defined for any table",
    "rao_scott_f": "X² / tr Δ, X² = n · Σ(p_ij − p_i. p_.j)² / (p_i. p_.j) of the weighted shares, "
    "Δ the generalised design effects; null where the table is too sparse for them",
    "rao_scott_df1": "(tr Δ)² / tr Δ²",
    "rao_scott_df2": "(n−1) · df1",
    "rao_scott_p": "P(F(df1, df2) ≥ rao_scott_f)",
    "rao_scott_log10_p": "log₁₀ of rao_scott_p, also where that is too small for a float",
}
COMPARISON: Mapping[str, str] = {
    "value": "the mean m, or with `value` the share p of that category",
    "standard_error": "√v: v = s²/n, of a share p(1−p)/n; weighted: n/(n−1) · Σ(w(x−m))² / (Σw)²",
    "difference": "m − m_ref",
    "difference_standard_error": "√(v + v_ref)",
    **dict.fromkeys(
        ("difference_ci_lower", "difference_ci_upper"),
        "difference ± t(df) · SE (Welch); of shares p − p_ref − √((p−l)² + (u_ref−p_ref)²) and "
        "p − p_ref + √((u−p)² + (p_ref−l_ref)²) with Wilson's intervals [l, u] (Newcombe)",
    ),
    "statistic": "difference / SE; of shares the signed √χ² of the 2 × 2 table",
    "df": "(v + v_ref)² / (v²/(n−1) + v_ref²/(n_ref−1)) (Satterthwaite); weighted: n + n_ref − 2; "
    "null of the normal distribution",
    "p_value": "P(|t(df)| ≥ |statistic|), of shares P(|z| ≥ |statistic|)",
    "log10_p": "log₁₀ of p_value, also where that is too small for a float",
    "p_adjusted": "p_value adjusted for all comparisons of the answer: Holm (by default) or "
    "Bonferroni",
    **dict.fromkeys(
        ("hedges_g", "hedges_g_ci_lower", "hedges_g_ci_upper"),
        "g = J · (m − m_ref) / s_pooled, J = Γ(d/2) / (√(d/2) Γ((d−1)/2)), d = n + n_ref − 2; "
        "± z · √((n+n_ref)/(n·n_ref) + g²/(2(n+n_ref)))",
    ),
    "standardized_difference": "(m − m_ref) / s_pooled of the weighted variances",
    "ks": "max |F(x) − F_ref(x)|, unweighted (Kolmogorov and Smirnov)",
    "cohens_h": "2 arcsin √p − 2 arcsin √p_ref",
    **dict.fromkeys(
        ("odds_ratio", "odds_ratio_ci_lower", "odds_ratio_ci_upper"),
        "OR = ad/(bc); exp(log OR ± z · √(1/a + 1/b + 1/c + 1/d)) (Woolf)",
    ),
    "f": "Welch's F of all groups; weighted: Σ(m − m̃)²/v / (k−1), m̃ = Σ(m/v) / Σ(1/v)",
    "f_log10_p": "log₁₀ P(F(f_df1, f_df2) ≥ f)",
    "chi2": "Pearson's χ² of all groups, of shares without a weight",
}
FAIRNESS: Mapping[str, str] = {
    "base_rate": "p = k/n; weighted: Σw[outcome] / Σw",
    **dict.fromkeys(
        ("ci_lower", "ci_upper"),
        "Wilson interval of p; weighted: expit(logit p ± t(n−1) · SE / (p(1−p)))",
    ),
    "statistical_parity_difference": "p − p_ref",
    "spd_standard_error": "√(SE² + SE_ref²)",
    **dict.fromkeys(
        ("spd_ci_lower", "spd_ci_upper"),
        "p − p_ref − √((p−l)² + (u_ref−p_ref)²), p − p_ref + √((u−p)² + (p_ref−l_ref)²), Wilson's "
        "[l, u] (Newcombe); weighted: p − p_ref ± t(n−2) · √(SE² + SE_ref²), n of both groups",
    ),
    "disparate_impact": "p / p_ref",
    **dict.fromkeys(
        ("di_ci_lower", "di_ci_upper"), "p/p_ref · exp(± z · √(SE²/p² + SE_ref²/p_ref²)) (Katz)"
    ),
    "demographic_parity_difference": "max p − min p over the groups",
    "demographic_parity_ratio": "min p / max p over the groups",
    "smoothed_differential_fairness": "max |log(q/q′)| over two groups, of q = (k+½)/(n+1) or of "
    "1 − q (Foulds et al. 2020); not with a weight",
}
REGRESSION: Mapping[str, str] = {
    "coefficients": "b = A⁻¹Σwxy, A = Σwxx′; logistic: the maximum of Σw·(y·x′b − log(1+exp x′b))",
    "standard_error": "classical s²A⁻¹; hc1 n/(n−p)·A⁻¹[Σe²xx′]A⁻¹; hc3 A⁻¹[Σe²/(1−h)²·xx′]A⁻¹; "
    "weighted n/(n−1)·A⁻¹[Σw²e²xx′]A⁻¹; logistic: A = Σwμ(1−μ)xx′, unweighted A⁻¹",
    "r_squared": "1 − Σwe² / Σw(y−m)²",
    "residual_standard_error": "√(n/(n−p) · Σwe²/Σw)",
    "f": "b′V⁻¹b / q of the q coefficients after the intercept (Wald), on q and n−p",
    "odds_ratio": "exp b",
    "deviance": "−2 log L",
    "aic": "−2 log L + 2p",
    "mcfadden_r_squared": "1 − deviance / null_deviance",
}
DECOMPOSITION: Mapping[str, str] = {
    "composition": "Σ(p₁−p₀)(r₁+r₀)/2, p a category's share of the group and r its mean there; 0 "
    "is the reference (Kitagawa)",
    "rate": "Σ(r₁−r₀)(p₁+p₀)/2",
}
OAXACA: Mapping[str, str] = {
    "difference": "ȳ − ȳ_ref, the sum of the two parts",
    "difference_standard_error": "√(v + v_ref), v = n/(n−1) · Σ(w(y−ȳ))² / (Σw)²",
    "explained": "(x̄ − x̄_ref)′b_ref, b the coefficients of a regression in the group (Oaxaca, "
    "Blinder); of a term the sum over its columns",
    "explained_standard_error": "√(D′V(b_ref)D + b_ref′(V(x̄) + V(x̄_ref))b_ref), D = x̄ − x̄_ref "
    "(Jann)",
    "unexplained": "x̄′(b − b_ref)",
    "unexplained_standard_error": "√(x̄′(V(b) + V(b_ref))x̄ + (b − b_ref)′V(x̄)(b − b_ref)) (Jann)",
}
MEASURES: Mapping[str, Mapping[str, str]] = {
    "statistics": STATISTICS,
    "correlation": CORRELATION,
    "crosstab": CROSSTAB,
    "comparison": COMPARISON,
    "fairness": FAIRNESS,
    "regression": REGRESSION,
    "decomposition": DECOMPOSITION,
    "oaxaca": OAXACA,
}

FORMULAS = {
    name: text
    for route, measures in MEASURES.items()
    if route in ("statistics", "correlation", "crosstab", "fairness")  # names of their own
    for name, text in measures.items()
}
