"""When themes repeat: new themes interview by interview, and over every order of the interviews.

The rule is that of Guest, Namey and Chen (2020): the themes of the first interviews are the base;
of a run of later ones the new themes are counted; themes repeat once these are at most a small
share of the base.

References
----------
Guest, G., Namey, E., & Chen, M. (2020). A simple method to assess and report thematic saturation
in qualitative research. PLOS ONE 15(5), e0232076. https://doi.org/10.1371/journal.pone.0232076
Hurlbert, S. H. (1971). The nonconcept of species diversity. Ecology 52(4), 577-586 (the mean of
distinct themes over all orders).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammaln

DRAWS = 2000
CURVE = ["interviews", "new_themes", "themes", "expected", "low", "high"]
RUNS = ["interviews", "new_themes", "base_themes", "new_share"]


class Stop(NamedTuple):
    """After how many interviews themes repeat: as they were held, and over orders of them.

    interviews : None where they do not repeat yet
    share : of the orders, those in which they do
    low, high : 2.5 % and 97.5 % of the orders; high is nan where more than 2.5 % never do
    n : interviews
    """

    interviews: int | None
    share: float
    low: float
    high: float
    n: int


def incidence(told: pd.DataFrame, order: list[str]) -> np.ndarray:
    """Whether each interview holds each theme, interviews (in ``order``) × themes.

    Parameters
    ----------
    told : one row an interview and theme: interview_id, theme
    """
    table = pd.crosstab(told["interview_id"], told["theme"]).reindex(order, fill_value=0)
    return table.to_numpy() > 0


def curve(told: np.ndarray, *, draws: int = DRAWS, seed: int) -> pd.DataFrame:
    """Distinct themes after each interview.

    Returns
    -------
    Columns: interviews (so far), new_themes, themes (so far, in the order held), expected (mean
    over all orders, exact), low, high (2.5 % and 97.5 % of ``draws`` orders).
    """
    n, _ = told.shape
    first = _first(told[None])[0]
    seen = np.array([(first < k).sum() for k in range(1, n + 1)])
    over = _first(told[_orders(n, draws, seed)])
    counts = np.stack([(over < k).sum(axis=1) for k in range(1, n + 1)], axis=1)
    low, high = np.quantile(counts, [0.025, 0.975], axis=0)
    return pd.DataFrame({
        "interviews": np.arange(1, n + 1), "new_themes": np.diff(seen, prepend=0), "themes": seen,
        "expected": expected(told), "low": low, "high": high,
    })[CURVE]  # fmt: skip


def expected(told: np.ndarray) -> np.ndarray:
    """Mean number of distinct themes in k of the interviews, for each k, over all orders."""
    n = len(told)
    k = np.arange(1, n + 1)[:, None]
    absent = n - told.sum(axis=0)[None, :]
    with np.errstate(invalid="ignore"):
        log = gammaln(absent + 1) - gammaln(absent - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    missed = np.where(absent >= k, np.exp(log), 0.0)
    return (1 - missed).sum(axis=1)


def runs(told: np.ndarray, *, base_size: int, run_length: int) -> pd.DataFrame:
    """New themes of each run of interviews against the themes of the base.

    Returns
    -------
    Columns: interviews (the last one of the run), new_themes (in the run), base_themes,
    new_share (new_themes / base_themes). No rows under base and run together.
    """
    first = _first(told[None])[0]
    base = int((first < base_size).sum())
    rows = []
    for last in range(base_size + run_length, len(told) + 1):
        new = int(((first >= last - run_length) & (first < last)).sum())
        rows.append((last, new, base, new / base if base else np.nan))
    return pd.DataFrame(rows, columns=RUNS)


def repeats(
    told: np.ndarray, *, base_size: int, run_length: int, new_share: float, draws: int = DRAWS,
    seed: int,
) -> Stop | None:  # fmt: skip
    """After how many interviews themes repeat; None under base and run together, or no theme."""
    n, themes = told.shape
    if n < base_size + run_length or not themes:
        return None
    rule = {"base_size": base_size, "run_length": run_length, "new_share": new_share}
    held = _stops(_first(told[None]), n, **rule)[0]
    over = _stops(_first(told[_orders(n, draws, seed)]), n, **rule)
    low, high = np.quantile(np.where(np.isnan(over), np.inf, over), [0.025, 0.975], method="lower")
    return Stop(
        None if np.isnan(held) else int(held), float((~np.isnan(over)).mean()),
        float(low) if np.isfinite(low) else np.nan, float(high) if np.isfinite(high) else np.nan, n,
    )  # fmt: skip


def _stops(
    first: np.ndarray, n: int, *, base_size: int, run_length: int, new_share: float
) -> np.ndarray:
    """The last interview of the first run that brings few enough themes, nan where none does."""
    base = (first < base_size).sum(axis=1)
    stops = np.full(len(first), np.nan)
    for last in range(n, base_size + run_length - 1, -1):
        new = ((first >= last - run_length) & (first < last)).sum(axis=1)
        stops[(base > 0) & (new <= new_share * base)] = last
    return stops


def _orders(n: int, draws: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)


def _first(told: np.ndarray) -> np.ndarray:
    """At which interview (from 0) each theme is first told, orders × themes; the number of
    interviews where it never is."""
    return np.where(told.any(axis=1), told.argmax(axis=1), told.shape[1])
