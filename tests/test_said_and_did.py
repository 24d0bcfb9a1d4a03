"""Answers joined to behaviour: the planted truth of the demo, R's intervals, and the landmark."""

from __future__ import annotations

import re
from functools import cache

import ibis
import numpy as np
import pandas as pd
import pytest

from templates_lib.demo import sessions as demo_sessions
from templates_lib.demo import truth
from templates_lib.demo.shop import open_shop
from templates_lib.journey import said_and_did, visits
from templates_lib.params.journey import Journey
from templates_lib.tables import EVENTS, RESPONSES, SESSIONS
from templates_lib.words import Words

NOON = pd.Timestamp("2026-06-01 12:00:00")
WHEN = {"zone": "Europe/Helsinki", "as_of": truth.AS_OF}
MINUTE = pd.Timedelta(minutes=1)


def table_of(frame: pd.DataFrame, columns: dict) -> ibis.Table:
    """A canonical table, with doubles in the place of decimals."""
    kinds = {n: "float64" if kind.is_decimal() else kind for n, kind in columns.items()}
    made = frame.reindex(columns=list(columns))
    texts = [n for n, kind in kinds.items() if kind != "float64" and kind.is_string()]
    made[texts] = made[texts].astype(object).where(made[texts].notna(), None)
    times = [n for n in made if n.endswith("_at")]
    made[times] = made[times].astype("datetime64[us]")
    return ibis.memtable(made, schema=kinds)


def client(events: pd.DataFrame, responses: pd.DataFrame, sessions: pd.DataFrame | None = None):
    """Staged tables by name."""
    events = events.assign(visitor_id=events["session_id"])
    responses = responses.assign(was_asked=True)
    have = {"events": table_of(events, EVENTS), "responses": table_of(responses, RESPONSES)}
    return have if sessions is None else have | {"sessions": table_of(sessions, SESSIONS)}


def joined(have: dict) -> said_and_did.Joined | None:
    journey = Journey()
    return said_and_did.joined(have, visits.events(have["events"], journey), journey, **WHEN)


def choice(name: str, n: int, option: str, *, minutes: float = 2.0, **more) -> pd.DataFrame:
    """``n`` answers on leaving, each in a visit of its own."""
    ids = [f"{name}{number}" for number in range(n)]
    frame = pd.DataFrame({"response_id": ids, "session_id": ids, "option": option})
    frame["answered_at"] = NOON + minutes * MINUTE
    return frame.assign(survey="exit_intent", question="why_not", kind="choice", **more)


def visit(ids: list[str], *steps: tuple[float, str]) -> pd.DataFrame:
    """The same events (minute, name) of each visit."""
    parts = [pd.DataFrame({"session_id": ids, "event": name, "occurred_at": NOON + minute * MINUTE})
             for minute, name in steps]  # fmt: skip
    return pd.concat(parts)


@cache
def demo_shop(seed: int) -> dict:
    """The recorded visits of a demo shop with the answers on leaving, as they were simulated."""
    shop = open_shop(seed=seed, customers=6000)
    return {"shop": shop, "visits": demo_sessions.simulate(shop)}


@pytest.fixture(scope="module", params=[1, 2, 3])
def demo(request, tmp_path_factory) -> pd.DataFrame:
    """``by_answer`` of a demo shop."""
    made = demo_shop(request.param)
    folder = tmp_path_factory.mktemp(f"demo{request.param}")
    demo_sessions.write_sessions(folder, made["shop"], made["visits"], canary=None)
    recorded = pd.read_csv(next(folder.glob("*.csv")), sep=None, engine="python")
    recorded["started_at"] = pd.to_datetime(recorded["started_at"]).dt.tz_localize(None)
    recorded["scroll_depth_share"] = recorded["scroll_depth_percent"] / 100
    rows = made["visits"][made["visits"]["is_recorded"]]
    started = pd.DataFrame(
        {"session_id": rows["session"], "occurred_at": rows["at_utc"], "event": "session_start"}
    )
    said = rows[rows["exit_reason"] != ""]
    answers = pd.DataFrame(
        {"response_id": said["session"], "session_id": said["session"],
         "answered_at": said["at_utc"] + 2 * MINUTE, "option": said["exit_reason"],
         "survey": "exit_intent", "question": "why_not", "kind": "choice"}
    )  # fmt: skip
    found = joined(client(started, answers, recorded))
    assert found.rates["share"].tolist() == [1.0]
    assert found.rates["out_of_time"].tolist() == [0]
    return said_and_did.by_answer(found, min_cell=5)


def test_who_says_that_it_looked_complicated_scrolls_less_and_clicks_in_anger(demo):
    apart = said_and_did.most_apart(demo)
    assert apart.option == "complicated"
    rows = apart.rows.set_index("measure")
    planted = {
        "scroll_depth_share": [share / 100 for share in truth.SCROLL_PERCENT.values()],
        "rage_clicks": list(truth.RAGE_CLICKS.values()),
    }
    for measure, (own, others) in planted.items():
        row = rows.loc[measure]
        spread = (row.high - row.low) / 3.92
        assert abs(row["mean"] - own) < 3 * spread  # of three shops, each within three errors
        assert abs(row.difference - (own - others)) < 3 * (row.diff_high - row.diff_low) / 3.92
        assert row.counted == "whole_visit"
        assert row.q_value < 0.001
    words = Words("en", "EUR")
    told = f"{said_and_did.headline(apart, words)} {said_and_did.rest_in_words(apart, words)}"
    assert re.search(r" saw \d+% of the page; the others 6\d%", told)
    assert " clicked in anger " in told


def test_means_and_intervals_as_in_r():
    x = [0, 1, 0, 2, 5, 0, 1, 3, 0, 0] * 4
    y = [0, 0, 1, 0, 0, 0, 1, 0, 2, 0] * 5
    both = pd.concat([choice("a", 40, "slow"), choice("b", 50, "dear")])
    recorded = pd.DataFrame({"session_id": both["session_id"], "rage_clicks": [*x, *y]})
    events = visit(both["session_id"].tolist(), (0, "session_start"))
    found = joined(client(events, both, recorded))
    table = said_and_did.by_answer(found, min_cell=5).set_index(["option", "measure"])
    row = table.loc[("slow", "rage_clicks")]
    # R: x <- rep(c(0,1,0,2,5,0,1,3,0,0), 4); y <- rep(c(0,0,1,0,0,0,1,0,2,0), 5); t.test(x, y)
    assert row["mean"] == pytest.approx(1.2)
    assert row.others_mean == pytest.approx(0.4)
    assert [row.diff_low, row.diff_high] == pytest.approx([0.251233467, 1.348766533], abs=1e-8)
    # R: prop.test(20, 40, correct = FALSE)$conf.int
    share = table.loc[("slow", "any_rage_click")]
    assert [share.low, share.high] == pytest.approx([0.351995269, 0.648004731], abs=1e-8)
    assert share.others_mean == 0.3


def test_only_what_came_before_the_answer_counts():
    both = pd.concat([choice("a", 30, "slow"), choice("b", 30, "dear")])
    steps = [(0, "session_start"), (1, "page_view"), (3, "page_view"), (3, "add_to_cart")]
    quick = visit(both["session_id"].tolist()[:45], *steps)
    slow = visit(both["session_id"].tolist()[45:], *steps, (1.5, "view_item"))
    found = joined(client(pd.concat([quick, slow]), both))
    behaviour = found.behaviour.set_index("response_id")
    assert behaviour["pages"].eq(1).all()
    assert behaviour["add_to_cart"].eq(0).all()
    assert behaviour["steps_taken"].sum() == 15
    assert found.counted["in_visit", "pages"] == "before_answer"


def test_an_answer_outside_the_time_of_its_visit_counts_for_the_whole_visit_only():
    both = pd.concat([choice("a", 30, "slow", minutes=-178), choice("b", 30, "dear", minutes=5)])
    recorded = pd.DataFrame({"session_id": both["session_id"], "rage_clicks": np.arange(60) % 3})
    began = visit(["first"], (-600, "session_start"))
    events = visit(both["session_id"].tolist(), (0, "session_start"), (4, "page_view"))
    found = joined(client(pd.concat([began, events]), both, recorded))
    assert found.rates["out_of_time"].tolist() == [30]
    assert found.rates["matched"].tolist() == [60]
    assert found.behaviour["pages"].notna().sum() == 30
    measures = set(said_and_did.by_answer(found, min_cell=5)["measure"])
    assert "rage_clicks" in measures
    assert "pages" not in measures  # known of the one side only


def test_an_order_leads_to_its_visit_and_a_score_to_the_next_one():
    events = visit([f"v{n}" for n in range(40)], (0, "session_start"), (5, "purchase"))
    events["order_id"] = events["session_id"].where(events["event"] == "purchase")
    events["customer_id"] = "c" + events["session_id"].str[1:]
    again = visit([f"w{n}" for n in range(20)], (1440, "session_start"), (1441, "view_item"))
    again["customer_id"] = "c" + again["session_id"].str[1:]
    bought = pd.DataFrame({"response_id": [f"p{n}" for n in range(50)],
                           "order_id": [f"v{n}" for n in range(50)]})  # fmt: skip
    bought = bought.assign(answered_at=NOON + 6 * MINUTE, survey="purchase", question="why",
                           kind="choice", option="taste")  # fmt: skip
    scores = pd.DataFrame({"response_id": [f"n{n}" for n in range(40)],
                           "customer_id": [f"c{n}" for n in range(40)]})  # fmt: skip
    scores = scores.assign(answered_at=NOON + 60 * MINUTE, survey="nps", question="score",
                           kind="score", value=[9.0, 3.0] * 20)  # fmt: skip
    found = joined(client(pd.concat([events, again]), pd.concat([bought, scores])))
    rates = found.rates.set_index("survey")
    assert rates["way"].to_dict() == {"nps": "after_answer", "purchase": "of_order"}
    assert rates["matched"].to_dict() == {"nps": 20, "purchase": 40}
    assert rates.loc["purchase", "share"] == 0.8
    next_one = found.behaviour[found.behaviour["survey"] == "nps"]
    assert next_one["view_item"].eq(1).all()
    assert next_one["purchase"].eq(0).all()
    assert set(found.answers["option"]) == {"taste", "promoters", "detractors"}


def test_visits_of_own_people_are_no_answers():
    both = pd.concat([choice("a", 30, "slow"), choice("b", 40, "dear")])
    events = visit(both["session_id"].tolist(), (0, "session_start"), (5, "page_view"))
    events["traffic_type"] = np.where(events["session_id"].str.startswith("b3"), "internal", None)
    found = joined(client(events, both))
    assert found.rates["matched"].tolist() == [70 - 11]  # b3 and b30 to b39


def test_under_thirty_answers_nothing_is_shown():
    both = pd.concat([choice("a", 29, "slow"), choice("b", 60, "dear")])
    recorded = pd.DataFrame({"session_id": both["session_id"], "rage_clicks": np.arange(89) % 3})
    events = visit(both["session_id"].tolist(), (0, "session_start"))
    found = joined(client(events, both, recorded))
    assert said_and_did.by_answer(found, min_cell=5).empty
    assert said_and_did.most_apart(said_and_did.by_answer(found, min_cell=5)) is None


def test_without_answers_or_events_there_is_nothing():
    events = visit(["v"], (0, "session_start"))
    have = client(events, choice("a", 3, "slow"))
    assert joined({"events": have["events"]}) is None
    none = have["events"].filter(ibis.literal(False))
    assert said_and_did.joined({"responses": have["responses"]}, none, Journey(), **WHEN) is None
