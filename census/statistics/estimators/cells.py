"""The cells of a two-way table: expected counts, residuals, tests of sparse and layered tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from census.statistics.distributions import chi2_log10_sf, chi2_sf, f_log10_sf, f_sf
from census.statistics.estimators.association import (
    DesignIndependence,
    Matrix,
    Table,
    Vector,
    margins,
    mean_square_contingency,
)
from census.statistics.estimators.comparison import Effect
from census.statistics.estimators.numbers import square_root, two_sided_z

Numbers = list[list[float | None]]


def expected_counts(counts: Table) -> Numbers:
    """Returns n_i.·n_.j/n of each cell."""
    rows, columns = margins(counts)
    total = sum(rows)
    return [[float(Fraction(r * c, total)) if total else None for c in columns] for r in rows]


def shares_of_total(table: Table) -> Numbers:
    """Returns each cell's share of the whole table."""
    total = sum(map(sum, table))
    return [[float(Fraction(cell, total)) if total else None for cell in row] for row in table]


def likelihood_ratio(counts: Table) -> float | None:
    """Returns G² = 2·Σ O·ln(O/E); None for a table of one row or column in use."""
    rows, columns = margins(counts)
    total = sum(rows)
    if sum(map(bool, rows)) < 2 or sum(map(bool, columns)) < 2:
        return None
    return 2 * math.fsum(
        cell * math.log(Fraction(cell * total, rows[i] * columns[j]))
        for i, row in enumerate(counts)
        for j, cell in enumerate(row)
        if cell
    )


def adjusted_residuals(counts: Table) -> Numbers:
    """Returns Haberman's (1973) (O-E)/√(E·(1-n_i./n)·(1-n_.j/n)), about standard normal.

    None in a row or column that is empty or the only one.
    """
    rows, columns = margins(counts)
    total = sum(rows)

    def residual(cell: int, r: int, c: int) -> float | None:
        variance = r * c * (total - r) * (total - c)
        if not variance:
            return None
        excess = cell * total - r * c
        return math.copysign(square_root(Fraction(excess * excess * total, variance)), excess)

    return [
        [residual(cell, r, c) for cell, c in zip(row, columns, strict=True)]
        for row, r in zip(counts, rows, strict=True)
    ]


def weighted_adjusted_residuals(n: int, w: Table, w2: Table) -> Numbers:
    """Returns (p_ij - p_i.·p_.j)/SE from n rows, Σw and Σw² of each cell.

    SE is that of the mean of u = 1_ij - p_.j·1_i. - p_i.·1_.j, linearised: SE² =
    n/(n-1)·Σw²(u-ū)²/W². With equal weights it is the unweighted residual·√((n-1)/n) up to the
    estimate's own variance under independence. None where `adjusted_residuals` is, and for a
    standard error of 0.
    """
    rows, columns = margins(w)
    row_squares, column_squares = margins(w2)
    total, squares = sum(rows), sum(row_squares)

    def residual(i: int, j: int) -> float | None:
        if n < 2 or not 0 < rows[i] < total or not 0 < columns[j] < total:
            return None
        # All of u is over W, and so is its mean over W², to stay in whole numbers.
        both, in_row, in_column = w2[i][j], row_squares[i] - w2[i][j], column_squares[j] - w2[i][j]
        mean = w[i][j] * total - 2 * rows[i] * columns[j]
        variance = (
            both * ((total - columns[j] - rows[i]) * total - mean) ** 2
            + in_row * (-columns[j] * total - mean) ** 2
            + in_column * (-rows[i] * total - mean) ** 2
            + (squares - both - in_row - in_column) * mean**2
        )
        if not variance:
            return None
        excess = w[i][j] * total - rows[i] * columns[j]
        squared = Fraction(excess * excess * total * total * (n - 1), n * variance)
        return math.copysign(square_root(squared), excess)

    return [[residual(i, j) for j in range(len(columns))] for i in range(len(rows))]


def rao_scott_null(n: int, w: Table, w2: Table) -> DesignIndependence:
    """Rao and Scott's test with the design effects under independence, from Σw and Σw² of cells.

    As `rao_scott`, with the p of D replaced by its expectation p_i.·p_.j, so that Δ is defined for
    any table; Stata documents it as `svy: tabulate, null`. There
    G = D⁻¹C(CᵀD⁻¹C)⁻¹CᵀD⁻¹ is the product A ⊗ B, A = diag(1/p_i.) - 11ᵀ, B = diag(1/p_.j) - 11ᵀ.
    """
    rows, columns = margins(w)
    w = [[c for c, kept in zip(row, columns, strict=True) if kept] for row in w if any(row)]
    w2 = [
        [c for c, kept in zip(row, columns, strict=True) if kept]
        for row, kept_row in zip(w2, rows, strict=True)
        if kept_row
    ]
    if n < 2 or len(w) < 2 or len(w[0]) < 2:
        return DesignIndependence()
    trace, trace_of_square = _null_traces(n, w, w2)
    if trace <= 0:
        return DesignIndependence()
    f = float(mean_square_contingency(w) * n) / trace
    df1 = 1.0 if len(w) == len(w[0]) == 2 else trace**2 / trace_of_square
    df2 = df1 * (n - 1)
    return DesignIndependence(f, df1, df2, f_sf(f, df1, df2), f_log10_sf(f, df1, df2))


def _null_traces(n: int, w: Table, w2: Table) -> tuple[float, float]:
    """Returns tr Δ = n·tr GV and tr Δ² = n²·tr GVGV of `rao_scott_null`.

    With q = n·Σw²/W² per cell, V = (diag(q) - vpᵀ - pvᵀ)/(n-1), v = q - p·Σq/2.
    """
    total = sum(map(sum, w))
    p = [[cell / total for cell in row] for row in w]
    q = [[n * cell / total**2 for cell in row] for row in w2]
    half = math.fsum(map(math.fsum, q)) / 2
    v = [[b - a * half for a, b in zip(x, y, strict=True)] for x, y in zip(p, q, strict=True)]
    rows, columns = ([x / total for x in margin] for margin in margins(w))
    g_p, g_v = _interaction(p, rows, columns), _interaction(v, rows, columns)
    g_diagonal = [[(1 / r - 1) * (1 / c - 1) for c in columns] for r in rows]
    p_g_v = _inner(p, g_v)
    products = [[x * y for x, y in zip(a, b, strict=True)] for a, b in zip(g_p, g_v, strict=True)]
    scale = n / (n - 1)
    return scale * (_inner(q, g_diagonal) - 2 * p_g_v), scale**2 * (
        _inner(q, _combined(q, _squared_kernel(rows), _squared_kernel(columns)))
        - 4 * _inner(q, products)
        + 2 * p_g_v**2
        + 2 * _inner(p, g_p) * _inner(v, g_v)
    )


def _interaction(table: Matrix, rows: Vector, columns: Vector) -> Matrix:
    """Returns A·table·B."""
    total = math.fsum(map(math.fsum, table))
    of_rows = [math.fsum(row) for row in table]
    of_columns = [math.fsum(column) for column in zip(*table, strict=True)]
    return [
        [
            cell / r / c - of_rows[i] / r - of_columns[j] / c + total
            for j, (cell, c) in enumerate(zip(row, columns, strict=True))
        ]
        for i, (row, r) in enumerate(zip(table, rows, strict=True))
    ]


def _squared_kernel(shares: Vector) -> Matrix:
    """Returns the squares of the entries of diag(1/share) - 11ᵀ."""
    return [
        [(1 / share - 1) ** 2 if i == k else 1.0 for k in range(len(shares))]
        for i, share in enumerate(shares)
    ]


def _combined(table: Matrix, left: Matrix, right: Matrix) -> Matrix:
    """Returns left·table·right, of symmetric matrices."""
    half = [[math.fsum(map(float.__mul__, row, column)) for column in right] for row in table]
    columns = list(zip(*half, strict=True))
    return [[math.fsum(map(float.__mul__, row, column)) for column in columns] for row in left]


def _inner(a: Matrix, b: Matrix) -> float:
    return math.fsum(
        x * y for row, other in zip(a, b, strict=True) for x, y in zip(row, other, strict=True)
    )


class Layered(NamedTuple):
    """Cochran, Mantel and Haenszel's test of 2 × 2 tables, and their common odds ratio."""

    cmh_chi2: float | None = None
    cmh_dof: int | None = None
    cmh_p: float | None = None
    cmh_log10_p: float | None = None
    common_odds_ratio: float | None = None
    common_odds_ratio_ci_lower: float | None = None
    common_odds_ratio_ci_upper: float | None = None


def cochran_mantel_haenszel(layers: Sequence[Table], confidence: float) -> Layered:
    """Tests the conditional independence in 2 × 2 tables, and estimates their common odds ratio.

    χ² = (Σ(a-E))²/ΣV without correction, V = r₁r₂c₁c₂/(n²(n-1)) (Mantel and Haenszel 1959);
    OR = ΣR/ΣS, R = ad/n, S = bc/n, with the interval of Robins, Breslow and Greenland (1986):
    var log OR = ΣPR/(2(ΣR)²) + Σ(PS+QR)/(2ΣR·ΣS) + ΣQS/(2(ΣS)²), P = (a+d)/n, Q = (b+c)/n.
    As R's mantelhaen.test(correct=FALSE). Layers of fewer than two people contribute nothing.
    """
    excess = variance = Fraction(0)
    for (a, b), (c, d) in layers:
        n = a + b + c + d
        if n > 1:
            excess += a - Fraction((a + b) * (a + c), n)
            variance += Fraction((a + b) * (c + d) * (a + c) * (b + d), n * n * (n - 1))
    ratio = _common_odds_ratio(layers, confidence)
    if not variance:
        return Layered(None, None, None, None, *ratio)
    chi2 = float(excess**2 / variance)
    return Layered(chi2, 1, chi2_sf(chi2, 1), chi2_log10_sf(chi2, 1), *ratio)


def _common_odds_ratio(layers: Sequence[Table], confidence: float) -> Effect:
    r_total = s_total = pr = ps_qr = qs = Fraction(0)
    for (a, b), (c, d) in layers:
        if not (n := a + b + c + d):
            continue
        r, s = Fraction(a * d, n), Fraction(b * c, n)
        p, q = Fraction(a + d, n), Fraction(b + c, n)
        r_total, s_total = r_total + r, s_total + s
        pr, ps_qr, qs = pr + p * r, ps_qr + p * s + q * r, qs + q * s
    if not r_total or not s_total:
        return Effect()
    error = square_root(
        pr / (2 * r_total**2) + ps_qr / (2 * r_total * s_total) + qs / (2 * s_total**2)
    )
    value = float(r_total / s_total)
    factor = math.exp(two_sided_z(confidence) * error)
    return Effect(value, value / factor, value * factor)
