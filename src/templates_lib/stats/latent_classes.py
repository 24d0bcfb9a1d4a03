"""Latent classes of given answers: how many, who is in which, and whether they hold.

StepMix estimates (maximum likelihood by EM; what a person was not asked or did not answer stays
missing). Equal answers are one weighted row, so that time does not grow with the number of people.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from stepmix.stepmix import StepMix

STARTS = 50
DRAWS = 100
Named = Callable[[np.ndarray, tuple[np.ndarray, ...]], Sequence[Hashable]]
"""From the classes' shares and probabilities to a name of each; of one name, they are one group."""

FEWEST_ITEMS = 3  # two tables of answers do not tell how many classes made them
# EM ends where the mean log-likelihood of a person changes less, or after so many steps: short
# runs from every start, then on from the best of them (Biernacki et al. 2003).
SHORT, LONG = (1e-5, 50), (1e-8, 2000)
FINALISTS = 3
ENOUGH = 2  # numbers of classes in a row that are worse than the best so far
SAME = 0.5  # of the log-likelihood: short runs that end so near lead to the same solution
STABLE, DOUBTFUL = 0.75, 0.60
SMALLEST = 1e-15


@dataclass(frozen=True)
class Fit:
    """A latent class model at its best start; the largest class comes first.

    ``probabilities`` has an array an item, of shape (classes, levels); ``posterior`` has the shape
    (people, classes); ``starts_alike`` are the starts that ended at this solution.
    """

    classes: int
    log_likelihood: float
    parameters: int
    bic: float
    starts_alike: int
    shares: np.ndarray
    probabilities: tuple[np.ndarray, ...]
    posterior: np.ndarray
    _start: dict[str, Any]

    @property
    def assigned(self) -> np.ndarray:
        """Each person's likeliest class, of shape (people,)."""
        return self.posterior.argmax(axis=1)

    @property
    def entropy_r2(self) -> float:
        """How well the answers tell the classes apart: 1 is without doubt, 0 not at all; nan with
        one class."""
        if self.classes == 1:
            return np.nan
        p = np.clip(self.posterior, SMALLEST, 1)
        return float(1 + (p * np.log(p)).sum() / (len(p) * np.log(self.classes)))

    @property
    def error_share(self) -> float:
        """Share of people expected to be in another class than their likeliest one."""
        return float(1 - self.posterior.max(axis=1).mean())


@dataclass(frozen=True)
class Stability:
    """How far each group is found again among people drawn anew.

    ``jaccard`` is the mean over the draws, of shape (groups,); ``shares`` has the share of the
    group that is most alike in each draw, of shape (draws, groups).
    """

    jaccard: np.ndarray
    shares: np.ndarray


class _Items:
    """Answers as StepMix takes them: equal rows once, and levels of more than two in columns."""

    def __init__(self, codes: np.ndarray, levels: Sequence[int]) -> None:
        rows, self.of_person = np.unique(
            np.where(np.isnan(codes), -1, codes), axis=0, return_inverse=True
        )
        self.of_person = self.of_person.reshape(-1)
        self.levels = tuple(levels)
        self.people = len(codes)
        pairs = [i for i, m in enumerate(levels) if m == 2]
        self._order = pairs + [i for i, m in enumerate(levels) if m != 2]
        blocks = [self._columns(rows[:, i], m) for i, m in enumerate(levels)]
        self.rows = np.hstack([blocks[i] for i in self._order])
        self.measurement: dict[str, Any] = {}
        if pairs:
            self.measurement["pairs"] = {"model": "binary_nan", "n_columns": len(pairs)}
        for i in self._order[len(pairs) :]:
            self.measurement[f"item {i}"] = {
                "model": "categorical_nan", "n_columns": levels[i], "integer_codes": False,
                "max_n_outcomes": levels[i], "total_outcomes": levels[i],
            }  # fmt: skip

    @staticmethod
    def _columns(codes: np.ndarray, levels: int) -> np.ndarray:
        missing = codes < 0
        if levels == 2:
            return np.where(missing, np.nan, codes)[:, None]
        columns = np.eye(levels)[np.where(missing, 0, codes).astype(int)]
        columns[missing] = np.nan
        return columns

    def probabilities(self, model: StepMix) -> tuple[np.ndarray, ...]:
        """Of each item in the order given: classes × levels."""
        found: dict[int, np.ndarray] = {}
        measured = model.get_parameters()["measurement"]
        pairs = iter(measured["pairs"]["pis"].T if "pairs" in measured else ())
        for i in self._order:
            if self.levels[i] == 2:
                p = next(pairs)
                found[i] = np.column_stack([1 - p, p])
            else:
                found[i] = measured[f"item {i}"]["pis"]
        return tuple(found[i] for i in range(len(self.levels)))


class _Started(StepMix):
    """StepMix whose first starts are given solutions."""

    given: Sequence[dict[str, Any]] = ()

    def _initialize_parameters(self, X: np.ndarray, random_state: np.random.RandomState) -> None:  # noqa: N803
        super()._initialize_parameters(X, random_state)
        if self.given:
            first, *self.given = self.given
            self.set_parameters(deepcopy(first))


def _estimate(
    items: _Items, weights: np.ndarray, classes: int, *, run: tuple[float, int], starts: int,
    seed: int = 0, given: Sequence[dict[str, Any]] = (),
) -> StepMix:  # fmt: skip
    tolerance, steps = run
    model = _Started(
        n_components=classes, measurement=items.measurement, n_init=starts, abs_tol=tolerance,
        max_iter=steps, random_state=seed, progress_bar=0, save_param_init=True,
    )  # fmt: skip
    model.given = given
    drawn = weights > 0
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # short runs need not converge
        model.fit(items.rows[drawn], sample_weight=weights[drawn])
    return model


def _checked(codes: np.ndarray, levels: Sequence[int]) -> np.ndarray:
    codes = np.asarray(codes, dtype=float)
    if codes.ndim != 2 or codes.shape[1] != len(levels):
        raise ValueError(f"codes has shape {codes.shape}; expected people × {len(levels)} items")
    given = ~np.isnan(codes)
    if not ((codes[given] >= 0).all() and (codes[given] == np.rint(codes[given])).all()):
        raise ValueError("an answer is a whole number from 0, or nan")
    if (np.where(given, codes, 0) >= np.asarray(levels)).any() or min(levels) < 2:
        raise ValueError("an item has two levels or more, and no answer beyond them")
    if not given.any(axis=1).all():
        raise ValueError("a person without any answer belongs to no class")
    return codes


def most_classes(levels: Sequence[int]) -> int:
    """The most classes that so many items can tell apart: 1 under three items, else as many as
    leave a degree of freedom."""
    if len(levels) < FEWEST_ITEMS:
        return 1
    cells = float(np.prod(np.asarray(levels, dtype=float)))
    each = sum(m - 1 for m in levels)
    return max(1, int(min((cells - 1) // (each + 1), 1e6)))


def fits(
    codes: np.ndarray, levels: Sequence[int], *, max_classes: int, starts: int = STARTS,
    seed: int = 0,
) -> list[Fit]:  # fmt: skip
    """Models of 1 to ``max_classes`` classes, each the best of random starts; no more are tried
    once two in a row have a higher BIC than the best.

    Parameters
    ----------
    codes : people × items: 0 … levels − 1 of each item, nan where it was not answered
    levels : the number of levels of each item
    max_classes : fewer are tried where the items cannot tell so many apart

    Raises
    ------
    ValueError
        For codes outside their levels, or a person without any answer.

    References
    ----------
    Goodman (1974), Biometrika 61:215. Morin et al. (2025), StepMix, J. Statistical Software 113.
    """
    codes = _checked(codes, levels)
    items = _Items(codes, levels)
    weights = np.bincount(items.of_person).astype(float)
    most = min(max_classes, most_classes(levels), len(items.rows))
    found = []
    for classes in range(1, most + 1):
        short = _estimate(items, weights, classes, run=SHORT, starts=starts, seed=seed)
        reached = np.nan_to_num(short.lower_bound_buffer_, nan=-np.inf)
        best = np.argsort(-reached, kind="stable")[:FINALISTS]
        given = [short.param_buffer_[place] for place in best]
        model = _estimate(items, weights, classes, run=LONG, starts=len(given), given=given)
        if not np.isfinite(model.lower_bound_):
            break
        alike = items.people * (reached.max() - reached) < SAME
        found.append(_fit(model, items, int(alike.sum())))
        if classes - chosen(found).classes >= ENOUGH:
            break
    return found


def _fit(model: StepMix, items: _Items, starts_alike: int) -> Fit:
    n = items.people
    model.permute_classes(np.argsort(-model.weights_, kind="stable"))
    best = model.lower_bound_ * n
    posterior = np.atleast_2d(model.predict_proba(items.rows))[items.of_person]
    return Fit(
        classes=model.n_components, log_likelihood=best, parameters=model.n_parameters,
        bic=-2 * best + model.n_parameters * np.log(n),
        starts_alike=starts_alike, shares=model.weights_.copy(),
        probabilities=items.probabilities(model), posterior=posterior,
        _start=deepcopy(model.get_parameters()),
    )  # fmt: skip


def chosen(found: Sequence[Fit]) -> Fit:
    """The model of the lowest BIC."""
    return min(found, key=lambda fit: fit.bic)


def grouped(values: np.ndarray, names: Sequence[Hashable]) -> np.ndarray:
    """Columns of one name added up, in the order in which the names come."""
    own = np.array([[a == b for b in dict.fromkeys(names)] for a in names], dtype=float)
    return values @ own


def stability(
    codes: np.ndarray, levels: Sequence[int], fit: Fit, *, name: Named | None = None,
    draws: int = DRAWS, restarts: int = 2, seed: int = 0,
) -> Stability:  # fmt: skip
    """Whether the classes are found again among people drawn anew; with ``name`` the groups of
    classes of one name, in the solution as in each draw.

    Each draw of people, with replacement, is fitted from the solution and from ``restarts`` random
    starts; the best holds. A class is as stable as its people are together again: the mean, over
    the draws, of the largest Jaccard similarity to a class of the draw, among the people drawn.
    From 0.85 a class is highly stable, from 0.75 stable, from 0.60 a pattern whose members are in
    doubt; under that it is none.

    References
    ----------
    Hennig (2007), Computational Statistics & Data Analysis 52:258.
    """
    codes = _checked(codes, levels)
    items = _Items(codes, levels)
    rng = np.random.default_rng(seed)
    names = name or (lambda shares, probabilities: range(len(shares)))
    solution = grouped(fit.posterior, names(fit.shares, fit.probabilities))
    own = np.empty(len(items.rows), dtype=int)
    own[items.of_person] = solution.argmax(axis=1)
    jaccard, shares = np.empty((2, draws, solution.shape[1]))
    for draw in range(draws):
        people = rng.integers(items.people, size=items.people)
        weights = np.bincount(items.of_person[people], minlength=len(items.rows)).astype(float)
        model = _estimate(
            items, weights, fit.classes, run=SHORT, starts=1 + restarts,
            seed=int(rng.integers(2**31)), given=[fit._start],
        )  # fmt: skip
        called = names(model.weights_, items.probabilities(model))
        again = grouped(model.predict_proba(items.rows), called).argmax(axis=1)
        sizes = grouped(model.weights_[None], called)[0]
        once = np.bincount(items.of_person[np.unique(people)], minlength=len(items.rows))
        both = np.zeros((solution.shape[1], len(sizes)))
        np.add.at(both, (own, again), once)
        either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
        alike = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
        jaccard[draw] = alike.max(axis=1)
        shares[draw] = sizes[alike.argmax(axis=1)]
    return Stability(jaccard.mean(axis=0), shares)
