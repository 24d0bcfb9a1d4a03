"""Costs: stretches spread by day, missing days, names, against counting day by day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates_lib.marketing import spend
from templates_lib.tables import SPEND

START = date(2026, 1, 1)
AS_OF = date(2026, 3, 31)
NAMES = {"google ads": {"spend": ["google*"], "clicked": [], "said": []}}


def table(rows):
    """A staged table of costs from (channel, campaign, first day, days, cost)."""
    made = [
        {
            "channel": channel,
            "campaign": campaign,
            "date": START + timedelta(days=first),
            "date_to": START + timedelta(days=first + days - 1),
            "cost": Decimal(cost),
            "impressions": Decimal(0),
            "clicks": Decimal(0),
        }
        for channel, campaign, first, days, cost in rows
    ]
    return ibis.memtable(pd.DataFrame(made, columns=list(SPEND)), schema=SPEND)


def costs(rows, **changes):
    asked = {"channels": {}, "brand": [], "as_of": AS_OF} | changes
    return spend.costs(table(rows), **asked)


ROW = st.tuples(
    st.sampled_from(["a", "b"]), st.just("x"), st.integers(0, 60), st.integers(1, 40),
    st.integers(0, 500),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), first=st.integers(0, 80), n=st.integers(1, 40))
def test_a_stretch_is_spread_evenly_over_its_days(rows, first, n):
    window = range(first, first + n)
    by_hand = sum(cost / days for _, _, begin, days, cost in rows
                  for day in range(begin, begin + days) if day in window)  # fmt: skip
    found = spend.between(costs(rows), START + timedelta(first), START + timedelta(first + n - 1))
    assert found.sum() == pytest.approx(by_hand)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_days_are_counted_one_by_one(rows):
    found = spend.days(costs(rows), as_of=AS_OF).set_index("channel")
    for channel, row in found.iterrows():
        own = [(begin, days) for name, _, begin, days, _ in rows if name == channel]
        last = min(max(begin + days for begin, days in own) - 1, (AS_OF - START).days)
        inside = range(min(begin for begin, _ in own), last + 1)
        single = {begin for begin, days in own if days == 1}
        covered = {d for begin, days in own for d in range(begin, begin + days)}
        assert row["days_with_row"] == len(single)
        assert row["days_spread"] == len((covered - single) & set(inside))
        assert row["days_missing"] == len(set(inside) - covered)


def test_names_that_no_channel_means_stay_their_own():
    found = costs(
        [("Google_Ads", "x", 0, 1, 3), ("google search", "y", 0, 1, 2), ("Meta", "z", 0, 1, 1)],
        channels=NAMES,
    )
    assert found.groupby("channel")["cost"].sum().to_dict() == {"google ads": 5, "meta": 1}


def test_a_campaign_without_cost_is_kept_and_brand_is_told():
    found = spend.campaigns(
        costs([("a", "Brändi, haku", 0, 1, 4), ("a", "Uusi", 1, 1, 0)], brand=["*brändi*"])
    )
    assert found[["campaign", "spend", "is_brand"]].values.tolist() == [
        ["Brändi, haku", 4.0, True],
        ["Uusi", 0.0, False],
    ]


def test_what_begins_after_the_last_day_is_left_out_and_a_stretch_is_cut():
    rows = costs([("a", "x", 0, 10, 10), ("a", "x", 20, 1, 99)], as_of=START + timedelta(4))
    assert spend.span(rows, as_of=START + timedelta(4)) == (START, START + timedelta(4))
    assert spend.between(rows, START, START + timedelta(4)).sum() == pytest.approx(5)
    assert spend.span(costs([("a", "x", 0, 1, 0)]), as_of=AS_OF) is None


def test_no_row_costs_nothing():
    rows = costs([("a", "x", 0, 1, 10)])
    assert spend.between(rows[rows["channel"] == "b"], START, AS_OF).sum() == 0


def test_other_costs_are_by_the_month():
    year = spend.other_costs({"agency": Decimal(100)}, START, date(2029, 12, 31))
    assert year == pytest.approx(4800)
