"""Joins and non-response against pandas, row by row, on a client with every source."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import rich_client
from conftest import staged
from numpy.testing import assert_allclose
from real_data import example
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from templates_lib import coverage
from templates_lib.data_health import joins
from templates_lib.purchase_survey import non_response
from templates_lib.words import Words

WORDS = Words("en", "EUR")

ZONE = "Europe/Helsinki"


def tables(connection, facts):
    return {name: connection.table(name) for name in coverage.table_names(facts)}


@pytest.fixture
def rich(make_client):
    def make(*names, **options):
        rows = rich_client.frames(**options)
        _, connection, facts = staged(rich_client.write(make_client, rows, *names))
        return rows, tables(connection, facts), facts

    return make


def rates(have, facts, min_cell=5):
    return joins.join_rates(have, facts, zone=ZONE, min_cell=min_cell)


def by_hand(rows) -> dict[tuple[str, str], tuple[int, int]]:
    """(rows, rows found), counted on the exports as they were written."""
    orders, nps, events = rows["orders"], rows["nps"].copy(), rows["events"]
    buyer = orders.set_index("order")["who"]
    nps["order"] = nps["order"].str.removeprefix("#")
    everyone = set(orders["who"]) | set(rows["people"]["who"]) - {""}
    # who answers is known by the order that is named, too
    who = nps["who"].where(nps["who"] != "", nps["order"].map(buyer)).fillna("")
    bought = events[events["event"] == "purchase"]
    by_order = events["order"].map(buyer).fillna("")
    event_who = events["who"].where(events["who"] != "", by_order)
    days = pd.to_datetime(events["at"]).dt.date
    inside = orders[(orders["at"] >= days.min()) & (orders["at"] <= days.max())]
    known = everyone - {""}
    buyers, people = set(orders["who"]) - {""}, set(rows["people"]["who"])
    talks = rows["interviews"].groupby("interview")["who"].agg(lambda w: any(w.isin(known)))
    costed = rows["products"].query("cost != ''")["product"]
    companies = set(rows["people"]["company"])

    def pair(hits):
        return len(hits), int(np.sum(hits))

    return {
        ("responses_customers", "nps"): pair(who.isin(known)),
        ("responses_customers", "awareness"): (len(rows["panel"]), 0),
        ("responses_orders", "nps"): pair(nps["order"].isin(orders["order"])),
        ("sessions_events", ""): pair(rows["sessions"]["session"].isin(events["session"])),
        ("events_orders", ""): pair(bought["order"].isin(orders["order"])),
        ("orders_events", ""): pair(inside["order"].isin(bought["order"])),
        ("events_customers", ""): pair(event_who.isin(known)),
        ("touchpoints_customers", ""): pair(rows["help"]["who"].isin(known)),
        ("interviews_customers", ""): pair(talks),
        ("file_buyers", ""): (len(people), len(people & buyers)),
        ("buyers_file", ""): (len(buyers), len(people & buyers)),
        ("companies_customers", ""): pair(rows["companies"]["company"].isin(companies)),
        ("leads_companies", ""): pair(rows["leads"]["company"].isin(companies)),
        ("lines_category", ""): pair(orders["product"].isin(rows["products"]["product"])),
        ("lines_cost", ""): pair(orders["product"].isin(costed)),
    }


@pytest.mark.parametrize("seed", [3, 4])
def test_joins_are_those_of_pandas(rich, seed):
    rows, have, facts = rich(seed=seed)
    table = rates(have, facts, min_cell=1)
    found = {(row.join, row.part): (row.n, row.matched) for row in table.itertuples()}
    assert found == by_hand(rows)
    low, high = proportion_confint(table["matched"].astype(int), table["n"], method="wilson")
    assert_allclose(table["low"], low, atol=1e-12)
    assert_allclose(table["high"], high, atol=1e-12)
    assert set(table["join"]) <= set(joins.MEANINGS)


def test_a_join_is_there_only_where_both_sides_are(rich):
    for names in (["orders"], ["responses"], ["events"], ["spend"], ["interviews", "leads"]):
        _, have, facts = rich(*names)
        table = rates(have, facts)
        assert table.empty or set(table["join"]) <= {"lines_category"}, names
        assert joins.in_words(table, WORDS).shape[1] == 5
        assert joins.weak(table) == []


def test_few_are_hidden_and_small_joins_left_out(rich):
    _, have, facts = rich()
    table = rates(have, facts, min_cell=9).set_index(["join", "part"])
    assert ("interviews_customers", "") not in table.index  # 8 interviews
    hidden = rates(have, facts, min_cell=10).set_index(["join", "part"])
    small = hidden["matched"].isna()
    assert hidden.loc[small, ["share", "low", "high"]].isna().all(axis=None)
    assert hidden.loc[("companies_customers", ""), "n"] == 12
    assert pd.isna(hidden.loc[("companies_customers", ""), "matched"])  # 9 of them
    assert hidden.loc[("responses_customers", "awareness"), "matched"] == 0, (
        "none gives nobody away"
    )


def test_joins_of_completejourney():
    _, connection, facts = example("completejourney")
    table = rates(tables(connection, facts), facts).set_index("join")
    assert table.loc["file_buyers", ["n", "matched"]].tolist() == [801, 801]
    assert table.loc["buyers_file", ["n", "matched"]].tolist() == [2469, 801]  # METHODS.md
    assert table.loc["lines_category", "n"] == 1469307


def test_a_join_in_words(rich):
    _, have, facts = rich()
    table = rates(have, facts)
    words = joins.in_words(table, WORDS)
    assert words["join"].tolist()[:2] == [
        "Answers whose customer is known: awareness",
        "Answers whose customer is known: recommendation",
    ]
    assert words["allows"].tolist()[1] == "", "said once for all surveys"
    assert joins.weak(table)[0] == "answers whose customer is known (awareness)"


# Non-response


def test_surveys_and_questions_are_those_of_pandas(rich):
    rows, have, _ = rich()
    nps = rows["nps"]
    table = non_response.surveys(have["responses"], zone=ZONE).set_index("survey")
    row = table.loc["nps"]
    assert row["answers"] == len(nps)
    assert row["with_score"] == (nps["score"] != "").sum()
    assert row["with_any"] == (nps[["score", "taste", "why"]] != "").any(axis=1).sum()
    assert [row["date_from"].date(), row["date_to"].date()] == [nps["at"].min(), nps["at"].max()]
    assert pd.isna(table.loc["awareness", "with_score"]), "no score is asked"
    assert table.loc["awareness", "share"] == 1
    asked = non_response.questions(have["responses"]).set_index(["survey", "question"])
    for question in ("score", "taste", "why"):
        one = asked.loc[("nps", question)]
        assert one["asked"] == len(nps)
        assert one["answered"] == (nps[question] != "").sum()
    assert asked.loc[("awareness", "knows"), "answered"] == (rows["panel"]["knows"] != "").sum()


def buyers_by_hand(rows) -> pd.DataFrame:
    orders, nps = rows["orders"], rows["nps"]
    last = nps["at"].max()
    begin = min(nps["at"].min(), last - timedelta(365))
    known = orders[(orders["who"] != "") & (orders["at"] <= last)]
    buyers = known.groupby("who").agg(
        goods=("goods", "sum"), first=("at", "min"), end=("at", "max")
    )
    buyers = buyers[buyers["end"] >= begin]
    buyer = orders.set_index("order")["who"]
    who = nps["who"].where(nps["who"] != "", nps["order"].str.removeprefix("#").map(buyer))
    first = orders.sort_values(["at", "order"]).drop_duplicates("who").set_index("who")["channel"]
    buyers["tenure"] = [(last - day).days for day in buyers["first"]]
    return buyers.assign(answered=buyers.index.isin(set(who)), channel=first)


def test_who_answers_against_who_buys_is_that_of_pandas(rich):
    rows, have, _ = rich(customers=300)
    table = non_response.against_buyers(have, zone=ZONE, as_of=rich_client.LAST, min_cell=5)
    assert table["survey"].unique().tolist() == ["nps"], "nobody of the panel is known"
    buyers = buyers_by_hand(rows)
    answered, others = buyers[buyers["answered"]], buyers[~buyers["answered"]]
    found = table.set_index(["measure", "group"])
    for measure, column in (("net_sales", "goods"), ("tenure_days", "tenure")):
        row = found.loc[(measure, "all")]
        assert (row["n"], row["buyers_n"]) == (len(answered), len(buyers))
        assert_allclose(row["respondents"], answered[column].mean())
        assert_allclose(row["buyers"], buyers[column].mean())
        assert_allclose(row["gap"], answered[column].mean() - buyers[column].mean())
        test = stats.ttest_ind(answered[column], others[column], equal_var=False)
        interval = test.confidence_interval()
        rest = len(others) / len(buyers)
        assert_allclose([row["low"], row["high"]], [rest * interval.low, rest * interval.high])
    assert found.loc[("net_sales", "all"), "low"] > 0, "larger orders answer more often"
    for channel in ("web", "shop"):
        row = found.loc[("first_channel", channel)]
        assert_allclose(row["respondents"], (answered["channel"] == channel).mean())
        assert_allclose(row["buyers"], (buyers["channel"] == channel).mean())
        assert row["low"] <= row["gap"] <= row["high"]
    words = non_response.in_words(table, WORDS)
    assert len(words) == len(table)
    assert set(non_response.differs(table)["measure"]) >= {"net_sales"}


def test_too_few_respondents_are_not_compared(rich):
    rows = rich_client.frames()
    assert buyers_by_hand(rows)["answered"].sum() >= non_response.MIN_PERSONS
    _, have, _ = rich()
    early = rows["nps"]["at"].sort_values().iloc[15]
    table = non_response.against_buyers(have, zone=ZONE, as_of=early, min_cell=5)
    assert table.empty and list(table.columns) == non_response.COMPARED
    assert non_response.in_words(table, WORDS).empty


def test_without_orders_nobody_is_compared(rich):
    _, have, _ = rich("responses")
    table = non_response.against_buyers(have, zone=ZONE, as_of=date(2026, 6, 30), min_cell=5)
    assert table.empty


def test_channels_of_few_people_are_hidden():
    persons = pd.DataFrame({
        "first_channel": ["web"] * 60 + ["shop"] * 40 + ["fair"] * 33,
        "answered": [True] * 40 + [False] * 20 + [True] * 20 + [False] * 20 + [True] * 2
        + [False] * 31,
    })  # fmt: skip
    import ibis

    rows = non_response._channels(ibis.memtable(persons), min_cell=5)
    shown = {row[1]: row[2] for row in rows}
    assert [group for group, share in shown.items() if pd.isna(share)] == ["shop", "fair"]
    assert_allclose(shown["web"], 40 / 62)
