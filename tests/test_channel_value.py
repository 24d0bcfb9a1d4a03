"""What a channel's customers are worth: least squares as authority, and the demo's truth."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import staged
from numpy.testing import assert_allclose
from statsmodels.api import OLS

from templates_lib.demo import truth as planted
from templates_lib.marketing import channel_value
from templates_lib.marketing.payback import MARGIN, Grids
from templates_lib.workspace import repository

START, END = date(2025, 1, 1), date(2025, 12, 31)


def people(seed=1, n=900):
    """Customers whose channel depends on the month, and whose value does too."""
    rng = np.random.default_rng(seed)
    month = rng.integers(0, 6, n)
    channel = np.where(rng.random(n) < 0.15 + 0.12 * month, "meta", "direct")
    value = (100 * (20 + 15 * month + rng.normal(0, 8, n))).round() / 100
    return pd.DataFrame({"channel": channel, "month": month, "value": value})


def grids(each, ages=3):
    each = each.assign(cohort=[f"2025-{m + 1:02d}" for m in each["month"]])
    sums = each.groupby(["channel", "cohort"])["value"].agg(
        cohort_size="size", total="sum", squares=lambda v: (v**2).sum(),
        cubes=lambda v: (v**3).sum(),
    ).reset_index()  # fmt: skip
    names = {power: f"{MARGIN}_{power}" for power in ("total", "squares", "cubes")}
    cells = sums.rename(columns=names).merge(pd.DataFrame({"age": range(ages)}), how="cross")
    cells["complete"] = True
    return Grids(cells, cells)


def test_the_gap_is_that_of_least_squares_with_an_effect_of_each_month():
    each = people()
    found = channel_value.margin_gaps(grids(each), start=START, end=END)
    own = found.set_index("channel").loc["meta"]
    dummies = pd.get_dummies(each["month"]).astype(float)
    fitted = OLS(each["value"], dummies.assign(meta=(each["channel"] == "meta") * 1.0)).fit()
    assert_allclose(own.margin_gap, fitted.params["meta"], rtol=1e-9)
    low, high = fitted.conf_int().loc["meta"]
    assert_allclose((own.high - own.low) / (high - low), 1, rtol=0.03)
    raw = each.groupby("channel")["value"].mean()
    assert raw["meta"] - raw["direct"] > 10  # the months alone make it look so
    assert own.low < 0 < own.high
    assert_allclose(own.margin - own.others_margin, own.margin_gap)


def test_the_interval_of_a_gap_covers():
    covered = 0
    for seed in range(60):
        each = people(seed, 400)
        each["value"] += np.where(each["channel"] == "meta", -5.0, 0.0)
        found = channel_value.margin_gaps(grids(each), start=START, end=END)
        own = found.set_index("channel").loc["meta"]
        covered += own.low <= -5 <= own.high
    assert 0.88 <= covered / 60 <= 1


def test_months_that_are_not_complete_and_channels_without_a_name_are_left_out():
    each = pd.concat([people(), people(2).assign(channel="unknown")])
    made = grids(each)
    made.plain.loc[made.plain["cohort"] == "2025-06", "complete"] = False
    found = channel_value.margin_gaps(made, start=START, end=END)
    assert set(found["channel"]) == {"direct", "meta"}
    assert found["n"].sum() == (people()["month"] < 5).sum()
    assert set(found["months"]) == {3}


def test_margin_curves_follow_the_same_customers():
    made = grids(people(), ages=6)
    made.plain.loc[(made.plain["cohort"] > "2025-04") & (made.plain["age"] > 3), "complete"] = False
    found = channel_value.margin_curves(made, start=START, end=END)
    assert found.groupby("channel")["n"].nunique().tolist() == [1, 1]
    assert found["months"].max() == 6
    assert found["n"].iloc[:1].item() == found["n"].max()


def test_without_channels_nothing_is_said():
    made = grids(people())
    bare = Grids(made.plain.drop(columns="channel"), made.plain.drop(columns="channel"))
    gaps = channel_value.margin_gaps(bare, start=START, end=END)
    assert gaps.empty
    assert channel_value.surest(gaps) is None
    assert channel_value.margin_curves(bare, start=START, end=END).empty


def firsts(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "channel", "first_on", "second_on"])
    for name in ("first_on", "second_on"):
        frame[name] = pd.to_datetime(frame[name])
    kinds = {"channel": "string", "first_on": "date", "second_on": "date"}
    return ibis.memtable(frame).cast(kinds)


def test_returns_count_those_observed_so_long_and_small_counts_are_hidden():
    rows = [(f"a{i}", "meta", "2025-01-10", "2025-02-10" if i < 3 else None) for i in range(40)]
    rows += [(f"b{i}", "direct", "2025-01-20", "2025-03-01" if i < 20 else None) for i in range(50)]
    rows += [(f"c{i}", "direct", "2025-06-20", None) for i in range(50)]
    rows += [(f"d{i}", None, "2025-01-20", None) for i in range(50)]
    table = firsts(rows)
    found = channel_value.return_gaps(table, as_of=date(2025, 6, 30), min_cell=1)
    own = found.set_index("channel")
    assert set(found["months"]) == {3}
    assert_allclose(own["share_returned"], own["others_returned"].iloc[::-1])
    assert_allclose(own.loc["meta", ["share_returned", "others_returned"]].tolist(), [3 / 40, 0.4])
    assert own.loc["meta", ["n", "n_others"]].tolist() == [40, 50]
    gap = channel_value.surest(found)
    assert gap.low < gap.difference < gap.high
    assert gap.low > 0 or gap.high < 0
    hidden = channel_value.return_gaps(table, as_of=date(2025, 6, 30), min_cell=5)
    assert hidden["share_returned"].isna().all()  # the other would give it away
    assert channel_value.surest(hidden) is None


def test_only_an_answer_on_the_first_order_and_at_once_names_its_channel():
    orders = ibis.memtable(
        {"order_id": ["1", "2", "3", "4"], "customer_id": ["a", "a", "b", "c"],
         "ordered_on": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-01-01", "2025-01-01"])}
    ).cast({"ordered_on": "date"})  # fmt: skip
    answers = [("2", "Friend", "2025-03-02"), ("3", "Ad", "2025-01-02"),
               ("3", "Friend", "2025-01-02"), ("4", "Ad", "2025-01-20")]  # fmt: skip

    def said(rows):
        frame = pd.DataFrame(rows, columns=["order_id", "option", "answered_at"])
        frame["answered_at"] = pd.to_datetime(frame["answered_at"])
        given = frame.assign(survey="purchase", question="heard")
        people = firsts([(c, None, "2025-01-01", None) for c in "abc"]).drop("channel")
        return channel_value.as_said(
            people, orders, ibis.memtable(given), question="heard", zone="UTC",
            channels={"friends": {"said": ["friend"]}},
        )  # fmt: skip

    assert said(answers) is None  # on a second order, several, too late
    kept = said([*answers, ("1", "friend", "2025-01-03")]).to_pandas()
    assert kept[["customer_id", "channel"]].to_numpy().tolist() == [["a", "friends"]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Orders and the purchase survey of a demo shop."""
    folder = tmp_path_factory.mktemp("channels")
    (folder / "params").mkdir()
    given = yaml.safe_load((repository() / "params" / "demo.yml").read_text(encoding="utf-8"))
    own = [each for each in given["sources"]["responses"] if each["survey"] == "purchase"]
    given["sources"] = {"orders": given["sources"]["orders"], "responses": own}
    given["demo"] |= {"seed": 1, "customers": 6000}
    given.pop("control_totals")
    Path(folder, "params", "demo.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSPACE", str(folder))
        return staged("demo")


def test_customers_of_social_media_return_less_than_those_of_friends(demo):
    params, connection, _ = demo
    survey = params.purchase_survey
    names = {name: each.model_dump() for name, each in survey.channels.items()}
    said = channel_value.as_said(
        connection.table("first_orders"), connection.table("orders"),
        connection.table("responses"), question=survey.first_heard, channels=names,
        zone=params.client.timezone,
    )  # fmt: skip
    found = channel_value.return_gaps(said, as_of=params.as_of, min_cell=5)
    own = found[found["months"] == 6].set_index("channel")
    assert own.loc["social media", "gap_share"] < 0 < own.loc["friends", "gap_share"]
    counts = channel_value.return_counts(said, as_of=params.as_of)
    back = channel_value.returned(counts, min_cell=5).set_index(["group", "days"])
    meta, friends = (back.loc[(name, 180)] for name in ("social media", "friends"))
    factors = [planted.DISCOVERY[name] for name in ("meta", "word_of_mouth")]
    coded = [1 - each.welcome_share * (1 - planted.WELCOME_FACTOR) for each in factors]
    ratio = factors[0].return_factor * coded[0] / (factors[1].return_factor * coded[1])
    # those who guess where they heard of the shop draw the two together
    assert meta["low"] / friends["high"] <= ratio <= meta["high"] / friends["low"]
