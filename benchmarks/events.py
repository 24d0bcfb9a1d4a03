"""How long a funnel of many events takes: `python -m benchmarks.events`.

Five steps by device, without machines and own people, from generated events in a DuckDB file: by
`funnel`, against SQL written by hand for the same table (the counts of the closed and the open
funnel, and the median time to each step, by device and of everyone) and for the closed counts
alone, and against retentioneering, which counts the closed funnel, holds the events in memory and
so gets at most 5 million. All must count alike. BENCHMARK_EVENTS or `--events 50_000_000` for the
full size.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import ibis

from benchmarks.performance import Section, is_installed
from benchmarks.turns import arguments, hand_back, in_turns, timed, told
from templates_lib.journey import funnel
from templates_lib.params.journey import Journey

STEPS = ["session_start", "view_item", "add_to_cart", "begin_checkout", "purchase"]
EVENTS_A_VISITOR = 9.9
AT_ONCE = 600_000
HELD_IN_MEMORY = 5_000_000
SETTINGS = "set threads = 2; set memory_limit = '6GB'; set enable_progress_bar = false"
BY_HAND, RETENTIONEERING = 1.2, 10  # what is aimed at

GENERATED = """
with visitors as (
  select i, hash(i, 1) % 7_171_200 as came, hash(i, 2) % 1000 as often,
    hash(i, 3) % 100 as kind, hash(i, 4) % 1000 as consent, hash(i, 5) % 1000 as own
  from range({begin}, {end}) t(i)
), visits as (
  select i, k, came, own, i * 4 + k as number, came + k * 172_800 + hash(i, k, 6) % 80_000 as began,
    case when kind < 62 then 'mobile' when kind < 95 then 'desktop' else 'tablet' end as device,
    case when kind < 62 then 0.8 else 1.0 end as ease, consent >= 70 as agreed,
    hash(i, k, 7) % 1000 as depth, hash(i, k, 8) % 100 as source, hash(i, k, 9) % 2000 as machine
  from visitors, range(3) v(k)
  where k = 0 or (k = 1 and often < 260) or (k = 2 and often < 90)
), steps as (
  select *, 'session_start' as event, 0 as after from visits
  union all select v.*, 'page_view', 7 + 21 * n from visits v, range(9) p(n)
    where n < 1 + hash(v.number, 10) % 9
  union all select v.*, 'view_item', 12 + 40 * n from visits v, range(3) p(n)
    where depth < 620 * ease and n < 1 + hash(v.number, 11) % 3
  union all select v.*, 'add_to_cart', 140 from visits v where depth < 150 * ease
  union all select v.*, 'begin_checkout', 215 from visits v where depth < 80 * ease * ease
  union all select v.*, 'purchase', 330 from visits v where depth < 40 * ease * ease * ease
  union all select v.*, 'page_view', 1 from visits v, range(60) where machine = 0
)
select
  case when agreed then concat('s', number) end as session_id,
  case when agreed then concat(1_000_000_000 + i, '.', 1_780_000_000 + came) end as visitor_id,
  null::varchar as customer_id,
  timestamp '2026-08-01' + to_seconds(began + after) as occurred_at,
  event,
  concat('/products/', hash(number, after) % 500) as page,
  null::varchar as product_id,
  case when source < 40 then 'google / organic' when source < 65 then 'google / cpc'
    when source < 85 then '(direct) / (none)' else 'facebook / paid_social' end as channel,
  device,
  null::varchar as order_id,
  case when own < 8 then 'internal' end as traffic_type
from steps order by occurred_at
"""

# those with more than 30 events in a minute, and own people, as `visits` leaves them out
ODD = """
create or replace temp table odd as
with visits as (
  select session_id, count(*) as n, bool_or(traffic_type in ('internal', 'developer')) as own
  from events where session_id is not null group by session_id having n > 30 or own
), machines as (
  select session_id from events where session_id in (select session_id from visits where n > 30)
  group by session_id, date_trunc('minute', occurred_at) having count(*) > 30
)
select session_id from visits where own union select session_id from machines
"""
TAKEN = """
create or replace temp table taken as
select visitor_id, event, occurred_at, device from events
where visitor_id is not null and session_id not in (select session_id from odd)
"""
ENTERED = """
create or replace temp table entered as
select visitor_id, min(occurred_at) as began, began as reached,
  arg_min(device, occurred_at) as device
from taken where event = 'session_start' group by visitor_id
having began <= (select max(occurred_at) - interval 7 day from events)
"""
NEXT = """
create or replace temp table {step} as
select visitor_id, any_value(began) as began, min(occurred_at) as reached,
  any_value(s.device) as device
from {before} s join taken using (visitor_id)
where event = '{step}' and occurred_at between reached and began + interval 7 day
group by visitor_id
"""
# as many as take a step at any time; and the time to it, half of them taking it sooner
OPEN = "select event, count(distinct visitor_id) from taken group by event"
MEDIANS = """
select device, quantile_disc(coalesce(epoch(a.reached) - epoch(b.reached), 'infinity'::double), 0.5)
from {before} b left join (select visitor_id, reached from {step}) a using (visitor_id)
group by grouping sets ((device), ())
"""


def generate(file: Path, events: int) -> int:
    """Writes about so many events, and tells how many."""
    with duckdb.connect(file) as connection:
        connection.execute(SETTINGS)
        visitors = int(events / EVENTS_A_VISITOR)
        for begin in range(0, visitors, AT_ONCE):  # as many as are sorted within memory
            rows = GENERATED.format(begin=begin, end=min(begin + AT_ONCE, visitors))
            into = "insert into events" if begin else "create table events as"
            connection.execute(f"{into} {rows}")
        return connection.execute("select count(*) from events").fetchall()[0][0]


def ours(connection: ibis.BaseBackend) -> dict[str, Any]:
    """The whole table of `funnel`: also the open funnel, intervals and medians of time."""
    settings = Journey(steps=STEPS, compare_by=["device"])
    began = time.perf_counter()
    reached = funnel.reached({"events": connection.table("events")}, settings)
    made = funnel.funnel(reached, settings, min_cell=5)
    seconds = time.perf_counter() - began
    opened = made[made["split"] == "all"].set_index("stage")["open_converted"].astype(int).to_dict()
    made = made[made["split"] == "device"]
    counts = {
        device: [int(own["entered"].iloc[0]), *own["converted"].astype(int)]
        for device, own in made.groupby("segment")
    }
    return {"seconds": seconds, "counts": counts, "open": opened}


def by_hand(connection: ibis.BaseBackend) -> dict[str, Any]:
    """The whole table, without its intervals; and the time of the closed counts alone."""
    run = connection.con.execute
    began = time.perf_counter()
    run(ODD)
    run(f"{TAKEN} and event in ({', '.join(map(repr, STEPS))})")
    run(ENTERED)
    tables = ["entered", *STEPS[1:]]
    for before, step in zip(tables, tables[1:], strict=False):
        run(NEXT.format(before=before, step=step))
    counts: dict[str, list[int]] = {}
    for table in tables:
        for device, n in run(f"select device, count(*) from {table} group by 1").fetchall():
            counts.setdefault(device, []).append(n)
    closed = time.perf_counter()
    opened = dict(run(OPEN).fetchall())
    for before, step in zip(tables, tables[1:], strict=False):
        run(MEDIANS.format(before=before, step=step)).fetchall()
    return {
        "seconds": time.perf_counter() - began,
        "closed_alone": closed - began,
        "counts": counts,
        "open": {step: opened[step] for step in STEPS[1:]},
    }


def by_retentioneering(connection: ibis.BaseBackend) -> dict[str, Any]:
    """Its funnel for each device, of the events that count, chosen beforehand.

    It knows no window; no generated visitor comes for longer than the one of the others. Its use
    is not reported to its makers.
    """
    os.environ["RETENTIONEERING_NO_TRACK"] = "1"
    from retentioneering import Eventstream

    run = connection.con.execute
    run(ODD), run(TAKEN), run(ENTERED)
    schema = {"path_cols": ["visitor_id"], "timestamp_col": "occurred_at"}
    began = time.perf_counter()
    frame = run("select t.* from taken t semi join entered using (visitor_id)").df()
    streams = {device: Eventstream(own, schema) for device, own in frame.groupby("device")}
    built = time.perf_counter()
    counts = {
        device: [step["unique_paths"] for step in stream.funnel_data(STEPS)["steps"]]
        for device, stream in streams.items()
    }
    ended = time.perf_counter()
    return {"seconds": ended - began, "funnel_alone": ended - built, "counts": counts}


WAYS = {"ours": ours, "by_hand": by_hand, "retentioneering": by_retentioneering}


def measure(way: str, file: Path) -> dict[str, Any]:
    """One way, once warm: its seconds and counts."""
    connection = ibis.duckdb.connect(file, read_only=True)
    connection.raw_sql(SETTINGS)
    found, _ = timed(lambda: WAYS[way](connection))
    return found


def main() -> None:
    parser = arguments(__doc__)
    size = int(os.environ.get("BENCHMARK_EVENTS", "5_000_000"))
    parser.add_argument("--events", type=int, default=size)
    chosen = parser.parse_args()
    if chosen.way:
        hand_back(measure(chosen.way, chosen.file))
        return
    section = Section("events", ["duckdb", "ibis-framework", "retentioneering"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.duckdb"
        events = generate(file, chosen.events)
        section.say(f"{events:,} events in a DuckDB file, five steps by device, 2 threads:")
        best = compare(["ours", "by_hand"], file, chosen.turns)
        alone = best["by_hand"]["closed_alone"]
        section.items(
            told("`funnel`", best["ours"]),
            told("SQL by hand", best["by_hand"]) + f" ({alone:.2f} s for the closed counts alone)",
        )
        ratio = best["ours"]["seconds"] / best["by_hand"]["seconds"]
        section.aim("times as long as by hand", ratio, most=BY_HAND)
        if is_installed("retentioneering"):
            if chosen.events > HELD_IN_MEMORY:
                file = Path(folder) / "fewer.duckdb"
                events = generate(file, HELD_IN_MEMORY)
            against_retentioneering(section, file, events, chosen.turns)
        else:
            section.say("retentioneering: skipped, not installed (`make benchmark` does that).")
    section.write(chosen.date)


def compare(ways: list[str], file: Path, turns: int) -> dict[str, dict[str, Any]]:
    options = ["--file", str(file)]
    return in_turns("events", ways, options, turns=turns, same=["counts", "open"])


def against_retentioneering(section: Section, file: Path, events: int, turns: int) -> None:
    section.say(f"{events:,} events, of which retentioneering counts the closed funnel in memory:")
    best = compare(["ours", "retentioneering"], file, turns)
    theirs, own = best["retentioneering"], best["ours"]["seconds"]
    section.items(
        told("`funnel`", best["ours"]),
        told("retentioneering", theirs)
        + f" ({theirs['funnel_alone']:.2f} s for its funnel alone, the events held)",
    )
    section.aim("times as fast", theirs["seconds"] / own, least=RETENTIONEERING)


if __name__ == "__main__":
    main()
