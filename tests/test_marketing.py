"""Marketing: golden values, an independent computation by pandas, the demo's planted channels."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest
from conftest import staged
from numpy.testing import assert_allclose

from templates_lib.coverage import table_names
from templates_lib.demo import truth as planted
from templates_lib.marketing import answers, attribution, marketing, payback
from templates_lib.params.marketing import Marketing
from templates_lib.purchases import money_movements
from templates_lib.tables import MONEY

PARAMS = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  orders:
    format: table
    path: exports/orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: when, line_amount: amount,
      channel: channel}
    vat: excluded
  spend:
    format: table
    path: exports/spend.csv
    columns: {date: day, date_to: until, channel: channel, campaign: campaign, cost: cost}
assumptions: {gross_margin_share: 0.5}
purchases: {history: complete}
"""
CHANNELS = {"Ads": {"spend": ["ads"], "clicked": ["cpc*"], "said": []},
            "Film": {"spend": ["film"], "clicked": ["video"], "said": []},
            "Search": {"spend": [], "clicked": ["organic"], "said": []}}  # fmt: skip
AS_OF = date(2026, 6, 30)


def inputs(shop, *, channels=CHANNELS, months=3, brand=()):
    params, connection, facts = shop
    have = {name: connection.table(name) for name in table_names(facts)}
    zone = params.client.timezone
    movements = money_movements(have["orders"], refunds="by_order_date", timezone=zone)
    return marketing.inputs(
        have, movements, channels=channels, brand=brand, months=months, discount_rate=0.1,
        has_whole_history=params.purchases.history == "complete", zone=zone, as_of=params.as_of,
    )  # fmt: skip


def measured(made, **changes):
    return marketing.measures(
        made, **({"period": "quarter", "other_costs": {}, "min_cell": 1} | changes)
    )


def orders_csv(rows):
    lines = ["order,customer,when,amount,channel"]
    lines += [f"{n},{c},{day} 12:00,{amount},{channel}" for n, (c, day, amount, channel)
              in enumerate(rows)]  # fmt: skip
    return "\n".join(lines) + "\n"


def spend_csv(rows):
    lines = ["day,until,channel,campaign,cost"]
    return "\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def shop(make_client):
    def make(orders, spend):
        exports = {"orders.csv": orders_csv(orders), "spend.csv": spend_csv(spend)}
        return staged(make_client(PARAMS, exports))

    return make


def random_orders(seed, n=260):
    """Customers of half a year with orders after the first: (customer, day, amount, channel)."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n):
        first = int(rng.integers(0, 181))
        name = rng.choice(["cpc / brand", "cpc", "organic", ""], p=[0.1, 0.35, 0.4, 0.15])
        for gap in [0, *rng.integers(1, 120, rng.poisson(1.0))]:
            day = date(2026, 1, 1) + timedelta(days=first + int(gap))
            if day <= AS_OF:
                rows.append((f"c{customer}", day, int(rng.integers(5, 90)), name))
    return rows


def daily_spend(channel="ads", cost=8, days=181):
    return [(day, day, channel, "x", cost) for day in
            (date(2026, 1, 1) + timedelta(days=d) for d in range(days))]  # fmt: skip


def test_cos_of_100_on_410_and_cac_with_r_s_interval(shop, shared):
    golden = pd.read_csv(shared / "golden" / "golden.csv")
    cos = golden[(golden.iloc[:, 0] == "H") & (golden.iloc[:, 2] == "COS")].iloc[0]
    orders = [(f"c{n}", date(2026, 4, 1) + timedelta(days=n), 10, "cpc") for n in range(41)]
    made = inputs(shop(orders, [("2026-04-01", "2026-06-30", "ads", "x", 100)]))
    row = answers.blended(measured(made))
    assert row["cos"] == pytest.approx(float(cos.iloc[3]), abs=1e-6)
    assert row["cac"] == pytest.approx(100 / 41)
    # R: 100 / rev(poisson.test(41)$conf.int)
    assert row["cac_low"] == pytest.approx(100 / 55.62112957)
    assert row["cac_high"] == pytest.approx(100 / 29.42230787)
    assert row["attributed_romi"] == pytest.approx((205 - 100) / 100)
    assert row["payback_months"] == 1
    assert row["cos_low"] < row["cos"] < row["cos_high"]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    folder, rows = tmp_path_factory.mktemp("usual"), random_orders(3)
    exports = folder / "data" / "acme" / "exports"
    for made in (folder / "params", exports):
        made.mkdir(parents=True)
    (folder / "params" / "acme.yml").write_text(PARAMS, encoding="utf-8")
    (exports / "orders.csv").write_text(orders_csv(rows), encoding="utf-8")
    (exports / "spend.csv").write_text(spend_csv(daily_spend()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSPACE", str(folder))
        return rows, inputs(staged("acme"))


def test_every_channel_as_by_hand(usual):
    rows, made = usual
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount", "click"])
    frame["channel"] = frame["click"].map(
        {"cpc / brand": "Ads", "cpc": "Ads", "organic": "Search", "": "unknown"}
    )
    first = frame.groupby("customer")["day"].transform("min")
    firsts = frame[frame["day"] == first].drop_duplicates("customer")
    table = measured(made)
    whole = table[table["is_whole"]].set_index("channel")
    for channel in ("Ads", "Search", "unknown"):
        own = frame[frame["channel"] == channel]
        assert whole.loc[channel, "new_customers"] == (firsts["channel"] == channel).sum()
        assert whole.loc[channel, "net_sales"] == pytest.approx(own["amount"].sum())
    days = (AS_OF - date(2026, 1, 1)).days + 1
    assert whole.loc["Ads", "spend"] == pytest.approx(8 * days)
    assert whole.loc["paid", "cac"] == pytest.approx(8 * days / whole.loc["Ads", "new_customers"])
    assert np.isnan(whole.loc["Search", "cac"]) and np.isnan(whole.loc["unknown", "spend"])
    quarters = table[~table["is_whole"] & (table["channel"] == "all")]
    assert quarters["period"].tolist() == ["2026-Q1", "2026-Q2"]
    in_q1 = firsts["day"].map(lambda day: day < date(2026, 4, 1)).sum()
    assert quarters["new_customers"].iloc[0] == in_q1


def test_the_margin_curve_as_by_hand(usual):
    rows, made = usual
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount", "click"])
    frame["first"] = frame.groupby("customer")["day"].transform("min")
    age = pd.to_timedelta(pd.to_datetime(frame["day"]) - pd.to_datetime(frame["first"])).dt.days
    month = pd.to_datetime(frame["first"]).dt.to_period("M")
    curve = payback.curve(made.grids, start=date(2026, 1, 1), end=AS_OF)
    assert curve["months"].tolist() == [1, 2, 3]
    for row in curve.itertuples():
        # months whose last day is followed for the whole time
        last = AS_OF - timedelta(days=30 * row.months - 1)
        seen = month.map(lambda m, last=last: m.end_time.date() <= last)
        inside = seen & (age < 30 * row.months)
        n = frame.loc[seen, "customer"].nunique()
        assert row.n == n
        assert row.margin == pytest.approx(frame.loc[inside, "amount"].sum() / 2 / n)
        worth = frame["amount"] / 2 * 1.1 ** (-age / 365)
        assert row.discounted == pytest.approx(worth[inside].sum() / n, rel=1e-4)


def test_payback_is_the_first_month_that_covers_the_cost_or_not_yet(usual):
    _, made = usual
    curve = payback.curve(made.grids, start=date(2026, 1, 1), end=AS_OF)
    for cac in (*curve["margin"], 0.5 * curve["margin"].iloc[0], 1.01 * curve["margin"].max()):
        found = payback.payback(curve, 3, cac, cac * 0.9, cac * 1.1)
        reached = [m for m, margin in zip(curve["months"], curve["margin"], strict=True)
                   if margin >= cac]  # fmt: skip
        assert found.is_paid_back == bool(reached)
        assert_allclose(found.payback_months, reached[0] if reached else np.nan)
        assert not found.payback_months_low > found.payback_months
        assert not found.payback_months_high < found.payback_months
        assert found.ltv_cac_low < found.ltv_cac < found.ltv_cac_high


def test_a_cost_without_customers_and_customers_without_a_cost_are_both_kept(shop):
    spend = [*daily_spend(), ("2026-02-01", "2026-02-28", "film", "Brändivideo", 500),
             ("2026-03-01", "2026-03-31", "poster", "y", 70)]  # fmt: skip
    made = inputs(shop(random_orders(4), spend), brand=["brändi*"])
    whole = measured(made).query("is_whole").set_index("channel")
    assert whole.loc["Film", "spend"] == pytest.approx(500)
    assert whole.loc["Film", "new_customers"] == 0 and np.isnan(whole.loc["Film", "cac"])
    # no click can name the poster: that nobody came by it is not known
    assert whole.loc["poster", "spend"] == pytest.approx(70)
    assert pd.isna(whole.loc["poster", "new_customers"])
    assert whole.loc["brand", "spend"] == pytest.approx(500)
    assert whole.loc["paid", "spend"] == pytest.approx(8 * 181 + 500)
    assert whole.loc["all", "spend"] == pytest.approx(8 * 181 + 570)
    assert whole.loc["Search", "new_customers"] > 0 and np.isnan(whole.loc["Search", "spend"])


def test_a_total_of_the_whole_time_gives_no_estimate_by_period(shop):
    made = inputs(shop(random_orders(5), [("2026-01-01", "2026-06-30", "ads", "x", 1448)]))
    table = measured(made)
    assert table.loc[table["is_whole"] & (table["channel"] == "all"), "cac"].notna().all()
    by_period = table[~table["is_whole"] & table["spend"].notna()]
    assert by_period["cac"].isna().all() and (by_period["spread_share"] == 1).all()
    assert answers.over_time(table).empty


def test_other_costs_belong_to_all_channels_together(usual):
    _, made = usual
    plain, more = (
        measured(made, other_costs=costs).query("is_whole").set_index("channel")["spend"]
        for costs in ({}, {"agency": Decimal(100)})
    )
    assert more["all"] - plain["all"] == pytest.approx(100 * 181 / (365.25 / 12))
    assert more["Ads"] == plain["Ads"] and more["paid"] == plain["paid"]


def test_without_a_name_in_common_only_all_channels_are_told(shop):
    made = inputs(shop(random_orders(6), daily_spend("radio")), channels={})
    assert made.clicks is None
    assert set(measured(made)["channel"]) == {"all"}
    same = inputs(shop(random_orders(6), daily_spend("Organic")), channels={})
    assert same.clicks.paid == ("organic",)
    assert {"paid", "organic", "cpc", "unknown"} <= set(measured(same)["channel"])


def test_few_customers_are_hidden_and_under_thirty_have_counts_only(usual):
    _, made = usual
    table = measured(made, period="month", min_cell=12)
    channels = table[~table["channel"].isin(["all", "paid"])]
    assert not channels["new_customers"].between(1, 11).any()
    hidden = channels[channels["new_customers"].isna()]
    assert len(hidden) and hidden[["net_sales", "cac", "margin"]].isna().all().all()
    assert table.loc[(table["new_customers"] < 30).fillna(True), "cac"].isna().all()


def test_costs_and_orders_that_never_meet_give_nothing(shop):
    orders = [(f"c{n}", date(2026, 6, 1), 10, "cpc") for n in range(40)]
    assert inputs(shop(orders, [("2026-01-01", "2026-01-31", "ads", "x", 100)])) is None


def test_the_later_years_by_the_margin_multiple():
    rng = np.random.default_rng(1)
    firsts, moves = [], []
    for n in range(200):
        day = date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 100)))
        firsts.append((f"c{n}", day))
        moves += [(f"c{n}", day + timedelta(days=later), Decimal(50))
                  for later in ([0, 400] if n % 4 == 0 else [0])]  # fmt: skip
    money = pd.DataFrame(moves, columns=["customer_id", "moved_on", "contribution_margin"])
    kinds = {"customer_id": "string", "moved_on": "date", "contribution_margin": MONEY}
    movements = ibis.memtable(money, schema=kinds)
    found = payback.steady(
        ibis.memtable(firsts, schema={"customer_id": "string", "first_on": "date"}),
        movements.mutate(ordered_on=movements.moved_on), discount_rate=0.1, as_of=AS_OF,
    )  # fmt: skip
    assert found.n == 200 and found.retention == pytest.approx(0.25)
    assert found.low < 0.25 < found.high
    assert found.first_share == pytest.approx(1 / (1 + 0.25 / 0.85))
    assert found.first_low < found.first_share < found.first_high


def test_targets_are_of_known_channels():
    with pytest.raises(ValueError, match="no channel 'Adz'"):
        Marketing.model_validate({"channels": {"Ads": {}}, "targets": {"Adz": {"cac": 1}}})
    assert Marketing.model_validate({"targets": {"all": {"cos": 0.2}}}).targets["all"].cos == 0.2


def test_the_demo_s_channels_are_those_planted(example):
    client = example("demo", ("customers: 6000", "customers: 1500"))
    shop = staged(client)
    settings = shop[0].marketing
    names = {name: each.model_dump() for name, each in settings.channels.items()}
    made = inputs(shop, channels=names, brand=settings.brand_campaigns)
    assert made.clicks.source == "events" and made.clicks.start == planted.EVENTS_FROM
    table = measured(made)
    own = answers.by_channel(table).set_index("channel")["new_customers"]
    known = int(own[["google ads", "meta", "organic search", "direct", "other"]].sum())
    for name, code in (("google ads", "google_ads"), ("meta", "meta"), ("direct", "direct")):
        share = sum(d.share * d.last_click.get(code, 0) for d in planted.DISCOVERY.values())
        assert abs(own[name] / known - share) < 2.6 * np.sqrt(share * (1 - share) / known)
    missing = answers.unknown(table)
    assert missing.low < 1 - planted.TRACKED_SHARE < missing.high
    assert missing.n == known + own[attribution.UNKNOWN]
    days = 184  # May to October
    whole = answers.by_channel(table).set_index("channel")
    mean_season = np.mean([planted.SEASON[m] ** 0.5 for m in range(5, 11)])
    for name, code in (("google ads", "google_ads"), ("meta", "meta")):
        expected = planted.DAILY_SPEND_EUR[code] * days * mean_season
        assert whole.loc[name, "spend"] == pytest.approx(expected, rel=0.25)
