"""How many items a comparison needs, and what each look at the results costs."""

from __future__ import annotations

import math

from scipy import stats

from acclimate.core.errors import ConfigError

MOST_ITEMS = 1_000_000


def items_for_preference(
    net: float, *, ties: float = 0.3, readings: int = 1, alike: float = 0.5, alpha: float = 0.05, power: float = 0.8
) -> int:
    """How many items show a net preference (share better less share worse) of `net` in `power` of all studies.

    `ties` is the share of readings without preference, `alike` the correlation of two readers of one item. An outcome
    is 1, 0 or -1, so its variance is (1 - ties) - net²; m readings an item divide it by m / (1 + (m - 1) · alike).
    The test is two-sided, items are independent: with several a subject, count subjects instead.

    >>> items_for_preference(0.2)
    130
    >>> items_for_preference(0.2, readings=3)
    87
    """
    if not 0 < net < 1 - ties <= 1 or not 0 <= alike <= 1 or readings < 1:
        raise ConfigError(
            f"A net preference of {net:g} with {ties:g} ties cannot be planned for.",
            hint="net must lie above 0 and below 1 less the share of ties, the correlation from 0 to 1",
        )
    variance = ((1 - ties) - net**2) * (1 + (readings - 1) * alike) / readings
    wanted = _quantiles(alpha, power) ** 2 * variance / net**2
    if wanted > MOST_ITEMS:
        raise ConfigError(f"That needs more than {MOST_ITEMS:,} items.", hint="look for a larger difference")
    return math.ceil(wanted)


def spent(alpha: float, looks: int) -> tuple[float, ...]:
    """How much of `alpha` each look may use, so that all looks together use no more: O'Brien and Fleming's spending.

    Lan and DeMets 1983. Each look is tested at its own part, which the union bound makes safe whatever the outcomes'
    correlation; a plan with one look loses nothing.

    >>> [round(part, 4) for part in spent(0.05, 2)]
    [0.0056, 0.0444]
    """
    z = float(stats.norm.isf(alpha / 2))
    so_far = [2 * float(stats.norm.sf(z / math.sqrt(look / looks))) for look in range(1, looks + 1)]
    return tuple(now - before for now, before in zip(so_far, [0.0, *so_far[:-1]], strict=True))


def _quantiles(alpha: float, power: float) -> float:
    return float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
