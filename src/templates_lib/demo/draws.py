"""Small draws that several parts of the demo shop share."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from templates_lib.demo.truth import AS_OF, OPENED, TIMEZONE

DAYS = (AS_OF - OPENED).days + 1


def stream(seed: int, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for each part, so that one can change alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def day_number(day: date) -> int:
    """Days from the opening of the shop."""
    return (day - OPENED).days


def pick(
    rng: np.random.Generator, shares: Mapping[str, float] | Sequence[str], n: int
) -> np.ndarray:
    """``n`` of the names, by their shares or all alike."""
    names = np.array(list(shares), dtype=object)
    if not isinstance(shares, Mapping):
        return names[rng.integers(0, len(names), n)]
    p = np.array(list(shares.values()), dtype=float)
    return names[rng.choice(len(names), n, p=p / p.sum())]


def pick_by(
    rng: np.random.Generator,
    groups: np.ndarray,
    shares: Mapping[str, Mapping[str, float] | Sequence[str]],
) -> np.ndarray:
    """One name for each group name, by the shares of its group, or all alike."""
    found = np.empty(len(groups), dtype=object)
    for group, of_group in shares.items():
        mask = groups == group
        found[mask] = pick(rng, of_group, mask.sum())
    return found


def local_times(
    rng: np.random.Generator, days: np.ndarray, hours: Sequence[float] | None = None
) -> pd.DatetimeIndex:
    """Clock times on days of the shop, most in the evening and a few at night."""
    shares = np.array(hours or (1.2, .6, .3, .2, .2, .4, 1, 2, 4, 5, 5.5, 6, 6, 5.5, 5.5, 6, 6.5, 7,
                                8, 9, 9, 7, 4.5, 2.5))  # fmt: skip
    hour = rng.choice(24, len(days), p=shares / shares.sum())
    # nothing begins in the last minutes of a day, so that what follows is on the same day
    seconds = hour * 3600 + rng.integers(0, np.where(hour == 23, 1200, 3600))
    start = np.datetime64(OPENED, "s")
    return pd.DatetimeIndex(start + days.astype("timedelta64[D]") + seconds.astype("m8[s]"))


def with_zone(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Clock times of Helsinki as instants; a time that came twice is the first of the two."""
    first = np.ones(len(times), dtype=bool)
    return times.tz_localize(TIMEZONE, ambiguous=first, nonexistent="shift_forward")


def utc(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Clock times of Helsinki as clock times of UTC."""
    return with_zone(times).tz_convert("UTC").tz_localize(None)
