"""Customers and when they buy: arrivals, the planted returns, and orders that do not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.catalogue import catalogue
from templates_lib.demo.draws import DAYS, day_number, pick, pick_by, stream
from templates_lib.demo.money import priced
from templates_lib.demo.people import people, with_canary, with_companies, with_traits

OTHER_PEOPLE_SHARE = 0.1  # people known to the shop who never bought, as a share of customers


class Shop(NamedTuple):
    """The simulated shop.

    customers, orders and lines are numbered by their index; ``orders.customer`` is -1 where the
    buyer is not known. ``others`` are people who never bought.
    """

    seed: int
    products: pd.DataFrame
    customers: pd.DataFrame
    others: pd.DataFrame
    orders: pd.DataFrame
    lines: pd.DataFrame


def open_shop(
    *,
    seed: int,
    customers: int,
    season: Mapping[int, float] = truth.SEASON,
    canary: Mapping[str, str] | None = None,
) -> Shop:
    """The shop from its first day to the last one observed."""
    count = max(round(customers * OTHER_PEOPLE_SHARE), 40)
    everyone = people(stream(seed, "people"), customers + count)
    if canary:
        everyone = with_canary(everyone, canary)
    buyers = _customers(stream(seed, "customers"), everyone.head(customers), season)
    buyers = with_traits(stream(seed, "companies"), buyers)
    bought, is_returner = _purchases(stream(seed, "purchases"), buyers)
    placed = _with_noise(stream(seed, "noise"), bought)
    products = catalogue()
    orders, lines = priced(stream(seed, "money"), placed, buyers, products)
    return Shop(
        seed=seed,
        products=products,
        customers=buyers.assign(is_returner=is_returner),
        others=everyone.tail(count).reset_index(drop=True),
        orders=orders,
        lines=lines,
    )


def month_of(days: np.ndarray) -> np.ndarray:
    """Calendar month, 1 to 12, of days of the shop."""
    dates = np.datetime64(truth.OPENED) + days.astype("timedelta64[D]")
    return dates.astype("datetime64[M]").astype(int) % 12 + 1


def draw_categories(
    rng: np.random.Generator, shares: Mapping[str, float], days: np.ndarray
) -> np.ndarray:
    """A category for each day, with more gifts before Christmas."""
    by_month = {
        month: {**shares, "Lahjat": shares["Lahjat"] * truth.GIFT_SEASON.get(month, 1.0)}
        for month in range(1, 13)
    }
    return pick_by(rng, month_of(days), by_month)


def _customers(
    rng: np.random.Generator, everyone: pd.DataFrame, season: Mapping[int, float]
) -> pd.DataFrame:
    """The people with what is planted in them.

    Adds first_day, first_category, discovery, last_click, has_welcome_code, accepts_marketing,
    motive, kind, is_b2b and the company.
    """
    n = len(everyone)
    days = np.arange(DAYS)
    weight = np.array([season[month] for month in month_of(days)])
    weight = weight * (1 + (truth.GROWTH - 1) * days / DAYS)
    first_day = np.sort(rng.choice(days, n, p=weight / weight.sum()))
    rng.shuffle(first_day)
    shares = {name: category.share for name, category in truth.CATEGORIES.items()}
    category = draw_categories(rng, shares, first_day)
    discovery = pick(rng, {name: d.share for name, d in truth.DISCOVERY.items()}, n)
    clicks = {name: d.last_click for name, d in truth.DISCOVERY.items()}
    codes = {name: d.welcome_share for name, d in truth.DISCOVERY.items()}
    ordinary = 1 - sum(truth.LOSS_MAKERS.values())
    is_b2b = rng.random(n) < truth.B2B_SHARE
    is_gift = (category == "Lahjat") & (rng.random(n) < truth.MOTIVE_GIFT_IF_LAHJAT)
    found = everyone.assign(
        first_day=first_day,
        first_category=category,
        discovery=discovery,
        last_click=pick_by(rng, discovery, clicks),
        has_welcome_code=rng.random(n) < pd.Series(discovery).map(codes).to_numpy(),
        accepts_marketing=pick(rng, {"yes": 0.42, "no": 0.58}, n),
        motive=np.where(is_gift, "gift", pick(rng, truth.MOTIVES, n)),
        kind=pick(rng, {"ordinary": ordinary, **truth.LOSS_MAKERS}, n),
        is_b2b=is_b2b,
    )
    return with_companies(rng, found, is_b2b)


def _purchases(
    rng: np.random.Generator, customers: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Every purchase up to the last day (customer, number, day, category, has_problem), and
    whether each customer ever returns, be it after that day."""
    who = np.arange(len(customers))
    day = customers["first_day"].to_numpy()
    category = customers["first_category"].to_numpy()
    changed = day_number(truth.DELIVERY_CHANGED)
    found, is_returner = [], np.zeros(len(customers), dtype=bool)
    number = 1
    while len(who):
        failing = np.where(
            day >= changed, truth.PROBLEM_SHARE["after"], truth.PROBLEM_SHARE["before"]
        )
        problem = rng.random(len(who)) < failing
        found.append((who, np.full(len(who), number), day, category, problem))
        share = _returns(customers.iloc[who], number)
        share = np.minimum(share * np.where(problem, truth.PROBLEM_FACTOR, 1), truth.MOST_RETURN)
        back = rng.random(len(who)) < share
        if number == 1:
            is_returner = back
            gap = np.empty(len(who))
            for name, of_first in truth.CATEGORIES.items():
                gap[category == name] = _gaps(rng, of_first.gaps, (category == name).sum())
        else:
            gap = _gaps(rng, truth.REPEAT_GAPS, len(who))
        # a gap is a whole number of days, so that P(gap <= d) is that of the planted parts
        day = day + np.maximum(np.ceil(gap), 1).astype(int)
        back = back & (day < DAYS)
        who, day = who[back], day[back]
        category = draw_categories(rng, truth.REPEAT_CATEGORIES, day)
        number += 1
    columns = ("customer", "number", "day", "category", "has_problem")
    joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return pd.DataFrame(dict(zip(columns, joined, strict=True))), is_returner


def _returns(customers: pd.DataFrame, number: int) -> np.ndarray:
    """Share of each customer's likes that order again, before a problem and the limit."""
    is_b2b = customers["is_b2b"].to_numpy()
    if number > 1:
        share = max(truth.STAYS - truth.STAYS_DECLINE * (number - 2), truth.STAYS_LEAST)
        return share * np.where(is_b2b, truth.B2B_STAYS_FACTOR, 1)
    base = {name: category.returns for name, category in truth.CATEGORIES.items()}
    factor = {name: channel.return_factor for name, channel in truth.DISCOVERY.items()}
    share = customers["first_category"].map(base) * customers["discovery"].map(factor)
    share = share * np.where(customers["has_welcome_code"], truth.WELCOME_FACTOR, 1)
    return share.to_numpy() * np.where(is_b2b, truth.B2B_FACTOR, 1)


def _gaps(rng: np.random.Generator, parts: tuple, n: int) -> np.ndarray:
    """Gaps of those who return, by the mixture."""
    part = rng.choice(len(parts), n, p=[part.weight for part in parts])
    gaps = np.empty(n)
    for place, of_part in enumerate(parts):
        gaps[part == place] = of_part.draw(rng, (part == place).sum())
    return gaps


def _with_noise(rng: np.random.Generator, bought: pd.DataFrame) -> pd.DataFrame:
    """The purchases and, as orders of their own, what a raw export holds beside them.

    Adds ``kind``: ``counted``, or a name of ``NOISE``. Those orders have number 0: they are of
    customers after their first purchase, but for ``pos``, which is of nobody known.
    """
    parts = [bought.assign(kind="counted")]
    for kind, share in truth.NOISE.items():
        n = max(round(len(bought) * share), 3)
        noise = bought.iloc[rng.integers(0, len(bought), n)].assign(
            kind=kind, number=0, has_problem=False
        )
        if kind == "pos":
            noise["customer"] = -1
        if kind != "same_day":
            noise["day"] = np.minimum(noise["day"] + rng.integers(0, 30, n), DAYS - 1)
        parts.append(noise)
    return pd.concat(parts, ignore_index=True)
