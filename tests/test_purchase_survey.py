"""Why they buy: answers counted by hand and by pandas, and the demo's planted shares."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import ibis
import nbformat
import numpy as np
import pandas as pd
import papermill
import pyarrow as pa
import pytest
from conftest import staged
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from templates_lib.demo import nps, questionnaires, truth
from templates_lib.demo.answers import find_answers
from templates_lib.demo.phrases import FIRST_HEARD, NEARLY_STOPPED, VALUES, WHY_TODAY
from templates_lib.demo.shop import open_shop
from templates_lib.icp import motive_value
from templates_lib.purchase_survey import answering, discovery, purchase_survey, respondents
from templates_lib.stats import raking
from templates_lib.tables import RESPONSES
from templates_lib.words import Words
from templates_lib.workspace import repository

WHEN = {"zone": "Europe/Helsinki", "as_of": truth.AS_OF}
WORDS = Words("en", "EUR")


def responses(rows: list[dict]) -> ibis.Table:
    """A table of responses; what a row does not name has its usual value."""
    usual = {"survey": "purchase", "kind": "choice", "question": "why", "was_asked": True,
             "answered_at": datetime(2026, 5, 1, 12)}  # fmt: skip
    schema = ibis.schema(RESPONSES).to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist([{**usual, **row} for row in rows], schema=schema))


def answered(options: list[str | None], **more) -> list[dict]:
    """One answer each, of people called p0, p1, …"""
    return [{"response_id": f"r{i}", "customer_id": f"p{i}", "option": option, **more}
            for i, option in enumerate(options)]  # fmt: skip


def picked(rows: list[dict]) -> pd.DataFrame:
    return purchase_survey.taken(responses(rows), **WHEN)


# Who is counted, and how often


def test_a_person_counts_once_with_the_last_answer_to_each_question():
    rows = [
        {"response_id": "r1", "customer_id": "a", "option": "price",
         "answered_at": datetime(2026, 1, 1)},
        {"response_id": "r2", "customer_id": "a", "option": "gift",
         "answered_at": datetime(2026, 2, 1)},
        {"response_id": "r3", "customer_id": "a", "option": None,  # asked again, not answered
         "answered_at": datetime(2026, 3, 1)},
        {"response_id": "r4", "option": "price"},  # nobody known: two people
        {"response_id": "r5", "option": "price"},
        {"response_id": "r6", "customer_id": "b", "option": None},
        {"response_id": "r7", "customer_id": "c", "option": None, "was_asked": False},
        {"response_id": "r8", "customer_id": "d", "option": "gift",  # after the last day
         "answered_at": datetime(2026, 11, 1, 12)},
    ]  # fmt: skip
    picks = picked(rows)
    found = picks.set_index("person")["option"].to_dict()
    assert {k: v for k, v in found.items() if v} == {"a": "gift", "r4": "price", "r5": "price"}
    assert set(picks["person"]) == {"a", "b", "r4", "r5"}, "b was asked, c was not"
    table = purchase_survey.choices(picks, min_cell=1).set_index("option")
    assert table["people"].to_dict() == {"price": 2, "gift": 1}
    assert table["n"].tolist() == [3, 3]


def test_several_answers_a_person_add_up_to_more_than_all():
    rows = [{**row, "option": option} for row in answered(["x"] * 40) for option in ("a", "b")]
    table = purchase_survey.choices(picked(rows), min_cell=5).set_index("option")
    assert table["share"].to_dict() == {"a": 1.0, "b": 1.0}
    assert table["n"].tolist() == [40, 40]
    assert purchase_survey.takes_several(picked(rows), "why")
    assert not purchase_survey.takes_several(picked(answered(["a", "b"])), "why")


def test_small_options_are_together_and_never_fewer_than_the_least():
    options = ["a"] * 30 + ["b"] * 20 + ["c"] * 6 + ["d"] * 3 + ["e"]
    table = purchase_survey.choices(picked(answered(options)), min_cell=5)
    # d and e are 4 people in all, so that c goes with them
    assert table.set_index("option")["people"].to_dict() == {"a": 30, "b": 20, "other": 10}
    assert table["option"].tolist()[-1] == "other"
    kept = purchase_survey.choices(picked(answered(options)), min_cell=1, max_options=2)
    assert kept["option"].tolist() == ["a", "b", "other"]
    assert purchase_survey.choices(picked(answered(["a"] * 4)), min_cell=5).empty
    each_alone = [f"typed {i}" for i in range(50)]
    assert purchase_survey.choices(picked(answered(each_alone)), min_cell=5).empty


def test_a_person_with_two_small_options_is_one_person_in_other():
    rows = answered(["a"] * 30 + ["d"] * 6)
    rows += [{**row, "option": "e"} for row in rows[30:34]]
    table = purchase_survey.choices(picked(rows), min_cell=5).set_index("option")
    # e has 4 people, all of them with d too: together they are d's 6
    assert table["people"].to_dict() == {"a": 30, "other": 6}


def test_shares_and_intervals_agree_with_pandas_and_statsmodels():
    draw = np.random.default_rng(1)
    options = ["a", "b", "c", "d"]
    taken = draw.random((200, 4)) < (0.5, 0.3, 0.2, 0.1)
    rows = [
        {"response_id": f"r{i}", "customer_id": f"p{i}", "option": options[j]}
        for i, j in product(range(200), range(4)) if taken[i, j]
    ]  # fmt: skip
    weights = pd.Series(draw.uniform(0.5, 2, 200), [f"p{i}" for i in range(200)])
    table = purchase_survey.choices(picked(rows), min_cell=1, weights=weights)
    table = table.set_index("option").loc[options]
    n = int(taken.any(axis=1).sum())
    assert (table["n"] == n).all()
    assert_allclose(table["share"], taken.sum(axis=0) / n)
    low, high = proportion_confint(taken.sum(axis=0), n, method="wilson")
    assert_allclose(table[["low", "high"]], np.column_stack([low, high]))
    own = weights.to_numpy()[taken.any(axis=1)]
    expected = [np.average(taken[taken.any(axis=1), j], weights=own) for j in range(4)]
    assert_allclose(table["weighted_share"], expected)
    like = own.sum() ** 2 / (own**2).sum()
    low, high = proportion_confint(np.array(expected) * like, like, method="wilson")
    assert_allclose(table["weighted_low"], low)
    assert_allclose(table["weighted_high"], high)
    led = purchase_survey.led(table, is_weighted=True)
    assert_allclose(led["share"], expected)
    assert purchase_survey.led(table, is_weighted=False) is table


def test_the_stable_columns():
    table = purchase_survey.choices(picked(answered(["a"] * 30 + ["b"] * 30)), min_cell=5)
    stable = ["question", "option", "n", "share", "low", "high", "weighted_share"]
    assert table.columns.tolist()[:7] == stable
    assert (
        purchase_survey.choices(picked(answered([None])), min_cell=5).columns.tolist()[:7] == stable
    )


def test_next_in_words():
    options = ["a"] * 50 + ["b"] * 30 + ["nothing"] * 70 + ["c"] * 20
    table = purchase_survey.choices(picked(answered(options)), min_cell=5)
    top = purchase_survey.named(table, nothing=["nothing"])
    assert top["option"].tolist() == ["a", "b", "c"]
    assert purchase_survey.next_in_words(top, WORDS) == "Then: “b” (18), “c” (12)."
    assert purchase_survey.next_in_words(top.head(1), WORDS) == ""
    few = purchase_survey.choices(picked(answered(["a"] * 29)), min_cell=5)
    assert purchase_survey.named(few).empty, "no headline under 30 answers"


# Options that hold commas, from the file on


def test_options_with_commas_through_the_reader(make_client):
    params = """
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  responses:
    - format: table
      survey: purchase
      path: exports/survey.csv
      columns: {answered_at: at}
      choices: {why_today: {column: why, separator: ", ", options: ["Fresh, roasted today"]}}
"""
    cells = ['"Fresh, roasted today, Price"', '"Price"', '"fresh, roasted today"', ""]
    lines = [f"2026-05-0{i + 1},{cell}" for i, cell in enumerate(cells * 2)]
    client = make_client(params, {"survey.csv": "at,why\n" + "\n".join(lines) + "\n"})
    own, connection, _ = staged(client)
    when = {"zone": own.client.timezone, "as_of": own.as_of}
    picks = purchase_survey.taken(connection.table("responses"), **when)
    table = purchase_survey.choices(picks, min_cell=1).set_index("option")
    assert table["people"].to_dict() == {"Fresh, roasted today": 4, "Price": 4}
    assert table["n"].tolist() == [6, 6], "who answered; two did not"
    depth = answering.depth(connection.table("responses"), **when).iloc[0]
    assert (depth["asked"], depth["answered"], depth["per_answer"]) == (8, 6, 8 / 6)
    connection.disconnect()


# Leavers and soft leads beside the buyers


def test_themes_stand_side_by_side():
    rows = answered(["Freight", "Nothing"] * 20, question="nearly", survey="purchase")
    rows += answered(["freight"] * 30 + ["Too dear"] * 10, question="why_not", survey="exit_intent")
    rows += answered(["Price"] * 40, question="other", survey="soft_lead")
    asked = {"purchase": "nearly", "exit_intent": "why_not", "soft_lead": "yet"}
    themed = purchase_survey.themed(picked(rows), questions=asked, themes={"price": ["Too dear"]})
    table = purchase_survey.choices(themed, min_cell=5)
    people = table.set_index(["survey", "option"])["people"].to_dict()
    assert people == {
        ("purchase", "Freight"): 20, ("purchase", "Nothing"): 20,
        ("exit_intent", "Freight"): 30, ("exit_intent", "price"): 10,
    }  # fmt: skip
    assert purchase_survey.beside(table)["option"].unique().tolist() == ["Freight"]
    gap = purchase_survey.widest_gap(table, survey="exit_intent", nothing=["Nothing"])
    assert (gap.option, gap.left_share, gap.bought_share, gap.n) == ("Freight", 0.75, 0.5, 80)
    # one theme in common: Newcombe's plain interval
    low, high = confint_proportions_2indep(30, 40, 20, 40, method="newcomb")
    assert_allclose([gap.low, gap.high], [low, high])
    assert purchase_survey.widest_gap(table, survey="soft_lead", nothing=[]) is None


def test_why_us_by_competitor():
    rows = answered(["Rival"] * 40 + ["None"] * 10, question="competitor")
    rows += answered(["gift"] * 10 + ["price"] * 40, question="why")
    table = purchase_survey.by_competitor(
        picked(rows), competitor="competitor", reason="why", min_cell=5
    )
    assert table["competitor"].unique().tolist() == ["Rival"], "10 people are too few"
    assert table.set_index("option")["share"].to_dict() == {"price": 0.75, "gift": 0.25}


# Their own words


def test_themes_that_coders_do_not_agree_on_are_left_out():
    said = pd.DataFrame({"survey": "purchase", "question": "why", "code": ["a", "b", "c"],
                         "share": 0.1})  # fmt: skip
    agreement = pd.DataFrame({"survey": "purchase", "question": "why", "code": ["a", "b"],
                              "status": ["firm", "suppressed"]})  # fmt: skip
    kept = purchase_survey.agreed(said, agreement)
    assert kept["code"].tolist() == ["a", "c"]
    assert purchase_survey.agreed(said, agreement.head(0))["code"].tolist() == ["a", "b", "c"]
    shown = purchase_survey.sayings(kept, {"a": "Taste", "c": "Cost"}, {"purchase": "buyers"})
    assert list(shown) == ["buyers: why"]
    assert shown["buyers: why"]["theme"].tolist() == ["Taste", "Cost"]


# Who answers


def buyers(n: int, seed: int) -> tuple[dict, pd.DataFrame]:
    """A shop whose large buyers answer three times as often, and differ in what they say."""
    draw = np.random.default_rng(seed)
    spent, days = draw.lognormal(4, 1, n), draw.integers(10, 700, n)
    is_large = spent > np.quantile(spent, 2 / 3)
    says = draw.random(n) < np.where(is_large, 0.6, 0.2)
    answers = draw.random(n) < np.where(is_large, 0.3, 0.1)
    who = np.array([f"p{i:05d}" for i in range(n)])
    at = pd.Timestamp("2026-06-01")
    orders = pd.DataFrame({
        "order_id": who, "customer_id": who, "net_sales": spent,
        "ordered_on": (at - pd.to_timedelta(days, unit="D")).date,
    })  # fmt: skip
    orders.loc[len(orders)] = ["last", who[0], 0.0, at.date()]
    firsts = pd.DataFrame({
        "customer_id": who, "first_channel": "web",
        "first_category": np.where(draw.random(n) < 0.5, "x", "y"),
    })  # fmt: skip
    rows = [{"response_id": f"r{w}", "customer_id": w, "option": "yes" if says[i] else "no",
             "answered_at": at.to_pydatetime() + timedelta(hours=12)}
            for i, w in enumerate(who) if answers[i]]  # fmt: skip
    rows.append({"response_id": "first", "option": "no", "answered_at": datetime(2024, 1, 5)})
    have = {
        "responses": responses(rows),
        "orders": ibis.memtable(orders, schema={"order_id": "string", "customer_id": "string",
                                "net_sales": "float64", "ordered_on": "date"}),
        "first_orders": ibis.memtable(firsts),
    }  # fmt: skip
    everyone = pd.DataFrame({"large": is_large, "says": says, "answers": answers})
    return have, everyone


MEASURES = ["net_sales", "tenure_days", "first_channel", "first_category"]


def test_weights_bring_back_what_all_buyers_would_say():
    apart = []
    for seed in range(5):
        have, everyone = buyers(4000, seed)
        who = respondents.audience(have, survey="purchase", measures=MEASURES, **WHEN)
        weights = respondents.weigh(who)
        assert respondents.hold(weights)
        assert "first_channel" not in who.people, "one channel is nothing to weigh by"
        picks = purchase_survey.taken(have["responses"], **WHEN)
        table = purchase_survey.choices(picks, min_cell=5, weights=weights.weights)
        yes = table.set_index("option").loc["yes"]
        true = everyone["says"].mean()
        apart.append([yes["share"] - true, yes["weighted_share"] - true])
        assert yes["low"] > true, "the plain share is too high, beyond its interval"
        assert yes["weighted_low"] < true < yes["weighted_high"]
    plain, weighted = np.abs(np.mean(apart, axis=0))
    assert plain > 0.08
    assert weighted < 0.02


def test_respondents_against_buyers_by_hand():
    have, everyone = buyers(3000, 7)
    who = respondents.audience(have, survey="purchase", measures=MEASURES, **WHEN)
    weights = respondents.weigh(who)
    table = respondents.compared(who, weights)
    large = table[(table["measure"] == "net_sales") & (table["group"] == "upper_third")].iloc[0]
    answers = everyone["answers"]
    assert (large["n"], large["buyers_n"]) == (answers.sum(), 3000)
    assert_allclose(large["respondents_share"], everyone.loc[answers, "large"].mean())
    assert_allclose(large["buyers_share"], everyone["large"].mean())
    # raked: the weighted shares are those of the buyers, in every measure
    assert_allclose(table["weighted_share"], table["buyers_share"], atol=1e-5)
    rest = 1 - answers.mean()
    hits, others = everyone.loc[answers, "large"].sum(), everyone.loc[~answers, "large"].sum()
    low, high = confint_proportions_2indep(
        hits, answers.sum(), others, (~answers).sum(), method="newcomb"
    )
    assert_allclose([large["low"], large["high"]], [rest * low, rest * high])
    worst = respondents.most_apart(table)
    assert (worst["measure"], worst["group"]) == ("net_sales", "upper_third")
    assert_allclose(table.groupby("measure")[["respondents_share", "buyers_share"]].sum(), 1)


def test_one_margin_is_the_plain_ratio():
    # with one margin raking is post-stratification: share of buyers / share of respondents
    have, _ = buyers(2000, 3)
    who = respondents.audience(have, survey="purchase", measures=["net_sales"], **WHEN)
    weights = respondents.weigh(who)
    classes = who.classes.set_index("group")
    ratio = (classes["buyers"] / classes["buyers"].sum()) / (
        classes["respondents"] / classes["respondents"].sum()
    )
    each = who.people.set_index("customer_id")["net_sales"].map(ratio)
    assert_allclose(weights.weights, each, rtol=1e-5)
    assert_allclose(weights.effective_n, each.sum() ** 2 / (each**2).sum(), rtol=1e-5)


def test_uneven_weights_do_not_lead():
    one = raking.rake(pd.DataFrame({"a": ["x"] * 95 + ["y"] * 5}), {"a": {"x": 0.3, "y": 0.7}})
    assert one.design_effect > 2
    assert not respondents.hold(one)
    assert not respondents.hold(None)
    assert not respondents.hold(one._replace(design_effect=1.1, is_converged=False))


def test_without_customers_or_orders_there_is_no_audience():
    rows = responses([{**row, "customer_id": None} for row in answered(["a"] * 40)])
    have = {"responses": rows}
    assert respondents.audience(have, survey="purchase", measures=MEASURES, **WHEN) is None
    assert respondents.weigh(None) is None
    have, _ = buyers(300, 1)
    have["responses"] = rows
    assert respondents.audience(have, survey="purchase", measures=MEASURES, **WHEN) is None
    table = purchase_survey.choices(purchase_survey.taken(rows, **WHEN), min_cell=5)
    assert table["n"].tolist() == [40], "each answer is a person"
    assert answering.response_rates(have, **WHEN).empty


def test_early_and_late_by_hand():
    at = datetime(2026, 5, 1)
    rows, orders = [], []
    for i in range(80):  # the first forty answer after an hour, the others after a week
        late = i >= 40
        orders.append({"order_id": f"o{i}", "ordered_at": at})
        rows.append({"response_id": f"r{i}", "customer_id": f"p{i}", "order_id": f"o{i}",
                     "option": "a" if (i % 4 == 0) != late else "b",
                     "answered_at": at + timedelta(hours=168 if late else 1)})  # fmt: skip
    table = answering.early_and_late(picked(rows), ibis.memtable(pd.DataFrame(orders)), min_cell=5)
    own = table.set_index("option").loc["a"]
    assert (own["n"], own["early_share"], own["late_share"]) == (80, 0.25, 0.75)
    low, high = confint_proportions_2indep(30, 40, 10, 40, method="newcomb", alpha=0.025)
    assert_allclose([own["low"], own["high"]], [low, high])
    few = answering.early_and_late(
        picked(rows[:50]), ibis.memtable(pd.DataFrame(orders)), min_cell=5
    )
    assert few.empty


def test_response_rates_by_hand():
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(10)], "ordered_on":
                           pd.date_range("2026-05-01", periods=10).date})  # fmt: skip
    rows = [{"response_id": f"r{i}", "order_id": f"o{i}", "option": "a",
             "answered_at": datetime(2026, 5, i + 1, 12)} for i in (1, 3, 7)]  # fmt: skip
    rows += [{"response_id": "x", "survey": "exit_intent", "session_id": "s1", "option": "a"}]
    visits = pd.DataFrame({
        "session_id": ["s1", "s1", "s2", "s3"], "event": ["view", "view", "purchase", "view"],
        "occurred_at": [datetime(2026, 5, 1, 9)] * 3 + [datetime(2026, 5, 2, 9)],
    })  # fmt: skip
    have = {"responses": responses(rows), "orders": ibis.memtable(orders),
            "events": ibis.memtable(visits)}  # fmt: skip
    table = answering.response_rates(have, **WHEN).set_index("survey")
    # the survey ran from the 2nd to the 8th: 7 orders; on the 1st one visit bought, one did not
    assert table[["n", "answered"]].to_numpy().tolist() == [[7, 3], [1, 1]]


# As said against the last click


CHANNELS = {"friends": {"said": ["Friend"], "clicked": []},
            "search": {"said": ["Search"], "clicked": ["google / *"]},
            "direct": {"said": [], "clicked": ["(direct) / *"]}}  # fmt: skip


def test_names_of_both_sides():
    said = discovery.named(pd.Series(["friend", "Search", "Radio"]), "said", CHANNELS)
    assert said.tolist() == ["friends", "search", "other"]
    clicked = pd.Series(["Google / cpc", "(direct) / (none)", "bing / organic"])
    assert discovery.named(clicked, "clicked", CHANNELS).tolist() == ["search", "direct", "other"]
    assert discovery.named(pd.Series(["Web"]), "clicked", {}).tolist() == ["web"]


def test_agreement_and_kappa():
    table = {("friends", "search"): 30, ("friends", "direct"): 20, ("search", "search"): 40,
             ("search", "direct"): 10}  # fmt: skip
    both = pd.DataFrame([pair for pair, n in table.items() for _ in range(n)],
                        columns=["said", "clicked"])  # fmt: skip
    agreed = discovery.agree(both)
    assert (agreed.share, agreed.n) == (0.4, 100)
    # rows said, columns clicked: friends, search, direct
    outside = cohens_kappa([[0, 30, 20], [0, 40, 10], [0, 0, 0]])
    on_z = np.arctanh([agreed.kappa, agreed.kappa_low, agreed.kappa_high])  # Fisher's scale
    half = 1.959964 * outside.std_kappa / (1 - outside.kappa**2)
    assert_allclose(on_z, np.arctanh(outside.kappa) + np.array([0, -half, half]), rtol=1e-6)
    shares = discovery.shares(both, min_cell=5).set_index("channel")
    assert shares.loc["friends", ["said_share", "clicked_share", "gap_share"]].tolist() == [
        0.5, 0.0, 0.5,
    ]  # fmt: skip
    assert shares.loc["search", "gap_share"] == pytest.approx(0.5 - 0.7)
    assert discovery.unseen(shares.reset_index())["channel"] == "friends"
    crossed = discovery.crossed(both, min_cell=5)
    assert crossed.set_index(["said", "clicked"])["people"].to_dict() == table
    assert discovery.agree(both.assign(said="friends")) is None, "no name on both sides"
    assert discovery.agree(both.head(29)) is None


def test_a_small_channel_is_hidden_on_both_sides():
    both = pd.DataFrame(
        {"said": ["a"] * 50 + ["b"] * 47 + ["c"] * 3, "clicked": ["a"] * 60 + ["b"] * 40}
    )
    shares = discovery.shares(both, min_cell=5)
    assert set(shares["channel"]) == {"a", "b", "other"}
    crossed = discovery.crossed(both, min_cell=5)
    assert not crossed["people"].between(1, 4).any()


def test_last_clicks_of_events_else_of_orders():
    at = datetime(2026, 5, 1)
    ids = [f"o{i}" for i in range(40)]
    events = pd.DataFrame([
        *({"session_id": f"s{i}", "event": "session_start", "order_id": None,
           "channel": "google / cpc", "occurred_at": at} for i in range(40)),
        *({"session_id": f"s{i}", "event": "purchase", "order_id": name,
           "channel": "meta" if i < 10 else None, "occurred_at": at + timedelta(minutes=5)}
          for i, name in enumerate(ids)),
    ])  # fmt: skip
    source, clicks = discovery.last_clicks({"events": ibis.memtable(events)}, ids)
    assert source == "events"
    assert clicks.value_counts().to_dict() == {"google / cpc": 30, "meta": 10}
    orders = pd.DataFrame({"order_id": ids, "channel": ["web", "shop"] * 20})
    assert discovery.last_clicks({"orders": ibis.memtable(orders)}, ids)[0] == "orders"
    alone = ibis.memtable(orders.assign(channel="web"))
    assert discovery.last_clicks({"orders": alone}, ids)[0] == "", "one channel tells nothing"
    assert discovery.last_clicks({}, ids)[0] == ""


# Options that nobody gives


def test_listed_options_that_no_answer_has():
    rows = answered(["Liian kallis", "Toimitus", "Ei mikään"])
    rows += answered(["Hinta"], survey="exit_intent", question="why_not")
    found = purchase_survey.not_answered(
        picked(rows),
        questions={"purchase": "why", "exit_intent": "why_not"},
        themes={"price": ["liian kallis", "HINTA", "Halpa"], "delivery": ["Toimitsu"]},
        nothing=["Ei mikään", "ei mikään", "Ei mikää", "price"],
    )
    # case counts under nothing and not under themes; a theme may be nothing
    assert found == ["Halpa", "Toimitsu", "ei mikään", "Ei mikää"]


# Motive and worth


def test_worth_counts_the_days_up_to_the_answer():
    rows = answered(["gift", "price", "gift"], answered_at=datetime(2026, 5, 1, 12))
    rows += [{**rows[2], "option": "price"}]
    orders = pd.DataFrame(
        [("p0", "2026-05-01", 10.0), ("p0", "2026-04-02", 5.0), ("p0", "2026-04-01", 100.0),
         ("p0", "2026-05-02", 100.0), ("p1", "2026-04-20", 7.0), ("p2", "2026-04-20", 3.0)],
        columns=["customer_id", "ordered_on", "net_sales"],
    )  # fmt: skip
    orders["ordered_on"] = pd.to_datetime(orders["ordered_on"]).dt.date
    people = motive_value.worth(picked(rows), ibis.memtable(orders), value="net_sales", days=30)
    found = people.set_index("person")[["option", "value"]].T.to_dict("list")
    assert found == {"p0": ["gift", 15.0], "p1": ["price", 7.0], "p2": ["several", 3.0]}
    assert motive_value.worth(picked(rows), None, value="net_sales", days=30).empty


def test_the_widest_gap_of_motives_agrees_with_scipy():
    draw = np.random.default_rng(2)
    people = pd.DataFrame({
        "option": ["a"] * 60 + ["b"] * 50 + ["c"] * 40 + ["d"] * 29,
        "value": np.concatenate([draw.gamma(2, m, n) for m, n in
                                 ((30, 60), (20, 50), (10, 40), (99, 29))]),
    })  # fmt: skip
    table = motive_value.by_motive(people)
    assert table["option"].tolist() == ["a", "b", "c"], "29 people are too few"
    assert_allclose(table["mean_value"], people.groupby("option")["value"].mean()[["a", "b", "c"]])
    gap = motive_value.widest_gap(people, table)
    a, c = (people.loc[people["option"] == name, "value"] for name in "ac")
    interval = stats.ttest_ind(a, c, equal_var=False).confidence_interval(1 - 0.05 / 3)
    assert_allclose([gap.low, gap.high], interval)
    assert (gap.best, gap.worst, gap.n) == ("a", "c", 100)


# The demo: what is planted is found again


@pytest.fixture(scope="module")
def shops(tmp_path_factory) -> list[dict]:
    """Some demo shops: their survey as answered, and what is true of them."""
    return [demo(tmp_path_factory.mktemp("demo"), seed) for seed in range(1, 5)]


def demo(folder, seed: int) -> dict:
    """The purchase survey read by pandas, without any reader of the package."""
    shop = open_shop(seed=seed, customers=3000)
    questionnaires.write_purchase_survey(folder, shop, canary=None)
    file = pd.read_excel(folder / "ostokysely.xlsx", sheet_name=1, dtype=str).fillna("")
    known = find_answers(shop, contacts=pd.DataFrame({"customer": pd.Series(dtype=int)}),
                         invited=nps.invite(shop), sessions=pd.DataFrame(), figures={})  # fmt: skip
    orders = known.orders.assign(number=known.orders["order"].str.removeprefix("#"))
    by_number = orders.set_index("number")["customer"]
    number = file[questionnaires.ORDER_NUMBER].str.removeprefix("#")
    email = file[questionnaires.EMAIL].str.lower()
    who = email.where(email != "", number.map(by_number).fillna(""))
    columns = dict(zip(
        ["why_today", "first_heard", "competitor", "nearly_stopped", "most_important"],
        [c for c in file.columns if c.endswith("?")], strict=True,
    ))  # fmt: skip
    rows = []
    for i, answer in file.iterrows():
        at = pd.to_datetime(answer["Aikaleima"].replace(" klo", ""), format="%d.%m.%Y %H.%M.%S")
        about = {"response_id": f"r{i}", "customer_id": who[i] or None, "answered_at": at,
                 "order_id": number[i] or None}  # fmt: skip
        for question, header in columns.items():
            options = [answer[header]]
            if question == "why_today":
                options = [text for text in WHY_TODAY.values() if text in answer[header]]
            rows += [{**about, "question": question, "option": option} for option in options]
    bought = orders[orders["customer"].notna()]
    made = bought[["order", "customer", "ordered_on", "net_sales"]].set_axis(
        ["order_id", "customer_id", "ordered_on", "net_sales"], axis=1
    )
    firsts = known.customers[["customer", "first_category"]].assign(first_channel="web")
    have = {
        "responses": responses(rows),
        "orders": ibis.memtable(made.assign(ordered_on=made["ordered_on"].dt.date)),
        "first_orders": ibis.memtable(firsts.rename(columns={"customer": "customer_id"})),
    }
    return {"have": have, "picks": purchase_survey.taken(have["responses"], **WHEN),
            "customers": known.customers, "bought": bought}  # fmt: skip


def test_planted_competitors_and_obstacles_lie_within_their_intervals(shops):
    covered = []
    planted = {
        "competitor": {"En katsonut muita" if k == "none" else k: v
                       for k, v in truth.COMPETITORS.items()},
        "nearly_stopped": {NEARLY_STOPPED[k]: v for k, v in truth.OBSTACLES.items()},
    }  # fmt: skip
    for shop in shops:
        table = purchase_survey.choices(shop["picks"], min_cell=5)
        for question, shares in planted.items():
            own = table[table["question"] == question].set_index("option")
            assert set(own.index) == set(shares)
            true = pd.Series(shares)[own.index]
            covered += ((own["low"] <= true) & (true <= own["high"])).tolist()
    assert len(covered) == 4 * 10
    assert np.mean(covered) >= 0.85  # 95 of 100 are expected


def of_buyers(shop: dict, column: str) -> pd.Series:
    """The true shares among all who bought in the survey's time."""
    since = pd.Timestamp(truth.PURCHASE_SURVEY_FROM)
    active = shop["bought"].loc[shop["bought"]["ordered_on"] >= since, "customer"].unique()
    own = shop["customers"][shop["customers"]["customer"].isin(active)]
    return own[column].value_counts(normalize=True)


def weighted(shop: dict) -> pd.DataFrame:
    who = respondents.audience(shop["have"], survey="purchase", measures=MEASURES, **WHEN)
    weights = respondents.weigh(who)
    assert respondents.hold(weights)
    return purchase_survey.choices(shop["picks"], min_cell=5, weights=weights.weights)


def test_planted_motives_are_bent_by_who_answers_and_weights_straighten_them(shops):
    plain, straight, covered = [], [], []
    for shop in shops:
        true = of_buyers(shop, "motive").rename(VALUES)
        own = weighted(shop).query("question == 'most_important'").set_index("option")
        true = true[own.index]
        gift = own.loc[VALUES["gift"]]
        plain.append(gift["share"] - true[VALUES["gift"]])
        straight.append(gift["weighted_share"] - true[VALUES["gift"]])
        covered += ((own["weighted_low"] <= true) & (true <= own["weighted_high"])).tolist()
    # who bought a gift first returns least, and so is asked least
    assert np.mean(plain) < -0.01
    assert abs(np.mean(straight)) < abs(np.mean(plain))
    assert np.mean(covered) >= 0.85


def test_planted_discovery_is_recovered_with_its_errors_of_memory(shops):
    covered = []
    for shop in shops:
        names = {key: FIRST_HEARD[key] for key in truth.DISCOVERY}
        true = of_buyers(shop, "discovery")
        said = (truth.RECALL_SHARE * true + (1 - truth.RECALL_SHARE) / len(names)).rename(names)
        own = weighted(shop).query("question == 'first_heard'").set_index("option")
        said = said[own.index]
        covered += ((own["weighted_low"] <= said) & (said <= own["weighted_high"])).tolist()
    assert np.mean(covered) >= 0.85


def test_word_of_mouth_is_not_seen_by_the_last_click(shops):
    channels = {
        "friends": {"said": [FIRST_HEARD["word_of_mouth"]], "clicked": []},
        "search": {"said": [FIRST_HEARD["search"]], "clicked": ["organic", "google_ads"]},
        "meta": {"said": [FIRST_HEARD["meta"]], "clicked": ["meta"]},
        "press": {"said": [FIRST_HEARD["press"]], "clicked": ["referral"]},
        "fairs": {"said": [FIRST_HEARD["event"]], "clicked": []},
        "direct": {"said": [], "clicked": ["direct"]},
    }
    for shop in shops:
        heard = shop["picks"].query("question == 'first_heard'")
        buyer = shop["bought"].set_index(shop["bought"]["order"].str.removeprefix("#"))["customer"]
        clicks = buyer.map(shop["customers"].set_index("customer")["last_click"])
        both = discovery.pairs(heard, clicks.dropna(), channels=channels)
        shares = discovery.shares(both, min_cell=5)
        unseen = discovery.unseen(shares)
        assert (unseen["channel"], unseen["clicked_share"]) == ("friends", 0)
        agreed = discovery.agree(both)
        # by the planted shares 0.30 of all agree
        recall = truth.RECALL_SHARE, (1 - truth.RECALL_SHARE) / len(truth.DISCOVERY)
        sees = {"search": ("organic", "google_ads"), "meta": ("meta",), "press": ("referral",)}
        expected = sum(
            d.share * sum(d.last_click.get(c, 0) for c in clicked)
            * (recall[0] * (name == channel) + recall[1])
            for name, d in truth.DISCOVERY.items() for channel, clicked in sees.items()
        )  # fmt: skip
        assert abs(agreed.share - expected) < 0.1
        assert agreed.kappa_low > 0, "more than chance"


# The notebook where little is known


def run(client: str, folder) -> str:
    """All that the notebook shows of a client."""
    file = repository() / "notebooks" / "07_purchase_survey.ipynb"
    papermill.execute_notebook(file, folder / "out.ipynb", {"client": client}, progress_bar=False)
    cells = nbformat.read(folder / "out.ipynb", as_version=4).cells
    return "".join(
        str(output.get("data", {}).get("text/html", ""))
        for cell in cells if cell.cell_type == "code" for output in cell.outputs
    )  # fmt: skip


SOURCES = """
client: {{name: Acme Oy}}
as_of: 2026-06-30
sources:
  responses:
    - {{format: table, survey: {survey}, path: exports/s.csv, columns: {{answered_at: at}},
       choices: [why_today], open: [own]}}
"""


def test_the_notebook_says_which_listed_options_nobody_gives(make_client, tmp_path):
    lines = [f"2026-05-0{1 + i % 9},{'abc'[i % 3]},x" for i in range(90)]
    text = SOURCES.format(survey="purchase") + "purchase_survey: {nothing: [a, <i>none</i>]}\n"
    shown = run(make_client(text, {"s.csv": "at,why_today,own\n" + "\n".join(lines)}), tmp_path)
    assert "which therefore do nothing: “&lt;i&gt;none&lt;/i&gt;”." in shown


@pytest.mark.parametrize("survey", ["nps", "purchase", "exit_intent"])
def test_the_notebook_without_customers_and_orders(make_client, tmp_path, survey):
    words = ["because it is cheap", "lahjaksi isälle", "<script>alert(1)</script>"]
    if survey == "exit_intent":
        words = ["qwerty", "", ""]  # no theme in any of them
    lines = [f"2026-05-0{1 + i % 9},{'abc'[i % 3]},{words[i % 3]}" for i in range(90)]
    exports = {"s.csv": "at,why_today,own\n" + "\n".join(lines) + "\n"}
    client = make_client(SOURCES.format(survey=survey), exports)
    shown = run(client, tmp_path)
    assert "<script>" not in shown
    if survey == "nps":
        assert "Nobody was asked yet why they buy" in shown
        assert "finding" not in shown
        assert shown.count("<table>") == 1, "the parameters only"
    elif survey == "purchase":
        assert "give “a” as the reason to buy today" in shown
        assert "it takes answers of thirty known customers" in shown
