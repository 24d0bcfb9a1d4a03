"""The stages and the populations of the path, clients with counted visits alone, the notebook."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from conftest import staged
from event_tables import events, walk

from templates_lib.journey import journey, traffic, visit_measures, visits
from templates_lib.params.journey import Journey
from templates_lib.report import findings, notebooks
from templates_lib.stats.intervals import mean_interval, wilson
from templates_lib.tables import RESPONSES, TOUCHPOINTS, TRAFFIC
from templates_lib.words import Words
from templates_lib.workspace import repository

WHEN = {"zone": "Europe/Helsinki", "as_of": date(2026, 6, 30)}
WORDS = Words("en", "EUR")
FLAGS = ("was_asked",)


def memtable(rows, schema) -> ibis.Table:
    types = ibis.schema(schema).to_pyarrow()
    exact = [
        {
            name: Decimal(v) if isinstance(v, int) and name not in FLAGS else v
            for name, v in r.items()
        }
        for r in rows
    ]
    return ibis.memtable(pa.Table.from_pylist(exact, schema=types), schema=schema)


def test_stages_keep_what_is_not_given():
    own = Journey(stages={"purchase": {"does": ["one page"]}, "loyalty": {"events": []}})
    assert own.stages["purchase"].does == ["one page"]
    assert own.stages["purchase"].surveys == ["purchase"]
    assert "purchase" in own.stages["purchase"].events
    assert own.stages["loyalty"].events == []
    assert list(own.stages) == list(Journey().stages)
    with pytest.raises(ValueError, match="purchase"):
        Journey(stages={"purchasing": {}})
    with pytest.raises(ValueError, match="once"):
        Journey(steps=["a", "b", "a"])


def test_what_belongs_to_a_stage_is_as_the_settings_say():
    settings = Journey(
        stages={"consideration": {"touchpoints": ["advice"]}, "awareness": {"surveys": ["nps"]}}
    )
    at = pd.Timestamp("2026-06-10")
    contacts = [
        {"touchpoint_id": f"{topic}{i}", "occurred_at": at, "kind": "chat", "topic": topic,
         "stage": "after_purchase"}
        for topic, n in (("advice", 6), ("delivery", 7), ("rare", 2))
        for i in range(n)
    ]  # fmt: skip
    answers = [
        {"response_id": f"r{i}", "survey": "nps", "stage": "loyalty", "wave": "1",
         "answered_at": at, "question": q, "kind": "score", "was_asked": True}
        for i in range(8)
        for q in ("score", "why")
    ]  # fmt: skip
    have = {
        "touchpoints": memtable(contacts, TOUCHPOINTS),
        "responses": memtable(answers, RESPONSES),
    }
    rows = [r for i in range(9) for r in walk(f"v{i}", "session_start", "purchase")]
    own = visits.events(events(rows), settings)
    made = journey.counted(have, own, settings, since=date(2026, 6, 1), min_cell=5, **WHEN)
    found = {(r.stage, r.source, r.what): (r.n, r.units) for r in made.itertuples()}
    assert found == {
        ("awareness", "events", "session_start"): (9, 9),
        ("awareness", "responses", "nps"): (8, 8),
        ("consideration", "touchpoints", "advice"): (6, 6),
        ("purchase", "events", "purchase"): (9, 9),
        ("after_purchase", "touchpoints", "delivery"): (7, 7),
    }


def test_visits_are_measured_as_by_hand():
    rows = []
    for i in range(40):
        steps = ["session_start", "page_view", *["page_view"] * (i % 3), *["purchase"] * (i < 10)]
        rows += walk(f"v{i}", *steps, device="mobile")
    settings = Journey(days=14)
    own = visits.events(events(rows), settings)
    made = visit_measures.measures({}, own, settings, min_cell=5)
    assert set(made["split"]) == {"all"}, "one device is no comparison"
    by = made.set_index("measure")
    pages = [1 + i % 3 for i in range(40)]
    seconds = [60 * (1 + i % 3 + (i < 10)) for i in range(40)]
    for name, values in (("pages", pages), ("seconds", seconds)):
        sums = [sum(v**k for v in values) for k in (1, 2, 3)]
        assert by.loc[name, "estimate"] == pytest.approx(sums[0] / 40)
        limits = mean_interval(40, *sums)
        assert by.loc[name, ["low", "high"]].tolist() == pytest.approx([float(v) for v in limits])
    ended = sum(i % 3 == 0 and i >= 10 for i in range(40))
    for name, count in (("bought", 10), ("bounced", ended)):
        assert by.loc[name, "estimate"] == count / 40
        limits = [float(v) for v in wilson(count, 40)]
        assert by.loc[name, ["low", "high"]].tolist() == pytest.approx(limits)


def counted_visits(rows) -> pd.DataFrame:
    return traffic.conversion(memtable(rows, TRAFFIC), max_groups=3)


def test_counted_visits_by_channel_and_device_are_of_their_own_reports():
    day = date(2026, 6, 1)
    rows = [
        {"date": day, "channel": c, "sessions": n, "orders": k}
        for c, n, k in (("Organic", 600, 12), ("Direct", 300, 15), ("Odd", 20, 1))
    ]
    rows += [
        {"date": day, "device": d, "sessions": n, "orders": k}
        for d, n, k in (("mobile", 700, 10), ("desktop", 220, 18))
    ]
    rows += [{"date": day, "page": "/", "sessions": 900, "orders": 28}]
    made = counted_visits(rows)
    found = {(r.split, r.segment): (r.n, r.orders) for r in made.itertuples()}
    assert found == {
        ("all", "all"): (920, 28),
        ("channel", "Organic"): (600, 12), ("channel", "Direct"): (300, 15),
        ("channel", "other"): (20, 1),
        ("device", "mobile"): (700, 10), ("device", "desktop"): (220, 18),
    }  # fmt: skip
    first = made.iloc[0]
    assert first.conversion == 28 / 920
    assert [first.low, first.high] == pytest.approx([float(v) for v in wilson(28, 920)])


def test_counted_visits_without_orders_or_splits_say_what_is_missing():
    rows = [{"date": date(2026, 6, d), "sessions": 50} for d in range(1, 10)]
    made = counted_visits(rows)
    assert made["n"].tolist() == [450]
    assert made["conversion"].isna().all()
    lacks = traffic.lacks(made)
    assert "orders beside the visits" in lacks
    assert {"visits by channel", "visits by device"} <= set(lacks)
    assert not len(counted_visits([{"date": date(2026, 6, 1), "sessions": 5}]))


def test_a_share_under_a_tenth_is_said_of_a_thousand():
    assert journey.in_words(0.041, 0.038, 0.044, WORDS) == ("1,000", "41 (very likely 38–44)")
    assert journey.in_words(0.41, 0.38, 0.44, WORDS) == ("100", "41 (very likely 38–44)")


def test_a_notebook_that_needs_one_or_the_other_runs_with_either():
    own = next(n for n in notebooks.templates() if n.topic == "journey")
    assert own.lacks({"orders": 1}) == ("events or traffic",)
    assert own.lacks({"traffic": 1}) == () == own.lacks({"events": 1, "orders": 1})


TRAFFIC_ONLY = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  traffic:
    format: table
    path: exports/visits.csv
    columns: {date: day, channel: channel, sessions: visits, orders: orders}
"""


def test_the_notebook_of_a_client_with_counted_visits_alone(make_client, tmp_path, monkeypatch):
    lines = ["day,channel,visits,orders"]
    lines += [
        f"2026-06-{d:02d},{c},{n},2" for d in range(1, 31) for c, n in (("ads", 50), ("own", 40))
    ]
    make_client(TRAFFIC_ONLY, {"visits.csv": "\n".join(lines) + "\n"})
    staged("acme")
    shown: list[str] = []
    monkeypatch.setattr(findings, "display", lambda value, **_: shown.append(str(value.data)))
    content = json.loads((repository() / "notebooks" / "06_journey.ipynb").read_text("utf-8"))
    names = {"client": "acme", "overrides": {}}
    for cell in content["cells"]:
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            exec("".join(cell["source"]), names)  # noqa: S102 - the notebook itself
    text = " ".join(shown)
    assert "Of 1,000 visits, 44 (very likely 37–53) order" in text
    assert "by channel" in text or "ads" in text
