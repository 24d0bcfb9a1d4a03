"""Season of the second purchase: person-days by hand, R, planted seasons, and shops without one."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from templates_lib.repeat_purchase import season
from templates_lib.stats.standardised_rates import expected_events, standardised_ratios

AS_OF = date(2025, 12, 31)
FIRST = np.datetime64("2022-01-01")


def first_orders(first, second):
    days = {"first_on": pd.to_datetime(first).date, "second_on": pd.to_datetime(second).date}
    table = pd.DataFrame({"customer_id": [f"c{i}" for i in range(len(first))], **days})
    schema = {"customer_id": "string", "first_on": "date", "second_on": "date"}
    return ibis.memtable(table, schema=schema)


def simulated(rng, *, n, level, bursts=0.0):
    """Customers over four years whose chance of a return on a day is by time since the first
    purchase, times the `level` of the month of the year, times a burst of the month."""
    begin = rng.integers(0, 1400, n)
    day = FIRST + np.arange(1461)
    month = (day.astype("datetime64[M]") - FIRST.astype("datetime64[M]")).astype(int)
    burst = np.exp(bursts * rng.standard_normal(month.max() + 1))[month]
    factor = np.array([level.get(m % 12 + 1, 1.0) for m in month]) * burst
    second = np.full(n, -1)
    waits = np.full(n, True)
    for age in range(1, 1461):
        at = begin + age
        at_risk = np.flatnonzero(waits & (at < 1461))
        chance = 0.0015 * (1 + 3 * np.exp(-age / 40)) * factor[at[at_risk]]
        back = at_risk[rng.random(len(at_risk)) < chance]
        second[back] = at[back]
        waits[back] = False
    return begin, second


def orders_of(begin, second):
    dates = np.where(second >= 0, FIRST + second, np.datetime64("NaT"))
    return first_orders(FIRST + begin, dates)


def exposed_of(begin, second):
    return season.exposures(orders_of(begin, second), as_of=AS_OF)


# Counts


def test_exposures_are_those_of_one_row_a_person_and_day():
    rng = np.random.default_rng(1)
    begin, second = simulated(rng, n=60, level={})
    begin[:2], second[:2] = 1459, (-1, 1460)
    as_of = date(2025, 12, 10)  # December is no whole month
    second[second > 1439] = -1
    keep = begin <= 1439
    begin, second = begin[keep], second[keep]
    found = season.exposures(orders_of(begin, second), as_of=as_of)
    rows = []
    for first, back in zip(begin, second, strict=True):
        last = back if back >= 0 else 1439
        for day in range(first + 1, last + 1):
            month = str((FIRST + day).astype("datetime64[M]"))
            stratum = max(edge for edge in season.EDGES if edge <= day - first)
            rows.append((month, stratum, day == back, 1))
    people = pd.DataFrame(rows, columns=["month", "days_from", "events", "time"])
    people = people[people["month"] < "2025-12"].groupby(["month", "days_from"]).sum()
    seen = found.set_index(["month", "days_from"])
    assert seen["time"].sum() == people["time"].sum()
    both = seen[seen["time"] > 0]
    pd.testing.assert_frame_equal(both.astype(int), people.astype(int), check_index_type=False)
    assert found["month"].max() == "2025-11"


def test_a_second_purchase_on_the_first_day_is_left_out():
    table = first_orders(["2025-03-05", "2025-03-05"], ["2025-03-05", "2025-03-20"])
    found = season.exposures(table, as_of=AS_OF)
    assert found["events"].sum() == 1
    assert found["time"].sum() == 15


def test_nobody_has_no_season():
    table = first_orders(["2025-03-05"], ["NaT"]).filter(ibis.literal(value=False))
    assert season.season(season.exposures(table, as_of=AS_OF)) is None
    few = first_orders(["2024-03-05", "2024-04-05"], ["2024-05-20", "NaT"])
    assert season.season(season.exposures(few, as_of=AS_OF)) is None


# Estimates


def units(observed, *, expected):
    months = len(observed[0])
    return pd.DataFrame(
        {
            "month": list(range(months)) * len(observed),
            "year": np.repeat(range(len(observed)), months),
            "observed": np.concatenate(observed),
            "expected": expected,
        }
    )


def test_limits_are_those_of_r():
    # R: poisson.test(10, 8)$conf.int is 0.599423587, 2.298794505
    found = standardised_ratios(
        pd.DataFrame({"m": [1, 2], "b": 0, "observed": [10, 6], "expected": [8.0, 8.0]}),
        group="m",
        block="b",
    )
    row = found.ratios.iloc[0]
    assert row[["ratio", "low", "high"]].tolist() == pytest.approx([1.25, 0.599423587, 2.298794505])
    assert np.isnan([found.dispersion, found.p_value]).all()


def test_dispersion_is_that_of_r():
    # R: o <- c(10,14,9,33,12,18); m <- factor(rep(1:3,2)); b <- factor(rep(1:2,each=3))
    #    summary(glm(o ~ m + b, family = quasipoisson, offset = log(rep(12,6)),
    #             epsilon = 1e-14))$dispersion is 3.369653602; of c(10,14,9,13,22,8)
    # it is 0.4640929449, which counts as 1
    found = standardised_ratios(
        units([[10, 14, 9], [33, 12, 18]], expected=12.0), group="month", block="year"
    )
    assert found.dispersion == pytest.approx(3.369653602)
    calm = standardised_ratios(
        units([[10, 14, 9], [13, 22, 8]], expected=12.0), group="month", block="year"
    )
    assert calm.dispersion == 1
    # R: anova(lm(log((o + 0.5) / 12) ~ b + m))$`Pr(>F)`[2]
    assert found.p_value == pytest.approx(0.739706569940)
    # the blocks' own levels, 33 and 63, are taken out
    assert found.ratios["expected"].tolist() == pytest.approx([32, 32, 32])


def test_expected_events_add_up():
    cells = pd.DataFrame(
        {"u": list("aabb"), "s": [1, 2, 1, 2], "events": [3, 0, 1, 4], "time": [10, 0, 10, 20]}
    )
    found = expected_events(cells, stratum="s", unit=["u"])
    assert found["expected"].tolist() == pytest.approx([2.0, 6.0])
    assert found["observed"].tolist() == [3, 5]


@pytest.mark.parametrize("bursts", [0.0, 0.15])
def test_a_planted_season_is_recovered(bursts):
    rng = np.random.default_rng(2)
    level = {12: 1.8, 7: 0.5}
    found = season.season(exposed_of(*simulated(rng, n=5000, level=level, bursts=bursts)))
    assert found.years == 4
    assert found.p_value < 0.001
    stand_out = season.standing_out(found)["month_of_year"].tolist()
    assert set(stand_out) == {7, 12}
    ratios = found.table.set_index("month_of_year")
    others = ratios.drop(index=[7, 12])["times_expected"].mean()
    for month, times in level.items():
        row = ratios.loc[month]
        assert row["low"] <= times * others <= row["high"]
        assert row["times_expected"] / others == pytest.approx(times, rel=0.2)


def test_a_month_of_many_new_customers_is_no_season():
    # Four of five customers come in November, and return within weeks, as always.
    rng = np.random.default_rng(3)
    begin, _ = simulated(rng, n=1, level={})
    n = 3000
    begin = np.where(
        rng.random(n) < 0.8, rng.choice([0, 1, 2, 3], n) * 365 + 310 + rng.integers(0, 20, n),
        rng.integers(0, 1400, n),
    )  # fmt: skip
    wait = rng.geometric(0.02, n)
    second = np.where((rng.random(n) < 0.6) & (begin + wait < 1461), begin + wait, -1)
    exposed = exposed_of(begin, second)
    crude = exposed.groupby(exposed["month"].str[-2:])[["events", "time"]].sum()
    rate = crude["events"] / crude["time"]
    assert rate["12"] / rate["06"] > 4
    found = season.season(exposed)
    assert season.standing_out(found).empty
    assert found.table["times_expected"].between(0.6, 1.6).all()


def test_one_year_tells_no_season():
    rng = np.random.default_rng(4)
    exposed = exposed_of(*simulated(rng, n=4000, level={12: 2.5}))
    found = season.season(exposed[exposed["month"] >= "2024-02"])
    assert found.years == 1
    assert np.isnan(found.p_value)
    assert season.standing_out(found).empty


# False alarms


def test_first_days_dealt_anew_have_no_season():
    """A shop with a season, its first days shuffled among the customers: 5 of 100 may alarm."""
    rng = np.random.default_rng(9)
    begin, second = simulated(rng, n=1500, level={12: 1.8, 7: 0.5})
    wait = np.where(second >= 0, second - begin, 10_000)
    alarms = 0
    for _ in range(10):
        dealt = rng.permutation(begin)
        back = np.where(dealt + wait < 1461, dealt + wait, -1)
        alarms += len(season.standing_out(season.season(exposed_of(dealt, back)))) > 0
    assert alarms <= 3  # more come in one of 1,000 such tens


@pytest.mark.parametrize("shape", [None, 10])
def test_false_alarms_of_counts_in_bursts(shape):
    """Three years of months that are alike, but for bursts of gamma-distributed size."""
    rng = np.random.default_rng(10)
    alarms, shops = 0, 100
    for _ in range(shops):
        burst = 1 if shape is None else rng.gamma(shape, 1 / shape, (3, 12))
        observed = rng.poisson(50 * np.array([[0.7], [1.0], [1.4]]) * burst * np.ones((3, 12)))
        own = units(list(observed), expected=50.0)
        alarms += standardised_ratios(own, group="month", block="year").p_value < 0.05
    assert alarms / shops <= 0.13  # the binomial's 99.9 % limit of 0.05
