"""Leads: hand counts, R, and the shares planted in the demo shop."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from templates_lib.accounts import accounts, leads
from templates_lib.demo import truth
from templates_lib.demo.accounts import write_crm
from templates_lib.demo.people import people, with_companies, with_traits
from templates_lib.tables import LEADS

AS_OF = date(2026, 10, 31)
ZONE = "Europe/Helsinki"


def lead(number: int, created: str, won: str | None = None, lost: str | None = None) -> dict:
    at = [day and datetime.fromisoformat(day) for day in (created, won, lost)]
    return dict.fromkeys(LEADS) | {
        "lead_id": str(number), "company_id": f"c{number}", "created_at": at[0], "won_at": at[1],
        "lost_at": at[2],
    }  # fmt: skip


def table_of(given: list[dict]) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(given, schema=ibis.schema(LEADS).to_pyarrow()))


def test_the_first_decision_up_to_the_last_day_counts():
    given = [
        lead(1, "2026-01-01", won="2026-02-01", lost="2026-05-01"),
        lead(2, "2026-01-01", lost="2026-01-11"),
        lead(3, "2026-10-01"),
        lead(4, "2026-10-01", won="2026-11-05"),
        lead(5, "2026-11-05"),
        lead(6, "2026-02-01", won="2026-01-01"),
        lead(7, "2026-02-28 23:30", won="2026-03-02"),
    ]
    companies = pd.DataFrame(
        {"company_id": ["c1", "c2"], "first_on": [date(2026, 1, 1), date(2025, 1, 1)]}
    ).reindex(columns=accounts.ACCOUNTS)
    found = leads.leads({"leads": table_of(given)}, companies, zone=ZONE, as_of=AS_OF).set_index(
        "lead_id"
    )
    assert found["outcome"].to_dict() == {
        "1": "won", "2": "lost", "3": "open", "4": "open", "6": "won", "7": "won",
    }  # fmt: skip
    assert found["days"].tolist() == [31, 10, 30, 30, 0, 1]  # the last one begins on 1 March
    assert found["was_customer"].tolist() == [False, True, False, False, False, False]


def made(counts: dict[str, tuple[int, int, int]]) -> pd.DataFrame:
    """Leads of an industry: won, lost, open; a company each."""
    parts = [
        (industry, outcome)
        for industry, numbers in counts.items()
        for outcome, number in zip(("won", "lost", "open"), numbers, strict=True)
        for _ in range(number)
    ]
    frame = pd.DataFrame(parts, columns=["industry", "outcome"]).reindex(columns=leads.LEADS)
    known = dict.fromkeys(("size", "channel", "goal", "earns_from", "value_chain_stage"), "one")
    ids = [str(i) for i in range(len(frame))]
    return frame.assign(lead_id=ids, company_id=ids, was_customer=False, days=5, **known)


def test_shares_won_by_hand_and_by_r():
    table = leads.won_by(
        made({"café": (30, 10, 2), "office": (8, 32, 5), "rare": (2, 1, 0)}), min_cell=5
    ).set_index("value")
    # the three rare ones cannot stand alone, and nothing else can hide them but the next value
    assert table.index.tolist() == ["café", "other"]
    cafe = table.loc["café"]
    assert (cafe["n"], cafe["won"], cafe["open"]) == (40, 30, 2)
    assert cafe["others_share"] == pytest.approx(10 / 43)
    # R: prop.test(30, 40, correct = FALSE)$conf.int
    assert (cafe["low"], cafe["high"]) == pytest.approx((0.5981, 0.8581), abs=1e-4)
    assert cafe["gap_low"] < cafe["gap_share"] < cafe["gap_high"]
    assert np.isnan(table.loc["other", "p_value"])


def test_what_stands_out_is_told_and_what_does_not_is_not():
    table = leads.won_by(made({"café": (30, 10, 0), "office": (10, 30, 0)}), min_cell=5)
    out = leads.standout(table, "industry", allowed=0.1)
    assert {out.row["value"], out.least["value"]} == {"café", "office"}
    assert out.row["q_value"] < 0.001
    assert leads.in_words(table.iloc[0]) == "to “café”"
    alike = leads.won_by(made({"café": (20, 20, 0), "office": (21, 20, 0)}), min_cell=5)
    assert leads.standout(alike, "industry", allowed=0.1) is None
    assert leads.won_by(made({"café": (10, 10, 0), "office": (4, 5, 9)}), min_cell=5).empty


def test_shuffled_leads_seldom_stand_out():
    """What is called different in 60 registers without any structure: the q allowed, at most."""
    rng = np.random.default_rng(3)
    table = made({"a": (20, 20, 0), "b": (20, 20, 0), "c": (20, 20, 0)})
    for name in ("size", "channel", "goal"):
        table[name] = rng.permutation(np.repeat(["x", "y", "z"], 40))
    called = 0
    for _ in range(60):
        table["outcome"] = rng.permutation(table["outcome"].to_numpy())
        called += leads.won_by(table, min_cell=5)["q_value"].min() <= 0.1
    assert called <= stats.binom.ppf(0.9995, 60, 0.1)


def test_decisions_by_day_count_the_open_ones_for_as_long_as_they_are_known():
    table = made({"café": (40, 30, 30)})
    table["days"] = [*[10] * 40, *[20] * 30, *[15] * 30]
    curve = leads.decisions(table, min_cell=5).set_index("outcome")
    assert curve.loc["won", "incidence"] == pytest.approx(0.40)
    assert curve.loc["lost", "incidence"] == pytest.approx(0.60 * 30 / 30)
    assert curve.loc["lost", "at_risk"] == 30
    assert leads.median_days(table)[0] == 20
    assert leads.decisions(table.head(20), min_cell=5).empty


def test_lost_reasons_by_hand():
    table = made({"café": (5, 20, 0)})
    lost = table["outcome"] == "lost"
    table["lost_reason"] = table["lost_reason"].astype(object)
    table.loc[lost, "lost_reason"] = [*["price"] * 12, *["time"] * 6, "x", "y"]
    table.loc[lost, "lead_value"] = 10.0
    found = leads.lost_reasons(table, min_cell=5)
    assert found["lost_reason"].tolist() == ["price", "other"]
    assert found["lost"].tolist() == [12, 8]
    assert found["share"].tolist() == [0.6, 0.4]
    assert found["lead_value"].tolist() == [120, 80]


def planted(shares: dict[str, float], times: dict[str, float]) -> dict[str, float]:
    """Share won of the decided leads: of the rest, 15 of 100 are still open."""
    found = {}
    for name, share in shares.items():
        won = np.mean([share * factor for factor in times.values()])
        found[name] = won / (won + 0.85 * (1 - won))
    return found


SHEETS = {"Yritystunnus": "company_id", "Toimiala": "industry", "Henkilöstö": "size",
          "Mistä tulot tulevat": "earns_from", "Tavoite": "goal", "Liiditunnus": "lead_id",
          "Vaihe arvoketjussa": "value_chain_stage", "Luotu": "created_at", "Kanava": "channel",
          "Voitettu": "won_at", "Hävitty": "lost_at", "Häviön syy": "lost_reason",
          "Arvo (€)": "value"}  # fmt: skip
SEEDS = 6


@pytest.fixture(scope="module")
def demo_leads(tmp_path_factory) -> pd.DataFrame:
    """The leads of the demo's customer registers, of companies that buy nothing; several seeds."""
    folder, parts = tmp_path_factory.mktemp("crm"), []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        buyers = people(rng, 40).assign(motive="gift")
        customers = with_traits(rng, with_companies(rng, buyers, np.arange(40) < 10))
        shop = SimpleNamespace(seed=seed, customers=customers, others=people(rng, 120))
        write_crm(folder, shop, canary=None)
        sheets = pd.read_excel(folder / "crm.xlsx", sheet_name=["Yritykset", "Liidit"], dtype=str)
        about, rows = (sheet.rename(columns=SHEETS) for sheet in sheets.values())
        rows = rows[~rows["company_id"].isin(customers["company_id"])]
        for column in ("created_at", "won_at", "lost_at"):
            rows[column] = pd.to_datetime(rows[column], format="%d.%m.%Y")
        rows["value"] = rows["value"].str.replace(",", ".").map(Decimal)
        given = rows.reindex(columns=list(LEADS)).astype(object)
        given = given.where(given.notna(), None).to_dict("records")
        companies = about.reindex(columns=accounts.ACCOUNTS)
        found = leads.leads({"leads": table_of(given)}, companies, zone=ZONE, as_of=AS_OF)
        parts.append(found.assign(company_id=found["company_id"] + f"-{seed}"))
    return pd.concat(parts, ignore_index=True)


def test_planted_shares_and_reasons_are_found_again(demo_leads):
    assert len(demo_leads) == SEEDS * 120
    won = leads.won_by(demo_leads, min_cell=5)
    for attribute, shares, times in (
        ("industry", truth.WON_BY_INDUSTRY, truth.WON_BY_CHANNEL),
        ("channel", truth.WON_BY_CHANNEL, truth.WON_BY_INDUSTRY),
    ):
        own = won[won["attribute"] == attribute].set_index("value")
        true = pd.Series(planted(shares, times)).reindex(own.index)
        spread = np.sqrt(true * (1 - true) / own["n"])
        assert true.notna().all()
        assert ((own["share"] - true).abs() < 3.3 * spread).all()
    best, weakest = (leads.standout(won, a, allowed=0.1) for a in ("industry", "channel"))
    assert (best.row["value"], weakest.row["value"]) == ("kahvila", "kylmäsoitto")
    assert best.low > 0 > weakest.high
    reasons = leads.lost_reasons(demo_leads, min_cell=5).set_index("lost_reason")
    true = pd.Series(truth.LOST_REASONS)
    assert ((reasons["share"] - true).abs() < 3.3 * np.sqrt(true * (1 - true) / reasons["n"])).all()
