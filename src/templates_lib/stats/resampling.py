"""Covariances of bootstrap samples of respondents, with a variable of pure noise beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from templates_lib.stats import imputation

# Rows times draws that are held at a time.
ROWS = 2**21
# Where EM in a bootstrap sample ends, in standard errors of a mean: far below its own noise.
DRAW_TOLERANCE = 0.1


def bootstrapped_covariances(
    data: np.ndarray, model: imputation.Normal, *, draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Covariances of samples of the rows, with the probe as the last variable, by the chunk."""
    data = (data - model.mean) / np.sqrt(np.diag(model.covariance))
    if np.isnan(data).any():
        yield from _imputed(data, draws=draws, rng=rng)
    else:
        yield from _weighted(data, draws=draws, rng=rng)


def _imputed(data: np.ndarray, *, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Each sample gets its own EM and its own draw of what is missing."""
    n, width = data.shape
    start = imputation.em(data)
    found = imputation.patterns(data)
    for _ in range(draws):
        rows = rng.integers(n, size=n)
        counts = np.bincount(rows, minlength=n)
        model = imputation.em(data, counts, start=start, tolerance=DRAW_TOLERANCE / np.sqrt(n))
        sample = imputation.Patterns(found.observed, found.of_row[rows])
        complete = imputation.fill(data[rows], sample, model, rng)
        probe = rng.standard_normal(n)[rows]
        yield np.cov(np.column_stack([complete, probe]), rowvar=False, bias=True)[None]


def _weighted(data: np.ndarray, *, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Samples as counts of the rows: their sums of products are products of matrices."""
    n, width = data.shape
    upper = np.triu_indices(width)
    size = max(1, min(64, ROWS // n))
    block = max(1, ROWS // len(upper[0]))
    for first in range(0, draws, size):
        now = min(size, draws - first)
        counts = np.stack(
            [np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(now)]
        ).astype(float)
        # A respondent keeps the probe wherever the sample repeats the respondent, as a driver
        # without any effect would.
        probe = rng.standard_normal((now, n))
        moments = np.zeros((now, width + 1, width + 1))
        means = np.zeros((now, width + 1))
        for start in range(0, n, block):
            rows = slice(start, start + block)
            part, weight = data[rows], counts[:, rows]
            noise = weight * probe[:, rows]
            products = weight @ (part[:, upper[0]] * part[:, upper[1]])
            moments[:, upper[0], upper[1]] += products
            moments[:, :-1, -1] += noise @ part
            moments[:, -1, -1] += (noise * probe[:, rows]).sum(axis=1)
            means[:, :-1] += weight @ part
            means[:, -1] += noise.sum(axis=1)
        moments = np.triu(moments) + np.swapaxes(np.triu(moments, 1), 1, 2)
        means /= n
        yield moments / n - means[:, :, None] * means[:, None, :]
