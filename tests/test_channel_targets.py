"""Targets: met, missed or open by where the interval lies, and never surer than that."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from templates_lib.marketing import channel_targets
from templates_lib.params.marketing import Targets

NAN = float("nan")


def measured(**values):
    row = {"channel": "meta", "period": "2026", "new_customers": 100, "months": 12,
           "is_paid_back": True, "is_whole": True, "date_from": date(2026, 1, 1),
           "date_to": date(2026, 12, 31)}  # fmt: skip
    for name in ("cos", "cac", "payback_months", "ltv_cac"):
        row |= dict.fromkeys([name, f"{name}_low", f"{name}_high"], NAN)
    row |= values
    kinds = {"new_customers": "Int64", "is_paid_back": "boolean"}
    return pd.DataFrame([row]).astype(kinds)


def verdict(table, **targets):
    found = channel_targets.reached(table, {"meta": Targets(**targets)}, horizon_months=12)
    return found["verdict"].tolist()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(10, 18, "met"), (10, 20, "met"), (21, 30, "missed"), (15, 25, "cannot_tell"),
     (20, 25, "cannot_tell"), (NAN, NAN, "no_estimate")],
)  # fmt: skip
def test_a_cost_is_to_be_at_most_the_target(low, high, expected):
    table = measured(cac=(low + high) / 2, cac_low=low, cac_high=high)
    assert verdict(table, cac=20) == [expected]


@pytest.mark.parametrize(
    ("low", "high", "months", "expected"),
    [(1.1, 2, 3, "met"), (1.0, 2, 12, "met"), (0.4, 0.9, 12, "missed"),
     (0.4, 0.9, 11, "cannot_tell"), (0.4, 1.9, 12, "cannot_tell")],
)  # fmt: skip
def test_what_later_months_may_bring_is_not_missed_yet(low, high, months, expected):
    table = measured(ltv_cac=1, ltv_cac_low=low, ltv_cac_high=high, months=months)
    assert verdict(table, ltv_cac=1) == [expected]


@pytest.mark.parametrize(
    ("low", "high", "months", "is_paid_back", "expected"),
    [(2, 5, 12, True, "met"), (2, 7, 12, True, "cannot_tell"), (7, 9, 12, True, "missed"),
     (2, NAN, 12, True, "cannot_tell"), (7, NAN, 12, False, "missed"),
     (NAN, NAN, 12, False, "missed"), (NAN, NAN, 6, False, "missed"),
     (NAN, NAN, 5, False, "cannot_tell"), (NAN, NAN, 0, None, "no_estimate")],
)  # fmt: skip
def test_a_payback_that_has_not_come_is_missed_when_its_months_have_passed(
    low, high, months, is_paid_back, expected
):
    table = measured(
        payback_months_low=low, payback_months_high=high, months=months, is_paid_back=is_paid_back
    )
    assert verdict(table, payback_months=6) == [expected]


def test_every_period_has_a_row_and_the_longest_time_answers():
    parts = [
        measured(cac=25, cac_low=21, cac_high=30),
        measured(cac=18, cac_low=15, cac_high=19, is_whole=False, period="2026-Q1"),
        measured(channel="all", cos=0.1, cos_low=0.05, cos_high=0.15),
        measured(channel="other", cac=90, cac_low=80, cac_high=99),
    ]
    targets = {"meta": Targets(cac=20), "all": Targets(cos=0.2), "gone": Targets(cac=1)}
    channels = pd.concat(parts, ignore_index=True)
    found = channel_targets.reached(channels, targets, horizon_months=12)
    assert found["is_whole"].tolist() == [True, True, False]
    answer = channel_targets.answer(found)
    assert answer["verdict"].tolist() == ["missed", "met"]
    assert channel_targets.in_words(answer) == "1 missed, 1 met"
    dear = channel_targets.too_dear(answer, channels)
    assert (dear.channel, dear.n) == ("meta", 100)
    assert dear.effect == {"estimate": 500.0, "low": 100.0, "high": 1000.0}


def test_without_targets_there_is_nothing():
    found = channel_targets.reached(measured(), {}, horizon_months=12)
    assert found.empty
    assert channel_targets.too_dear(found, measured()) is None
    assert np.array_equal(found.columns, channel_targets.TARGETS)
