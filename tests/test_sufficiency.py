"""What the data suffice for, at the borders of the least data, and counted against pandas."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import rich_client
from conftest import staged
from real_data import example

from templates_lib import coverage
from templates_lib.data_health.sufficiency import amounts, analyses, sufficiency, whole_months
from templates_lib.words import Words

WORDS = Words("en", "EUR")
BORDERS = [  # the least data of METHODS.md
    ("How likely are customers to recommend the shop?", {"scores": 30}),
    ("Has the score changed?", {"full_waves": 2}),
    ("What moves the score?", {"ratings": 2, "rated_scores": 100}),
    ("What moves the score?", {"ratings": 14, "rated_scores": 140}),
    ("Who comes back, and when?", {"customers": 30, "returned": 10}),
    ("What are the best tenths of customers worth?", {"customers": 200}),
    ("What are the best fifths of customers worth?", {"customers": 50}),
    ("Who loses money?", {"customers": 50, "knows_costs": 1}),
    ("Do customers recognise themselves?", {"smaller_arm": 50}),
    ("What do they tell, whoever reads it?", {"twice_coded": 100}),
    ("Is this year better than the one before?", {"months": 24}),
]


@pytest.mark.parametrize(("question", "least"), BORDERS)
def test_one_less_than_the_least_is_not_enough(question, least):
    table = sufficiency(least, words=WORDS).set_index("question")
    assert table.loc[question, "enough"]
    assert table.loc[question, "lacks"] == ""
    for name in least:
        if name != "ratings":
            less = sufficiency({**least, name: least[name] - 1}, words=WORDS)
            row = less.set_index("question").loc[question]
            assert not row["enough"]
            assert row["lacks"].startswith("1 more " if least[name] > 1 else "1 ")


def test_with_nothing_everything_is_lacking():
    table = sufficiency({}, words=WORDS)
    assert not table["enough"].any()
    assert table["has"].str.startswith("0 ").all()
    assert table["needs"].tolist() == table["lacks"].tolist()
    assert not table.duplicated(["topic", "question"]).any()
    assert {topic for topic, *_ in analyses({})} == {
        "data_health", "icp", "nps_drivers", "repeat_purchase", "cohorts", "customer_value",
        "journey", "purchase_survey", "marketing", "interviews", "profiles", "summary",
    }  # fmt: skip


def counted(client, **settings):
    params, connection, facts = client
    have = {name: connection.table(name) for name in coverage.table_names(facts)}
    basis = facts.get("margin", {}).get("basis", "none")
    given = {"control": None, "split_by": params.repeat_purchase.split_by, **settings}
    return amounts(have, as_of=params.as_of, costs=basis, **given)


def test_cdnow():
    found = counted(example("cdnow"))
    assert found["customers"] == 2357
    assert found["returned"] == 1139
    assert found["months"] == 18  # from 1 January 1997 to 30 June 1998
    assert found["full_cohorts"] == 3  # all first purchases are of the first quarter of 1997
    assert found["full_groups"] == 3  # thirds of the first order's value
    assert found["followed"] == 2357
    assert "scores" not in found


def test_a_total_agrees_only_where_all_do():
    for agrees, n in (([True, True], 2), ([True, False], 0), ([], 0)):
        control = pd.DataFrame({"agrees": agrees})
        assert counted(example("cdnow"), control=control)["totals_agreeing"] == n


def test_a_rich_client_is_counted_as_pandas_does(make_client):
    rows = rich_client.frames(customers=400)
    found = counted(staged(rich_client.write(make_client, rows)))
    orders, nps, events = rows["orders"], rows["nps"], rows["events"]
    known = orders[orders["who"] != ""]
    occasions = known.drop_duplicates(["who", "at"])
    firsts = occasions.groupby("who")["at"].min()
    assert found["customers"] == known["who"].nunique()
    assert found["returned"] == (occasions["who"].value_counts() > 1).sum()
    assert found["followed"] == (firsts <= date(2025, 6, 30)).sum()
    sizes = pd.to_datetime(firsts).dt.to_period("M").value_counts()
    assert found["full_cohorts"] == (sizes[sizes.index < pd.Period("2026-06")] >= 30).sum()
    assert found["scores"] == (nps["score"] != "").sum()
    assert found["rated_scores"] == ((nps["score"] != "") & (nps["taste"] != "")).sum()
    assert found["ratings"] == 1
    assert found["visitors"] == events.loc[events["visitor"] != "", "visitor"].nunique()
    bought = events[(events["event"] == "purchase") & (events["visitor"] != "")]
    assert found["buying_visitors"] == bought["visitor"].nunique()
    assert found["companies"] == 9
    twice = rows["interviews"].groupby(["interview", "excerpt"])["coder"].nunique() > 1
    assert found["twice_coded"] == twice.sum()
    # cost began in 2025-11 (Web) and 2026-05 (tv, a channel of no order)
    new = pd.to_datetime(firsts).dt.to_period("M").value_counts()
    paid = [new.get(pd.Period(month), 0) for month in ("2025-11", "2026-05")]
    assert found["spend_months"] == sum(n >= 30 for n in paid)
    assert found["smaller_arm"] == 0


def test_channels_count_where_cost_and_orders_call_them_the_same(make_client):
    rows = rich_client.frames()
    days = [date(2025, 11, 1 + i % 28) for i in range(70)]
    rows["orders"] = rich_client.frame(
        [[f"{i}", f"c{i}", day, 10, "web" if i < 40 else "shop", "p1"]
         for i, day in enumerate(days)],
        "order,who,at,goods,channel,product",
    )  # fmt: skip
    found = counted(staged(rich_client.write(make_client, rows, "orders", "spend")))
    assert (found["spend_months"], found["channel_months"]) == (1, 1)  # Web is web


@pytest.mark.parametrize("name", rich_client.SOURCES)
def test_any_source_alone_can_be_counted(make_client, name):
    found = counted(staged(rich_client.write(make_client, rich_client.frames(), name)))
    assert len(sufficiency(found, words=WORDS)) == len(analyses(found))


def test_whole_months():
    assert whole_months(date(1997, 1, 1), date(1998, 6, 30)) == 18
    assert whole_months(date(1997, 1, 2), date(1997, 2, 1)) == 1
    assert whole_months(date(1997, 1, 2), date(1997, 1, 31)) == 0
