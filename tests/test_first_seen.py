"""First seen early: shops that were open before their data begin, and whole histories."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from templates_lib.repeat_purchase import first_seen

AS_OF = date(2026, 6, 30)
MILESTONES = [30, 60, 90, 180, 365]


def shop(rng, *, n, opened_before, data_days=1095):
    """Purchases of customers from before the data, as the data show them: half of all customers
    buy once only, the others every 50 days on average."""
    begin = AS_OF - timedelta(days=data_days)
    rows = []
    for came in rng.integers(-opened_before, data_days - 30, n):
        days = [came]
        if rng.random() < 0.5:
            days += list(came + 1 + np.cumsum(rng.exponential(50, 60)).astype(int))
        days = [day for day in days if 0 <= day <= data_days]
        if days:
            rows.append([begin + timedelta(days=int(day)) for day in days[:2]])
    table = pd.DataFrame(rows, columns=["first_on", "second_on"])
    return ibis.memtable(table, schema={"first_on": "date", "second_on": "date"})


def early_ones(table, **changes):
    given = {"as_of": AS_OF, "milestones_days": MILESTONES} | changes
    return first_seen.early_ones(table, **given)


def test_old_customers_are_told():
    found = early_ones(shop(np.random.default_rng(1), n=3000, opened_before=1500))
    assert found.days == 180
    assert found.low > 0.1
    # of new customers half return, nearly all of them within 180 days
    assert found.later == pytest.approx(0.49, abs=0.04)
    assert found.later_from - found.early_until == timedelta(days=365 - 90)


def test_a_whole_history_looks_alike():
    rng = np.random.default_rng(2)
    found = [early_ones(shop(rng, n=1500, opened_before=0)) for _ in range(12)]
    assert sum(not one.low <= 0 <= one.high for one in found) <= 2


def test_months_are_complete():
    table = shop(np.random.default_rng(1), n=3000, opened_before=1500)
    months = first_seen.by_month(table, as_of=AS_OF, days=180)
    # the last month of whose customers all are observed for 180 days until 30 June: December,
    # which ended 181 days before
    assert months["month"].max() == "2025-12"
    assert months["returned_within"].iloc[0] > months["returned_within"].iloc[12:].max()


def test_marks_by_hand():
    days = [date(2024, 1, 1), date(2024, 3, 30), date(2024, 3, 31), date(2025, 1, 1)]
    table = ibis.memtable(pd.DataFrame({"first_on": days}), schema={"first_on": "date"})
    ones = first_seen.EarlyOnes(
        0.5, 0.4, 0.1, 0.0, 0.2, 99, first_seen.early_until(days[0]), date(2025, 1, 1), 90
    )
    marked = first_seen.marked(table, ones).order_by("first_on").to_pandas()
    assert marked["first_seen"].tolist() == [
        first_seen.EARLY, first_seen.EARLY, first_seen.BETWEEN, first_seen.LATER,
    ]  # fmt: skip


def test_too_few_are_not_compared():
    table = shop(np.random.default_rng(1), n=40, opened_before=0)
    assert early_ones(table) is None
    assert early_ones(table.filter(ibis.literal(value=False))) is None
