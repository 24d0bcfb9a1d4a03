"""What customers of equal histories are expected to buy and bring, summed up with intervals.

The interval of purchases holds the errors of the model's parameters (the delta method) and the
chance of each purchase; that of money the bootstrap of customers and the same chance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.projection.histories import Fitted, seen
from templates_lib.stats import bg_nbd, purchase_models
from templates_lib.stats.bg_nbd import BgNbd
from templates_lib.stats.purchase_models import Futures

DRAWS = (10, 50)  # the fewest and the most
DRAWN = 1_000_000  # purchases drawn, where that many make the fewest
YEAR_DAYS = 365.0
Z = stats.norm.isf(0.025)
ENDS = [0.025, 0.975]


def draws(expected: float, limits: tuple[int, int] = DRAWS) -> int:
    """How often futures are drawn that hold so many purchases."""
    return int(np.clip(DRAWN / max(expected, 1.0), *limits))


def by_part(
    fitted: Fitted, counts: pd.DataFrame, edges: np.ndarray, *, rate: float = 0.0
) -> pd.DataFrame:
    """Expected purchases and their value by the column ``part``, and of all.

    Parameters
    ----------
    edges : days from the end of the histories, from 0 to the horizon
    rate : by year, at which value is discounted, in the middle between two edges

    Returns
    -------
    Columns: part, customers, living, expected_active, active_low, active_high (customers with a
    purchase within the horizon), expected_purchases, purchases_low, purchases_high,
    expected_value, low, high.
    """
    parts, place = np.unique(counts["part"], return_inverse=True)
    member = np.vstack([*(place == i for i in range(len(parts))), np.ones(len(place), bool)])
    discounts = purchase_models.discounts(edges, rate, YEAR_DAYS)
    found = _summed(
        fitted, counts, edges, member, np.ones((len(discounts), 1)), discounts, place=place
    )
    weight = counts["customers"].to_numpy(float)
    living = member @ (weight * bg_nbd.alive(fitted.models.purchases, seen(counts)[0]))
    found.insert(0, "part", [*parts, "all"])
    found.insert(1, "customers", (member @ weight).astype(int))
    found.insert(2, "living", living)
    return found


def by_step(fitted: Fitted, counts: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    """Of all customers, between each two ``edges`` (days from the end of the histories).

    Returns
    -------
    Columns: those of ``by_part`` from expected_active on; nothing is discounted.
    """
    steps = len(edges) - 1
    member = np.ones((1, len(counts)), bool)
    return _summed(fitted, counts, edges, member, np.eye(steps), np.ones(steps), place=None)


def _summed(
    fitted: Fitted, counts: pd.DataFrame, edges: np.ndarray, member: np.ndarray,
    chosen: np.ndarray, discounts: np.ndarray, *, place: np.ndarray | None,
) -> pd.DataFrame:  # fmt: skip
    """Sums over cells and steps.

    Parameters
    ----------
    member : which cells belong to each sum, (sums, cells); the last one may be that of all
    chosen : which steps do, (steps, sums); only one of the two has several sums
    place : the sum of each cell; that of each step without it
    """
    models = fitted.models
    histories, mean = seen(counts)
    groups = len(edges) - 1 if place is None else int(place.max(initial=-1)) + 1

    def bought(model: BgNbd, how: np.ndarray) -> np.ndarray:
        each = purchase_models.purchases_between(model, histories, edges) @ how
        return member * (histories.weight * each.T)

    def purchases(model: BgNbd) -> np.ndarray:
        return bought(model, chosen).sum(axis=1)

    def group_of(drawn: Futures) -> np.ndarray:
        if place is not None:
            return place[drawn.cell]
        return np.searchsorted(edges, drawn.time, side="right") - 1

    def chance(drawn: Futures, amount: np.ndarray) -> np.ndarray:
        found = purchase_models.chance_variance(
            drawn, histories.weight, amount, group_of(drawn), groups
        )
        return found if place is None else np.append(found, found.sum())

    count = purchases(models.purchases)
    every = draws(count[-1] if place is not None else count.sum())
    drawn = purchase_models.futures(models, histories, mean, horizon=edges[-1], draws=every, seed=1)
    first = _first_of_each(drawn, group_of(drawn))
    active = np.bincount(
        group_of(first), histories.weight[first.cell] / every, minlength=groups
    )  # fmt: skip
    active = active if place is None else np.append(active, active.sum())
    error = purchase_models.error_variance(models.purchases, purchases)
    as_of_purchases = np.divide(active, count, where=count > 0, out=np.zeros(len(count)))
    step = np.clip(np.searchsorted(edges, drawn.time, side="right") - 1, 0, len(discounts) - 1)

    def paid(model: BgNbd) -> np.ndarray:
        return bought(model, discounts[:, None] * chosen)

    return pd.DataFrame(
        {
            **_around("active", active, error * as_of_purchases**2
                      + chance(first, np.ones(len(first.row)))),
            **_around("purchases", count, error + chance(drawn, np.ones(len(drawn.row)))),
            **_money(fitted, histories.x, mean, paid, chance(drawn, drawn.value * discounts[step])),
        }
    )  # fmt: skip


def _money(
    fitted: Fitted, x: np.ndarray, mean: np.ndarray, paid: Callable[[BgNbd], np.ndarray],
    chance: np.ndarray,
) -> dict[str, np.ndarray]:  # fmt: skip
    """The expected value of purchases, with the interval of the bootstrap of customers.

    Parameters
    ----------
    paid : gives for a model the discounted purchases of each sum by cell, (sums, cells)
    chance : variance of each sum that comes of the chance of each purchase
    """
    models = fitted.models
    amounts, worth = paid(models.purchases), models.values.expected(x, mean)
    slopes = purchase_models.slopes(models.purchases, lambda model: paid(model) @ worth)
    samples = fitted.purchase_shifts @ slopes
    for sample, shift in zip(samples, fitted.value_shifts, strict=True):
        sample += amounts @ models.values.at(models.values.vector + shift).expected(x, mean)
    samples += np.random.default_rng(3).normal(size=samples.shape) * np.sqrt(chance)
    low, high = np.quantile(samples, ENDS, axis=0)
    return {"expected_value": amounts @ worth, "low": low, "high": high}


def _around(name: str, estimate: np.ndarray, variance: np.ndarray) -> dict[str, np.ndarray]:
    half = Z * np.sqrt(variance)
    return {
        f"expected_{name}": estimate,
        f"{name}_low": np.maximum(estimate - half, 0.0),
        f"{name}_high": estimate + half,
    }


def _first_of_each(drawn: Futures, group: np.ndarray) -> Futures:
    """The first purchase that each drawn customer makes in each group."""
    key = drawn.row * (group.max(initial=0) + 1) + group
    order = np.lexsort([drawn.time, key])
    _, place = np.unique(key[order], return_index=True)
    kept = order[place]
    return Futures(*(field[kept] for field in drawn[:4]), drawn.draws)
