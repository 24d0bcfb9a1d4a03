"""Gamma-Gamma: the mean value of a customer's purchases, from few of them.

Values of a customer's purchases are gamma with shape p; the rate differs between customers by a
gamma distribution (q, gamma). It takes positive values, and that how much a customer spends does
not go with how often.

References: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value; Fader, Hardie & Lee
(2005), Journal of Marketing Research 42:415.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from templates_lib.stats.likelihood import FittedModel, maximise

LIMITS = {"p": 12.0, "q": 12.0, "gamma": 25.0}
STARTS = ((1.0, 2.0, 1.0), (6.0, 4.0, 0.5), (2.0, 10.0, 5.0))


@dataclass(frozen=True, eq=False)
class GammaGamma(FittedModel):
    """A fitted model: p, q and gamma (in the unit of the values)."""

    def at(self, vector: np.ndarray) -> GammaGamma:
        """The same model at other parameters, within the limits of the fit: a step of a bootstrap
        sample may lead far beyond them where the data say little."""
        most = np.array([*LIMITS.values()])
        return super().at(np.clip(vector, -most, most))

    @property
    def information(self) -> np.ndarray:
        """Minus the second derivatives of the log-likelihood by `vector`."""
        return self.fit.information

    def slopes(self, count: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """The derivatives of the log-likelihood of each mean by `vector`, shape (3, means)."""
        return _log_likelihood(self.vector, count, mean)[1]

    @property
    def has_mean(self) -> bool:
        """Whether the mean over customers is finite: q > 1."""
        return bool(self.fit.parameters[1] > 1)

    @property
    def mean(self) -> float:
        """Mean value of a purchase over customers."""
        p, q, gamma = self.fit.parameters
        return float(p * gamma / (q - 1))

    def expected(self, count: ArrayLike, mean: ArrayLike) -> np.ndarray:
        """Expected value of a further purchase, given `count` values of the mean `mean`.

        Without values (`count` 0, whatever the mean) it is the mean over customers.
        """
        p, q, gamma = self.fit.parameters
        count = np.asarray(count, float)
        total = np.where(count > 0, count * np.asarray(mean, float), 0.0)
        return p * (gamma + total) / (p * count + q - 1)

    def draw(
        self, count: np.ndarray, mean: np.ndarray, row: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """A value for each purchase, of the customers at the places `row`."""
        p, q, gamma = self.fit.parameters
        total = np.where(count > 0, count * mean, 0.0)
        rate = rng.gamma(q + p * count, 1 / (gamma + total))
        return rng.gamma(p, 1 / rate[row])


def fit(count: ArrayLike, mean: ArrayLike, weight: ArrayLike | None = None) -> GammaGamma:
    """Maximum likelihood, from several starts.

    Parameters
    ----------
    count, mean : number and mean of each customer's values
    weight : customers that each row stands for

    Raises
    ------
    ValueError
        Unless every count is at least 1 and every mean above 0.
    """
    count, mean = np.asarray(count, float), np.asarray(mean, float)
    if not len(count) or not ((count >= 1) & (mean > 0)).all():
        raise ValueError("expected counts of at least 1 and means above 0")
    weight = np.ones(len(count)) if weight is None else np.asarray(weight, float)
    scale = np.array([1.0, 1.0, np.average(mean, weights=weight)])
    starts = [np.log(np.array(start) * scale) for start in STARTS]
    return GammaGamma(
        maximise(lambda logs: _log_likelihood(logs, count, mean), starts, weight, LIMITS)
    )


def _log_likelihood(
    logs: np.ndarray, count: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood of each mean, and its derivatives by the logarithms of the parameters."""
    p, q, gamma = np.exp(logs)
    shape, total = p * count, count * mean
    values = (
        -special.betaln(shape, q) + q * np.log(gamma) + shape * np.log(total) - np.log(mean)
        - (shape + q) * np.log(gamma + total)
    )  # fmt: skip
    psi = special.digamma
    slopes = np.stack([
        count * (psi(shape + q) - psi(shape) + np.log(total) - np.log(gamma + total)),
        psi(shape + q) - psi(q) + np.log(gamma) - np.log(gamma + total),
        q / gamma - (shape + q) / (gamma + total),
    ])  # fmt: skip
    return values, slopes * np.exp(logs)[:, None]
