"""Means of subjects drawn towards the mean of all: the fewer their values, the more.

The normal–normal model of empirical Bayes, in actuarial terms Bühlmann's credibility: a subject's
values scatter around its own mean (variance `within`), those means around the mean of all
(variance `between`). The means are the best linear ones, whatever the distributions; values may be
negative.

References: Searle, Casella & McCulloch (1992), Variance Components, section 3.6; Bühlmann &
Gisler (2005), A Course in Credibility Theory, chapter 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Shrinkage(NamedTuple):
    """The mean of all with its standard error, the two variances, and n (subjects)."""

    mean: float
    se: float
    within: float
    between: float
    n: int

    @property
    def vector(self) -> np.ndarray:
        """The mean, of which the interval takes account; the variances are taken as known."""
        return np.array([self.mean])

    @property
    def covariance(self) -> np.ndarray:
        """Of `vector`."""
        return np.array([[self.se**2]])

    def at(self, vector: np.ndarray) -> Shrinkage:
        """The same model with another mean."""
        return self._replace(mean=float(vector[0]))

    @property
    def information(self) -> np.ndarray:
        """Of the mean: minus the second derivative of the normal log-likelihood."""
        return np.array([[1 / self.se**2 if self.se else np.inf]])

    def slopes(self, count: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """The derivatives of the normal log-likelihood of each subject's mean by the mean of all,
        shape (1, subjects)."""
        variance = self.between + self.within / count
        return np.divide(mean - self.mean, variance, where=variance > 0, out=0 * mean)[None]

    def weight(self, count: ArrayLike) -> np.ndarray:
        """What a subject's own mean counts, from 0 to 1, by its number of values."""
        count = np.asarray(count, float)
        if self.between == 0:
            return np.zeros(count.shape)
        return count / (count + self.within / self.between)

    def expected(self, count: ArrayLike, mean: ArrayLike) -> np.ndarray:
        """Expected value of a further purchase; without values the mean of all."""
        own = np.where(np.asarray(count) > 0, mean, self.mean)
        return self.mean + self.weight(count) * (own - self.mean)

    def draw(
        self, count: np.ndarray, mean: np.ndarray, row: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """A value for each purchase, of the subjects at the places `row`; normal."""
        spread = np.sqrt(self.between * (1 - self.weight(count)))
        own = rng.normal(self.expected(count, mean), spread)
        return rng.normal(own[row], np.sqrt(self.within))


def fit(
    count: ArrayLike,
    subjects: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike,
    squared_totals: ArrayLike,
) -> Shrinkage:
    """Variance components of the unbalanced one-way layout, by the analysis of variance.

    Parameters
    ----------
    count : number of values of a subject, at least 1, by row
    subjects : how many subjects with so many values the row stands for
    total, squares : sum of their values, and of the squares of the values
    squared_totals : sum over them of the square of each one's own sum

    Raises
    ------
    ValueError
        With fewer than two subjects, or none with two values, or a count of 0.
    """
    count, subjects, total, squares, squared_totals = (
        np.asarray(v, float) for v in (count, subjects, total, squares, squared_totals)
    )
    values, n = count @ subjects, subjects.sum()
    if n < 2 or values <= n or count.min() < 1:
        raise ValueError("expected two subjects or more, each with values and one with several")
    of_means = (squared_totals / count).sum()
    within = max(float(squares.sum() - of_means) / (values - n), 0.0)
    spread = float(of_means - total.sum() ** 2 / values) / (n - 1)
    per_subject = (values - (count**2) @ subjects / values) / (n - 1)
    between = max((spread - within) / per_subject, 0.0)
    variance = between + within / count
    if not variance.all():  # all values are equal
        return Shrinkage(float(total.sum() / values), 0.0, within, between, int(n))
    weight = subjects @ (1 / variance)
    mean = float((total / count) @ (1 / variance) / weight)
    return Shrinkage(mean, float(weight**-0.5), within, between, int(n))
