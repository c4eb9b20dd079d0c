"""Quantiles and tail probabilities of the normal, t, chi-squared, F and beta distributions.

Standard library only; docs/adr/distributions.md has the measurements. Accurate to about 1e-13
relative, far tails included. Where a probability is too small for a float, its `log10` is not.

Sources: DLMF = NIST Digital Library of Mathematical Functions (dlmf.nist.gov); AS = Abramowitz
and Stegun (1964); NR = Press et al., Numerical Recipes (2007), sections 5.2 and 6.2; Loader
(2000), Fast and accurate computation of binomial probabilities.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from statistics import NormalDist

_STANDARD_NORMAL = NormalDist()
_LOG_SQRT_2PI = math.log(2 * math.pi) / 2
_CONVERGED = 1e-15  # relative change below which a series or fraction has converged
_TINY = 1e-300  # in place of a zero denominator of a continued fraction (NR 5.2)
_ASYMPTOTIC_DF = 2000  # from here on the expansion of t around the normal is exact to 1e-14


def expit(x: float) -> float:
    """1/(1 + exp(-x)) for any x, without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def normal_quantile(probability: float) -> float:
    """The z below which a standard normal variable falls with this probability, in (0, 1)."""
    return _STANDARD_NORMAL.inv_cdf(probability)


def normal_log10_p(z: float) -> float:
    """The decimal logarithm of the two-sided P(|Z| >= |z|) of a standard normal variable."""
    return chi2_log10_sf(z * z, 1)


def student_t_log10_p(t: float, df: float) -> float:
    """The decimal logarithm of the two-sided P(|T| >= |t|) of Student's t, for any real `df`."""
    return f_log10_sf(t * t, 1, df)


@lru_cache(maxsize=4096)
def student_t_quantile(probability: float, df: float) -> float:
    """The t below which Student's t on `df` >= 1 degrees of freedom falls with this probability.

    From the expansion of t around the normal quantile; below `_ASYMPTOTIC_DF` degrees of freedom
    that is only the start of Newton's iteration on the incomplete beta function.
    """
    if probability == 0.5:
        return 0.0
    # The nearer tail, so that no digit of a small probability is lost to 1 - p.
    tail, sign = (probability, -1.0) if probability < 0.5 else (1 - probability, 1.0)
    if df == 1:
        return sign / math.tan(math.pi * tail)
    if df == 2:
        return sign * (1 - 2 * tail) / math.sqrt(2 * tail * (1 - tail))
    if df >= _ASYMPTOTIC_DF:
        return sign * _student_t_expansion(-normal_quantile(tail), df)
    return sign * _student_t_root(tail, df)


@lru_cache(maxsize=4096)
def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x below which a beta variable with shapes a, b > 0 falls with this probability.

    Newton's iteration on the logarithm of the nearer tail, which is concave in the logit of x as
    the logit's own density is log-concave: from any start it converges after one step at most in
    the wrong direction.
    """
    mirrored = probability > 0.5
    tail = 1 - probability if mirrored else probability
    if mirrored:
        a, b = b, a
    target = math.log(tail)
    logit = math.log(a / b) - min(2 / math.sqrt(min(a, b)), 10.0)
    for _ in range(200):
        x, y = expit(logit), expit(-logit)
        log_tail, log_density = _log_incomplete_beta(a, b, x, y)
        step = (target - log_tail) * math.exp(log_tail - log_density)
        logit += max(-20.0, min(20.0, step))
        if abs(step) < 1e-14 * max(1.0, abs(logit)):
            break
    return expit(-logit) if mirrored else expit(logit)


def chi2_sf(x: float, df: float) -> float:
    """The probability that chi-squared on `df` > 0 degrees of freedom exceeds `x`."""
    return math.exp(_log_upper_gamma(df / 2, x / 2))


def chi2_log10_sf(x: float, df: float) -> float:
    """The decimal logarithm of `chi2_sf`, also where that is too small for a float."""
    return _log_upper_gamma(df / 2, x / 2) / math.log(10)


def f_sf(f: float, df1: float, df2: float) -> float:
    """The probability that F on `df1`, `df2` > 0 (not only whole) degrees of freedom exceeds f."""
    return math.exp(_log_f_sf(f, df1, df2))


def f_log10_sf(f: float, df1: float, df2: float) -> float:
    """The decimal logarithm of `f_sf`, also where that is too small for a float."""
    return _log_f_sf(f, df1, df2) / math.log(10)


def _student_t_expansion(z: float, df: float) -> float:
    """The quantile of t from the normal one in powers of 1/df: AS 26.7.5."""
    z2 = z * z
    return z * (
        1
        + (z2 + 1) / (4 * df)
        + ((5 * z2 + 16) * z2 + 3) / (96 * df**2)
        + (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * df**3)
        + ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / (92160 * df**4)
    )


def _student_t_root(tail: float, df: float) -> float:
    """The t > 0 exceeded with probability `tail` < 1/2.

    The logarithm of P(T > t) is concave in log t, so Newton's iteration on that scale converges
    from any start.
    """
    t = _student_t_expansion(-normal_quantile(tail), df)
    for _ in range(50):
        total = df + t * t
        log_both_tails, log_density = _log_incomplete_beta(df / 2, 0.5, df / total, t * t / total)
        step = (log_both_tails - math.log(2 * tail)) * math.exp(log_both_tails - log_density) / 2
        t *= math.exp(step)
        if abs(step) < 1e-8:  # the error left is of the order of its square
            break
    return t


def _log_f_sf(f: float, df1: float, df2: float) -> float:
    """AS 26.6.2: the upper tail of F is an incomplete beta function."""
    if f <= 0:
        return 0.0
    ratio = df1 * f / df2
    return _log_incomplete_beta(df2 / 2, df1 / 2, 1 / (1 + ratio), ratio / (1 + ratio))[0]


def _log_incomplete_beta(a: float, b: float, x: float, y: float) -> tuple[float, float]:
    """The logarithms of I_x(a, b) and of its derivative in the logit of x; y = 1 - x > 0.

    By the continued fraction, on the side of the mean where it converges fast.
    """
    log_kernel = _log_beta_kernel(a, b, x, y)
    if (b + 1) * x < (a + 1) * y:
        return log_kernel + math.log(_fraction(_beta_terms(a, b, x, y))), log_kernel
    upper = math.exp(log_kernel) * _fraction(_beta_terms(b, a, y, x))
    return _log_complement(upper), log_kernel


def _log_beta_kernel(a: float, b: float, x: float, y: float) -> float:
    """log(x^a y^b / B(a, b)), by Loader's decomposition: no difference of large logarithms."""
    distance = b * x - a * y
    return (
        (math.log(a) + math.log(b / (a + b))) / 2
        - _LOG_SQRT_2PI
        + stirling_error(a + b)
        - stirling_error(a)
        - stirling_error(b)
        + a * _log_ratio(distance / a, x, a / (a + b))
        + b * _log_ratio(-distance / b, y, b / (a + b))
    )


def _beta_terms(a: float, b: float, x: float, y: float) -> Iterator[tuple[float, float]]:
    """The even part of DLMF 8.17.22, as in Didonato and Morris (1992), equation 9.

    Written with y it keeps the digits that x has lost where it is next to 1.
    """
    shift = a * y - b * x + 1
    yield 1.0, a / (a + 1) * shift
    for n in count(1):
        k = a + 2 * n
        step = n * (b - n) * x / (k - 1)
        yield (
            (a + n - 1) * (a + b + n - 1) * x / (k - 1) * step,
            n + step + (a + n) / (k + 1) * (shift + n * (1 + y)),
        )


def _log_upper_gamma(a: float, x: float) -> float:
    """The logarithm of Q(a, x): by the series of P below the mean, by a fraction above.

    DLMF 8.11.4 and the even part of 8.9.2 (NR 6.2.7).
    """
    if x <= 0:
        return 0.0
    log_kernel = _log_gamma_kernel(a, x)
    if x > a + 1:
        return log_kernel + math.log(_fraction(_gamma_terms(a, x)))
    term = total = 1 / a
    for k in count(1):
        term *= x / (a + k)
        total += term
        if term < total * _CONVERGED / 10:
            break
    return _log_complement(math.exp(log_kernel) * total)


def _log_gamma_kernel(a: float, x: float) -> float:
    """log(x^a e^-x / Gamma(a)), by Loader's decomposition."""
    distance = x - a
    return (
        math.log(a) / 2
        - _LOG_SQRT_2PI
        - stirling_error(a)
        + a * _log_ratio(distance / a, x, a)
        - distance
    )


def _gamma_terms(a: float, x: float) -> Iterator[tuple[float, float]]:
    yield 1.0, x + 1 - a
    for k in count(1):
        yield k * (a - k), x + 2 * k + 1 - a


def _log_complement(probability: float) -> float:
    """log(1 - probability): 0 and not -0 where the probability underflows."""
    return math.log1p(-probability) + 0.0


def _log_ratio(excess: float, part: float, whole: float) -> float:
    """log(part / whole), where excess = part / whole - 1 is known without cancellation."""
    return math.log1p(excess) if abs(excess) < 0.5 else math.log(part / whole)


def stirling_error(a: float) -> float:
    """The error of Stirling's formula for log Gamma(a): DLMF 5.11.1 where that converges."""
    if a < 10:
        return math.lgamma(a) - (a - 0.5) * math.log(a) + a - _LOG_SQRT_2PI
    u = 1 / (a * a)
    series = 1 / 1188 - u * 691 / 360360
    for coefficient in (1 / 1680, 1 / 1260, 1 / 360, 1 / 12):
        series = coefficient - u * series
    return series / a


def _fraction(terms: Iterator[tuple[float, float]]) -> float:
    """a1/(b1 + a2/(b2 + ...)) from the pairs (a, b), by Lentz's method as modified in NR 5.2."""
    value = c = _TINY
    d = 0.0
    for a, b in terms:
        d = 1 / (b + a * d or _TINY)
        c = b + a / c or _TINY
        value *= c * d
        if abs(c * d - 1) < _CONVERGED:
            break
    return value
