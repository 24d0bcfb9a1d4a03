"""What ``make check`` prints: counts and days, what can run, and never a value of a row."""

from __future__ import annotations

import pytest
from conftest import ORDERS

from templates_lib.cli import main

PERSON = ("Canary Bird-Byrne", "canary.bird@private.example")
CSV = "order,customer,when,amount,name\n" + "".join(
    f"{n},{PERSON[1] if n % 2 else ''},2026-0{n % 3 + 1}-1{n % 9},{10 + n}.50,{PERSON[0]}\n"
    for n in range(1, 60)
)
SURVEY = """
  responses:
    format: table
    survey: nps
    path: exports/nps.csv
    columns: {answered_at: when, customer_email: mail}
    score: score
    open: [why]
"""
NPS = "when,mail,score,why\n" + "".join(
    f"2026-05-1{n % 9},x{n}@private.example,{n % 11},secret words {n}\n" for n in range(40)
)
TOTALS = "control_totals: {2026-01: {net_sales: 1000, orders: 19}, 2026-02: {orders: 99}}\n"


def said(capsys, client: str = "acme") -> list[str]:
    assert main(["check", client]) == 0
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def part(lines: list[str], title: str) -> list[str]:
    begin = lines.index(title) + 1
    end = lines.index("", begin) if "" in lines[begin:] else len(lines)
    return lines[begin:end]


def test_sources_files_days_and_steps(make_client, capsys):
    make_client(exports={"orders.csv": CSV})
    lines = said(capsys)
    assert "Acme Oy, up to 30 Jun 2026" in lines or any("up to" in line for line in lines[:2])
    orders, file = part(lines, "Sources")
    assert orders.startswith("orders (table): 1 file, 59 rows, ")
    assert file == "exports/orders.csv: 59 rows, utf-8"
    steps = part(lines, "From rows to purchases")
    assert steps[0] == "Rows in the files: 59 orders, 1 customer"
    assert steps[-1].startswith("Purchases after the same-day merge: ")
    assert "orders: Counted orders without a customer: 29" in part(lines, "What needed a decision")


def test_no_control_total_is_asked_for(make_client, capsys):
    make_client(exports={"orders.csv": CSV})
    (line,) = part(said(capsys), "Agreement with the shop's own figures")
    assert line == "none given: ask for one month's net sales, and put it into control_totals"


def test_control_totals_are_held_against_the_report(make_client, capsys):
    make_client(TOTALS + ORDERS.lstrip(), {"orders.csv": CSV})
    sales, orders, other = part(said(capsys), "Agreement with the shop's own figures")
    assert sales.startswith("2026-01 net sales: report ")
    assert ", shop " in sales and "difference" in sales and "differs: find out why" in sales
    assert orders.startswith("2026-01 orders: report 19, shop 19, difference 0")
    assert orders.endswith(": agrees")
    assert "differs: find out why" in other


def test_what_can_run_and_what_the_rest_would_take(make_client, capsys):
    make_client(exports={"orders.csv": CSV})
    lines = said(capsys)
    enabled = part(lines, "What the sources make possible")
    assert any(line.startswith("orders: needed by ") for line in enabled)
    assert any(line.startswith("can run: 00_data_health") for line in enabled)
    missing = part(lines, "What is missing")
    assert "responses: why people buy, and what nearly stopped them" in missing
    assert not any(line.startswith("orders: ") for line in missing)


def test_what_looks_suspicious(make_client, capsys):
    make_client(exports={"orders.csv": CSV + CSV.splitlines()[1] + "\n"})
    lines = part(said(capsys), "What looks suspicious")
    assert any(line.startswith("orders ends ") and "before as_of" in line for line in lines)
    assert any("of the orders have no customer" in line for line in lines)
    assert any("rows of orders equal another" in line for line in lines)


def test_a_client_without_orders(make_client, capsys):
    params = ORDERS[: ORDERS.index("  orders:")] + SURVEY.lstrip("\n")
    make_client(params, {"nps.csv": NPS})
    lines = said(capsys)
    assert "no orders, so that there is no figure to compare" in lines
    assert "can run: 00_data_health, 02_nps_drivers, 07_purchase_survey" in lines
    assert "left out: 04_cohorts needs orders" in lines
    assert "orders: who comes back, when and what they are worth" in part(lines, "What is missing")


def test_an_analysis_of_orders_says_that_there_are_none(make_client):
    from templates_lib.client import open_client
    from templates_lib.problems import InputProblems

    params = ORDERS[: ORDERS.index("  orders:")] + SURVEY.lstrip("\n")
    make_client(params, {"nps.csv": NPS})
    with pytest.raises(InputProblems, match="repeat_purchase: needs orders"):
        open_client("acme", "repeat_purchase")
    shop = open_client("acme", "nps_drivers")
    assert shop.value == "net_sales"
    assert shop.table("responses").response_id.nunique().execute() == 40


def test_no_value_of_a_row_is_printed(make_client, capsys):
    make_client(ORDERS + SURVEY.lstrip("\n"), {"orders.csv": CSV, "nps.csv": NPS})
    text = "\n".join(said(capsys))
    for secret in (*PERSON, "private.example", "secret words"):
        assert secret not in text


def test_every_placeholder_is_refused_with_what_is_expected(make_client, capsys):
    undecided = ORDERS.replace("Acme Oy", "decide").replace("vat: excluded", "vat: decide")
    make_client(undecided, {"orders.csv": CSV})
    assert main(["check", "acme"]) == 2
    problems = capsys.readouterr().err
    assert "client.name: is still to be decided: Name as the report writes it" in problems
    assert "sources.orders.vat: expected 'included' or 'excluded'" in problems


def test_a_header_that_is_called_so_is_no_placeholder(make_client, capsys):
    named = ORDERS.replace("line_amount: amount", 'line_amount: "decide"')
    make_client(named, {"orders.csv": CSV.replace("amount", "decide")})
    assert main(["check", "acme"]) == 0
