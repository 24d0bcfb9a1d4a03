"""What goes with coming back, all else alike: simulated shops, the demo's truth, cases by hand."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from numpy.testing import assert_allclose
from simulated_shop import simulated_shop

from templates_lib.demo import truth as planted
from templates_lib.repeat_purchase import (
    attribute_design,
    later_orders,
    return_model,
    return_words,
)
from templates_lib.stats import cox, survival
from templates_lib.words import Words

AS_OF = date(2026, 6, 30)
WORDS = Words("en", "EUR")
HORIZON = 365


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.value_counts(sort=False).rename("count").reset_index()


def returning(days: np.ndarray, follow_up: np.ndarray | int, **attributes) -> pd.DataFrame:
    """Counts of customers back after so many days, where they were observed for so long."""
    duration = np.minimum(np.ceil(days), follow_up).astype(int)
    return counted(pd.DataFrame({**attributes, "duration": duration, "event": days <= follow_up}))


def confounded(n: int, seed: int, *, channel: float = 1.5, coupon: float = 0.6) -> pd.DataFrame:
    """Exponential returns; coupons are commoner in the channel that returns more."""
    rng = np.random.default_rng(seed)
    by_advice = rng.random(n) < 0.4
    has_coupon = rng.random(n) < np.where(by_advice, 0.7, 0.2)
    rate = 0.004 * channel**by_advice * coupon**has_coupon
    days = rng.exponential(1 / rate)
    return returning(
        days, np.minimum(rng.integers(30, 700, n), HORIZON),
        channel=np.where(by_advice, "advice", "search"), coupon=np.where(has_coupon, "yes", "no"),
    )  # fmt: skip


def fitted(counts: pd.DataFrame, *attributes: str) -> return_model.ReturnModel:
    made = attribute_design.design(counts, attributes=attributes)
    found = return_model.model(made, horizon_days=HORIZON)
    assert found is not None
    return found


def ratio_of(found: return_model.ReturnModel, split: str, group: str) -> pd.DataFrame:
    ratios = found.ratios
    return ratios[(ratios["split"] == split) & (ratios["group"] == group)]


# Held equal


def test_planted_ratios_are_found_where_one_attribute_hides_another():
    logs, covered = [], []
    for seed in range(10):
        found = fitted(confounded(4000, seed), "channel", "coupon")
        for split, group, true in (("channel", "advice", 1.5), ("coupon", "yes", 0.6)):
            row = ratio_of(found, split, group).iloc[0]
            logs.append(np.log(row["ratio"] / true))
            covered.append(row["low"] <= true <= row["high"])
    assert abs(np.mean(logs)) < 0.03
    assert np.mean(covered) >= 0.85
    # By itself, the coupon hides: the channel that returns more has more of them.
    alone = fitted(confounded(40_000, 1), "coupon").ratios["ratio"].iloc[0]
    assert alone > 0.68


def test_the_ratios_are_those_of_lifelines():
    # CoxPHFitter on single customers: Efron's ties, as here on counts
    counts = confounded(3000, 3)
    found = fitted(counts, "channel", "coupon")
    single = counts.loc[counts.index.repeat(counts["count"])]
    rows = pd.DataFrame(
        {"duration": single["duration"], "event": single["event"],
         "advice": (single["channel"] == "advice").astype(int),
         "coupon": (single["coupon"] == "yes").astype(int)}
    )  # fmt: skip
    theirs = CoxPHFitter().fit(rows, "duration", "event").summary
    assert_allclose(
        found.ratios[["ratio", "low", "high"]],
        theirs[["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%"]],
        rtol=1e-5,
    )
    assert found.ratios["n"].tolist() == [rows["advice"].sum(), rows["coupon"].sum()]
    assert found.n == 3000


def test_order_of_rows_does_not_matter():
    counts = confounded(3000, 4)
    first = fitted(counts, "channel", "coupon").ratios
    again = fitted(counts.sample(frac=1, random_state=1), "channel", "coupon").ratios
    pd.testing.assert_frame_equal(first, again)


# Where the ratio changes


def crossing(n: int, seed: int) -> pd.DataFrame:
    """Group b returns half as often in the first 60 days and twice as often after."""
    rng = np.random.default_rng(seed)
    is_b = rng.random(n) < 0.4
    is_new = rng.random(n) < 0.3
    base, ratio = 0.006 * 1.4**is_new, np.where(is_b, 0.5, 1.0)
    need = rng.exponential(1, n)
    early = need / (base * ratio)
    late = 60 + (need - 60 * base * ratio) / (base * np.where(is_b, 2.0, 1.0))
    return returning(
        np.where(early <= 60, early, late), np.minimum(rng.integers(60, 500, n), HORIZON),
        kind=np.where(is_b, "b", "a"), new=np.where(is_new, "yes", "no"),
    )  # fmt: skip


def test_a_ratio_that_turns_is_told_before_and_after():
    found = fitted(crossing(8000, 1), "kind", "new")
    assert found.changing == ["kind"]
    early, late = ratio_of(found, "kind", "b").itertuples()
    assert (early.days_from, early.days_to) == (0, found.split_day + 1)
    assert (late.days_from, late.days_to) == (found.split_day + 1, HORIZON + 1)
    # The median return is near day 60, where the ratio turns.
    assert abs(found.split_day - 60) < 25
    assert early.ratio < 0.85
    assert late.low < 2 < late.high
    steady = ratio_of(found, "new", "yes")
    assert len(steady) == 1
    assert steady["low"].iloc[0] < 1.4 < steady["high"].iloc[0]


def test_the_attribute_that_changes_has_a_hazard_of_its_own():
    # the ratio of the steady one is that of the Cox model stratified by the other
    counts = crossing(4000, 2)
    row = ratio_of(fitted(counts, "kind", "new"), "new", "yes").iloc[0]
    coded = counts.assign(yes=(counts["new"] == "yes").astype(int))
    model = cox.fit(coded, covariates=["yes"], strata="kind").coefficients.iloc[0]
    assert_allclose(row[["ratio", "low", "high"]].astype(float),
                    model[["hazard_ratio", "ratio_low", "ratio_high"]].astype(float))  # fmt: skip


def test_days_away_and_times_stand_beside_a_ratio_that_turns():
    counts = crossing(8000, 1)
    found = fitted(counts, "kind", "new")
    apart = return_model.days_away(found, horizon_days=HORIZON).iloc[0]
    curves = {
        kind: survival.kaplan_meier(survival.life_table(counts[counts["kind"] == kind]))
        for kind in "ab"
    }
    days = np.arange(apart["days"])
    means = {
        kind: survival.survival_at(curve, days)["survival"].sum() for kind, curve in curves.items()
    }
    assert_allclose(apart["difference"], means["b"] - means["a"], rtol=1e-9)
    assert apart["low"] < apart["difference"] < apart["high"]
    times = return_model.times_as_long(found)
    assert times["model"].tolist() == ["weibull", "log_normal"]
    assert set(times["split"]) == {"kind"}
    steady = fitted(confounded(2000, 1), "channel", "coupon")
    assert return_model.days_away(steady, horizon_days=HORIZON).empty
    assert return_model.times_as_long(steady).empty


# The least data


def test_small_groups_and_attributes_are_left_out():
    counts = confounded(3000, 5)
    rare = counts.head(1).assign(channel="rare", count=20, event=True)
    with_rare = pd.concat([counts, rare])
    made = attribute_design.design(with_rare, attributes=["channel", "coupon"])
    assert made.groups["group"].tolist() == ["advice", "yes"]
    assert made.references == {"channel": "search", "coupon": "no"}
    assert made.counts["count"].sum() == 3000
    # A client may ask for larger groups than that.
    made = attribute_design.design(counts, attributes=["channel", "coupon"], min_cell=2000)
    assert made is None
    # What follows from another attribute adds nothing.
    twin = counts.assign(twin=counts["channel"].map({"advice": "x", "search": "y"}))
    made = attribute_design.design(twin, attributes=["channel", "twin", "coupon"])
    assert list(made.terms) == ["channel", "coupon"]
    assert made.left_out == ("twin",)
    # One group, or too few returns: nothing
    one = counts.assign(channel="all")
    assert attribute_design.design(one, attributes=["channel"]) is None
    few = counts.assign(event=False)
    assert attribute_design.design(few, attributes=["channel", "coupon"]) is None


def test_ten_returns_a_parameter():
    # 24 returns: two parameters; l and m have 6 each and are not told
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"a": np.repeat(["x", "y"], 100), "b": np.tile(["p", "q"], 100),
         "c": np.tile(["k", "k", "l", "m"], 50), "duration": rng.integers(1, 300, 200),
         "event": [True] * 12 + [False] * 88 + [True] * 12 + [False] * 88}
    )  # fmt: skip
    made = attribute_design.design(counted(rows), attributes=["a", "b", "c"])
    assert len(made.groups) * attribute_design.MIN_RETURNS <= 24
    assert made.left_out == ("c",)
    # 36 returns, 12 in each of two times three groups: four parameters are too many
    even = pd.DataFrame(
        {"a": np.repeat(["x", "y", "z"], 40), "b": np.tile(["p", "q", "r"], 40),
         "duration": 5, "event": np.tile(np.arange(40) < 12, 3)}
    )  # fmt: skip
    made = attribute_design.design(counted(even), attributes=["a", "b"])
    assert len(made.groups) == 2
    assert len(made.left_out) == 1


def test_the_reference_is_the_commonest_group_that_is_an_answer():
    counts = confounded(3000, 6)
    counts["channel"] = counts["channel"].map({"search": "unknown", "advice": "advice"})
    made = attribute_design.design(counts, attributes=["channel"])
    assert made.references == {"channel": "advice"}
    found = return_model.model(made, horizon_days=HORIZON)
    assert return_model.strongest(found.ratios, horizon_days=HORIZON) is None


# In words


def ratios(*rows):
    columns = ["split", "group", "reference", "days_from", "days_to", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def test_strongest_tells_the_larger_one_first_with_a_wider_interval():
    table = ratios(
        ("first_channel", "a", "b", 0, 366, 0.5, 0.4, 0.625),
        ("first_channel", "other", "b", 0, 366, 0.1, 0.09, 0.11),
        ("first_discounted", "yes", "no", 0, 366, 1.2, 0.9, 1.6),
    )
    best = return_model.strongest(table, horizon_days=365)
    assert (best.more, best.less, best.period, best.other) == ("b", "a", "all", None)
    assert_allclose(best.ratio, 2)
    # of two ratios: z of 1 - .025/2 is 2.241403
    assert_allclose(np.log(best.high / 2), np.log(1.25) * 2.241403 / 1.959964, rtol=1e-6)
    assert return_words.headline(best, WORDS) == (
        "At any time, customers with channel of the first order “b” come back 2.0 times as often "
        "as those with “a”, all else alike"
    )
    assert return_model.strongest(table.tail(1), horizon_days=365) is None
    assert "none of this" in return_words.later(None, WORDS)


def test_strongest_of_a_ratio_that_turns_tells_both():
    early = ("first_channel", "a", "b", 0, 61, 0.25, 0.2, 0.3125)
    late = ("first_channel", "a", "b", 61, 366, 1.1, 0.9, 1.3)
    best = return_model.strongest(ratios(early, late), horizon_days=365)
    assert (best.period, best.day) == ("early", 60)
    assert_allclose(best.other, 1 / 1.1)
    assert return_words.headline(best, WORDS) == (
        "Until day 60, customers with channel of the first order “b” come back 4.0 times as often "
        "as those with “a”; after it, 0.91 times"
    )
    late = ("first_channel", "a", "b", 61, 366, 3.0, 2.8, 3.2)
    best = return_model.strongest(ratios(early[:5] + (0.9, 0.8, 1.1), late), horizon_days=365)
    assert (best.period, best.day, best.more) == ("late", 60, "a")
    assert return_words.headline(best, WORDS).startswith("After day 60, customers")
    series = return_model.in_series(ratios(early, late), horizon_days=365)
    assert list(series) == ["Until day 60", "After day 60"]


# Later purchases


def shop(n: int, seed: int, *, effect: float = 1.0):
    """Purchases of customers with a pace of their own; b differs after each purchase."""
    rng = np.random.default_rng(seed)
    kinds = np.where(rng.random(n) < 0.5, "a", "b")
    pace = 0.01 * rng.gamma(4, 1 / 4, n) * np.where(kinds == "b", effect, 1.0)
    bought, firsts = [], []
    for k in range(n):
        on = AS_OF - timedelta(days=int(rng.integers(200, 700)))
        days = [on]
        while True:
            on = on + timedelta(days=int(np.ceil(rng.exponential(1 / pace[k]))))
            if on > AS_OF:
                break
            days.append(on)
        following = [*days[1:], None]
        bought += [
            (f"c{k}", number, day, after)
            for number, (day, after) in enumerate(zip(days, following, strict=True), start=1)
        ]
        firsts.append((f"c{k}", kinds[k], days[0], following[0]))
    purchases = pd.DataFrame(
        bought, columns=["customer_id", "purchase_number", "purchased_on", "next_on"]
    )
    first_orders = pd.DataFrame(firsts, columns=["customer_id", "kind", "first_on", "second_on"])
    dates = {"purchased_on": "date", "next_on": "date"}
    return (
        purchases,
        ibis.memtable(
            purchases, schema={"customer_id": "string", "purchase_number": "int64", **dates}
        ),
        ibis.memtable(
            first_orders,
            schema={"customer_id": "string", "kind": "string", "first_on": "date",
                    "second_on": "date"},
        ),
        dict(zip(first_orders["customer_id"], kinds, strict=True)),
    )  # fmt: skip


def known_of(first_orders):
    counts = attribute_design.attribute_counts(
        first_orders, as_of=AS_OF, attributes=["kind"], max_groups=5, horizon_days=HORIZON
    )
    return counts, attribute_design.design(counts, attributes=["kind"])


def later_of(purchases, first_orders, made, **options):
    found = later_orders.gaps(
        purchases, first_orders, as_of=AS_OF, attributes=["kind"], max_groups=5,
        horizon_days=HORIZON, **options,
    )  # fmt: skip
    return found, later_orders.later_ratios(
        found, made, attributes=["kind"], horizon_days=HORIZON
    ).iloc[0]


def test_later_gaps_are_those_of_single_customers():
    rows, purchases, first_orders, kinds = shop(600, 1, effect=1.5)
    counts, made = known_of(first_orders)
    assert counts["count"].sum() == 600
    _, row = later_of(purchases, first_orders, made)
    # By hand: one row a gap, the customer as cluster (R: + strata(number) + cluster(id))
    later = rows[rows["purchase_number"].between(2, 5)]
    end = pd.to_datetime(later["next_on"].fillna(AS_OF))
    days = (end - pd.to_datetime(later["purchased_on"])).dt.days
    group = later["customer_id"].map(kinds)
    reference, other = row["reference"], row["group"]
    single = pd.DataFrame(
        {"duration": days.clip(upper=HORIZON), "count": 1, "x": (group == other).astype(int),
         "event": later["next_on"].notna() & (days <= HORIZON),
         "number": later["purchase_number"], "id": later["customer_id"]}
    )  # fmt: skip
    model = cox.fit(single, covariates=["x"], strata="number", cluster="id").coefficients.iloc[0]
    assert_allclose(row[["ratio", "low", "high"]].astype(float),
                    model[["hazard_ratio", "ratio_low", "ratio_high"]].astype(float))  # fmt: skip
    assert {reference, other} == {"a", "b"}
    assert row["n"] == single.loc[(single["number"] == 2) & (single["x"] == 1), "id"].nunique()
    assert row["returns"] == single.loc[single["x"] == 1, "event"].sum()


def test_a_sample_of_customers_gives_nearly_the_same_interval():
    _, purchases, first_orders, _ = shop(600, 2, effect=1.5)
    _, made = known_of(first_orders)
    found, whole = later_of(purchases, first_orders, made)
    assert found.share == 1
    sample, row = later_of(purchases, first_orders, made, most_customers=200)
    assert 0.2 < sample.share < 0.4
    assert row["ratio"] == pytest.approx(whole["ratio"])
    widths = [np.log(r["high"] / r["low"]) for r in (row, whole)]
    assert widths[0] == pytest.approx(widths[1], rel=0.2)
    again = later_of(purchases, first_orders, made, most_customers=200)[1]
    pd.testing.assert_series_equal(row, again)


def test_without_later_purchases_there_are_no_ratios():
    _, purchases, first_orders, _ = shop(200, 3)
    _, made = known_of(first_orders)
    only_first = purchases.filter(purchases.purchase_number == 1)
    found = later_orders.gaps(
        only_first, first_orders, as_of=AS_OF, attributes=["kind"], max_groups=5,
        horizon_days=HORIZON,
    )  # fmt: skip
    assert found.alike.empty
    assert later_orders.later_ratios(found, made, attributes=["kind"], horizon_days=HORIZON).empty


# The demo


def true_ratios(day: int) -> pd.Series:
    """The ratios that a shop as planted, without end, would show until and after a day."""
    parts = []
    for name, category in planted.CATEGORIES.items():
        share = planted.ever_returns(name)
        by_day = [share * planted.gap_cdf(category.gaps, d + 0.5) for d in range(HORIZON + 1)]
        back = np.round(1e7 * np.diff([0.0, *by_day])).astype(int)
        own = pd.DataFrame({"duration": range(HORIZON + 1), "event": True, "count": back})
        own.loc[len(own)] = [HORIZON, False, 10_000_000 - back.sum()]
        parts.append(own.assign(group=name, event=own["event"].astype(bool)))
    counts = pd.concat(parts)
    others = [name for name in planted.CATEGORIES if name != "Kahvi"]
    for name in others:
        counts[name] = (counts["group"] == name).astype(int)
    early = counts.assign(
        duration=counts["duration"].clip(upper=day),
        event=counts["event"] & (counts["duration"] <= day),
    )
    periods = {0: early, day + 1: counts[counts["duration"] > day]}
    return pd.concat(
        {
            begin: cox.fit(part, covariates=others).coefficients.set_index("covariate")[
                "hazard_ratio"
            ]
            for begin, part in periods.items()
        }
    )


def test_the_demo_brings_back_as_planted(tmp_path):
    params, connection, _, _ = simulated_shop(tmp_path, seed=5, customers=1500)
    firsts, purchases = connection.table("first_orders"), connection.table("purchases")
    attributes = ["first_category", "first_discounted"]
    options = {"as_of": params.as_of, "attributes": attributes, "max_groups": 5,
               "horizon_days": HORIZON}  # fmt: skip
    counts = attribute_design.attribute_counts(firsts, **options)
    found = fitted(counts, *attributes)
    assert found.changing == ["first_category"]
    true = true_ratios(found.split_day)
    told = found.ratios[found.ratios["split"] == "first_category"]
    assert len(told) >= 3
    se = np.log(told["high"] / told["low"]) / (2 * 1.959964)
    expected = [true[row.days_from, row.group] for row in told.itertuples()]
    assert (np.abs(np.log(told["ratio"] / expected)) / se < 3.2).all()
    # fewer with the welcome code ever return: .70 times, but for the channels it comes by
    welcome = ratio_of(found, "first_discounted", "yes").iloc[0]
    assert welcome["high"] < 0.8
    # After the second purchase all are planted alike.
    gaps = later_orders.gaps(purchases, firsts, **options)
    later = later_orders.later_ratios(
        gaps, found.design, attributes=attributes, horizon_days=HORIZON
    )
    assert len(later) >= 2
    assert return_model.strongest(later, horizon_days=HORIZON) is None


@pytest.mark.parametrize("kept", [0, 1])
def test_tiny_data_give_nothing(kept):
    schema = {"customer_id": "string", "kind": "string", "first_on": "date", "second_on": "date"}
    rows = pd.DataFrame([("c", "a", AS_OF, None)], columns=list(schema)).head(kept)
    counts, made = known_of(ibis.memtable(rows, schema=schema))
    assert counts["count"].sum() == kept
    assert made is None
