"""Who is who: one person under several ids and e-mails is one customer, a blank is nobody."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from conftest import staged

from templates_lib.problems import InputProblems
from templates_lib.staging.staging import pseudonym_key
from templates_lib.workspace import ClientFolders

ORDERS = """
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  orders:
    path: exports/orders.csv
    columns: {order_id: order, customer_email: mail, ordered_at: when, amount: amount}
    vat: excluded
"""
ROWS = [
    ("1", "anna@shop.example", "2026-01-02"),
    ("2", " Anna@Shop.Example ", "2026-02-02"),
    ("3", "", "2026-02-03"),
    ("4", "", "2026-02-04"),
    ("5", "a.virta@work.example", "2026-03-02"),
    ("6", "bo@shop.example", "2026-03-03"),
]
CUSTOMERS = (
    "  customers: {path: exports/customers.csv, columns: {customer_id: id, customer_email: mail}}\n"
)
ALIASES = "  aliases: {path: private/aliases.csv, columns: {customer: also, same_as: one}}\n"


def orders(rows=ROWS) -> str:
    return "order,mail,when,amount\n" + "".join(f"{o},{m},{w},10\n" for o, m, w in rows)


def customers_of(connection) -> dict[str, list[str]]:
    """The days of the orders of each customer, those of nobody under an empty name."""
    frame = connection.table("orders").order_by("ordered_at").to_pandas()
    days = frame["ordered_on"].astype(str).str[:10]
    return days.groupby(frame["customer_id"].fillna("")).apply(list).to_dict()


def test_spellings_of_an_e_mail_are_one_customer_and_a_blank_is_nobody(make_client):
    _, connection, _ = staged(make_client(ORDERS, {"orders.csv": orders()}))
    found = customers_of(connection)
    assert found.pop("") == ["2026-02-03", "2026-02-04"]
    assert sorted(map(len, found.values())) == [1, 1, 2]


def test_aliases_that_a_person_declared_are_one_customer(make_client):
    exports = {
        "orders.csv": orders(),
        "../private/aliases.csv": "also,one\nA.Virta@work.example,anna@shop.example\n",
    }
    _, connection, _ = staged(make_client(ORDERS + ALIASES, exports))
    assert sorted(map(len, customers_of(connection).values())) == [1, 2, 3]


def test_an_id_and_an_e_mail_of_the_customer_file_are_one_customer(make_client):
    survey = """\
  responses:
    - {survey: nps, path: exports/nps.csv, score: score,
       columns: {answered_at: when, customer_email: mail}}
  touchpoints: {path: exports/service.csv, columns: {occurred_at: when, customer_id: id}}
"""
    exports = {
        "orders.csv": orders(),
        "customers.csv": "id,mail\n77,ANNA@shop.example\n78,bo@shop.example\n79,c@shop.example\n",
        "nps.csv": "when,mail,score\n2026-04-01,Anna@shop.example,9\n2026-04-02,,3\n",
        "service.csv": "when,id\n2026-04-03,77\n",
        "../private/aliases.csv": "also,one\na.virta@work.example,anna@shop.example\n",
    }
    client = make_client(ORDERS + CUSTOMERS + ALIASES + survey, exports)
    _, connection, _ = staged(client)
    secret = pseudonym_key(ClientFolders(client))
    anna = hmac.new(secret, b"77", hashlib.sha256).hexdigest()[:32]
    assert len(customers_of(connection)[anna]) == 3
    answers = connection.table("responses").order_by("answered_at").to_pandas()
    assert answers["customer_id"].tolist()[0] == anna
    assert answers["customer_id"].isna().tolist() == [False, True]
    assert connection.table("touchpoints").to_pandas()["customer_id"].tolist() == [anna]
    known = connection.table("customers").to_pandas()
    assert len(known) == known["customer_id"].nunique() == 3  # c never ordered


def test_an_answer_without_a_person_is_the_buyers_of_its_order(make_client):
    survey = """\
  responses:
    - {survey: purchase, path: exports/bought.csv, choices: [why],
       columns: {answered_at: at, order_id: number}}
"""
    exports = {
        "orders.csv": orders(),
        "bought.csv": "at,number,why\n2026-04-01,#1,x\n2026-04-01,1 ,x\n2026-04-01,# 9,x\n",
    }
    _, connection, _ = staged(make_client(ORDERS + survey, exports))
    bought = connection.table("orders").order_by("ordered_at").to_pandas().iloc[0]
    answers = connection.table("responses").to_pandas()
    same = answers["order_id"] == bought["order_id"]
    assert same.sum() == 2
    assert (answers.loc[same, "customer_id"] == bought["customer_id"]).all()
    assert answers.loc[~same, "customer_id"].isna().all()


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ("a@x.example,b@x.example\nb@x.example,c@x.example", "stand both as customer and as same"),
        ("a@x.example,b@x.example\na@x.example,c@x.example", "stand for several customers"),
    ],
)
def test_aliases_that_say_two_things_are_refused_without_naming_anybody(
    make_client, aliases, expected
):
    exports = {"orders.csv": orders(), "../private/aliases.csv": f"also,one\n{aliases}\n"}
    with pytest.raises(InputProblems) as raised:
        staged(make_client(ORDERS + ALIASES, exports))
    assert expected in str(raised.value)
    assert "@" not in str(raised.value)
