"""The step that costs the most: by hand, against resampling, and against what the demo planted."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from conftest import staged

from templates_lib import demo
from templates_lib.demo import truth as planted
from templates_lib.demo.sessions import step_share
from templates_lib.journey import bottleneck, funnel, visits
from templates_lib.journey.bottleneck import OrderValue
from templates_lib.journey.funnel import FUNNEL
from templates_lib.params.journey import Bots, Journey
from templates_lib.stats.intervals import wilson
from templates_lib.words import Words

STEPS = ["look", "cart", "pay"]
WORDS = Words("en", "EUR")


def table(**segments: tuple[int, int, int]) -> pd.DataFrame:
    """A funnel by device: of each, how many look, put it in the cart and pay."""
    rows = [
        {"split": "device", "segment": name, "stage": step, "entered": counts[i],
         "converted": counts[i + 1]}
        for name, counts in segments.items()
        for i, step in enumerate(STEPS[1:])
    ]  # fmt: skip
    made = pd.DataFrame(rows)
    made["conversion"] = made["converted"] / made["entered"]
    made["low"], made["high"] = wilson(made["converted"], made["entered"])
    return made.reindex(columns=FUNNEL)


def settings(**changes) -> Journey:
    return Journey(**{"steps": STEPS} | changes)


def test_what_is_gained_by_hand():
    made = bottleneck.bottlenecks(
        table(mobile=(1000, 200, 100), desktop=(1000, 400, 200)),
        settings(), days=73, worth=OrderValue(20.0, 0.0, 100),
    )  # fmt: skip
    first = made.iloc[0]
    assert (first.segment, first.stage, first.benchmark) == ("mobile", "cart", "desktop")
    assert first.gained == pytest.approx(1000 * (0.4 - 0.2) * 0.5 * 5), "73 days are a fifth"
    assert first.worth == pytest.approx(first.gained * 20)
    assert len(made) == 1, "no step that is as good as the other"
    assert (
        bottleneck.said(first, STEPS, WORDS)
        == "Of 100 on “mobile” who get as far as “look”, 20 go on to “cart”; on “desktop”, 40"
    )


def test_the_interval_is_that_of_resampling():
    counts = {"mobile": (4000, 1800, 900), "desktop": (2500, 1600, 700)}
    worth = OrderValue(30.0, 1.5, 400)
    made = bottleneck.bottlenecks(table(**counts), settings(), days=90, worth=worth).iloc[0]
    assert (made.segment, made.stage) == ("mobile", "cart")
    rng = np.random.default_rng(1)
    n = 20_000
    entered = rng.poisson(4000, n)
    carts = rng.binomial(4000, 0.45, n) / 4000
    pays = rng.binomial(1800, 0.5, n) / 1800
    best = rng.binomial(2500, 0.64, n) / 2500
    gained = entered * (best - carts) * pays * 365 / 90
    half = 1.959964 * gained.std()
    assert (made.gained_high - made.gained_low) / 2 == pytest.approx(half, rel=0.03)
    money = gained * rng.normal(30.0, 1.5, n)
    half = 1.959964 * money.std()
    assert (made.worth_high - made.worth_low) / 2 == pytest.approx(half, rel=0.03)


def test_a_lucky_small_group_is_no_benchmark():
    made = bottleneck.bottlenecks(
        table(mobile=(1000, 300, 100), desktop=(1000, 320, 110), tv=(60, 40, 20)),
        settings(), days=90, worth=None,
    )  # fmt: skip
    assert set(made["benchmark"]) == {"desktop"}
    assert bottleneck.worst(made) is None, "may be chance"
    assert made["worth"].isna().all()
    assert bottleneck.effect(made.iloc[0], "net sales") is None


def test_the_clients_own_target_is_named_and_has_no_sampling_of_its_own():
    chosen = settings(benchmark={"pay": 0.6})
    made = bottleneck.bottlenecks(table(mobile=(1000, 200, 100)), chosen, days=365, worth=None)
    low, high = wilson(100, 200)
    assert made[["stage", "benchmark"]].values.tolist() == [["pay", "target"]]
    assert made.gained[0] == pytest.approx(200 * 0.1)
    assert made[["gap_low", "gap_high"]].values[0] == pytest.approx([0.6 - high, 0.6 - low])
    assert bottleneck.said(made.iloc[0], STEPS, WORDS).endswith("the target is 60")


def test_groups_that_are_other_people_are_no_benchmark():
    own = table(new=(1000, 200, 100), returning=(1000, 400, 200)).assign(split="new_or_returning")
    assert not len(bottleneck.bottlenecks(own, settings(), days=90, worth=None))


def test_the_value_of_an_order_is_that_of_the_orders_seen():
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(80)], "net_sales": 10.0})
    orders.loc[:39, "net_sales"] = 30.0
    events = pd.DataFrame({"event": "purchase", "order_id": [f"o{i}" for i in range(40)]})
    have = {"orders": ibis.memtable(orders)}
    found = bottleneck.order_value(have, ibis.memtable(events), value="net_sales")
    assert found == OrderValue(30.0, 0.0, 40)
    few = bottleneck.order_value(have, ibis.memtable(events.head(5)), value="net_sales")
    assert (few.mean, few.n) == (20.0, 80)
    assert bottleneck.order_value({}, ibis.memtable(events), value="net_sales") is None


PARAMS = """
client: {name: Demo, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-10-31
sources:
  events: {format: ga4_bigquery, path: "exports/ga4/events_*.parquet"}
"""


def test_the_demos_bottleneck_and_its_cost_are_found(workspace, make_client, tmp_path):
    truth = demo.write(tmp_path / "demo", shop="full", seed=2, customers=1500)
    files = (tmp_path / "demo").rglob("events_*.parquet")
    make_client(PARAMS, {f"ga4/{file.name}": file.read_bytes() for file in files})
    _, connection, _ = staged("acme")
    have = {"events": connection.table("events")}
    chosen = Journey(
        unit="session", days=200, window_days=1, bots=Bots(channels=["liikenne.example / *"])
    )
    found = funnel.reached(have, chosen)
    steps = funnel.funnel(found, chosen, min_cell=5)
    own = steps[(steps["split"] == "device") & (steps["segment"] == "mobile")]
    for row in own.itertuples():
        share = step_share("mobile", row.stage)
        assert abs(row.conversion - share) < 1.5 * (row.high - row.low), row.stage
    made = bottleneck.bottlenecks(steps, chosen, days=found.days, worth=None)
    worst = bottleneck.worst(made)
    device, step, share = planted.BOTTLENECK
    assert (worst.segment, worst.stage) == (device, step)
    usual = planted.STEP_SHARES
    assert worst.gap_low < usual[step] - share < worst.gap_high
    later = usual["add_payment_info"] * usual["purchase"]
    cost = worst.entered * (usual[step] - share) * later * 365 / found.days
    assert worst.gained_low < cost < worst.gained_high
    kinds = visits.excluded(have["events"], chosen).set_index("what")["share"]
    assert kinds["without_consent"] == pytest.approx(1 - planted.CONSENT_SHARE, abs=0.02)
    for name, expected in (("bots", planted.BOT_SHARE), ("internal", planted.INTERNAL_SHARE)):
        assert kinds[name] == pytest.approx(expected, rel=0.3)
    assert truth.shop.exists() if hasattr(truth, "shop") else True
