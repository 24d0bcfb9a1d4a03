"""Fit and intent of companies: what is planted is found, chance is not; signs by hand."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from templates_lib.accounts import account_fit, accounts, leads
from templates_lib.tables import CUSTOMERS, EVENTS

AS_OF = date(2026, 10, 31)
ZONE = "Europe/Helsinki"


def register(n: int, *, tells: bool, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Companies of two industries and two sizes with a decided lead each; a tenth has none."""
    rng = np.random.default_rng(seed)
    ids = [f"c{i:04d}" for i in range(n)]
    companies = pd.DataFrame({"company_id": ids}).reindex(columns=accounts.ACCOUNTS)
    companies["industry"] = rng.choice(["café", "office"], n)
    companies["size"] = rng.choice(["1-4", "5+"], n)
    companies[["persons", "orders"]] = 0
    share = np.where(companies["industry"] == "café", 0.8, 0.2) if tells else 0.5
    made = pd.DataFrame({"lead_id": ids, "company_id": ids}).reindex(columns=leads.LEADS)
    made = made.merge(companies[["company_id", "industry", "size"]], on="company_id",
                      suffixes=("_none", "")).reindex(columns=leads.LEADS)  # fmt: skip
    made["outcome"] = np.where(rng.random(n) < share, "won", "lost")
    made["was_customer"] = False
    return companies, made.iloc[n // 10 :]


@pytest.mark.parametrize(("n", "method"), [(300, "penalised_logit"), (80, "shrunken_shares")])
def test_what_tells_won_from_lost_is_found_out_of_fold(n, method):
    companies, made = register(n, tells=True)
    found = account_fit.fit(companies, made)
    assert found.method == method
    assert found.holds
    assert found.area.low < 0.8 < found.area.high  # of 0.8 and 0.2: (0.8² + 0.5 × 2 × 0.16)
    by_industry = found.scores.groupby(companies.set_index("company_id")["industry"]).mean()
    assert by_industry["café"] > by_industry["office"] + 0.2
    assert len(found.scores) == n


def test_chance_does_not_hold():
    held = [account_fit.fit(*register(60, tells=False, seed=seed)).holds for seed in range(20)]
    assert sum(held) <= 3  # of 20, one or none is expected


def test_too_few_decided_companies_have_no_fit():
    assert account_fit.fit(*register(25, tells=True)) is None
    companies, made = register(80, tells=True)
    assert account_fit.fit(companies, made.assign(was_customer=True)) is None
    assert account_fit.fit(companies, made.assign(outcome="won")) is None


def test_where_the_whole_does_not_hold_single_facts_do():
    companies, made = register(300, tells=True)
    won = leads.won_by(made.assign(channel="x", goal="x", earns_from="x", value_chain_stage="x"),
                       min_cell=5)  # fmt: skip
    classes = account_fit.standing_out(companies, won, allowed=0.1)
    assert set(classes[companies["industry"] == "café"]) == {"high"}
    assert set(classes[companies["industry"] == "office"]) == {"low"}


def table_of(schema: dict, *values: dict) -> ibis.Table:
    cells = [dict.fromkeys(schema) | value for value in values]
    return ibis.memtable(pa.Table.from_pylist(cells, schema=ibis.schema(schema).to_pyarrow()))


def visit(customer: str, day: str) -> dict:
    return {"customer_id": customer, "occurred_at": datetime.fromisoformat(day), "event": "x"}


def test_signs_by_hand():
    companies = pd.DataFrame({"company_id": ["A", "B", "C"]})
    have = {
        "customers": table_of(
            CUSTOMERS, {"customer_id": "a", "company_id": "A"},
            {"customer_id": "b", "company_id": "B"}, {"customer_id": "z"},
        ),
        "events": table_of(
            EVENTS, visit("a", "2026-10-30 23:30"), visit("a", "2026-10-31"),
            visit("z", "2026-10-31"), visit("b", "2026-08-10"), visit("b", "2026-08-10 12:00"),
        ),
    }  # fmt: skip
    made = pd.DataFrame({"company_id": ["C", "B"], "outcome": ["open", "won"]})
    found = account_fit.intent(have, companies, made, zone=ZONE, as_of=AS_OF)
    found = found.set_index("company_id")
    assert found.columns.tolist() == ["open_lead", "visited", "visited_often", "intent"]
    assert found["open_lead"].tolist() == [False, False, True]
    assert found["visited"].tolist() == [True, False, False]
    # 30 October at 23:30 in UTC is the 31st in Helsinki: one day, not two
    assert found["visited_often"].tolist() == [False, False, False]
    assert found["intent"].tolist() == [1, 0, 1]


def test_four_fields_hide_few_and_put_each_company_once():
    companies, made = register(300, tells=True)
    signs = pd.DataFrame({"company_id": companies["company_id"], "open_lead": False, "intent": 0})
    signs.loc[:6, "intent"] = 3
    won = leads.won_by(made, min_cell=5)
    placed = account_fit.placed(
        companies, made, account_fit.fit(companies, made), signs, won=won, allowed=0.1
    )
    assert placed["company_id"].is_unique
    assert len(placed) == 300
    first = placed.iloc[0]
    assert (first["fit"], first["intent_class"]) == ("high", "high")
    assert first["expected_share"] == placed.loc[placed["intent"] > 1, "expected_share"].max()
    fields = account_fit.four_fields(placed, min_cell=5)
    assert fields["companies"].isna().any()
    assert fields["companies"].dropna().min() >= 5
    everything = account_fit.four_fields(placed, min_cell=1)
    assert everything["companies"].sum() == 300
