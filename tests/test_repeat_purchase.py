"""Repeat purchase: published counts and curves, planted truths, and cases by hand."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from conftest import ORDERS, staged
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from numpy.testing import assert_allclose
from real_data import ONLINE_RETAIL, example, online_retail

from templates_lib.repeat_purchase import overdue, repeat_purchase
from templates_lib.stats import survival

AS_OF = date(2026, 6, 30)


def return_counts(client, **settings):
    params, connection, _ = client
    firsts = connection.table("first_orders")
    return repeat_purchase.return_counts(firsts, as_of=params.as_of, **settings)


def back_by(counts, days):
    table = repeat_purchase.returned_by(counts, days=days)
    return table.set_index("days")["returned"]


@pytest.fixture(scope="module")
def cdnow():
    return return_counts(example("cdnow"))


# Published and computed elsewhere


def test_cdnow_returned_by_day(cdnow):
    # golden.csv C, cdnow_sample_time_to_second.csv: lifelines, censored 1998-06-30
    expected = {30: 0.17395, 60: 0.25499, 90: 0.29147, 180: 0.37633, 273: 0.42554, 365: 0.45566,
                456: 0.47603}  # fmt: skip
    assert_allclose(back_by(cdnow, expected), list(expected.values()), atol=1e-5)


def test_cdnow_at_39_weeks_and_the_naive_share_beside_it():
    # golden.csv C, "cdnow sample, censored 1997-09-30": KM .43183 at 270 days, where 946 of 2,357
    # (.401358) have come back so far
    counts = return_counts(example("cdnow", ("as_of: 1998-06-30", "as_of: 1997-09-30")))
    table = repeat_purchase.returned_by(counts, days=[30, 90, 180, 270]).set_index("days")
    assert_allclose(table["returned"], [0.17395, 0.29147, 0.37633, 0.43183], atol=1e-5)
    assert counts[counts["event"]]["count"].sum() == 946
    assert table.loc[270, "naive"] <= 946 / 2357
    assert table["n"].tolist() == [2357] * 4


def test_online_retail_returned_by_day(shared):
    # golden.csv C, online_retail_time_to_second.csv (pandas and lifelines): 2,790 of 4,338
    counts = return_counts(online_retail(shared))
    assert counts["count"].sum() == 4338
    assert counts[counts["event"]]["count"].sum() == 2790
    expected = {30: 0.19160, 90: 0.45991, 180: 0.65756, 365: 0.84806}
    assert_allclose(back_by(counts, expected), list(expected.values()), atol=1e-4)
    curve = survival.kaplan_meier(survival.life_table(counts))
    assert survival.quantile(curve) == (104, 98, 109)


def test_online_retail_by_invoice(shared):
    # The same: 2,845 repeaters if invoices of one day are told apart
    params = ONLINE_RETAIL + "purchases: {same_day: separate}\n"
    counts = return_counts(online_retail(shared, params))
    assert counts[counts["event"]]["count"].sum() == 2845


def test_days_away_agree_with_lifelines(cdnow):
    both = pd.concat([cdnow.assign(group="a"), cdnow.assign(group="b")])
    compared = repeat_purchase.compare(both, split="x", horizon_days=365)
    fitter = KaplanMeierFitter().fit(cdnow["duration"], cdnow["event"], weights=cdnow["count"])
    expected = restricted_mean_survival_time(fitter, t=365)
    assert_allclose(compared.days_away["mean_days_away"], [expected, expected], rtol=1e-9)
    # Equal groups do not differ.
    assert compared.test.chi2 == pytest.approx(0, abs=1e-9)
    assert compared.test.p_value == pytest.approx(1)


def test_gap_counts_of_cdnow(cdnow):
    # The first gap is that of `return_counts`; all gaps together are the 6,696 purchases.
    params, connection, _ = example("cdnow")
    gaps = overdue.gap_counts(connection.table("purchases"), as_of=params.as_of)
    first = gaps[gaps["purchase_number"] == 1].drop(columns="purchase_number")
    pd.testing.assert_frame_equal(first, cdnow.drop(columns="group"))
    assert gaps["count"].sum() == 6696
    assert gaps[gaps["event"]]["count"].sum() == 6696 - 2357
    assert gaps["purchase_number"].unique().tolist() == [1, 2, 3, 4, 5]


# The curve


def counted(*cells, group="all"):
    rows = [(group, *cell) for cell in cells]
    return pd.DataFrame(rows, columns=["group", "duration", "event", "count"])


def test_curve_stops_where_few_are_at_risk_and_holds_min_cell_a_step():
    # 40 customers: 3 back on day 10, 3 on day 20, 6 on day 30; 9 are observed for 40 days only,
    # so that 19 are at risk on day 50, when 5 more come back.
    counts = counted(
        (10, True, 3), (20, True, 3), (30, True, 6), (40, False, 9), (50, True, 5), (90, False, 14)
    )
    curve = repeat_purchase.return_curve(counts, min_cell=5)
    assert curve.columns.tolist() == [
        "split",
        "group",
        "days",
        "at_risk",
        "returned",
        "low",
        "high",
    ]
    assert curve["days"].tolist() == [20, 30]
    assert curve["at_risk"].tolist() == [37, 34]
    assert_allclose(curve["returned"], [6 / 40, 12 / 40])
    assert (curve["low"] < curve["returned"]).all()
    assert (curve["returned"] < curve["high"]).all()
    assert repeat_purchase.return_curve(counts, min_cell=3)["days"].tolist() == [10, 20, 30]


def test_a_day_with_few_observed_is_left_empty():
    counts = counted((10, True, 15), (40, False, 6), (50, False, 19))
    table = repeat_purchase.returned_by(counts, days=[10, 40, 41, 99]).set_index("days")
    assert table["at_risk"].tolist() == [40, 25, 19, 0]
    assert table["returned"].isna().tolist() == [False, False, True, True]


def test_nobody_back_yet_is_an_interval_and_not_a_certainty():
    counts = counted((50, True, 15), (90, False, 25))
    first = repeat_purchase.returned_by(counts, days=[30]).iloc[0]
    assert (first["returned"], first["low"]) == (0, 0)
    # R: prop.test(0, 40, correct = FALSE)$conf.int, which is Wilson's
    assert first["high"] == pytest.approx(1.959964**2 / (40 + 1.959964**2), rel=1e-5)


def test_groups_need_customers_and_returns():
    counts = pd.concat([
        counted((5, True, 20), (90, False, 20), group="b"),
        counted((5, True, 20), (90, False, 20), group="a"),
        counted((5, True, 10), (90, False, 19), group="29 customers"),
        counted((5, True, 9), (90, False, 50), group="9 returns"),
    ])  # fmt: skip
    assert repeat_purchase.groups_of(counts) == ["a", "b"]
    assert repeat_purchase.return_curve(counts)["group"].unique().tolist() == ["a", "b"]
    assert repeat_purchase.returned_by(counts, days=[30])["group"].tolist() == ["a", "b"]
    assert len(repeat_purchase.compare(counts, split="x", horizon_days=60).pairs) == 1


# Groups of a table of first orders


def first_orders(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "first_on", "second_on", "channel"])
    schema = {"customer_id": "string", "first_on": "date", "second_on": "date", "channel": "string"}
    return ibis.memtable(frame, schema=schema)


def test_return_counts_by_hand():
    table = first_orders([
        ("a", date(2026, 6, 1), date(2026, 6, 11), "web"),
        ("b", date(2026, 6, 1), None, "web"),
        ("c", date(2026, 6, 30), None, None),
        ("d", date(2026, 6, 1), date(2026, 6, 1), "shop"),  # the same day, told apart
    ])  # fmt: skip
    counts = repeat_purchase.return_counts(table, as_of=AS_OF)
    assert list(counts.itertuples(index=False, name=None)) == [
        ("all", 0, False, 1), ("all", 0, True, 1), ("all", 10, True, 1), ("all", 29, False, 1),
    ]  # fmt: skip


def test_small_groups_are_other_and_missing_ones_unknown():
    # 40 web, 35 shop, 31 unknown, 30 phone, 5 fair: three groups are kept.
    values = ["web"] * 40 + ["shop"] * 35 + [None] * 31 + ["phone"] * 30 + ["fair"] * 5
    table = first_orders(
        [(f"c{i}", date(2026, 6, 1), None, value) for i, value in enumerate(values)]
    )
    counts = repeat_purchase.return_counts(table, as_of=AS_OF, split="channel", max_groups=3)
    assert counts.set_index("group")["count"].to_dict() == {
        "web": 40, "shop": 35, "unknown": 31, "other": 35,
    }  # fmt: skip


def test_groups_that_differ_are_found():
    # Group a comes back at twice the hazard of b: planted, exponential.
    draw = np.random.default_rng(4)
    parts = []
    for group, mean in (("a", 100), ("b", 200)):
        days = np.ceil(draw.exponential(mean, 2000)).astype(int)
        parts.append(simulated(days, follow_up=300).assign(group=group))
    counts = pd.concat(parts)
    compared = repeat_purchase.compare(counts, split="x", horizon_days=365)
    assert compared.test.p_value < 1e-10
    assert compared.days_away["days"].tolist() == [300, 300]
    # The mean of min(T, 300) is mean · (1 − exp(−300 / mean)).
    expected = [mean * (1 - np.exp(-300 / mean)) for mean in (100, 200)]
    away = compared.days_away
    assert ((away["low"] < expected) & (expected < away["high"])).all()
    gap = repeat_purchase.widest_gap(counts, days=90)
    planted = np.exp(-90 / 200) - np.exp(-90 / 100)
    assert (gap.best, gap.worst, gap.days) == ("a", "b", 90)
    assert gap.low < planted < gap.high


def test_widest_gap_leaves_out_what_is_no_answer():
    counts = pd.concat([
        counted((5, True, 30), (90, False, 20), group="a"),
        counted((5, True, 10), (90, False, 40), group="b"),
        counted((5, True, 49), (90, False, 1), group="other"),
    ])  # fmt: skip
    gap = repeat_purchase.widest_gap(counts, days=30)
    assert (gap.best, gap.worst) == ("a", "b")
    assert_allclose(gap.difference, 0.4)
    # Without censoring before day 30, Greenwood's error is that of a share; one pair, no widening.
    half = 1.959964 * np.sqrt(0.6 * 0.4 / 50 + 0.2 * 0.8 / 50)
    assert_allclose([gap.low, gap.high], [0.4 - half, 0.4 + half], rtol=1e-5)
    # Nobody was observed or back within the first days: nothing to compare.
    assert repeat_purchase.widest_gap(counts, days=4) is None


# When the need renews


def simulated(days, *, follow_up):
    """Counts of customers who come back after so many days, all observed for the same time."""
    rows = pd.DataFrame({"duration": np.minimum(days, follow_up), "event": days <= follow_up})
    return rows.value_counts().rename("count").reset_index().assign(group="all")


def renewing(n, seed, follow_up=365):
    """A need that renews around day 60 (log-normal), for 60 of 100; the others never come back."""
    draw = np.random.default_rng(seed)
    days = np.round(draw.lognormal(np.log(60), 0.2, n)).astype(int)
    return simulated(np.where(draw.random(n) < 0.6, days, 10_000), follow_up=follow_up)


def test_the_planted_window_is_recovered():
    # The shortest interval with half of a log-normal's mass: found here on its density.
    day = np.arange(1, 366)
    mass = np.exp(-((np.log(day / 60)) ** 2) / (2 * 0.2**2)) / day
    mass /= mass.sum()
    length = {s: np.searchsorted(np.cumsum(mass[s:]), 0.5) for s in range(300)
              if mass[s:].sum() > 0.5}  # fmt: skip
    start = min(length, key=lambda s: (length[s], s))
    planted = (day[start], day[start + length[start]])
    window = repeat_purchase.contact_window(renewing(4000, 1), horizon_days=365, share=0.5)
    assert window.n == 4000
    assert abs(window.start - planted[0]) <= 4
    assert abs(window.end - planted[1]) <= 4
    assert window.start_low <= planted[0] <= window.start_high
    assert window.end_low <= planted[1] <= window.end_high


def test_the_interval_of_the_window_covers():
    # Over 40 shops of 1,000 customers the true end (as above, of a very large shop) lies within.
    large = repeat_purchase.contact_window(
        renewing(2_000_000, 0), horizon_days=365, share=0.5, draws=2
    )
    covered = [
        w.end_low <= large.end <= w.end_high
        for seed in range(40)
        if (w := repeat_purchase.contact_window(
            renewing(1000, seed), horizon_days=365, share=0.5, draws=100
        ))
    ]  # fmt: skip
    assert np.mean(covered) >= 0.85


def test_the_window_is_the_same_every_time():
    counts = renewing(500, 3)
    first = repeat_purchase.contact_window(counts, horizon_days=365, share=0.5)
    assert first == repeat_purchase.contact_window(counts, horizon_days=365, share=0.5)


def test_renewal_peaks_where_it_was_planted():
    table = repeat_purchase.renewal(renewing(4000, 2), horizon_days=365)
    peak = table.loc[table["renewal_rate"].astype(float).idxmax()]
    # The hazard of a log-normal (σ = .2) with a share who never return has its top after day 60.
    assert peak["days_from"] <= 75
    assert peak["days_to"] >= 55
    assert (table["returns"] >= 10).all()
    assert table["days_from"].tolist()[1:] == table["days_to"].tolist()[:-1]


def test_renewal_by_hand():
    # 40 customers, 4 a day back on days 1 to 7, the other 12 in week 2 or never.
    cells = [(day, True, 4) for day in range(1, 7)] + [(20, False, 16)]
    table = repeat_purchase.renewal(counted(*cells), horizon_days=365)
    assert table["days_from"].tolist() == [1]
    assert table["days_to"].tolist() == [8]
    assert table["at_risk_days"].tolist() == [40 + 36 + 32 + 28 + 24 + 20 + 16]
    assert_allclose(table["renewal_rate"], [24 / 196])


# Who is overdue


def test_usual_days_by_hand():
    # After the first purchase 40 of 60 come back, 10 a week apart: 80 % of them by day 28. After
    # the second too few come back to say: it takes the day before.
    first = counted((7, True, 10), (14, True, 10), (21, True, 10), (28, True, 10), (90, False, 20))
    second = counted((3, True, 5), (90, False, 35))
    gaps = pd.concat([first.assign(purchase_number=1), second.assign(purchase_number=2)])
    usual = overdue.usual_days(gaps, horizon_days=60, share=0.8)
    assert usual.to_dict("list") == {"purchase_number": [1, 2], "days": [28, 28], "n": [60, 40]}
    half = overdue.usual_days(gaps, horizon_days=60, share=0.5)
    assert half["days"].tolist() == [14, 14]
    # Within a horizon of 20 days only the first 20 returns are looked at: half of them by day 7.
    short = overdue.usual_days(gaps, horizon_days=20, share=0.5)
    assert short["days"].tolist() == [7, 7]


def purchases_of(**days_ago):
    """Purchases so many days before the last day observed, worth 10 each."""
    rows = []
    for customer, ago in days_ago.items():
        on = [AS_OF - timedelta(days=d) for d in ago]
        following = [*on[1:], None]
        rows += [
            (customer, number, day, after, 10.0)
            for number, (day, after) in enumerate(zip(on, following, strict=True), start=1)
        ]
    schema = {"customer_id": "string", "purchase_number": "int64", "purchased_on": "date",
              "next_on": "date", "net_sales": "decimal(18, 4)"}  # fmt: skip
    return ibis.memtable(pd.DataFrame(rows, columns=list(schema)), schema=schema)


USUAL = pd.DataFrame({"purchase_number": [1, 2], "days": [30, 20], "n": [99, 50]})


def test_standing_by_hand():
    purchases = purchases_of(a=[30], b=[31], c=[366], d=[100, 20], e=[100, 21], f=[90, 60, 50, 10])
    table = overdue.standing(purchases, USUAL, as_of=AS_OF, horizon_days=365)
    found = table.order_by("customer_id").to_pandas().set_index("customer_id")
    assert found["state"].to_dict() == {
        "a": "in_time", "b": "overdue", "c": "lapsed", "d": "in_time", "e": "overdue",
        "f": "in_time",
    }  # fmt: skip
    assert found["days"].tolist() == [30, 30, 30, 20, 20, 20]  # four purchases as two and more
    assert found["days_since"].tolist() == [30, 31, 366, 20, 21, 10]
    assert found["net_sales"].astype(float).tolist() == [10, 10, 10, 20, 20, 40]


def test_states_by_hand():
    purchases = purchases_of(a=[30], b=[31], c=[366], d=[100, 20], e=[100, 21], f=[90, 60, 50, 10])
    standing = overdue.standing(purchases, USUAL, as_of=AS_OF, horizon_days=365)
    table = overdue.states(standing, last_number=2)
    found = table.set_index(["purchase_number", "state"])
    assert found["customers"].to_dict() == {
        ("1", "in_time"): 1, ("1", "lapsed"): 1, ("1", "overdue"): 1,
        ("2+", "in_time"): 2, ("2+", "overdue"): 1,
    }  # fmt: skip
    assert found.loc[("2+", "in_time"), ["n", "net_sales"]].tolist() == [3, 60]
    # R: prop.test(2, 3, correct = FALSE)$conf.int = 0.2076596, 0.9385081 (Wilson)
    assert_allclose(
        found.loc[("2+", "in_time"), ["low", "high"]].tolist(), [0.20766, 0.93851], atol=1e-5
    )
    late = overdue.overdue_total(table)
    assert (late.customers, late.n, late.net_sales) == (1, 3, 20)


def test_every_customer_stands_somewhere():
    params, connection, _ = example("cdnow")
    purchases = connection.table("purchases")
    gaps = overdue.gap_counts(purchases, as_of=params.as_of)
    usual = overdue.usual_days(gaps, horizon_days=365, share=0.8)
    standing = overdue.standing(purchases, usual, as_of=params.as_of, horizon_days=365)
    states = overdue.states(standing)
    assert states["customers"].sum() == 2357
    assert_allclose(states["net_sales"].sum(), 244091.94)
    assert_allclose(states.groupby("purchase_number")["share"].sum(), 1)


# What must not break a notebook


def everything(firsts, purchases, as_of):
    """Every function of the topic, as the notebook calls them."""
    counts = repeat_purchase.return_counts(firsts, as_of=as_of)
    gaps = overdue.gap_counts(purchases, as_of=as_of)
    usual = overdue.usual_days(gaps, horizon_days=365, share=0.8)
    standing = overdue.standing(purchases, usual, as_of=as_of, horizon_days=365)
    states = overdue.states(standing)
    return {
        "curve": repeat_purchase.return_curve(counts),
        "returned_by": repeat_purchase.returned_by(counts, days=[30, 365]),
        "renewal": repeat_purchase.renewal(counts, horizon_days=365),
        "usual": usual,
        "standing": standing.to_pandas(),
        "states": states,
        "window": repeat_purchase.contact_window(counts, horizon_days=365, share=0.5),
        "compare": repeat_purchase.compare(counts, split="all", horizon_days=365),
        "gap": repeat_purchase.widest_gap(counts, days=90),
        "late": overdue.overdue_total(states),
    }


@pytest.mark.parametrize(
    "purchases",
    [
        pytest.param({}, id="nobody"),
        pytest.param({"a": [30]}, id="one customer"),
        pytest.param({"a": [0]}, id="on the last day"),
        pytest.param({f"c{i}": [5] for i in range(50)}, id="nobody back"),
        pytest.param({f"c{i}": [5, 5] for i in range(50)}, id="all on the same day"),
        pytest.param({f"c{i}": [0, 0, 0] for i in range(50)}, id="all on the last day"),
    ],
)
def test_tiny_data_give_empty_tables(purchases):
    table = purchases_of(**purchases)
    firsts = table.filter(table.purchase_number == 1).select(
        "customer_id", first_on="purchased_on", second_on="next_on"
    )
    found = everything(firsts, table, AS_OF)
    assert found["compare"] is None
    assert found["gap"] is None
    assert found["window"] is None
    if len(purchases) < 30:
        for name in ("curve", "returned_by", "renewal", "usual", "standing", "states"):
            assert found[name].empty, name
        assert list(found["curve"].columns) == repeat_purchase.CURVE_COLUMNS
        assert found["late"].customers == 0


def test_groups_back_on_the_same_day_are_not_compared():
    # Purchases of one day told apart: everyone of both groups is back on day 0.
    counts = pd.concat([counted((0, True, 40), group=g) for g in "ab"])
    assert repeat_purchase.compare(counts, split="x", horizon_days=365) is None
    assert repeat_purchase.contact_window(counts, horizon_days=365, share=0.5) is None


def test_a_window_of_few_returns_survives_resampling():
    # Of 10 returns among 10,000 customers, a resample may hold none.
    counts = counted((40, True, 10), (300, False, 9990))
    window = repeat_purchase.contact_window(counts, horizon_days=365, share=0.5, draws=3000)
    assert (window.start, window.end) == (40, 40)


def test_wholly_refunded_first_orders_are_told_both_ways(make_client):
    """b's only order is refunded; a's first one is, and a comes back twice."""
    csv = """order,customer,when,amount,back
1,a,2026-01-05 10:00:00,10.00,10.00
2,a,2026-02-05 10:00:00,10.00,0
3,a,2026-03-05 10:00:00,10.00,0
4,b,2026-01-06 10:00:00,10.00,10.00
5,c,2026-01-07 10:00:00,10.00,0
"""
    params = ORDERS.replace("line_amount: amount", "line_amount: amount, refund: back")
    _, _, facts = staged(make_client(params, {"orders.csv": csv}))
    table = repeat_purchase.acquisition_rules(facts).set_index("rule")
    assert table.loc["not_acquired", ["customers", "repeated"]].tolist() == [2, 1]  # a and c
    assert table.loc["acquired", ["customers", "repeated"]].tolist() == [3, 1]
    assert repeat_purchase.acquisition_rules({"acquisition": []}).empty
