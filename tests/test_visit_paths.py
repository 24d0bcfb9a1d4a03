"""Paths of visits: against a reading of the same events in plain Python, and counts by hand."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates_lib import figures
from templates_lib.journey import frustration, visit_paths, visits
from templates_lib.params.journey import Journey
from templates_lib.tables import EVENTS, SESSIONS

NOON = pd.Timestamp("2026-06-01 12:00:00")
PAGES = {"a": "/a/1", "b": "https://shop.example/b?q=1", "c": "/C#top"}


def events_of(rows: list[tuple]) -> ibis.Table:
    """Events of (visit, minute, event, page)."""
    frame = pd.DataFrame(rows, columns=["session_id", "minute", "event", "page"])
    frame["occurred_at"] = NOON + pd.to_timedelta(frame.pop("minute"), unit="min")
    frame["visitor_id"] = frame["session_id"]
    frame = frame.reindex(columns=list(EVENTS))
    return ibis.memtable(frame.astype(object).where(frame.notna(), None), schema=EVENTS)


def found(rows: list[tuple], **given) -> visit_paths.Paths:
    journey = Journey(**given)
    return visit_paths.paths(visits.events(events_of(rows), journey), journey)


def many(visit: str, n: int, *path: str, bought: bool = False) -> list[tuple]:
    """``n`` visits of the same path."""
    rows = []
    for number in range(n):
        name = f"{visit}{number}"
        rows += [(name, minute, "page_view", page) for minute, page in enumerate(path)]
        if bought:
            rows.append((name, len(path), "purchase", "/thanks"))
    return rows


@pytest.mark.parametrize(
    ("page", "group"),
    [
        ("https://shop.example/", "home"),
        ("https://shop.example", "home"),
        ("https://shop.example?utm=1", "home"),
        ("/", "home"),
        ("/Products/Coffee-1?variant=2#reviews", "products"),
        ("products/tea", "products"),
        ("https://shop.example/checkout/payment", "paying"),
        ("/checkout/paymentless", "checkout"),
        ("/fi/tuotteet/kahvi", "goods"),
    ],
)
def test_pages_are_grouped_by_pattern_and_else_by_their_first_part(page, group):
    groups = {"paying": ["/checkout/payment"], "goods": ["*/tuotteet/*"]}
    table = ibis.memtable({"page": [page]})
    assert table.select(of=visit_paths.page_group(table.page, groups)).to_pandas()["of"][0] == group


def test_repeats_are_one_place_and_the_path_ends_with_the_purchase():
    rows = [
        *many("x", 40, "/a/1", "/a/2", "/b", "/a/3", bought=True),
        *[(f"x{number}", 9, "page_view", "/after") for number in range(40)],
        *many("y", 60, "/a/1", "/b"),
    ]
    paths = found(rows)
    one = (
        paths.places.filter(paths.places.visit == ibis.literal("x0").hash())
        .order_by("place")
        .to_pandas()
    )
    assert one["page_group"].tolist() == ["a", "b", "a"]
    assert one["next_page_group"].tolist() == ["b", "a", None]
    assert one["bought"].all()


def test_entries_and_exits_by_hand():
    rows = [
        *many("x", 40, "/a", "/b", bought=True),
        *many("y", 60, "/a", "/b"),
        *many("z", 100, "/b"),
        *many("w", 3, "/rare"),
    ]
    paths = found(rows)
    entries = visit_paths.entries(paths, min_cell=5).set_index("page_group")
    assert entries["n"].to_dict() == {"a": 100, "b": 100}  # three visits are too few to be shown
    assert entries.loc["a", "share"] == 100 / 203
    assert entries.loc["a", ["converted", "conversion"]].tolist() == [40, 0.4]
    # R: prop.test(40, 100, correct = FALSE)$conf.int
    assert entries.loc["a", ["low", "high"]].tolist() == pytest.approx(
        [0.309401286, 0.497997413], 1e-8
    )
    exits = visit_paths.exits(paths, min_cell=5).set_index("page_group")
    assert exits.loc["b", ["n", "left"]].tolist() == [200, 160]
    assert exits.loc["b", "left_share"] == 0.8
    assert exits.loc["b", "share"] == 160 / 163
    assert exits.loc["a", ["n", "left"]].tolist() == [100, 0]


def test_small_counts_of_buyers_are_hidden():
    rows = [*many("x", 3, "/a", bought=True), *many("y", 60, "/a"), *many("z", 50, "/b")]
    entries = visit_paths.entries(found(rows), min_cell=5).set_index("page_group")
    assert entries["conversion"].isna().all()
    assert entries["share"].notna().all()


def test_loops_are_held_against_those_who_go_the_same_way():
    rows = [
        *many("x", 30, "/a", "/b", "/a", bought=True),
        *many("y", 70, "/a", "/b", "/a"),
        *many("z", 50, "/a", "/b", bought=True),
        *many("w", 50, "/a", "/b", "/c"),
    ]
    loops = visit_paths.loops(found(rows), min_cell=5)
    assert loops["sequence"].tolist() == ["a → b → a"]
    loop = loops.iloc[0]
    assert (loop.n, loop.share, loop.conversion) == (100, 0.5, 0.3)
    assert (loop.others_n, loop.others_conversion) == (100, 0.5)
    # R: PropCIs::diffscoreci is Mee's; Newcombe's by DescTools::BinomDiffCI(30, 100, 50, 100,
    # method = "score"): the sides' Wilson limits .21895, .39585 and .40383, .59617
    assert loop.gap_share == pytest.approx(-0.2)
    low = -0.2 - ((0.3 - 0.2189489) ** 2 + (0.5961684 - 0.5) ** 2) ** 0.5
    high = -0.2 + ((0.3958485 - 0.3) ** 2 + (0.5 - 0.4038316) ** 2) ** 0.5
    assert [loop.gap_share_low, loop.gap_share_high] == pytest.approx([low, high], abs=1e-6)


def test_steps_stand_for_pages_where_there_are_none():
    rows = [(f"x{n}", 0, "session_start", None) for n in range(40)]
    rows += [(f"x{n}", 1, "view_item", None) for n in range(40)]
    rows += [(f"x{n}", 2, "scroll", None) for n in range(40)]
    paths = found(rows)
    assert paths.of == "steps"
    exits = visit_paths.exits(paths, min_cell=5)
    assert exits["page_group"].tolist() == ["view_item", "session_start"]


def test_a_visit_over_midnight_is_one():
    rows = [(f"x{n}", minute, "page_view", page) for n in range(30)
            for minute, page in ((11 * 60 + 59, "/a"), (12 * 60 + 5, "/b"))]  # fmt: skip
    assert visit_paths.entries(found(rows), min_cell=5)["n"].tolist() == [30]


def test_without_events_there_is_nothing():
    paths = found([])
    for made in (visit_paths.entries, visit_paths.exits, visit_paths.sequences, visit_paths.loops,
                 visit_paths.transitions, visit_paths.flow):  # fmt: skip
        assert len(made(paths, min_cell=5)) == 0


VISIT = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["a", "b", "c", "purchase"])), max_size=8
)


@settings(max_examples=10, deadline=None)
@given(st.lists(VISIT, min_size=1, max_size=6))
def test_transitions_and_flow_as_read_in_plain_python(kinds):
    """Every kind of visit stands 30 times; the engine's counts are those of a loop over it."""
    rows, counts, bands = [], {}, {}
    for number, visit in enumerate(kinds):
        by_time = dict(visit)  # one event a minute: no ties
        bought = [minute for minute, name in by_time.items() if name == "purchase"]
        seen = [name for minute, name in sorted(by_time.items())
                if minute < min(bought, default=99)]  # fmt: skip
        path = [name for place, name in enumerate(seen) if not place or name != seen[place - 1]]
        full = [*path, "buys" if bought else "leaves"] if path else []
        for place, pair in enumerate(zip(full[:-1], full[1:], strict=True), start=1):
            counts[pair] = counts.get(pair, 0) + 30
            if place <= visit_paths.DEPTH:
                goes_on = place == visit_paths.DEPTH and pair[1] not in ("buys", "leaves")
                band = (place, pair[0], "goes_on" if goes_on else pair[1])
                bands[band] = bands.get(band, 0) + 30
        rows += [
            (f"{number}-{copy}", minute, "purchase" if name == "purchase" else "page_view",
             PAGES.get(name))
            for copy in range(30) for minute, name in by_time.items()
        ]  # fmt: skip
    paths = found(rows)
    if paths.of == "steps":
        return
    table = visit_paths.transitions(paths, min_cell=1)
    keys = zip(table["page_group"], table["next_page_group"], strict=True)
    assert dict(zip(keys, table["n"], strict=True)) == counts
    flow = visit_paths.flow(paths, min_cell=1)
    keys = zip(flow["place"], flow["page_group"], flow["next_page_group"], strict=True)
    assert dict(zip(keys, flow["n"], strict=True)) == bands


def test_sequences_count_a_visit_once():
    rows = [*many("x", 40, "/a", "/b", "/a", "/b", bought=True), *many("y", 60, "/a", "/c")]
    table = visit_paths.sequences(found(rows), min_cell=5).set_index("sequence")
    assert table.loc["a → b", ["n", "bought_share", "others_share"]].tolist() == [40, 1.0, 0.0]
    assert table.loc["a → c", ["n", "bought_share", "others_share"]].tolist() == [60, 0.0, 1.0]
    assert table.loc["a → b → a", "n"] == 40


def test_the_figure_has_a_name_at_every_node():
    rows = [*many("x", 40, "/a", "/b", bought=True), *many("y", 60, "/b", "/a", "/b", "/a", "/b")]
    flow = visit_paths.flow(found(rows), min_cell=5)
    drawn = figures.paths(
        flow, place="place", start="page_group", end="next_page_group", share="share", best="buys",
        lost="leaves", head="Page", show="{:.0%}".format,
    )  # fmt: skip
    written = {text.get_text() for text in drawn.axes[0].texts}
    assert {"a 40%", "b 60%", "buys 40%", "goes on 60%", "Page 1", "5"} <= written


def test_clicks_in_anger_by_page_and_against_conversion():
    rows = [*many("x", 40, "/a", bought=True), *many("y", 60, "/a"), *many("z", 100, "/b")]
    events = visits.events(events_of(rows), Journey())
    ids = sorted({row[0] for row in rows})
    frame = pd.DataFrame({"session_id": ids}).reindex(columns=list(SESSIONS))
    frame["started_at"] = NOON
    frame["exit_page"] = ["/b" if name[0] == "z" else "/a" for name in ids]
    frame["rage_clicks"] = [float(name[0] == "y") for name in ids]
    kinds = {n: "float64" if kind.is_decimal() else kind for n, kind in SESSIONS.items()}
    sessions = ibis.memtable(frame, schema=kinds)
    recorded = frustration.recorded({"events": events, "sessions": sessions}, events, Journey())
    table = frustration.by_page(recorded, min_cell=5)
    assert table["measure"].eq("rage_clicks").all()  # nothing is known of the others
    assert dict(zip(table["page_group"], table["share"], strict=True)) == {"all": 0.3, "a": 0.6,
                                                                           "b": 0.0}  # fmt: skip
    row = frustration.against_conversion(recorded, min_cell=5).iloc[0]
    assert (row.n, row.conversion, row.others_n) == (60, 0.0, 140)
    assert row.others_conversion == 40 / 140
    assert row.gap_share_high < 0
    assert frustration.recorded({"events": events}, events, Journey()) is None
