"""Tests of independence in a two-way table, from exact sums per cell.

An undefined quantity is `None`; nothing here raises or returns NaN. Rows and columns without any
weight are ignored.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import compress
from typing import NamedTuple

from census.statistics.distributions import chi2_log10_sf, chi2_sf, f_log10_sf, f_sf
from census.statistics.estimators.numbers import square_root

Table = Sequence[Sequence[int]]
Vector = list[float]
Matrix = list[Vector]


class Independence(NamedTuple):
    """Pearson's test; `log10_p` also holds what is too small for `p_value`."""

    chi2: float | None
    dof: int
    p_value: float | None
    log10_p: float | None
    cramers_v: float | None
    min_expected: float | None


class DesignIndependence(NamedTuple):
    """The Rao-Scott test."""

    f: float | None = None
    df1: float | None = None
    df2: float | None = None
    p_value: float | None = None
    log10_p: float | None = None


def independence(counts: Table) -> Independence:
    """Pearson's chi-squared without Yates' correction, and Cramér's V = √(χ²/(N·min(r-1, c-1))).

    A table of one row or column has 0 degrees of freedom and nothing to test.
    """
    counts = _without_empty(counts, counts)
    rows, columns = margins(counts)
    total = sum(rows)
    dof = max(len(rows) - 1, 0) * max(len(columns) - 1, 0)
    min_expected = float(Fraction(min(rows) * min(columns), total)) if total else None
    if not dof:
        return Independence(None, 0, None, None, None, min_expected)
    phi2 = mean_square_contingency(counts)
    chi2 = float(phi2 * total)
    return Independence(
        chi2,
        dof,
        chi2_sf(chi2, dof),
        chi2_log10_sf(chi2, dof),
        square_root(phi2 / (min(len(rows), len(columns)) - 1)),
        min_expected,
    )


def rao_scott(n: int, w: Table, w2: Table) -> DesignIndependence:
    """Rao and Scott's (1984) second-order corrected test, from n rows, Σw and Σw² of each cell.

    As R's survey::svychisq(statistic="F") on a design of weights alone. With p the cells' weighted
    shares, X² Pearson's statistic of the table n·p, V the linearised with-replacement covariance
    of p and Δ the generalised design effects,

        F = X²/tr Δ on df1 = (tr Δ)²/tr Δ² and df2 = df1·(n-1) degrees of freedom,
        Δ = n·(CᵀD⁻¹C)⁻¹·CᵀD⁻¹VD⁻¹C,  D = diag(p), C any basis of the interaction contrasts.

    As in R an empty cell has 0 for its 1/p. All is None where empty cells leave Δ undefined (two
    rows that share two empty columns do; R stops on a singular matrix) or 0 (all on the diagonal
    of two equal halves).
    """
    w, w2 = _without_empty(w, w), _without_empty(w2, w)
    if n < 2 or len(w) < 2 or len(w[0]) < 2:
        return DesignIndependence()
    traces = _design_effect_traces(n, w, w2)
    if traces is None:
        return DesignIndependence()
    trace, trace_of_square = traces
    f = float(mean_square_contingency(w) * n) / trace
    # One degree of freedom has one design effect; else rounding would make it 0.999…
    df1 = 1.0 if len(w) == len(w[0]) == 2 else trace**2 / trace_of_square
    df2 = df1 * (n - 1)
    return DesignIndependence(f, df1, df2, f_sf(f, df1, df2), f_log10_sf(f, df1, df2))


def _without_empty(table: Table, pattern: Table) -> Table:
    """Returns the table without the rows and columns that are empty in `pattern`."""
    used = [any(column) for column in zip(*pattern, strict=True)]
    return [
        list(compress(row, used))
        for row, pattern_row in zip(table, pattern, strict=True)
        if any(pattern_row)
    ]


def margins(table: Table) -> tuple[list[int], list[int]]:
    return [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]


def mean_square_contingency(table: Table) -> Fraction:
    """Pearson's φ² = χ²/N = ΣΣ n_ij²/(n_i. n_.j) - 1, over one common denominator."""
    rows, columns = margins(table)
    row_multiple, column_multiple = math.lcm(*rows), math.lcm(*columns)
    by_row = [
        sum(
            cell * cell * (column_multiple // column)
            for cell, column in zip(row, columns, strict=True)
        )
        for row in table
    ]
    squares = sum(row_multiple // row * part for row, part in zip(rows, by_row, strict=True))
    return Fraction(squares, row_multiple * column_multiple) - 1


def _design_effect_traces(n: int, w: Table, w2: Table) -> tuple[float, float] | None:
    """The traces of Δ and Δ² of `rao_scott`, without making Δ, whose side is (r-1)(c-1).

    On the cells in use, D⁻¹C(CᵀD⁻¹C)⁻¹CᵀD⁻¹ = G = D⁻¹ - M(MᵀDM)⁻¹Mᵀ, where M spans the additive
    tables a_i - b_j that are 0 in every empty cell: D^½M and D^-½C are each other's orthogonal
    complement. Hence tr Δ = n·tr GV and tr Δ² = n²·tr GVGV. An empty cell forces a_i = b_j, so the
    columns of M are the groups of rows and columns that empty cells tie together, and for a table
    t the matrix Mᵀ diag(t) M is the Laplacian of a graph with these groups for nodes and the cells
    for edges of weight t. It has at most r + c nodes, one of them redundant.

    With q = n·Σw²/W² per cell, V = (diag(q) - vpᵀ - pvᵀ)/(n-1), v = q - p·Σq/2; what is left is
    traces of products of Laplacians and, for v and p, sums over cells.
    """
    groups = _tied_groups(w)
    if groups is None:
        return None
    total = sum(map(sum, w))
    edges, p, q = [], [], []
    for i, row in enumerate(w):
        for j, weight in enumerate(row):
            if weight:
                edges.append((groups[i], groups[len(w) + j]))
                p.append(weight / total)
                q.append(n * w2[i][j] / total**2)
    half = math.fsum(q) / 2
    v = [b - a * half for a, b in zip(p, q, strict=True)]
    squares = [b * b / a for a, b in zip(p, q, strict=True)]
    size = max(groups)
    solved = _solve(
        _laplacian(edges, p, size),
        _laplacian(edges, q, size),
        _laplacian(edges, squares, size),
        [[a, b] for a, b in zip(_net(edges, p, size), _net(edges, v, size), strict=True)],
    )
    of_q = [row[:size] for row in solved]
    of_squares = [row[size : 2 * size] for row in solved]
    g_p = _residual(edges, [1.0] * len(p), [row[-2] for row in solved])
    g_v = _residual(edges, [b / a for a, b in zip(p, v, strict=True)], [row[-1] for row in solved])

    effects = math.fsum(b / a for a, b in zip(p, q, strict=True))
    p_g_v = _dot(p, g_v)
    trace = effects - _trace(of_q) - 2 * p_g_v
    if trace < 1e-12 * effects:
        return None
    gqgq = (
        math.fsum((b / a) ** 2 for a, b in zip(p, q, strict=True))
        - 2 * _trace(of_squares)
        + _trace_of_square(of_q)
    )
    scale = n / (n - 1)
    return scale * trace, scale**2 * (
        gqgq
        - 4 * math.fsum(a * b * c for a, b, c in zip(q, g_p, g_v, strict=True))
        + 2 * p_g_v**2
        + 2 * _dot(p, g_p) * _dot(v, g_v)
    )


def _tied_groups(w: Table) -> list[int] | None:
    """Returns the number of the group of each row, then of each column; None where Δ is undefined.

    It is undefined where the empty cells form a cycle of rows and columns.
    """
    labels = list(range(len(w) + len(w[0])))
    for i, row in enumerate(w):
        for j, weight in enumerate(row):
            if not weight:
                kept, merged = labels[i], labels[len(w) + j]
                if kept == merged:
                    return None
                labels = [kept if label == merged else label for label in labels]
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return [numbers[label] for label in labels]


def _laplacian(edges: list[tuple[int, int]], weights: Vector, size: int) -> Matrix:
    """Returns the Laplacian of the graph, without its last node."""
    matrix = [[0.0] * (size + 1) for _ in range(size + 1)]
    for (tail, head), weight in zip(edges, weights, strict=True):
        if tail != head:
            matrix[tail][tail] += weight
            matrix[head][head] += weight
            matrix[tail][head] -= weight
            matrix[head][tail] -= weight
    return [row[:size] for row in matrix[:size]]


def _net(edges: list[tuple[int, int]], weights: Vector, size: int) -> Vector:
    """Returns Mᵀt: the outflow of each node less its inflow, without the last node."""
    net = [0.0] * (size + 1)
    for (tail, head), weight in zip(edges, weights, strict=True):
        net[tail] += weight
        net[head] -= weight
    return net[:size]


def _residual(edges: list[tuple[int, int]], ratios: Vector, potentials: Vector) -> Vector:
    """Gt per cell, from D⁻¹t and (MᵀDM)⁻¹Mᵀt."""
    at = [*potentials, 0.0]
    return [
        ratio - (at[tail] - at[head]) for (tail, head), ratio in zip(edges, ratios, strict=True)
    ]


def _solve(matrix: Matrix, *right_sides: Matrix) -> Matrix:
    """matrix⁻¹ times the right sides, put next to each other, by Gauss-Jordan elimination.

    A Laplacian without one node is positive definite: no pivoting is needed.
    """
    rows = [[x for part in parts for x in part] for parts in zip(matrix, *right_sides, strict=True)]
    for k in range(len(rows)):
        pivot = rows[k][k]
        leading = rows[k] = [x / pivot for x in rows[k]]
        for i, row in enumerate(rows):
            if i != k and (factor := row[k]):
                rows[i] = [x - factor * y for x, y in zip(row, leading, strict=True)]
    return [row[len(rows) :] for row in rows]


def _dot(a: Vector, b: Vector) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def _trace(matrix: Matrix) -> float:
    return math.fsum(row[k] for k, row in enumerate(matrix))


def _trace_of_square(matrix: Matrix) -> float:
    columns = map(list, zip(*matrix, strict=True))
    return math.fsum(map(_dot, matrix, columns))
