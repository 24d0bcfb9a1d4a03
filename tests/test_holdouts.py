"""Tests that left people out: R, scipy, simulation and the demo's planted effect as authorities."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest
from conftest import staged
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.demo import marketing as demo_marketing
from templates_lib.demo import truth as planted
from templates_lib.marketing import holdout_words, holdouts, spend
from templates_lib.marketing.attribution import Clicks
from templates_lib.problems import InputProblems
from templates_lib.stats.trials import (
    mean_test_size,
    ratio_difference,
    visible_change,
    visible_share_change,
)
from templates_lib.words import Words

WORDS = Words("en", "EUR")
AS_OF = date(2026, 6, 30)
FROM, TO = date(2026, 5, 1), date(2026, 5, 31)
PARAMS = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  holdouts:
    format: table
    path: exports/holdout.csv
    columns: {channel: channel, start: start, end: end, arm: arm, units: units, net_sales: sales}
"""


@pytest.mark.parametrize(
    ("sd", "change", "power", "n"),
    # R: power.t.test(delta = 1, sd = 2, power = .8)$n and so on, rounded up
    [(2, 1, 0.8, 63.76576371), (1, -0.5, 0.9, 85.03128939), (1, 2, 0.8, 5.090008149)],
)
def test_size_for_a_mean_is_that_of_r(sd, change, power, n):
    assert mean_test_size(sd, change, power=power) == np.ceil(n)


def test_visible_share_change_is_that_of_r():
    # f <- function(h) pnorm(h * 10 - qnorm(.975)) + pnorm(-h * 10 - qnorm(.975)) - .8
    # h <- uniroot(f, c(.01, 1), tol = 1e-12)$root; sin(asin(sqrt(p)) + h / 2)^2 - p
    for base, change in ((0.1, 0.098547614), (0.5, 0.13825383)):
        assert_allclose(visible_share_change(base, 200), change, rtol=1e-5)
    assert visible_share_change(0.95, 10) == pytest.approx(0.05)


def test_visible_change_is_that_of_r():
    # R: power.t.test(n = 20, power = .9, tol = 1e-12)$delta, and n = 10, power = .8
    assert_allclose(visible_change(20, power=0.9), 1.051993127, rtol=1e-5)
    assert_allclose(visible_change(10), 1.324948895, rtol=1e-5)


@pytest.mark.parametrize(("sd", "change"), [(0, 1), (1, 0), (np.nan, 1), (1, np.nan)])
def test_a_size_needs_a_spread_and_a_change(sd, change):
    with pytest.raises(ValueError, match="expected a spread"):
        mean_test_size(sd, change)


def test_regions_of_one_size_are_compared_by_welch():
    rng = np.random.default_rng(1)
    shown, held = rng.normal(1500, 90, 12), rng.normal(1400, 40, 9)
    found = ratio_difference(shown, np.full(12, 5000), held, np.full(9, 5000))
    welch = stats.ttest_ind(shown / 5000, held / 5000, equal_var=False)
    assert_allclose(found.estimate, shown.mean() / 5000 - held.mean() / 5000)
    assert_allclose(found[1:3], welch.confidence_interval(0.95))


def test_the_interval_holds_with_regions_of_several_sizes():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        units = rng.integers(1000, 9000, (2, 12))
        rate = rng.normal([[0.31], [0.28]], 0.02, (2, 12))
        found = ratio_difference(rate[0] * units[0], units[0], rate[1] * units[1], units[1])
        covered += found.low <= 0.03 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def arms(shown, held, *, units=1000.0, channel="meta", days=(FROM, TO)):
    rows = [(channel, *days, "test", units, sales) for sales in shown]
    rows += [(channel, *days, "holdout", units, sales) for sales in held]
    return pd.DataFrame(rows, columns=[*holdouts.KEYS, "arm", "units", "net_sales"])


def costs(*rows):
    frame = pd.DataFrame(rows, columns=["channel", "date", "date_to", "cost"])
    frame["date"], frame["date_to"] = (pd.to_datetime(frame[c]) for c in ("date", "date_to"))
    days = (frame["date_to"] - frame["date"]).dt.days + 1
    return frame.assign(campaign="", days=days, is_brand=False)


def moved(*rows):
    frame = pd.DataFrame(rows, columns=["channel", "moved_on", "net_sales", "contribution_margin"])
    frame["moved_on"] = pd.to_datetime(frame["moved_on"])
    kinds = {"moved_on": "date", "net_sales": "decimal(18, 4)",
             "contribution_margin": "decimal(18, 4)"}  # fmt: skip
    return ibis.memtable(frame).cast(kinds)


SALES = moved(("meta", "2026-05-10", 100.0, 40.0), ("direct", "2026-05-20", 300.0, 120.0))
MARGIN = holdouts.Margin(SALES, None)
COST = costs(("meta", "2026-05-01", "2026-05-31", 500.0))


def test_romi_by_hand():
    rows = arms([1500, 1700, 1600], [900, 1100, 1000])
    found = holdouts.measured(rows, COST, MARGIN).iloc[0]
    assert found.units == 3000
    assert_allclose(found.incremental_sales, 0.6 * 3000)
    assert_allclose(found.margin_of_sales, 0.4)
    assert_allclose(found.romi, (0.4 * 1800 - 500) / 500)
    assert_allclose(found.break_even_per_unit, 500 / 0.4 / 3000)
    half = stats.t.isf(0.025, 4) * np.sqrt(2 * 100**2 / 3) / 1000
    assert_allclose(found.romi_low, ((0.6 - half) * 3000 * 0.4 - 500) / 500)


def test_a_stretch_that_reaches_beyond_the_test_counts_for_its_days():
    rows = arms([1500, 1700], [900, 1100])
    cost = costs(
        ("meta", "2026-05-01", "2026-06-30", 610.0), ("google", "2026-05-01", "2026-05-01", 9)
    )
    found = holdouts.measured(rows, cost, MARGIN).iloc[0]
    assert_allclose(found.spend, 310)
    assert found.spread_share == 1


def test_one_figure_an_arm_has_no_interval_and_no_romi():
    found = holdouts.measured(arms([1500], [900]), COST, MARGIN).iloc[0]
    assert_allclose(found.added_per_unit, 0.6)
    assert np.isnan(found.added_per_unit_low)
    assert np.isnan(found.romi)
    assert holdouts.answered(holdouts.measured(arms([1500], [900]), COST, MARGIN)).empty
    assert "one figure an arm" in holdout_words.left_open(found, WORDS)


@pytest.mark.parametrize(
    ("cost", "margin", "lacks"),
    [
        (COST.iloc[:0], MARGIN, "cannot be set against a cost"),
        (COST, holdouts.Margin(SALES.filter(SALES.channel == "x"), None), "no margin is known"),
    ],
)
def test_without_cost_or_margin_there_is_no_romi(cost, margin, lacks):
    found = holdouts.measured(arms([1500, 1700], [900, 1100]), cost, margin).iloc[0]
    assert np.isnan(found.romi)
    assert lacks in holdout_words.left_open(found, WORDS)


def test_the_declared_margin_stands_in_where_no_order_has_one():
    margin = holdouts.Margin(SALES.filter(SALES.channel == "x"), 0.3)
    assert margin.share(FROM, TO) == 0.3


def test_a_test_that_is_too_small_says_how_large_it_must_be():
    found = holdouts.measured(arms([1500, 1900], [900, 1500]), COST, MARGIN)
    row = found.iloc[0]
    assert row.romi_low < 0 < row.romi_high
    sd = np.sqrt((np.var([1.5, 1.9], ddof=1) + np.var([0.9, 1.5], ddof=1)) / 2)
    assert row.regions_needed == mean_test_size(sd, row.break_even_per_unit)
    assert f"With {row.regions_needed} regions an arm" in holdout_words.left_open(row, WORDS)
    assert holdouts.answered(found).empty


def test_the_last_click_stands_beside_only_where_it_is_known_all_the_time():
    rows = arms([1500, 1700], [900, 1100])
    for start, expected in ((date(2026, 4, 1), 40 / 500 - 1), (date(2026, 5, 2), np.nan)):
        clicks = Clicks("events", SALES, start, AS_OF, ("meta",))
        found = holdouts.measured(rows, COST, MARGIN, clicks=clicks, clicked=SALES).iloc[0]
        assert_allclose(found.attributed_romi, expected)


def test_what_a_losing_channel_costs_a_year():
    test = {"date_from": date(2026, 1, 1), "date_to": date(2026, 3, 14), "spend": 1000.0,
            "romi": -0.5, "romi_low": -0.7, "romi_high": -0.3}  # fmt: skip
    assert_allclose(list(holdouts.lost_a_year(test).values()), [2500, 1500, 3500])


def staged_arms(make_client, *arms_named):
    lines = ["channel,start,end,arm,units,sales"]
    lines += [
        f"Meta,2026-05-01,2026-05-31,{arm},1000,{100 + i}" for i, arm in enumerate(arms_named)
    ]
    return staged(make_client(PARAMS, {"holdout.csv": "\n".join(lines)}))[1].table("holdouts")


def test_arms_by_their_usual_names(make_client):
    names = ["Exposed", "treatment", "test", "Control", "holdout", "hold-out"]
    table = staged_arms(make_client, *names)
    rows = holdouts.recorded(table, channels={}, as_of=AS_OF)
    assert rows["arm"].tolist() == ["holdout"] * 3 + ["test"] * 3
    assert set(rows["channel"]) == {"meta"}
    named = {"paid social": {"spend": ["met*"], "clicked": [], "said": []}}
    renamed = holdouts.recorded(table, channels=named, as_of=AS_OF)
    assert set(renamed["channel"]) == {"paid social"}
    assert holdouts.recorded(table, channels={}, as_of=date(2026, 5, 30)).empty  # still running


def test_another_name_of_an_arm_is_refused(make_client):
    with pytest.raises(InputProblems, match="test .who saw the advertising"):
        staged_arms(make_client, "test", "group B")


def test_a_test_without_one_of_its_arms_is_left_out(make_client):
    table = staged_arms(make_client, "test", "exposed")
    assert holdouts.recorded(table, channels={}, as_of=AS_OF).empty


def test_the_planted_effect_is_covered_as_often_as_promised(tmp_path):
    covered, seeds = 0, 80
    for seed in range(seeds):
        demo_marketing.write_holdout(tmp_path, SimpleNamespace(seed=seed))
        rows = pd.read_csv(tmp_path / "holdout.csv")
        rows = rows.rename(columns={"start": "date_from", "end": "date_to"})
        rows["arm"] = rows["arm"].replace({"treatment": "test", "control": "holdout"})
        for name in ("date_from", "date_to"):
            rows[name] = pd.to_datetime(rows[name]).dt.date
        found = holdouts.measured(rows, COST.iloc[:0], MARGIN).iloc[0]
        true = planted.HOLDOUT_EFFECT_PER_UNIT * planted.HOLDOUT_UNITS * planted.HOLDOUT_CELLS
        covered += found.incremental_sales_low <= true <= found.incremental_sales_high
    assert 0.90 <= covered / seeds <= 0.99


def test_the_demo_costs_what_it_was_planted_to_cost():
    rows = demo_marketing.meta_rows(SimpleNamespace(seed=1))
    frame = rows.rename(columns={"day": "date", "end": "date_to"})[["date", "date_to", "cost"]]
    own = frame.assign(days=(frame["date_to"] - frame["date"]).dt.days + 1)
    _, start, end = planted.HOLDOUT
    assert_allclose(spend.between(own, start, end).sum(), demo_marketing.holdout_cost_eur(rows))


def orders(days, sales):
    frame = pd.DataFrame({"ordered_on": pd.to_datetime(days), "net_sales": sales})
    return ibis.memtable(frame).cast({"ordered_on": "date", "net_sales": "decimal(18, 4)"})


def test_weeks_are_whole_and_none_is_left_out():
    # Thursday the 1st begins the file; nothing in the week of the 12th; the 30th is a Friday
    days = ["2026-01-01", "2026-01-05", "2026-01-11", "2026-01-19", "2026-01-26"]
    found = holdouts.weekly_sales(orders(days, [9.0, 1, 2, 4, 8]), as_of=date(2026, 1, 30))
    assert found["week"].dt.day.tolist() == [5, 12, 19]
    assert found["net_sales"].tolist() == [3, 0, 4]
    assert found["orders"].tolist() == [2, 0, 1]
    until_sunday = holdouts.weekly_sales(orders(days, [9.0, 1, 2, 4, 8]), as_of=date(2026, 2, 1))
    assert until_sunday["net_sales"].tolist() == [3, 0, 4, 8]


def test_swing_is_free_of_trend_and_its_interval_covers():
    rng = np.random.default_rng(3)
    trend = np.linspace(0, 3000, 52)
    found = [holdouts.noise(pd.Series(trend + rng.normal(0, 500, 52))) for _ in range(400)]
    assert_allclose(np.mean([each.sd for each in found]), 500, rtol=0.02)
    covered = np.mean([each.low <= 500 <= each.high for each in found])
    assert 0.92 <= covered <= 0.98


def weeks_of(sales):
    days = pd.date_range("2025-07-07", periods=len(sales), freq="W-MON")
    return pd.DataFrame({"week": days, "net_sales": sales, "orders": 100})


def test_the_planned_test_has_the_power_that_it_promises():
    rng = np.random.default_rng(4)
    weeks = weeks_of(rng.normal(5000, 300, 51))
    cost = costs(("meta", "2025-01-01", "2026-12-31", 250.0 / 7 * 730))
    plan = holdouts.planned(cost, weeks, MARGIN_ALWAYS, holdouts.NONE).iloc[0]
    assert_allclose(plan.weekly_cost, 250)
    k, w = plan.regions_needed, plan.weeks_needed
    per_region, sd = plan.break_even_sales / (2 * k), plan.weekly_sales_sd / np.sqrt(2 * k)
    trials = rng.normal(0, sd, (3000, 2, k, w)).sum(axis=3)
    trials[:, 0] += per_region * w
    p = stats.ttest_ind(trials[:, 0], trials[:, 1], axis=1).pvalue
    assert 0.77 <= np.mean(p < 0.05) <= 0.87  # whole weeks round the power up


MARGIN_ALWAYS = holdouts.Margin(moved(("x", "2026-01-01", 100.0, 40.0)), 0.4)


def test_what_is_planned_and_what_is_not():
    weeks = weeks_of(np.tile([4000.0, 6000.0], 26))
    cost = costs(
        ("meta", "2026-01-01", "2026-12-31", 36500.0),
        ("google", "2026-01-01", "2026-12-31", 3650.0),
        ("old", "2025-01-01", "2025-12-31", 3650.0),
    )
    first = holdouts.planned(cost, weeks, MARGIN_ALWAYS, holdouts.NONE)
    assert first["channel"].tolist() == ["meta", "google"]  # the old one costs nothing any more
    assert (first["tested"] == "no_test").all()
    # ten times the cost needs a hundredth of the time
    assert_allclose(first["cost_for_short_test"].iloc[0], first["cost_for_short_test"].iloc[1])
    told = [holdout_words.plan(row, WORDS) for row in first.to_dict("records")]
    assert told[0].startswith("To know what “meta” adds")
    assert told[1].startswith("At €70 a week, “google” would have to be stopped")
    sure = holdouts.measured(arms([1500, 1700, 1600], [900, 1100, 1000]), COST, MARGIN)
    left = holdouts.planned(cost, weeks, MARGIN_ALWAYS, sure.assign(romi_low=0.1))
    assert left["channel"].tolist() == ["google"]
    unsure = holdouts.planned(cost, weeks, MARGIN_ALWAYS, sure.assign(romi_low=-0.1, romi_high=0.1))
    assert unsure["tested"].tolist() == ["undecided", "no_test"]
    assert holdouts.planned(cost, weeks.head(25), MARGIN_ALWAYS, holdouts.NONE).empty
