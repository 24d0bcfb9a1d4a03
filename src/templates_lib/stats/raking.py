"""Weights that bring the margins of a sample to known shares (raking)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

SUM_TOLERANCE = 1e-6


class Raked(NamedTuple):
    """Weights and how raking ended.

    weights : on the index of the frame, of mean 1
    iterations : rounds over all margins
    is_converged : largest_gap is within the tolerance
    largest_gap : largest difference between a weighted share and its target, as a share
    n_trimmed : rows that stand at the largest weight allowed
    design_effect : Kish's 1 + squared coefficient of variation of the weights
    effective_n : rows / design_effect
    """

    weights: pd.Series
    iterations: int
    is_converged: bool
    largest_gap: float
    n_trimmed: int
    design_effect: float
    effective_n: float


def rake(
    frame: pd.DataFrame,
    margins: Mapping[str, Mapping[object, float]],
    *,
    base: pd.Series | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    trim: float | None = None,
) -> Raked:
    """Weights by iterative proportional fitting.

    Parameters
    ----------
    frame : one row per respondent, with the columns named in `margins`
    margins : column -> value -> its share in the target population; the shares of a column sum
        to 1. A value whose target is 0 may not stand in the frame.
    base : weights to start from, on the frame's index, above 0; all equal if None
    max_iterations : rounds over all margins
    tolerance : largest difference of a weighted share from its target that counts as reached
    trim : largest weight allowed, in mean weights (5 is usual); None for no limit. The margins
        are raked again after each cut, and are reached only where the limit allows it.

    Returns
    -------
    Raked. Look at `is_converged` before using the weights: margins that contradict each other,
    or a tight `trim`, leave a gap.

    Raises
    ------
    ValueError
        All at once: a missing column, shares that are not at least 0 or do not sum to 1, rows
        without a value, values without a target, and targets above 0 that nobody in the frame
        could carry. Merge such a category with its neighbour in both, or leave the column out:
        weights cannot speak for people of whom none answered.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11:427; design effect: Kish
    (1965), Survey Sampling, section 11.7. R: `survey::rake`, `loglin`.

    Examples
    --------
    >>> sample = pd.DataFrame({"region": ["north", "south", "south", "south"]})
    >>> rake(sample, {"region": {"north": 0.5, "south": 0.5}}).weights.round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    problems = _problems(frame, margins, base, trim)
    if problems:
        raise ValueError("; ".join(problems))
    places, targets = [], []
    for column, shares in margins.items():
        target = pd.Series(dict(shares), dtype=float)
        target = target[target > 0]
        places.append(target.index.get_indexer(frame[column]))
        targets.append(target.to_numpy())
    n = len(frame)
    weights = np.ones(n) if base is None else base.to_numpy(float) * n / base.sum()
    gap, iteration = _largest_gap(weights, places, targets), 0
    if trim is not None and weights.max() > trim:
        gap = np.inf
    while gap > tolerance and iteration < max_iterations:
        iteration += 1
        for place, target in zip(places, targets, strict=True):
            held = np.bincount(place, weights, len(target))
            weights = weights * (n * target / held)[place]
        if trim is not None:
            weights = _cut(weights, trim)
        gap = _largest_gap(weights, places, targets)
    design_effect = float(n * (weights @ weights) / weights.sum() ** 2)
    n_trimmed = 0 if trim is None else int((weights >= trim * (1 - SUM_TOLERANCE)).sum())
    return Raked(
        pd.Series(weights, index=frame.index, name="weight"),
        iteration,
        bool(gap <= tolerance),
        float(gap),
        n_trimmed,
        design_effect,
        n / design_effect,
    )


def _largest_gap(weights: np.ndarray, places: list[np.ndarray], targets: list[np.ndarray]) -> float:
    """Largest difference between a weighted share and its target, over all margins."""
    return max(
        np.abs(np.bincount(place, weights, len(target)) / weights.sum() - target).max()
        for place, target in zip(places, targets, strict=True)
    )


def _cut(weights: np.ndarray, most: float) -> np.ndarray:
    """Weights of mean 1, none above `most`: what is cut off is spread over the others."""
    weights = weights / weights.mean()
    is_cut = weights > most
    while is_cut.any() and not is_cut.all():
        left = len(weights) - most * is_cut.sum()
        weights = np.where(is_cut, most, weights * left / weights[~is_cut].sum())
        above = weights > most
        if not (above & ~is_cut).any():
            break
        is_cut |= above
    return weights


def _problems(
    frame: pd.DataFrame,
    margins: Mapping[str, Mapping[object, float]],
    base: pd.Series | None,
    trim: float | None,
) -> list[str]:
    """Everything that keeps the frame from being raked."""
    problems = []
    if len(frame) == 0 or not margins:
        problems.append("expected at least one row and one margin")
    if trim is not None and trim <= 1:
        problems.append(f"trim is {trim}; expected more than 1, the mean weight")
    if base is not None and not (
        base.index.equals(frame.index) and np.isfinite(base).all() and (base > 0).all()
    ):
        problems.append("base must hold a finite weight above 0 for every row of the frame")
    for column, shares in margins.items():
        if column not in frame.columns:
            problems.append(f"the frame has no column '{column}'")
            continue
        target = pd.Series(dict(shares), dtype=float)
        if not (target >= 0).all() or abs(target.sum() - 1) > SUM_TOLERANCE:
            problems.append(
                f"the shares of '{column}' sum to {target.sum():g}; expected shares of at least "
                "0 and a sum of 1"
            )
        values = frame[column]
        if values.isna().any():
            problems.append(f"'{column}' is missing in {values.isna().sum()} row(s)")
        found = set(values.dropna().unique())
        without = [str(v) for v in sorted(found, key=str) if not target.get(v, 0) > 0]
        if without:
            problems.append(f"'{column}' holds {', '.join(without)}, which has no target above 0")
        empty = [str(v) for v in target.index[target > 0] if v not in found]
        if empty:
            problems.append(
                f"nobody in the frame has '{column}' {', '.join(empty)}: merge it with another "
                "category in both, or leave the column out"
            )
    return problems
