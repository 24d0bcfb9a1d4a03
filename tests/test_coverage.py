"""Coverage: sources as they were read, and months that hold rows, none, or were not observed."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import rich_client
import yaml
from conftest import staged
from real_data import example

from templates_lib import coverage, figures

ZONE = "Europe/Helsinki"


def tables(connection, facts):
    return {name: connection.table(name) for name in coverage.table_names(facts)}


@pytest.fixture
def rich(make_client):
    rows = rich_client.frames()
    _, connection, facts = staged(rich_client.write(make_client, rows))
    return rows, tables(connection, facts), facts


def test_sources_of_a_rich_client(rich):
    rows, have, facts = rich
    table = coverage.sources(facts, zone=ZONE, parts={"responses.1": "nps"})
    found = table.set_index("source")
    assert found.loc["responses.1", "part"] == "nps"
    assert found.loc["orders", "rows"] == len(rows["orders"])
    assert found.loc["orders", "date_from"] == rows["orders"]["at"].min()
    assert found.loc["spend", ["date_from", "date_to"]].tolist() == [
        date(2025, 11, 1), date(2026, 5, 2),
    ]  # fmt: skip
    assert pd.isna(found.loc["companies", "date_from"])
    assert (found["files"] == 1).all()
    assert {"order_lines", "first_orders", "purchases"} < set(have)


def test_the_day_is_the_clients_own():
    facts = {
        "files": [{"source": "events", "file": "a"}, {"source": "events", "file": "b"}],
        "sources": [{"source": "events", "table": "events", "format": "table", "rows": 2,
                     "left_out": 0, "begin": "2026-01-31 22:30:00", "end": None}],
        "repeated": [{"source": "events", "count": 3}],
    }  # fmt: skip
    row = coverage.sources(facts, zone=ZONE).iloc[0]
    assert row["date_from"] == date(2026, 2, 1)
    assert pd.isna(row["date_to"])
    assert row[["files", "superseded"]].tolist() == [2, 3]


def test_months_are_those_of_pandas(rich):
    rows, have, _ = rich
    months = coverage.by_month(have, zone=ZONE, as_of=rich_client.LAST)
    counts = months.pivot(index="month", columns="source", values="count")
    for source, name in (("orders", "orders"), ("responses: nps", "nps"), ("events", "events"),
                         ("responses: awareness", "panel"), ("touchpoints", "help")):  # fmt: skip
        by_hand = pd.to_datetime(rows[name]["at"]).dt.strftime("%Y-%m").value_counts()
        assert counts[source].dropna().astype(int).to_dict() == by_hand.sort_index().to_dict()
    assert counts["interviews"].dropna().to_dict() == {"2026-03": 8}  # 45 excerpts of 8 interviews
    assert months.groupby("source").size().nunique() == 1
    assert months["month"].max() == "2026-06"


def test_a_stretch_counts_in_its_months_and_a_hole_is_no_unobserved_month(rich):
    _, have, _ = rich
    months = coverage.by_month(have, zone=ZONE, as_of=rich_client.LAST)
    spend = months[months["source"] == "spend"].set_index("month")
    assert spend["count"].dropna().to_dict() == {
        "2025-11": 1, "2025-12": 1, "2026-01": 1, "2026-02": 1, "2026-03": 0, "2026-04": 0,
        "2026-05": 2,
    }  # fmt: skip
    assert spend.loc["2026-03", "coverage"] == "empty"
    assert spend.loc[["2025-10", "2026-06"], "coverage"].tolist() == ["outside", "outside"]
    assert spend.loc[["2025-10", "2026-06"], "count"].isna().all(), "never a zero"
    assert coverage.holes(months).to_dict("records") == [
        {"source": "spend", "month_from": "2026-03", "month_to": "2026-04", "months": 2}
    ]


def test_months_of_cdnow():
    params, connection, facts = example("cdnow")
    months = coverage.by_month(tables(connection, facts), zone=ZONE, as_of=params.as_of)
    assert months["source"].unique().tolist() == ["orders"]
    assert months["count"].sum() == 6919
    assert coverage.holes(months).empty


def test_what_is_after_the_last_day_is_not_shown(make_client):
    rows = rich_client.frames()
    _, connection, facts = staged(rich_client.write(make_client, rows, "spend"))
    have = tables(connection, facts)
    months = coverage.by_month(have, zone=ZONE, as_of=date(2026, 1, 15))
    assert months["month"].tolist() == ["2025-11", "2025-12", "2026-01"]
    assert months["count"].tolist() == [1, 1, 1]


def test_a_source_without_days_has_no_months(make_client):
    rows = rich_client.frames()
    _, connection, facts = staged(rich_client.write(make_client, rows, "companies"))
    months = coverage.by_month(tables(connection, facts), zone=ZONE, as_of=rich_client.LAST)
    assert months.empty
    assert coverage.holes(months).empty


def test_the_map_draws_every_cell_once(rich):
    _, have, _ = rich
    months = coverage.by_month(have, zone=ZONE, as_of=rich_client.LAST)
    drawn = figures.heat(
        months, rows="source", columns="month", value="count", coverage="coverage", show=str,
        column_name="Month", keys=("hole", "not observed"),
    )  # fmt: skip
    assert len(drawn.axes[0].patches) == (months["coverage"] != "outside").sum()
    assert [t.get_text() for t in drawn.legends[0].texts] == ["hole", "not observed"]


@pytest.mark.parametrize("name", rich_client.SOURCES)
def test_any_source_alone_is_enough(make_client, name):
    rows = rich_client.frames()
    _, connection, facts = staged(rich_client.write(make_client, rows, name))
    have = tables(connection, facts)
    assert name in have
    assert name in coverage.sources(facts, zone=ZONE)["source"].iloc[0]
    coverage.by_month(have, zone=ZONE, as_of=rich_client.LAST)


def test_no_source_is_listed_for_aliases():
    assert coverage.table_names(yaml.safe_load("sources: [{table: aliases}]")) == []
