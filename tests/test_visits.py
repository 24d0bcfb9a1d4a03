"""Which visits count: machines, own people and those without consent, against counts by hand."""

from __future__ import annotations

import pytest
from event_tables import START, events, walk

from templates_lib.journey import visits
from templates_lib.params.journey import Bots, Internal, Journey

END = {"visitor_id": "late", "event": "page_view", "minute": 13 * 24 * 60}


def settings(**changes) -> Journey:
    return Journey(**{"days": 14, "window_days": 1} | changes)


def counted(rows, **changes) -> list[str]:
    table = visits.events(events([*rows, END]), settings(**changes))
    return sorted(set(table.to_pandas()["unit_id"]) - {"late"})


def test_a_visit_with_too_many_events_in_a_minute_is_a_machines_as_a_whole():
    fast = [{"visitor_id": "bot", "event": "page_view", "minute": i / 100} for i in range(20)]
    slow = [{"visitor_id": "reader", "event": "page_view", "minute": i} for i in range(20)]
    later = walk("bot", "purchase", minute=50)
    assert counted([*fast, *slow, *later], bots=Bots(max_events_per_minute=10)) == ["reader"]
    assert counted([*fast, *slow], bots=Bots(max_events_per_minute=20)) == ["bot", "reader"]


def test_channels_of_machines_are_patterns():
    rows = walk("a", "session_start", channel="robot.example / referral")
    rows += walk("b", "session_start", channel="Robot.example / cpc")
    rows += walk("c", "session_start", channel="shop.example / referral")
    assert counted(rows, bots=Bots(channels=["robot.example / *"])) == ["c"]
    assert counted(rows, bots=Bots(channels=["robot"])) == ["a", "b", "c"], "the whole name"


def test_a_visit_with_one_event_of_internal_traffic_is_internal_and_its_visitors_others_are_not():
    rows = walk("staff", "session_start", "view_item", session_id="at work")
    rows[0]["traffic_type"] = "internal"
    home = walk("staff", "session_start", minute=600, session_id="at home")
    table = visits.events(events([*rows, *home, END]), settings())
    assert set(table.to_pandas()["session_id"].dropna()) == {"at home", "late"} - {"late"}
    own = Internal(traffic_types=["office"])
    assert counted(rows, internal=own) == ["staff"]


def test_every_visit_is_counted_once_under_one_reason():
    rows = walk("a", "session_start", "purchase")
    rows += walk("b", "session_start", traffic_type="internal")
    rows += walk("c", "session_start", channel="robot", traffic_type="internal")
    rows += [{"visitor_id": None, "event": "session_start", "minute": m} for m in (1, 2, 3)]
    rows += [{"visitor_id": None, "event": "purchase", "minute": 4}]
    found = visits.excluded(
        events([*rows, {**END, "session_id": "z"}]), settings(bots=Bots(channels=["robot"]))
    )
    assert found["what"].tolist() == ["counted", "bots", "internal", "without_consent"]
    assert found["events"].tolist() == [3, 1, 1, 4]
    assert found["converted"].tolist() == [1, 0, 0, 1]
    assert found["share"].sum() == pytest.approx(1)
    assert found["sessions"].tolist()[1:] == [1, 1, 3]


def test_only_the_last_days_are_looked_at_and_the_period_before_must_be_whole():
    day = 24 * 60
    rows = [{"visitor_id": f"v{d}", "event": "session_start", "minute": d * day} for d in range(30)]
    table = events(rows)
    now = visits.events(table, settings()).to_pandas()["unit_id"]
    before = visits.events(table, settings(), periods_back=1).to_pandas()["unit_id"]
    assert set(now) == {f"v{d}" for d in range(16, 30)}
    assert set(before) == {f"v{d}" for d in range(2, 16)}
    assert visits.stretch(table, settings(), periods_back=2) is None
    assert visits.stretch(table, settings(days=60)).begin == START


def test_without_any_visitor_the_visits_are_the_units():
    rows = [{"session_id": f"s{i}", "event": "session_start", "minute": i} for i in range(3)]
    table = events([*rows, {"event": "purchase", "minute": 5}])
    assert visits.unit_of(table, settings()) == "session"
    assert set(visits.events(table, settings()).to_pandas()["unit_id"]) == {"s0", "s1", "s2"}
    assert visits.excluded(table, settings()).set_index("what").events["without_consent"] == 1


def test_bounds_hold_whatever_those_without_consent_do():
    rows = [r for i in range(40) for r in walk(f"v{i}", "session_start", session_id=f"s{i}")]
    rows += [r for i in range(4) for r in walk(f"v{i}", "purchase", minute=2, session_id=f"s{i}")]
    rows += [{"visitor_id": None, "event": "session_start", "minute": m} for m in range(10)]
    rows += [{"visitor_id": None, "event": "purchase", "minute": 20}]
    found = visits.consent_bounds(visits.excluded(events(rows), settings())).set_index("case")
    assert found["conversion"].to_dict() == pytest.approx(
        {"with_consent": 4 / 40, "none_buys": 4 / 50, "as_seen": 5 / 50, "all_buy": 14 / 50}
    )
    assert (found["low"] < found["conversion"]).all()
    assert (found["high"] > found["conversion"]).all()


def test_no_events_give_nothing():
    table = visits.table_of({})
    assert visits.stretch(table, settings()) is None
    assert not len(visits.excluded(table, settings()))
    assert not len(visits.consent_bounds(visits.excluded(table, settings())))
    assert visits.events(table, settings()).count().execute() == 0
