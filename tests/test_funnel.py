"""Closed funnels against a count by brute force, and what must hold for any events."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from event_tables import events, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from templates_lib.journey import funnel, funnel_compared
from templates_lib.params.journey import Journey
from templates_lib.stats.decomposition import kitagawa

STEPS = ["look", "cart", "pay"]
DAY = 24 * 60
END = {"visitor_id": "end", "event": "page_view", "minute": 13 * DAY}


def path(**changes) -> Journey:
    base = {"steps": STEPS, "days": 14, "window_days": 1, "compare_by": []}
    return Journey(**base | changes)


def counts(rows, chosen: Journey | None = None) -> list[int]:
    """Units at each step of the closed funnel, the first included."""
    found = funnel.reached({"events": events([*rows, END])}, chosen or path())
    return [int(step.count().execute()) for step in found.steps]


def by_brute_force(rows, window: int = DAY) -> list[int]:
    """The same by trying every choice of one event a step, for each visitor."""
    furthest = Counter()
    for visitor in {row["visitor_id"] for row in rows}:
        times = [
            sorted(r["minute"] for r in rows if (r["visitor_id"], r["event"]) == (visitor, step))
            for step in STEPS
        ]
        if not times[0] or times[0][0] >= END["minute"] - window:
            continue
        entry = times[0][0]
        for reach in range(len(STEPS), 0, -1):
            chains = product([entry], *times[1:reach])
            if any(list(c) == sorted(c) and c[-1] <= entry + window for c in chains):
                furthest.update(range(reach))
                break
    return [furthest[step] for step in range(len(STEPS))]


one_event = st.fixed_dictionaries(
    {
        "visitor_id": st.sampled_from(["a", "b", "c", "d", "e", "f"]),
        "event": st.sampled_from([*STEPS, "page_view"]),
        "minute": st.integers(0, 3 * DAY).map(lambda m: m // 180 * 180),
        "session_id": st.sampled_from(["1", "2"]),
        "device": st.sampled_from(["mobile", "desktop"]),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(one_event, min_size=1, max_size=40), seed=st.randoms(use_true_random=False))
def test_any_events_are_counted_as_by_brute_force_and_never_widen(rows, seed):
    shuffled = [*rows]
    seed.shuffle(shuffled)
    found = counts(shuffled)
    assert found == by_brute_force(rows)
    assert found == sorted(found, reverse=True)


def test_a_visitor_is_counted_once_a_step_however_often_it_is_repeated():
    rows = walk("a", "look", "look", "cart", "look", "cart", "pay", "pay")
    assert counts(rows) == [1, 1, 1]


def test_steps_out_of_order_do_not_count_until_they_come_in_order():
    assert counts(walk("a", "cart", "look", "pay")) == [1, 0, 0]
    assert counts(walk("a", "cart", "pay", "look", "cart", "pay")) == [1, 1, 1]


def test_steps_at_the_same_moment_are_in_order():
    rows = [{"visitor_id": "a", "event": step, "minute": 5} for step in reversed(STEPS)]
    assert counts(rows) == [1, 1, 1]


def test_a_visit_over_midnight_and_several_devices_are_one_visitor():
    rows = walk("a", "look", minute=14 * 60, session_id="1", device="mobile")
    rows += walk("a", "cart", minute=16 * 60, session_id="1", device="mobile")
    rows += walk("a", "pay", minute=30 * 60, session_id="2", device="desktop")
    assert counts(rows) == [1, 1, 1]
    assert counts(rows, path(unit="session")) == [1, 1, 0]


def test_after_the_window_nothing_counts_and_who_came_late_has_no_window():
    rows = walk("a", "look") + walk("a", "cart", minute=DAY) + walk("a", "pay", minute=DAY + 1)
    assert counts(rows) == [1, 1, 0]
    assert counts(rows, path(window_days=2)) == [1, 1, 1]
    assert counts(walk("late", *STEPS, minute=12 * DAY + 1)) == [0, 0, 0]


def test_more_purchases_than_carts_are_seen_in_the_open_funnel_and_not_in_the_closed_one():
    rows = [r for i in range(40) for r in walk(f"v{i}", "look", minute=i)]
    rows += [r for i in range(20) for r in walk(f"v{i}", "cart", minute=100 + i)]
    rows += [r for i in range(30) for r in walk(f"v{i}", "pay", minute=200 + i)]
    found = funnel.reached({"events": events([*rows, END])}, path())
    made = funnel.funnel(found, path(), min_cell=5).set_index("stage")
    assert made.loc["pay", ["entered", "converted"]].tolist() == [20, 20]
    assert made.loc["pay", ["open_entered", "open_converted"]].tolist() == [20, 30]


def shop(n: int, carts: int, **more) -> list[dict]:
    name = "-".join(map(str, more.values()))
    rows = [r for i in range(n) for r in walk(f"{name}{i}", "look", minute=i / 10, **more)]
    return rows + [
        r for i in range(carts) for r in walk(f"{name}{i}", "cart", minute=60 + i / 10, **more)
    ]


def test_groups_add_up_and_small_ones_are_together_and_few_are_hidden():
    rows = shop(200, 80, device="mobile") + shop(100, 60, device="desktop")
    rows += shop(40, 3, device="tablet") + shop(10, 8, device="tv")
    chosen = path(compare_by=["device"], steps=["look", "cart"])
    found = funnel.reached({"events": events([*rows, END])}, chosen)
    made = funnel.funnel(found, chosen, min_cell=5)
    by = made[made["split"] == "device"].set_index("segment")
    assert by["entered"].to_dict() == {"mobile": 200, "desktop": 100, "tablet": 40, "other": 10}
    assert by["converted"].isna().to_dict() == {
        "mobile": False, "desktop": False, "tablet": True, "other": True
    }, "3 are few, and 8 would give them away"  # fmt: skip
    assert by.loc["tablet", ["conversion", "of_all", "median_days"]].isna().all()
    assert by.loc["mobile", "conversion"] == 0.4
    assert made[made["split"] == "all"]["converted"].tolist() == [151]


def test_the_median_time_is_of_all_at_the_step_and_empty_where_fewer_than_half_go_on():
    rows = shop(100, 60, device="mobile")  # an hour from the one to the other
    chosen = path(steps=["look", "cart"])
    for carts, expected in ((60, 60 / DAY), (40, np.nan)):
        rows = shop(100, carts, device="mobile")
        found = funnel.reached({"events": events([*rows, END])}, chosen)
        made = funnel.funnel(found, chosen, min_cell=5)
        assert made["median_days"].tolist() == pytest.approx([expected], nan_ok=True)
    soon = funnel.time_to_purchase(found)
    assert dict(zip(soon["days"], soon["share"], strict=True)) == pytest.approx(
        {1 / 24: 0.4, 1.0: 0.4}
    )


def test_who_was_seen_before_is_returning():
    rows = shop(40, 20, device="mobile") + walk("mobile0", "page_view", minute=-600)
    rows += [r for i in range(35) for r in walk(f"old{i}", "page_view", minute=-20 * DAY + i)]
    rows += [r for i in range(35) for r in walk(f"old{i}", "look", minute=i)]
    chosen = path(compare_by=["new_or_returning"], steps=["look", "cart"])
    found = funnel.reached({"events": events([*rows, END])}, chosen)
    made = funnel.funnel(found, chosen, min_cell=5).set_index("segment")
    assert made.loc["returning", "entered"] == 36
    assert made.loc["new", "entered"] == 39


def test_a_gap_is_newcombes(shared):
    import pandas as pd

    golden = pd.read_csv(shared / "golden" / "golden.csv")
    own = golden[(golden["analysis"] == "G") & (golden["data"] == "56/70 - 48/80")]
    low, high = own.sort_values("quantity", ascending=False)["value"]
    rows = shop(70, 56, device="mobile") + shop(80, 48, device="desktop")
    chosen = path(compare_by=["device"], steps=["look", "cart"])
    found = funnel.reached({"events": events([*rows, END])}, chosen)
    made = funnel_compared.gaps(funnel.funnel(found, chosen, min_cell=5)).set_index("segment")
    assert made.loc["mobile", ["gap_low", "gap_high"]].tolist() == pytest.approx(
        [low, high], abs=1e-4
    )
    assert made.loc["desktop", ["gap_low", "gap_high"]].tolist() == pytest.approx(
        [-high, -low], abs=1e-4
    )
    weak = funnel_compared.weakest(made.reset_index(), split="device")
    assert weak.segment == "desktop"


def test_a_change_of_the_mix_alone_is_told_as_such():
    def period(day: int, mobile: int, desktop: int) -> list[dict]:
        parts = [("mobile", mobile, mobile // 10), ("desktop", desktop, desktop // 2)]
        return [
            {**row, "visitor_id": f"{day}{row['visitor_id']}", "minute": row["minute"] + day * DAY}
            for device, n, carts in parts
            for row in shop(n, carts, device=device)
        ]

    rows = period(0, 100, 300) + period(15, 300, 100) + [{**END, "minute": 27 * DAY}]
    table = {"events": events(rows)}
    chosen = path(compare_by=["device"], steps=["look", "cart"])
    now, before = (funnel.reached(table, chosen, periods_back=back) for back in (0, 1))
    made = funnel_compared.changes(now, before, chosen).set_index("component")
    assert made["estimate"].to_dict() == pytest.approx({"change": -0.2, "mix": -0.2, "rate": 0.0})
    assert made.loc["mix", "high"] < 0 < made.loc["rate", "high"]


def test_kitagawas_parts_add_up_and_their_intervals_are_those_of_resampling():
    k1, n1, k0, n0 = [60, 45, 30], [900, 400, 200], [40, 60, 20], [500, 700, 100]
    made = kitagawa(k1, n1, k0, n0)
    assert made.mix.estimate + made.rate.estimate == pytest.approx(made.change.estimate)
    assert made.change.estimate == pytest.approx(135 / 1500 - 120 / 1300)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(4000):
        sizes = [rng.multinomial(sum(n), np.array(n) / sum(n)) for n in (n1, n0)]
        hits = [
            rng.binomial(size, np.array(k) / n)
            for size, k, n in zip(sizes, (k1, k0), (n1, n0), strict=True)
        ]
        again = kitagawa(hits[0], sizes[0], hits[1], sizes[1])
        drawn.append([part.estimate for part in again])
    spread = np.std(drawn, axis=0)
    for part, se in zip(made, spread, strict=True):
        assert (part.high - part.low) / 2 / 1.959964 == pytest.approx(se, rel=0.06)


def test_kitagawa_refuses_empty_groups():
    with pytest.raises(ValueError, match="trials"):
        kitagawa([1, 0], [10, 0], [1, 1], [10, 10])


def test_without_events_there_is_no_funnel():
    assert funnel.reached({}, path()) is None
    assert not len(funnel.funnel(None, path(), min_cell=5))
    assert not len(funnel.time_to_purchase(None))
    assert not len(funnel_compared.changes(None, None, path()))
