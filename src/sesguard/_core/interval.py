"""How far from a measured share the true one may lie. Pure."""

from __future__ import annotations

from math import exp, lgamma, log, sqrt

__all__ = ["clopper_pearson"]

_TAIL = 0.025
_Z = 1.959963984540054  # leaves 0.025 in each tail of the normal distribution
_LARGE = 1_000_000


def clopper_pearson(successes: int, trials: int) -> tuple[float, float]:
    """
    The exact 95 % interval of a share.

    Wilson's interval is quicker, and for the smallest counts it is too sure of itself: one bounce
    out of one attempt would be "at least 20 %". Over a million trials the two look the same, and
    Wilson's is taken.

    Args:
        successes: From 0 to *trials*.

        trials: From 0.

    Returns:
        Lower and upper end. From 0 to 1 where nothing was tried.

    Source:
        Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of
        the binomial", Biometrika 26 (1934).
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    low, high = _wilson(successes, trials)
    if trials <= _LARGE:
        failures = trials - successes
        low = _quantile(successes, failures + 1, _TAIL, low) if successes else 0.0
        high = 1.0 - _quantile(failures, successes + 1, _TAIL, 1.0 - high) if failures else 1.0
    return min(low, share), max(high, share)


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    share = successes / trials
    centre = share + _Z * _Z / (2 * trials)
    spread = _Z * sqrt(share * (1 - share) / trials + (_Z / (2 * trials)) ** 2)
    whole = 1 + _Z * _Z / trials
    low = (centre - spread) / whole if successes else 0.0
    high = (centre + spread) / whole if successes < trials else 1.0
    return low, high


def _quantile(a: int, b: int, tail: float, guess: float) -> float:
    """Where the distribution Beta(a, b) has *tail* below: Newton's steps, kept in a bracket."""
    low, high, x = 0.0, 1.0, guess
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    for _ in range(64):  # pragma: no branch  # a handful of steps do
        density = exp(scale + (a - 1) * log(x) + (b - 1) * log(1 - x))
        error = _below(a, b, x, density) - tail
        low, high = (low, x) if error > 0 else (x, high)
        step = x - error / density if density else -1.0
        step = step if low < step < high else (low + high) / 2
        if abs(step - x) <= 1e-13 * x:
            break
        x = step
    return x


def _below(a: int, b: int, x: float, density: float) -> float:
    """The regularised incomplete beta function, out of Beta(a, b)'s density, for a low *x*."""
    return density * x * (1 - x) * _fraction(a, b, x) / a


def _fraction(a: int, b: int, x: float) -> float:
    """Its continued fraction, by Lentz's method (DLMF 8.17.22); quick below the mean."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):  # pragma: no branch  # at most some hundreds do
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value
