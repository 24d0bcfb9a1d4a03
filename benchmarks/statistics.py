"""How long statistics take on the counts of many customers: `python -m benchmarks.statistics`.

Customers are generated one by one and counted in the engine; estimates see the counts only, so
that their time follows the cells that are filled and not the customers. BENCHMARK_CUSTOMERS names
two sizes (100,000 and 10 million). The summary by customer, the only step that takes the rows, is
compared with that of lifetimes at the smaller size.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pandas as pd

from benchmarks.generated import AS_OF, SETTINGS, generate
from benchmarks.performance import Section, is_installed
from benchmarks.turns import arguments, hand_back, in_turns, timed, told
from templates_lib.projection import histories
from templates_lib.purchase_value import purchase_values
from templates_lib.repeat_purchase import attribute_design, repeat_purchase
from templates_lib.stats import comparison, cox, proportionality, purchase_models, survival

HORIZON_DAYS = 730
ATTRIBUTES = ["first_channel", "first_country", "first_discounted"]
LONGEST = 2  # times as long at most, with a hundred times the customers


class Counts(NamedTuple):
    """What leaves the engine: by group and duration, by attributes and duration, by history."""

    returns: pd.DataFrame
    attributes: pd.DataFrame
    histories: pd.DataFrame


def count(connection: ibis.BaseBackend) -> Counts:
    """All counts that the statistics below take."""
    firsts = connection.table("first_orders")
    return Counts(
        repeat_purchase.return_counts(firsts, as_of=AS_OF, split="first_category"),
        attribute_design.attribute_counts(
            firsts, as_of=AS_OF, attributes=ATTRIBUTES, max_groups=5, horizon_days=HORIZON_DAYS
        ),
        histories.cells(summary(connection)),
    )


def summary(connection: ibis.BaseBackend) -> ibis.Table:
    valued = purchase_values(connection.table("purchases"), value="net_sales", service=None)
    return histories.histories(valued, until=AS_OF).cache()


def whole(counts: Counts) -> pd.DataFrame:
    """The counts of returns without their groups."""
    by_day = counts.returns.groupby(["duration", "event"], as_index=False)["count"].sum()
    return by_day.assign(group=repeat_purchase.ALL)


def cox_model(counts: Counts) -> cox.Model:
    made = attribute_design.design(counts.attributes, attributes=ATTRIBUTES)
    return cox.fit(made.counts, covariates=made.groups["covariate"])


STATISTICS: dict[str, tuple[str, Callable[[Counts], Any]]] = {
    "Kaplan–Meier, by group": ("returns", lambda c: repeat_purchase.return_curve(c.returns)),
    "log-rank and RMST": ("returns", lambda c: repeat_purchase.compare(
        c.returns, split="first_category", horizon_days=HORIZON_DAYS)),
    "log-rank alone": ("returns", lambda c: comparison.logrank(c.returns, group="group")),
    "RMST": ("returns", lambda c: comparison.rmst(survival.life_table(whole(c)), tau=365)),
    "Cox with Efron ties": ("attributes", cox_model),
    "Cox and the Schoenfeld check": (
        "attributes", lambda c: proportionality.check(cox_model(c))),
    "window to contact, 500 samples": ("returns", lambda c: repeat_purchase.contact_window(
        whole(c), horizon_days=365, share=0.5)),
    "BG/NBD, the likelier form": ("histories", lambda c: purchase_models.likelier(
        histories.purchases_only(c.histories))),
}  # fmt: skip


def ours(file: Path) -> dict[str, Any]:
    """Repeat purchases and days by customer, in the engine."""
    connection = opened(file)
    found, seconds = timed(lambda: summary(connection))
    sums = found.aggregate(
        n=found.count(), x=found.x.sum(), last=found["last"].sum(), observed=found.observed.sum()
    )
    values = sums.to_pyarrow().to_pylist()[0].values()
    return {"seconds": seconds, "sums": [int(value) for value in values]}


def by_lifetimes(file: Path) -> dict[str, Any]:
    """The same from a frame of purchases, which is read beforehand."""
    from lifetimes.utils import (  # noqa: TID251 (compared with, as what analysts know)
        summary_data_from_transaction_data,
    )

    rows = opened(file).con.execute("select customer_id, purchased_on from purchases").df()
    made, seconds = timed(
        lambda: summary_data_from_transaction_data(
            rows, "customer_id", "purchased_on", observation_period_end=AS_OF
        )
    )
    sums = made[["frequency", "recency", "T"]].sum()
    return {"seconds": seconds, "sums": [len(made), *(int(value) for value in sums)]}


WAYS = {"ours": ours, "by_lifetimes": by_lifetimes}


def opened(file: Path) -> ibis.BaseBackend:
    connection = ibis.duckdb.connect(file, read_only=True)
    connection.raw_sql(f"{SETTINGS}; set temp_directory = '{file.with_suffix('.spill')}'")
    return connection


def at_size(customers: int, file: Path, turns: int) -> dict[str, tuple[float, int]]:
    """Seconds and cells of each statistic, and those of counting."""
    generate(file, customers=customers)
    counts, seconds = timed(lambda: count(opened(file)), is_warm=False)
    rows = sum(len(each) for each in counts)
    found = {"counting, in the engine": (seconds, rows)}
    for name, (given, statistic) in STATISTICS.items():
        best = min(timed(lambda of=statistic: of(counts))[1] for _ in range(turns))
        found[name] = (best, len(getattr(counts, given)))
    return found


def main() -> None:
    parser = arguments(__doc__)
    sizes = os.environ.get("BENCHMARK_CUSTOMERS", "100_000 10_000_000")
    parser.add_argument("--customers", type=int, nargs=2, default=[int(n) for n in sizes.split()])
    chosen = parser.parse_args()
    if chosen.way:
        hand_back(WAYS[chosen.way](chosen.file))
        return
    section = Section("statistics", ["duckdb", "numpy", "scipy", "pandas", "lifetimes"])
    few, many = chosen.customers
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.duckdb" for n in chosen.customers]
        taken = [at_size(n, f, chosen.turns) for n, f in zip(chosen.customers, files, strict=True)]
        section.say(f"Seconds at {few:,} and {many:,} customers (cells counted):")
        ratios = {name: taken[1][name][0] / taken[0][name][0] for name in taken[0]}
        section.table(
            [
                {"": name, **{f"{n:,}": f"{each[name][0]:.3f} ({each[name][1]:,})"
                              for n, each in zip(chosen.customers, taken, strict=True)},
                 "times as long": f"{ratios[name]:.2f}"}
                for name in taken[0]
            ]
        )  # fmt: skip
        slowest = max(STATISTICS, key=lambda name: ratios[name])
        section.aim(
            f"With {many / few:g} times the customers, times as long at most ({slowest})",
            ratios[slowest], most=LONGEST,
            why="more customers fill more cells (beside its seconds), until all are filled",
        )  # fmt: skip
        if is_installed("lifetimes"):
            options = ["--file", str(files[0])]
            best = in_turns("statistics", list(WAYS), options, turns=chosen.turns, same=["sums"])
            section.say(f"The summary of {few:,} customers (repeat purchases, days):")
            section.items(told("in the engine", best["ours"]),
                          told("lifetimes, the rows held", best["by_lifetimes"]))  # fmt: skip
        else:
            section.say("lifetimes: skipped, not installed (`make benchmark` does that).")
    section.write(chosen.date)


if __name__ == "__main__":
    main()
