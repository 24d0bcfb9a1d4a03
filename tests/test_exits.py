"""What comes first after the first purchase: cases by hand, and a shop of known rates."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from templates_lib.repeat_purchase import exits

AS_OF = date(2026, 6, 30)
BY = {"zone": "Europe/Helsinki", "as_of": AS_OF}


def tables(rows):
    """Of (first day, second day, closed at, opted out at); times are UTC."""
    names = ["first_on", "second_on", "closed_at", "opted_out_at"]
    table = pd.DataFrame(rows, columns=names)
    table["customer_id"] = [f"c{i}" for i in range(len(table))]
    for name in names[:2]:
        table[name] = pd.to_datetime(table[name]).dt.date
    for name in names[2:]:
        table[name] = pd.to_datetime(table[name], format="ISO8601")
    kinds = {"customer_id": "string", "first_on": "date", "second_on": "date"}
    times = {"customer_id": "string", "closed_at": "timestamp(6)", "opted_out_at": "timestamp(6)"}
    return {
        "first_orders": ibis.memtable(table[list(kinds)], schema=kinds),
        "customers": ibis.memtable(table[list(times)], schema=times),
    }


DAY_1 = "2026-01-01"


@pytest.mark.parametrize(
    ("row", "cause", "duration"),
    [
        ((DAY_1, None, "2026-01-11", None), "closed", 10),
        ((DAY_1, "2026-01-05", "2026-01-11", None), "returned", 4),
        ((DAY_1, "2026-01-11", "2026-01-11", "2026-01-11"), "returned", 10),
        ((DAY_1, None, "2026-01-11", "2026-01-11"), "closed", 10),
        ((DAY_1, "2026-02-01", None, "2026-01-02"), "opted_out", 1),
        ((DAY_1, None, "2026-01-10 22:30", None), "closed", 10),  # 00:30 of the 11th in Helsinki
        ((DAY_1, None, DAY_1, None), "closed", 0),
        ((DAY_1, None, None, None), "", 180),
        ((DAY_1, None, "2026-07-05", None), "", 180),  # after the last day observed
        ((DAY_1, None, "2025-12-01", None), "", 180),  # before the first purchase
        ((DAY_1, "2026-03-01", None, "2025-12-01"), "returned", 59),
    ],
)
def test_what_came_first(row, cause, duration):
    # Beside a customer who closed on day 3, or there would be nothing to tell.
    counts = exits.exit_counts(tables([row, (DAY_1, None, "2026-01-04", None)]), **BY)
    assert counts["count"].sum() == 2
    expected = {(cause, duration), ("closed", 3)}
    assert set(zip(counts["cause"], counts["duration"], strict=True)) == expected


def test_without_closures_or_opt_outs_there_is_nothing():
    have = tables([(DAY_1, "2026-02-01", None, None)] * 40)
    counts = exits.exit_counts(have, **BY)
    assert counts.empty
    assert exits.exit_curves(counts).empty
    assert exits.exits_by(counts, days=[30]).empty
    assert exits.exit_counts({"first_orders": have["first_orders"]}, **BY).empty


def simulated(rng, n, rates):
    """Days until each end at constant rates a day, from a first day in three years."""
    names = list(rates)
    times = np.array([rng.exponential(1 / rate, n) for rate in rates.values()])
    cause, time = times.argmin(axis=0), np.floor(times.min(axis=0))
    until = rng.integers(1, 1095, n)
    seen = time <= until
    rows = {"cause": np.where(seen, np.array(names)[cause], ""), "count": 1}
    return pd.DataFrame({"duration": np.where(seen, time, until).astype(int), **rows})


RATES = {"returned": 0.004, "closed": 0.0006, "opted_out": 0.0012}


def test_shares_are_those_of_constant_rates():
    # F_k(t) = rate_k / rate * (1 - exp(-rate * t)); time in whole days, so that day t ends at t + 1
    rng = np.random.default_rng(1)
    total, holds, naive_holds = sum(RATES.values()), [], []
    for _ in range(40):
        counts = simulated(rng, 1500, RATES)
        table = exits.exits_by(counts, days=[180, 365]).set_index(["first_event", "days"])
        for cause, rate in RATES.items():
            for days in (180, 365):
                true = rate / total * (1 - np.exp(-total * (days + 1)))
                row = table.loc[(cause, days)]
                holds.append(row["low"] <= true <= row["high"])
                alone = 1 - np.exp(-rate * (days + 1))  # what Kaplan-Meier of one end estimates
                naive_holds.append(row["low"] <= alone <= row["high"])
        assert table["n"].eq(1500).all()
    assert 0.90 <= np.mean(holds) <= 0.99
    assert np.mean(naive_holds) < 0.2


def test_curves_hold_min_cell_a_step_and_stop_where_few_are_at_risk():
    counts = simulated(np.random.default_rng(2), 600, RATES)
    curve = exits.exit_curves(counts, min_cell=8)
    assert curve["first_event"].drop_duplicates().tolist() == ["returned", "closed", "opted_out"]
    assert curve["at_risk"].min() >= 20
    for cause, own in curve.groupby("first_event"):
        known = counts[counts["cause"] == cause]["duration"].sort_values().to_numpy()
        assert np.diff(np.searchsorted(known, own["days"], side="right"), prepend=0).min() >= 8


def test_an_end_of_few_cases_competes_but_is_not_shown():
    counts = simulated(np.random.default_rng(3), 600, RATES)
    is_closed = counts["cause"] == "closed"
    few = counts.drop(index=counts[is_closed].index[9:])
    assert set(exits.exit_curves(few)["first_event"]) == {"returned", "opted_out"}
    only = counts[counts["cause"] != "opted_out"].drop(index=counts[is_closed].index[9:])
    assert exits.exit_curves(only).empty
    assert exits.exits_by(only, days=[30]).empty
