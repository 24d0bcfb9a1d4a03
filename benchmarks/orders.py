"""How long the measures of many orders take: `python -m benchmarks.orders`.

From the orders to purchases and first orders (as staging makes them), counts of returns, cohorts,
customers by value, and what is bought next: against SQL written by hand in DuckDB, polars and
pandas, which must give equal results. BENCHMARK_ORDERS names the sizes (1 and 10 million);
`--large` adds 100 million, without pandas and polars, which hold all rows in memory.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import ibis

from benchmarks.generated import ORDERS_A_CUSTOMER, SETTINGS, TABLES, generate
from benchmarks.performance import Section, is_installed
from benchmarks.turns import arguments, hand_back, in_turns, timed

HELD_IN_MEMORY = 10_000_000
LARGE = 100_000_000
BY_HAND, PANDAS, MEMORY, DECADE = 1.2, 5, 12, 11  # what is aimed at
AIMED_AT = 10_000_000  # orders; with fewer, putting an expression into SQL takes its share
WAYS = {"ours": "the project", "by_hand": "SQL by hand", "with_polars": "polars",
        "with_pandas": "pandas"}  # fmt: skip
MEASURES = {
    "purchases": "purchases, first orders",
    "returns": "returns by first category",
    "cohorts": "cohorts by month",
    "value": "customers by value",
    "next_bought": "bought next",
}
SUMS = ", ".join(
    f"{kind}{name}_{power}::double"
    for kind in ("", "cumulative_")
    for name in ("orders", "net_sales", "contribution_margin")
    for power in ("total", "squares", "cubes")
)
WHY = {
    "returns": "some hundredths of a second, in which the expression is put into SQL",
    "cohorts": "the project finds out beforehand how many decimals of the cubes will fit",
    "value": "the money of an order may move on another day than its own, by the client's setting,"
    " so that it is summed apart, and here twice",
}
SLOWER = "the SQL by hand, which the same engine runs, grows as much"
SPILLED = "what does not fit into the 8 GB that the engine is held to goes to disk and back"
RESULTS = {
    "purchases": "select count(*), sum(purchase_number)::bigint, count(next_on),"
    " sum(orders)::bigint, sum(next_on::date - purchased_on::date)::bigint, sum(paid)::double,"
    " sum(net_sales)::double, sum(contribution_margin)::double from purchases",
    "first_orders": "select first_category, first_channel, first_country, first_is_b2b,"
    " first_discounted, first_order_value, count(*), count(distinct first_product),"
    " sum(purchases)::bigint, sum(last_on::date - first_on::date)::bigint, count(second_on),"
    " sum(net_sales)::double, sum(contribution_margin)::double from first_orders"
    " group by all order by all",
    "counts": 'select "group", duration, event, count from counts order by all',
    "cells": f"select cohort, age, cohort_size, active::bigint, {SUMS} from cells where active > 0"
    " order by cohort, age",
    "customers": "select count(*), sum(orders)::bigint, min(first_at)::varchar,"
    " max(first_at)::varchar, sum(net_sales)::double, sum(gross_sales)::double,"
    " sum(refund)::double, sum(discount)::double, sum(cost_of_goods)::double from customers",
    "deciles": "select decile::int, customers, contribution_margin::double from deciles order by 1",
    "pairs": "select first, next, customers from pairs order by all",
}
"""What must be equal of each result."""
Seconds = dict[str, dict[str, float]]  # by measure and way


def parquet(file: Path, table: str) -> Path:
    return file.with_name(f"{file.stem}-{table}.parquet")


def write_parquet(file: Path) -> None:
    """The tables for pandas and polars, as they are best read: no decimals, no dates."""
    with duckdb.connect(file, read_only=True) as connection:
        connection.execute(SETTINGS)
        for table in TABLES:
            kinds = connection.execute(f"describe {table}").fetchall()
            other = {"DECIMAL(18,4)": "double", "DATE": "timestamp"}
            columns = [f"{name}::{other.get(kind, kind)} as {name}" for name, kind, *_ in kinds]
            chosen = f"select {', '.join(columns)} from {table}"
            connection.execute(f"copy ({chosen}) to '{parquet(file, table)}' (format parquet)")


def measure(way: str, measure: str, file: Path, *, is_warm: bool) -> dict[str, Any]:
    """The seconds of one measure in one way, those of reading apart, and its result."""
    connection = ibis.duckdb.connect(file, read_only=True)
    connection.raw_sql(f"{SETTINGS}; set temp_directory = '{file.with_suffix('.spill')}'")
    call: Callable[[Any], dict[str, Any]] = getattr(
        importlib.import_module(f"benchmarks.ways.{way}"), measure
    )
    reading = 0.0

    def read(table: str, columns: list[str]) -> Any:
        nonlocal reading
        import pandas as pd

        began = time.perf_counter()
        frame = pd.read_parquet(parquet(file, table), columns=columns)
        reading += time.perf_counter() - began
        return frame

    def scan(table: str) -> Any:
        import polars as pl

        return pl.scan_parquet(parquet(file, table))

    source = {"with_pandas": read, "with_polars": scan}.get(way, connection)
    made, seconds = timed(lambda: call(source), is_warm=is_warm)
    results = {}
    for name, frame in made.items():
        held = frame.to_arrow() if way == "with_polars" else frame
        if isinstance(held, ibis.Table):
            connection.con.execute(f"create temp view {name} as from {held.op().name}")
        else:
            connection.con.register(name, held)
        found = connection.con.execute(RESULTS[name]).fetchall()
        results[name] = [list(row) for row in found]
    return {"seconds": seconds, "reading": reading / (2 if is_warm else 1), **results}


def at_size(section: Section, orders: int, folder: Path, turns: int) -> Seconds:
    """The table of one size, and the seconds by measure and way."""
    file = folder / f"{orders}.duckdb"
    began = time.perf_counter()
    generate(file, customers=round(orders / ORDERS_A_CUSTOMER))
    is_held = orders <= HELD_IN_MEMORY
    ways = [way for way in WAYS if is_held or way in ("ours", "by_hand")]
    ways = [way for way in ways if way != "with_polars" or is_installed("polars")]
    if is_held:
        write_parquet(file)
    section.say(f"### {orders / 1e6:g} million orders")
    with duckdb.connect(file, read_only=True) as connection:
        n = {table: connection.table(table).count("*").fetchall()[0][0] for table in TABLES}
    section.say(
        f"{n['orders']:,} orders of {n['first_orders']:,} customers with {n['order_lines']:,} lines"
        f" (generated in {time.perf_counter() - began:.0f} s), 2 threads. Seconds, and the most"
        " memory in GB:"
    )
    best = {}
    for name in MEASURES:
        options = ["--measure", name, "--file", str(file), *([] if is_held else ["--cold"])]
        best[name] = in_turns(
            "orders", ways, options, turns=turns, same=list(RESULTS),
            once=("with_polars", "with_pandas") if orders >= HELD_IN_MEMORY else (),
        )  # fmt: skip
    section.table(
        [
            {"": title} | {WAYS[way]: f"{run['seconds']:.2f} ({run['memory']:.1f})"
                           for way, run in best[name].items()}
            for name, title in MEASURES.items()
        ]
    )  # fmt: skip
    if not is_held:
        section.say("Without pandas and polars, which hold all rows in memory.")
    if is_held and orders >= AIMED_AT:
        compare(section, best)
    if orders >= LARGE:
        section.aim("GB at most", max(b["ours"]["memory"] for b in best.values()), most=MEMORY)
    return {
        name: {way: run["seconds"] for way, run in found.items()} for name, found in best.items()
    }


def compare(section: Section, best: dict[str, Any]) -> None:
    for name, title in MEASURES.items():
        own = best[name]["ours"]["seconds"]
        ratio = own / best[name]["by_hand"]["seconds"]
        text = f"{title}: times as long as by hand"
        section.aim(text, ratio, most=BY_HAND, why=WHY.get(name, ""))
        if "with_pandas" in best[name]:
            run = best[name]["with_pandas"]
            alone = (run["seconds"] - run["reading"]) / own
            text = f"{title}: times as fast as pandas ({alone:.2f} without its reading)"
            section.aim(text, run["seconds"] / own, least=PANDAS)


def growth(section: Section, taken: dict[int, Seconds]) -> None:
    """How much longer ten times the orders take, where both sizes were run."""
    for orders in (size for size in taken if 10 * size in taken):
        ratios = {
            way: {
                name: taken[10 * orders][name][way] / taken[orders][name][way] for name in MEASURES
            }
            for way in ("ours", "by_hand")
        }
        slowest = max(MEASURES, key=ratios["ours"].__getitem__)
        by_hand = ratios["by_hand"][slowest]
        text = (
            f"From {orders / 1e6:g} to {orders / 1e5:g} million orders, times as long at most "
            f"({MEASURES[slowest]}; by hand {by_hand:.2f})"
        )
        why = SPILLED if 10 * orders > HELD_IN_MEMORY else SLOWER if by_hand > DECADE else ""
        section.aim(text, ratios["ours"][slowest], most=DECADE, why=why)


def main() -> None:
    parser = arguments(__doc__)
    sizes = os.environ.get("BENCHMARK_ORDERS", "1_000_000 10_000_000")
    parser.add_argument("--orders", type=int, nargs="+", default=[int(n) for n in sizes.split()])
    parser.add_argument("--large", action="store_true", help="100 million orders too")
    parser.add_argument("--measure", choices=MEASURES)
    parser.add_argument("--cold", action="store_true", help="no run before the one that counts")
    chosen = parser.parse_args()
    if chosen.way:
        hand_back(measure(chosen.way, chosen.measure, chosen.file, is_warm=not chosen.cold))
        return
    section = Section("orders", ["duckdb", "ibis-framework", "pandas", "polars"])
    taken: dict[int, Seconds] = {}
    for orders in sorted({*chosen.orders, *([LARGE] if chosen.large else [])}):
        with tempfile.TemporaryDirectory() as folder:
            turns = chosen.turns if orders <= HELD_IN_MEMORY else 1
            taken[orders] = at_size(section, orders, Path(folder), turns)
    growth(section, taken)
    if not is_installed("openretailscience"):
        section.say("openretailscience is left out: it cannot be installed beside pyarrow 26.")
    section.write(chosen.date)


if __name__ == "__main__":
    main()
