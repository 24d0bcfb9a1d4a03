"""Who left: small histories counted by hand, a brute-force count, and the demo's planted truth."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.demo import truth
from templates_lib.demo.shop import open_shop
from templates_lib.lost_customers import lost_after, lost_customers, lost_reasons, lost_words
from templates_lib.lost_customers import win_back as wins
from templates_lib.repeat_purchase import overdue
from templates_lib.service import service
from templates_lib.tables import CUSTOMERS, INTERVIEWS, ORDERS, PURCHASES, RESPONSES, TOUCHPOINTS
from templates_lib.words import Words

AS_OF = date(2026, 6, 30)
ZONE = {"zone": "Europe/Helsinki"}
WHEN = {**ZONE, "as_of": AS_OF}
WORDS = Words("en", "EUR")
USUAL = pd.DataFrame({"purchase_number": [1, 2], "days": [100, 50], "n": [100, 100]})


def table_of(rows: list[dict], columns) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=ibis.schema(columns).to_pyarrow()))


def client(days: dict[str, list[date]], people: list[dict] = (), **orders) -> dict:
    """A client whose customers bought on the days given, for 10 each; ``orders`` changes all
    orders of a customer."""
    rows, placed = [], []
    for who, bought in days.items():
        for number, (day, after) in enumerate(zip(bought, [*bought[1:], None], strict=True), 1):
            rows.append({"customer_id": who, "purchase_number": number, "purchased_on": day,
                         "next_on": after, "orders": 1, "net_sales": 10})  # fmt: skip
            placed.append({"order_id": f"{who}{number}", "customer_id": who, "ordered_on": day,
                           "discount": 0, "refund": 0, **orders.get(who, {})})  # fmt: skip
    first = [
        {"customer_id": who, "net_sales": 10 * len(bought), "first_on": bought[0],
         "purchases": len(bought)}
        for who, bought in days.items()
    ]  # fmt: skip
    kinds = {"customer_id": "string", "net_sales": "decimal(18,4)", "first_on": "date",
             "purchases": "int64"}  # fmt: skip
    known = people or [{"customer_id": who} for who in days]
    return {
        "purchases": table_of(rows, PURCHASES), "orders": table_of(placed, ORDERS),
        "first_orders": table_of(first, kinds), "customers": table_of(known, CUSTOMERS),
    }  # fmt: skip


def place(have: dict, usual: pd.DataFrame = USUAL) -> ibis.Table:
    return lost_customers.standing(have, usual, horizon_days=365, value="net_sales", **WHEN)


def ago(*days: int) -> list[date]:
    return [AS_OF - timedelta(days=d) for d in days]


# Who stands where


def test_each_customer_stands_by_the_usual_day_of_as_many_purchases():
    have = client(
        {"new": ago(90), "late": ago(120), "gone": ago(400), "twice": ago(300, 60),
         "back": ago(300, 40), "shut": ago(20), "later": ago(10)},
        [{"customer_id": "shut", "closed_at": datetime(2026, 6, 25)},
         {"customer_id": "later", "closed_at": datetime(2026, 7, 2)},
         {"customer_id": "late", "opted_out_at": datetime(2026, 6, 1)}],
    )  # fmt: skip
    found = place(have).to_pandas().set_index("customer_id")
    assert found["state"].to_dict() == {
        "new": "in_time", "late": "overdue", "gone": "lapsed", "twice": "overdue",
        "back": "in_time", "shut": "closed", "later": "in_time",
    }  # fmt: skip
    assert found.loc["twice", "group"] == "several_purchases"
    assert found.loc["twice", "value"] == 20
    assert found["opted_out"].sum() == 1
    table = lost_customers.how_many(place(have), min_cell=1).set_index(["group", "state"])
    assert table.loc[("one_purchase", "overdue"), "customers"] == 1
    assert table.loc[("one_purchase", "overdue"), "n"] == 5
    assert table.loc[("one_purchase", "overdue"), "opted_out"] == 1
    silent = lost_customers.how_many(place(client({"a": ago(5)})), min_cell=1)
    assert silent["opted_out"].isna().all(), "nobody said: not known, and no zero"


def test_how_many_have_left_and_for_how_long():
    days = {f"a{i}": ago(500, 100) for i in range(20)} | {f"b{i}": ago(90, 10) for i in range(30)}
    placed = place(client(days))
    found = lost_customers.left_of(placed)
    assert (found.customers, found.n) == (20, 50)
    # R: prop.test(20, 50, correct = FALSE)$conf.int
    assert_allclose([found.low, found.high], [0.2760839, 0.5381856], atol=1e-6)
    assert lost_customers.left_of(placed, group="one_purchase") is None
    away = lost_customers.months_away(placed, min_cell=5)
    assert away["months"].tolist() == [0, 1, 2, 3]
    assert away["overdue"].tolist() == [0, 0, 0, 20]
    few = lost_customers.months_away(placed, min_cell=21)
    assert few["overdue"].isna().tolist() == [False, False, False, True]


def test_how_often_who_was_late_came_back_is_followed_from_the_usual_day():
    gaps = pd.DataFrame(
        {"purchase_number": 2, "duration": [20, 60, 80, 365], "event": [True, True, True, False],
         "count": [100, 10, 10, 30]}
    )  # fmt: skip
    found = lost_customers.still_returning(gaps, USUAL, horizon_days=365)
    assert found.n == 50, "who was back by day 50 was never late"
    assert_allclose(found.share, 20 / 50)
    assert found.days == 365 - 50
    first = gaps.assign(purchase_number=1)
    assert lost_customers.still_returning(first, USUAL, horizon_days=365) is None
    assert "40 (very likely" in lost_words.still(found, WORDS)
    assert lost_words.still(None, WORDS) == ""


def test_a_month_counts_once_all_of_it_had_the_whole_time():
    day, last = date(2026, 2, 3), date(2026, 3, 3)
    days = {f"a{i}": [day] for i in range(30)} | {f"b{i}": [day, AS_OF] for i in range(10)}
    days |= {f"c{i}": [last] for i in range(40)}
    table = lost_customers.not_back(client(days)["purchases"], USUAL, as_of=AS_OF)
    # a purchase of 31 March would have its 100 days on 9 July
    assert table["month"].tolist() == ["2026-02"]
    assert table.iloc[0][["n", "customers"]].tolist() == [40, 40], "back, but late"
    soon = lost_customers.not_back(
        client({**days, **{f"b{i}": [day, day + timedelta(100)] for i in range(10)}})["purchases"],
        USUAL, as_of=AS_OF,
    )  # fmt: skip
    assert soon.iloc[0][["n", "customers"]].tolist() == [40, 30]


# After what: the same age, and nothing that was known only later


def test_only_what_was_known_by_the_landmark_is_told_of_a_purchase():
    day = AS_OF - timedelta(days=200)
    have = client(
        {"quick": [day, day + timedelta(10)], "wrote": [day], "late": [day, day + timedelta(90)],
         "young": ago(99), "old": ago(470, 250)},
        wrote={"discount": 3}, late={"refund": 2, "refunded_at": datetime(2026, 6, 1)},
    )  # fmt: skip
    at = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
    wrote = [
        {"touchpoint_id": f"t{who}", "customer_id": who, "occurred_at": at + timedelta(days=d),
         "stage": "after_purchase", "topic": "delivery"}
        for who, d in (("wrote", 5), ("late", 30))
    ] + [{"touchpoint_id": f"x{i}", "occurred_at": at, "stage": "after_purchase",
          "topic": "delivery"} for i in range(30)]  # fmt: skip
    have["touchpoints"] = table_of(wrote, TOUCHPOINTS)
    contacts = service.contacts(have, max_groups=5, **WHEN)
    found = lost_after.marked(have, USUAL, contacts, **WHEN)
    assert found["count"].sum() == 3, "quick was back by then, young has not had its time"
    rows = {tuple(row) for row in found[["group", "left", "discounted", "refunded", "contact"]]
            .itertuples(index=False)}  # fmt: skip
    assert rows == {
        ("one_purchase", True, "yes", "no", "delivery"),  # wrote
        ("one_purchase", False, "no", "no", "no_contact"),  # late: refunded and wrote after it
        ("several_purchases", True, "no", "no", "no_contact"),  # old: its purchase of 250 days ago
    }


def test_shares_are_compared_as_by_newcombe_and_pandas(shared):
    golden = pd.read_csv(shared / "golden" / "golden.csv")
    golden = golden[golden["data"] == "56/70 - 48/80"].sort_values("quantity", ascending=False)
    counts = pd.DataFrame([
        {"group": "one_purchase", "left": left, "discounted": has, "count": n}
        for has, left, n in (("yes", True, 56), ("yes", False, 14), ("no", True, 48),
                             ("no", False, 32))
    ])  # fmt: skip
    counts = counts.reindex(columns=[*lost_after.MARKS, "count"])
    table = lost_after.after_what(counts, min_cell=5)
    assert len(table) == 1
    row = table.iloc[0]
    assert [row.attribute, row.value, row.people, row.n, row.others_n] == [
        "discounted", "yes", 56, 70, 80]  # fmt: skip
    assert_allclose([row.gap_share_low, row.gap_share_high], sorted(golden["value"]), atol=1e-4)
    assert lost_after.worst(table).attribute == "discounted"
    assert "whose purchase had a discount" in lost_words.after(row, WORDS)
    assert lost_after.after_what(counts, min_cell=15).empty, "14 of them stayed"
    assert lost_words.named(table)["what"].tolist() == ["a discount"]


@cache
def demo(seed: int) -> dict:
    """A demo shop's purchases and orders, without any reader of the package."""
    shop = open_shop(seed=seed, customers=6000)
    orders = shop.orders[(shop.orders["kind"] == "counted") & (shop.orders["customer"] >= 0)]
    first = orders.sort_values(["customer", "day"]).drop_duplicates("customer")
    coded = set(first.loc[first["code"] == truth.WELCOME_CODE, "customer"])
    days = orders.groupby("customer")["day"].agg(lambda d: sorted(set(d)))
    bought = {
        f"c{who}": [truth.OPENED + timedelta(int(d)) for d in each] for who, each in days.items()
    }
    return client(bought, **{f"c{who}": {"discount": 1} for who in coded})


def test_the_welcome_code_s_customers_leave_more_often_as_planted():
    """Its planted factor is on who ever returns, of all categories alike."""
    scores = []
    for seed in (1, 2, 3):
        have = demo(seed)
        gaps = overdue.gap_counts(have["purchases"], as_of=truth.AS_OF)
        usual = overdue.usual_days(gaps, horizon_days=365, share=0.8)
        none = service.contacts({}, zone=truth.TIMEZONE, as_of=truth.AS_OF, max_groups=5)
        marks = lost_after.marked(have, usual, none, zone=truth.TIMEZONE, as_of=truth.AS_OF)
        table = lost_after.after_what(marks, min_cell=5)
        row = table[(table["attribute"] == "discounted") & (table["group"] == "one_purchase")].iloc[
            0
        ]
        assert row.q_value < 0.01
        # the shares that came back, of those with the code and of the others: by channel the code
        # goes with other return shares, which the factor is of
        with_code, without = (
            np.mean([truth.ever_returns(c, welcome=w) for c in truth.CATEGORIES])
            for w in (True, False)
        )
        expected = (1 - row.others_share) * with_code / without
        error = (row.gap_share_high - row.gap_share_low) / (2 * stats.norm.ppf(0.975))
        scores.append((1 - row.share - expected) / error)
    assert max(map(abs, scores)) < 3.5


# Why they say so


def test_what_was_said_is_followed_for_as_many_days_and_counts_once_a_person():
    day = AS_OF - timedelta(days=150)
    at = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
    have = client({
        "left": [day], "stayed": [day, day + timedelta(40)], "late": [day, day + timedelta(120)],
        "young": ago(50), "after": [day + timedelta(10)],
    })  # fmt: skip
    answers = [
        {"response_id": f"r{who}", "customer_id": who, "survey": "nps", "answered_at": at,
         "question": "why", "kind": "choice", "option": "price", "was_asked": True}
        for who in ("left", "stayed", "late", "after", None)
    ]  # fmt: skip
    answers.append({**answers[0], "customer_id": "young", "response_id": "ryoung",
                    "answered_at": datetime(2026, 5, 20)})  # fmt: skip
    answers.append({**answers[0], "response_id": "again", "answered_at": at + timedelta(days=3)})
    have["responses"] = table_of(answers, RESPONSES)
    have["interviews"] = table_of(
        [
            {
                "interview_id": "i1",
                "customer_id": "left",
                "date": day,
                "excerpt": "x",
                "code": "taste",
            }
        ],
        INTERVIEWS,
    )
    found = lost_reasons.followed(have, days=100, **WHEN)
    nps = found[found["survey"] == "nps"].set_index("customer_id")["left"]
    assert nps.to_dict() == {"left": True, "stayed": False, "late": True}
    assert found[found["survey"] == "interview"]["left"].tolist() == [True]
    open_answers = pd.DataFrame(columns=["survey", "response_id", "question"])
    told = lost_reasons.said(have, open_answers, open_answers.assign(code=[]), questions=["why"])
    assert set(told["option"]) == {"price", "taste"}
    assert lost_reasons.said(have, open_answers, open_answers.assign(code=[]), questions=[])[
        "option"].tolist() == ["taste"]  # fmt: skip


def test_reasons_of_those_who_left_agree_with_a_count_by_hand():
    people = pd.DataFrame({"survey": "nps", "response_id": [f"r{i}" for i in range(200)],
                           "customer_id": [f"c{i}" for i in range(200)],
                           "left": [True] * 100 + [False] * 100})  # fmt: skip
    option = ["price"] * 40 + ["taste"] * 60 + ["price"] * 10 + ["taste"] * 87 + ["rare"] * 3
    told = people[["survey", "response_id"]].assign(question="why", option=option)
    table = lost_reasons.reasons(people, told, min_cell=5)
    assert table["option"].tolist() == ["price", "taste"], "rare is of three people"
    assert table.loc[0, ["people", "n", "others_n"]].tolist() == [40, 100, 100]
    assert_allclose(table["gap_share"], [0.3, -0.27])
    assert lost_reasons.leading(table)["option"] == "price"
    few = people.assign(left=[True] * 29 + [False] * 171)
    assert lost_reasons.reasons(few, told, min_cell=5).empty
    assert lost_reasons.leading(lost_reasons.reasons(few, told, min_cell=5)) is None


# Whom to win back


def test_the_list_holds_the_best_who_left_and_agreed_each_with_a_reason():
    few = {f"low{i}": ago(400) for i in range(40)}
    best = {name: ago(500, 450, 380) for name in ("agreed", "silent", "refused", "wrote")}
    best["in_time"] = ago(100, 60, 10)
    people = [{"customer_id": who, "consents": "email"} for who in ("agreed", "wrote", "in_time")]
    people += [{"customer_id": "silent", "consents": ""}]
    people += [{"customer_id": "refused", "consents": "email",
                "opted_out_at": datetime(2026, 1, 1)}]  # fmt: skip
    have = client({**few, **best}, people, wrote={"refund": 1})
    have["touchpoints"] = table_of(
        [{"touchpoint_id": f"t{i}", "customer_id": "wrote", "stage": "after_purchase",
          "occurred_at": datetime.combine(ago(375)[0], datetime.min.time()), "topic": "delivery"}
         for i in range(30)], TOUCHPOINTS,
    )  # fmt: skip
    contacts = service.contacts(have, max_groups=5, **WHEN)
    found = wins.win_back(have, place(have), contacts, **ZONE)
    assert list(found.columns) == ["customer_id", "last_on", "days_since", "value", "reason"]
    reasons = found.set_index("customer_id")["reason"].to_dict()
    assert reasons == {"wrote": "wrote about “delivery” after the last purchase",
                       "agreed": "is usually back within 50 days"}  # fmt: skip
    assert found["days_since"].tolist() == [380, 380]
    assert found["value"].tolist() == [30.0, 30.0]
    nobody = client({**few, **best})
    unknown = wins.win_back(nobody, place(nobody), contacts, **ZONE)
    assert len(unknown) == 4, "no consent is known of anybody: make contacts asks for it"
    assert not wins.knows_consents(nobody)
    assert wins.knows_consents(have)


def test_the_test_of_a_share_near_its_end_is_still_a_number():
    assert lost_words.size(0.98, 0.05) == lost_words.size(0.98, -0.05)
    assert lost_words.size(0.02, -0.05) > 0
