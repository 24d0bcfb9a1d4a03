"""Who the best are, what is known of them, and the page that is made of it."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import pandas as pd
import pytest
from conftest import staged
from hypothesis import given
from hypothesis import strategies as st

from templates_lib import coverage
from templates_lib.demo import phrases
from templates_lib.demo import truth as planted
from templates_lib.icp import attribute_lift, icp, own_list, profile_attributes, statement
from templates_lib.icp.dimensions import sorted_out
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.problems import InputProblems
from templates_lib.tables import RESPONSES
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders

AS_OF = date(2026, 6, 30)
WHEN = {"zone": "Europe/Helsinki", "as_of": AS_OF}


def purchases(rows: list[tuple[str, str, float]]) -> dict[str, ibis.Table]:
    frame = pd.DataFrame(rows, columns=["customer_id", "purchased_on", "net_sales"])
    frame["purchased_on"] = pd.to_datetime(frame["purchased_on"])
    own = frame.sort_values("purchased_on").groupby("customer_id")["purchased_on"]
    frame["purchase_number"], frame["next_on"] = own.cumcount() + 1, own.shift(-1)
    frame["contribution_margin"] = frame["net_sales"]
    schema = {"customer_id": "string", "purchased_on": "date", "net_sales": "decimal(18, 4)",
              "purchase_number": "int64", "next_on": "date",
              "contribution_margin": "decimal(18, 4)"}  # fmt: skip
    table = ibis.memtable(frame, schema=schema)
    firsts = table.group_by("customer_id").aggregate(first_on=table.purchased_on.min())
    return {"purchases": table, "first_orders": firsts}


def found(have, **settings) -> pd.DataFrame:
    made = icp.units(have, settings=Icp(**settings), value="net_sales", **WHEN)
    return made.set_index("unit_id")


def test_value_is_of_the_first_days_and_of_those_observed_so_long():
    have = purchases([
        ("a", "2026-01-01", 10), ("a", "2026-03-31", 5), ("a", "2026-04-01", 100),
        ("b", "2026-04-02", 7), ("c", "2026-04-03", 9),
    ])  # fmt: skip
    units = found(have, value_days=90)
    assert units.loc["a", "value"] == 15  # the 90th day counts, the 91st does not
    assert units.loc["a", "purchases"] == 2
    assert units["observed"].to_dict() == {"a": True, "b": True, "c": False}
    assert units["in_base"].equals(units["observed"])


def test_contacts_with_the_service_are_taken_from_margins_of_the_first_days():
    have = purchases([("a", "2026-01-01", 10), ("a", "2026-06-01", 100), ("b", "2026-01-01", 7)])
    rows = [("a", "2026-01-01", 2), ("a", "2026-05-31", 3), ("a", "2026-06-02", 50)]
    frame = pd.DataFrame(rows, columns=["customer_id", "on", "service_cost"])
    frame["on"] = pd.to_datetime(frame["on"])
    schema = {"customer_id": "string", "on": "date", "service_cost": "decimal(18, 4)"}
    settings, service = Icp(value_days=90), ibis.memtable(frame, schema=schema)
    for value, of_a in (("contribution_margin", 10 - 2 - 3), ("net_sales", 10)):
        units = icp.units(have, settings=settings, value=value, service=service, **WHEN)
        # a contact belongs to the last purchase before it, also after the 90 days
        assert units.set_index("unit_id")["value"].to_dict() == {"a": of_a, "b": 7}


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_the_top_is_never_more_than_its_share_and_parts_no_equals(values, share):
    series = pd.Series(values, dtype=float)
    chosen = icp.top(series, share)
    assert chosen.sum() <= share * len(series) + 1e-9
    if chosen.any():
        assert series[chosen].min() > series[~chosen].max()


def test_the_top_of_different_values_is_the_whole_share():
    chosen = icp.top(pd.Series(range(2357)), 0.1)
    assert chosen.sum() == 235
    assert icp.top(pd.Series(range(100)), 0.29).sum() == 29


def test_repeat_buyers_are_told_by_purchases_in_time():
    have = purchases([
        ("a", "2026-01-01", 1), ("a", "2026-02-01", 1), ("a", "2026-03-01", 1),
        ("b", "2026-01-01", 1), ("b", "2026-02-01", 1), ("b", "2026-06-01", 1),
        ("c", "2026-05-01", 1), ("c", "2026-05-02", 1), ("c", "2026-05-03", 1),
    ])  # fmt: skip
    units = found(have, value_days=90, target={"by": "repeat"})
    assert units["target"].to_dict() == {"a": True, "b": False, "c": False}
    assert not units.loc["c", "in_base"]


def score(who: str, when: str, value: int) -> dict:
    row = dict.fromkeys(RESPONSES)
    return row | {
        "response_id": f"{who}{when}", "survey": "nps", "kind": "score", "question": "score",
        "customer_id": who, "answered_at": datetime.fromisoformat(when), "value": value,
        "was_asked": True, "stage": "after_purchase", "wave": "w",
    }  # fmt: skip


def test_promoters_are_followed_equally_long_after_the_answer():
    have = purchases([
        ("back", "2025-01-01", 1), ("back", "2025-03-01", 1), ("before", "2025-01-01", 1),
        ("late", "2025-01-01", 1), ("late", "2025-12-01", 1), ("cold", "2025-01-01", 1),
        ("cold", "2025-03-01", 1), ("new", "2026-06-01", 1), ("silent", "2025-01-01", 1),
    ])  # fmt: skip
    rows = [score("back", "2025-02-01 10:00", 9), score("before", "2025-02-01 10:00", 10),
            score("late", "2025-02-01 10:00", 10), score("cold", "2025-01-15 10:00", 9),
            score("cold", "2025-02-01 10:00", 8), score("new", "2026-06-02 10:00", 10)]  # fmt: skip
    have["responses"] = ibis.memtable(pd.DataFrame(rows), schema=RESPONSES)
    units = found(have, target={"by": "promoters", "return_days": 90})
    known = units[units["in_base"]]
    assert known["target"].to_dict() == {
        "back": True, "before": False, "late": False, "cold": False,
    }  # fmt: skip


def test_a_company_is_worth_all_of_its_people_together():
    have = purchases([("a", "2026-01-01", 10), ("b", "2026-02-01", 5), ("c", "2026-01-01", 3)])
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "company_id": ["x", "x", None]})
    have["customers"] = ibis.memtable(
        people, schema={"customer_id": "string", "company_id": "string"}
    )
    units = found(have, unit="company", value_days=90)
    assert units["value"].to_dict() == {"x": 15}
    assert str(units.loc["x", "first_on"])[:10] == "2026-01-01"
    del have["customers"]
    assert found(have, unit="company").empty


def test_too_few_are_told_and_not_estimated():
    rows = [(f"c{i}", "2025-01-01", float(i)) for i in range(150)]
    made = icp.enough(found(purchases(rows)).reset_index(), Words("en", "EUR"))
    assert not made.is_enough
    assert "150, 15 of them" in made.lacks


LIST = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  orders:
    format: table
    path: exports/orders.csv
    columns: {order_id: order, customer_email: email, ordered_at: when, line_amount: amount}
    vat: excluded
  customers:
    format: table
    path: exports/customers.csv
    columns: {customer_id: id, customer_email: email}
icp: {target: {by: list, path: best.csv}}
"""
ORDERS = """order,email,when,amount
1,Liisa@shop.example,2025-01-01 10:00,10
2,matti@shop.example,2025-01-02 10:00,20
"""
CUSTOMERS = "id,email\n17,liisa@shop.example\n18,matti@shop.example\n"


@pytest.mark.parametrize("entry", ["LIISA@shop.example ", "17"])
def test_a_list_names_customers_by_email_or_id(make_client, workspace, entry):
    client = make_client(LIST, {"orders.csv": ORDERS, "customers.csv": CUSTOMERS})
    best = workspace / "data" / client / "best.csv"
    best.write_text(f"email\n{entry}\nnobody@shop.example\n", encoding="utf-8")
    params, connection, facts = staged(client)
    listed = own_list.listed(params, ClientFolders(client), params.icp.target.path)
    firsts = connection.table("first_orders")
    assert listed.entries == 2
    assert listed.unknown(firsts.customer_id) == 1
    assert not any("@" in one for one in listed.customers)
    have = {name: connection.table(name) for name in coverage.table_names(facts)}
    units = icp.units(have, settings=params.icp, value="net_sales", listed=listed.customers, **WHEN)
    assert units["target"].sum() == 1
    assert units["in_base"].all()
    assert units.loc[units["target"], "value"].tolist() == [10.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"name,town\nLiisa,Turku\n", "no column of customers"),
        (b"email\n \n", "names no customer"),
        (b"email\n\xff\xfe\n", "not a text in UTF-8"),
    ],
)
def test_a_wrong_list_is_refused_and_none_of_it_told(make_client, workspace, content, said):
    client = make_client(LIST, {"orders.csv": ORDERS, "customers.csv": CUSTOMERS})
    if content is not None:
        (workspace / "data" / client / "best.csv").write_bytes(content)
    params, _, _ = staged(client)
    with pytest.raises(InputProblems, match=said) as error:
        own_list.listed(params, ClientFolders(client), "best.csv")
    assert "Liisa" not in str(error.value)
    with pytest.raises(InputProblems, match="leads out"):
        own_list.listed(params, ClientFolders(client), "../other/best.csv")


def test_names_in_the_settings_must_be_known_and_take_their_dimension():
    rows = [score("a", "2026-01-01", 9) | {"kind": "choice", "question": q, "option": "x",
            "survey": s} for s, q in (("purchase", "why_today"), ("purchase", "age_group"),
                                      ("nps", "brews"), ("awareness", "knows"))]  # fmt: skip
    responses = ibis.memtable(pd.DataFrame(rows), schema=RESPONSES)
    names = sorted_out(responses, ["first_channel", "city"], Icp(), PurchaseSurvey())
    assert names.columns == {"first_channel": "habits", "city": "demographics"}
    assert {q[1]: d for q, d in names.questions.items()} == {
        "why_today": "motives", "age_group": "demographics", "brews": "habits",
    }  # fmt: skip
    own = sorted_out(responses, ["city"], Icp(motives=["brews"]), PurchaseSurvey())
    assert {q[1]: d for q, d in own.questions.items()} == {
        "brews": "motives", "age_group": "demographics",
    }  # fmt: skip
    with pytest.raises(InputProblems, match=r"icp\.pains.*'brew'.*brews"):
        sorted_out(responses, ["city"], Icp(pains=["brew"]), PurchaseSurvey())


def lift_table(rows: list[dict]) -> pd.DataFrame:
    plain = dict.fromkeys(attribute_lift.LIFT, 0.0) | {
        "n_target": 100, "n_base": 400, "share_target": 0.4, "share_base": 0.3, "lift": 1.33,
        "q_value": 0.5, "is_different": False, "target_low": 0.3, "target_high": 0.5,
        "gap_share": 0.13, "gap_low": 0.03, "gap_high": 0.23,
    }  # fmt: skip
    table = pd.DataFrame([plain | row for row in rows], columns=attribute_lift.LIFT)
    return table.astype({"is_different": bool})


def test_the_page_tells_what_is_sure_what_is_not_and_what_to_ask():
    table = lift_table([
        {"dimension": "motives", "attribute": "why_today", "value": "<b>Taste</b>",
         "is_different": True, "q_value": 0.01},
        {"dimension": "habits", "attribute": "competitor", "value": "Acme", "n_target": 12},
        {"dimension": "first_purchase", "attribute": "first_category", "value": "Tea"},
    ])  # fmt: skip
    words = Words("en", "EUR")
    page = statement.lines(table, survey=PurchaseSurvey(), words=words)
    by_part = {line.part: line for line in page}
    assert by_part["Why they buy"].sure in ("strong", "moderate")
    assert by_part["Why they buy"].evidence == "survey"
    assert by_part["Whom they compare us with"].sure == statement.HYPOTHESIS
    assert by_part["What they began with"].sure == statement.AS_ALL
    assert by_part["What they began with"].evidence == "orders"
    assert "What nearly stopped you" in by_part["What nearly stops them"].text
    assert by_part["How they found us"].sure == statement.NOT_KNOWN
    html = statement.to_html("Our <best>", page, words)
    assert "<b>" not in html
    assert "&lt;b&gt;Taste&lt;/b&gt;" in html
    assert "Our &lt;best&gt;" in html
    assert statement.headline(table).startswith("Our best customers, more often than others,")


def test_without_differences_there_is_no_headline():
    table = lift_table([{"dimension": "motives", "attribute": "why_today", "value": "Taste"}])
    assert statement.headline(table) == ""
    assert statement.leading(table).empty


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo shop through the pipeline, with its profile."""
    from templates_lib.workspace import repository

    folder = tmp_path_factory.mktemp("icp")
    (folder / "params").mkdir()
    text = (repository() / "params" / "demo.yml").read_text(encoding="utf-8")
    text = text.replace("customers: 6000}", "customers: 3000}")
    (folder / "params" / "demo.yml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSPACE", str(folder))
        params, connection, facts = staged("demo")
    have = {name: connection.table(name) for name in coverage.table_names(facts)}
    when = {"zone": params.client.timezone, "as_of": params.as_of}
    units = icp.units(have, settings=params.icp, value="net_sales", **when)
    attributes = profile_attributes.attributes(
        have, units, params.icp, survey=params.purchase_survey, **when
    )
    return have, params, units, attributes


def test_the_value_of_each_customer_is_that_of_the_purchases(demo):
    have, params, units, _ = demo
    bought = have["purchases"].to_pandas()
    first = bought.groupby("customer_id")["purchased_on"].transform("min")
    days = (pd.to_datetime(bought["purchased_on"]) - pd.to_datetime(first)).dt.days
    inside = bought[days < params.icp.value_days]
    expected = inside.groupby("customer_id")["net_sales"].sum().astype(float)
    found = units.set_index("unit_id")["value"]
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), check_names=False)


def test_the_planted_profile_is_found(demo):
    """Companies buy again and more; gifts are bought once; machines cost most."""
    _, _, units, attributes = demo
    table = attribute_lift.lift(units, attributes, min_cell=5)
    different = attribute_lift.different(table)
    sides = {(r.attribute, r.value): r.lift > 1 for r in different.itertuples()}
    assert sides["first_is_b2b", "yes"]
    assert sides["first_category", "Laitteet"]
    assert not sides["first_category", "Lahjat"]
    not_planted = ("city", "age_group", "first_weekday", "first_time", "brews", "competitor")
    assert len({a for a, _ in sides} & set(not_planted)) <= 1, sides  # a tenth may be chance
    sure = different[different["q_value"] <= 0.01]
    assert not set(sure["attribute"]) & set(not_planted), sure  # of these, a hundredth
    # whoever comes for what sells more of it is the better customer
    usual = sum(planted.MOTIVES[m] * n for m, n in planted.MOTIVE_QUANTITY.items())
    for motive, said in phrases.VALUES.items():
        side = sides.get(("most_important", said))
        assert side in (None, planted.MOTIVE_QUANTITY[motive] > usual), (motive, sides)
    shares = table[table["attribute"] == "first_is_b2b"].iloc[0]
    assert shares["n_base"] == units["in_base"].sum()


def test_every_unit_has_each_attribute_of_all_once(demo):
    have, _, units, attributes = demo
    of_all = attributes[attributes["attribute"].isin(["first_category", "city", "role"])]
    assert (of_all.groupby("attribute").size() == len(units)).all()
    assert not attributes.duplicated(["unit_id", "attribute"]).any()
    assert (attributes.loc[attributes["attribute"] == "role", "value"] == "unknown").mean() > 0.9
    assert "first_order_value" not in set(attributes["attribute"])
    assert not attributes.loc[attributes["attribute"] == "city", "day_one"].any()


def test_of_a_question_the_last_answer_of_each_person_counts(demo):
    have, _, units, attributes = demo
    rows = have["responses"].to_pandas()
    own = rows[(rows["question"] == "most_important") & rows["option"].notna()]
    own = own.dropna(subset=["customer_id"]).sort_values("answered_at")
    last = own.drop_duplicates("customer_id", keep="last").set_index("customer_id")["option"]
    found = attributes[attributes["attribute"] == "most_important"].set_index("unit_id")["value"]
    assert found.sort_index().equals(last[last.index.isin(units["unit_id"])].sort_index())
