"""From one window to the next: who moves between groups of value, and where the money goes."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.customer_value.customer_value import Window
from templates_lib.privacy import hide_small
from templates_lib.stats.intervals import mean_interval, wilson
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.stats.totals import total_interval

NEW, BACK, NONE, ENTERED = "new", "back", "no_purchase", "new_or_back"
FIFTHS = ("best_fifth", "middle_fifths", "last_fifth")
MOVEMENTS = ("lost", "kept_down", "kept_up", BACK, NEW)
BRIDGE = ["movement", "customers", "amount", "low", "high"]
MIGRATION = ["from_group", "to_group", "customers", "share", "low", "high", "from_customers",
             "to_customers"]  # fmt: skip
OUTCOME = ["decile", "customers", "mean_before", "mean_after", "low", "high", "bought_again",
           "best_again", "best_again_low", "best_again_high"]  # fmt: skip


def pairs(before: ir.Table, after: ir.Table, window: Window) -> ir.Table:
    """The customers of two windows, with what they brought in each.

    Parameters
    ----------
    before, after : ``customer_value.ranked`` of two windows that follow each other
    window : the earlier of them

    Returns
    -------
    One row a customer: customer_id, first_at, lot, from_group (the number of the group, ``new``, or
    ``back`` for who had bought before both windows), to_group (the number or ``no_purchase``),
    value_before, value_after (0 where there is no purchase).
    """
    columns = ("customer_id", "first_at", "first_on", "lot", "value", "group")
    left, right = (
        table.select(**{f"{name}_{side}": name for name in columns})
        for table, side in ((before, "before"), (after, "after"))
    )  # fmt: skip
    both = left.outer_join(right, left.customer_id_before == right.customer_id_after)
    was_there = both.first_on_after < ibis.literal(window.start)
    entered = was_there.ifelse(BACK, NEW)
    zero = ibis.literal(0)
    return both.select(
        **{
            name: ibis.coalesce(both[f"{name}_before"], both[f"{name}_after"])
            for name in ("customer_id", "first_at", "lot")
        },
        from_group=ibis.coalesce(both.group_before.cast("string"), entered),
        to_group=ibis.coalesce(both.group_after.cast("string"), ibis.literal(NONE)),
        value_before=ibis.coalesce(both.value_before, zero.cast(both.value_before.type())),
        value_after=ibis.coalesce(both.value_after, zero.cast(both.value_after.type())),
    )


def migration(paired: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """How many move from each group to each.

    Returns
    -------
    Columns: from_group (1 the best …, ``back``, ``new``), to_group (1 …, ``no_purchase``),
    customers, share (of the group that they come from), low, high (Wilson), from_customers,
    to_customers (of the two groups in all). Small counts are hidden so that no total gives them
    away; fewer than ``min_cell`` who are back are with the new.
    """
    counted = paired.group_by("from_group", "to_group").aggregate(customers=paired.count())
    found = counted.to_pandas()
    if found.empty:
        return pd.DataFrame(columns=MIGRATION)
    if found.loc[found["from_group"] == BACK, "customers"].sum() < min_cell:
        found["from_group"] = found["from_group"].replace(BACK, NEW)
        found = found.groupby(["from_group", "to_group"], as_index=False).sum()
    present = set(found["from_group"]) | set(found["to_group"])
    groups = sorted((g for g in present if g.isdigit()), key=int) + [
        g for g in FIFTHS if g in present
    ]
    entered = [g for g in (BACK, NEW, ENTERED) if g in present]
    cells = pd.MultiIndex.from_product(
        [[*groups, *entered], [*groups, NONE]], names=["from_group", "to_group"]
    )
    table = found.set_index(["from_group", "to_group"]).reindex(cells, fill_value=0).reset_index()
    is_possible = table["from_group"].isin(groups) | (table["to_group"] != NONE)
    table = table[is_possible].reset_index(drop=True)
    sizes = table.groupby("from_group")["customers"].transform("sum")
    table["share"] = table["customers"] / sizes
    table["from_customers"] = sizes
    table["to_customers"] = table.groupby("to_group")["customers"].transform("sum")
    table["low"], table["high"] = wilson(table["customers"], sizes)
    return hide_small(
        table, count="customers", values=["share", "low", "high"], by=["from_group"],
        also_by=[["to_group"]], min_cell=min_cell,
    )  # fmt: skip


def in_fifths(paired: ir.Table, *, groups: int) -> ir.Table:
    """The same pairs in three groups of value, the best fifth, the last one and those between, and
    who is new or back as one."""
    fifth = groups // 5
    best = [str(g) for g in range(1, fifth + 1)]
    last = [str(g) for g in range(groups - fifth + 1, groups + 1)]
    named = {}
    for column in ("from_group", "to_group"):
        group = paired[column]
        named[column] = ibis.cases(
            (group.isin(best), FIFTHS[0]),
            (group.isin(last), FIFTHS[2]),
            (group.isin([NEW, BACK]), ENTERED),
            (group == NONE, NONE),
            else_=FIFTHS[1],
        )
    return paired.mutate(**named)


def bridge(paired: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """From what the earlier window brought to what the later one did, by who made the difference.

    The sums are exact: before + lost + kept_down + kept_up + back + new = after. The interval is
    that of a sum over a random number of independent customers.

    Returns
    -------
    Columns: movement (before, lost, kept_down, kept_up, back, new, after), customers, amount, low,
    high. Who came back is with the new where either has fewer than ``min_cell`` customers; empty
    where another movement has.
    """
    delta = paired.value_after - paired.value_before
    kept = decimals(paired, "value_before", "value_after")
    is_new = paired.from_group.isin([NEW, BACK])
    moved = paired.mutate(
        movement=ibis.cases(
            (is_new, paired.from_group),
            (paired.to_group == NONE, "lost"),
            (delta < 0, "kept_down"),
            else_="kept_up",
        ),
    )
    values = {"before": moved.value_before, "after": moved.value_after, "delta": delta}
    exact = moved.select("movement", **{n: narrow(v, decimals=kept) for n, v in values.items()})
    sums = {
        f"{name}_{suffix}": power(exact[name], k).sum()
        for name in values
        for k, suffix in enumerate(POWERS, start=1)
    }
    found = exact.group_by("movement").aggregate(customers=exact.count(), **sums).to_pandas()
    found = found.set_index("movement").astype("float64")
    sizes = found["customers"]
    if BACK in sizes and sizes.reindex([NEW, BACK]).fillna(0).min() < min_cell:
        found = found.rename(index={BACK: NEW}).groupby(level=0).sum()
    if found.empty or found["customers"].min() < min_cell:
        return pd.DataFrame(columns=BRIDGE)
    rows = [_row("before", found[~found.index.isin([NEW, BACK])], "before")]
    rows += [_row(m, found.loc[[m]], "delta") for m in MOVEMENTS if m in found.index]
    rows += [_row("after", found.drop(index="lost", errors="ignore"), "after")]
    return pd.DataFrame(rows, columns=BRIDGE).astype({"customers": "int64"})


def _row(movement: str, part: pd.DataFrame, name: str) -> list[object]:
    sums = [part[f"{name}_{suffix}"].sum() for suffix in POWERS]
    return [movement, part["customers"].sum(), sums[0], *map(float, total_interval(*sums))]


def outcome(paired: ir.Table, *, groups: int, min_cell: int = 1) -> pd.DataFrame:
    """What became of the groups of the earlier window, whoever is in them later.

    Counts under ``min_cell``, and those of customers that they would give away, are empty.

    Returns
    -------
    Columns: decile (of the earlier window), customers, mean_before, mean_after (those without a
    purchase at 0), low, high (Hall's, of mean_after), bought_again (customers), best_again (those
    who are in the first group when the same customers are ranked by what they brought later),
    best_again_low, best_again_high (Wilson, shares of the group).
    """
    ours = paired.filter(~paired.from_group.isin([NEW, BACK]))
    kept = decimals(ours, "value_before", "value_after")
    placed = ours.mutate(
        before=narrow(ours.value_before, decimals=kept),
        after=narrow(ours.value_after, decimals=kept),
        place=(
            ibis.row_number().over(order_by=[ours.value_after.desc(), ours.first_at, ours.lot]) + 1
        ).cast("int64"),
        of=ours.count().over(ibis.window()).cast("int64"),
    )
    sums = {name: power(placed.after, k).sum() for k, name in enumerate(POWERS, start=1)}
    found = (
        placed.group_by("from_group")
        .aggregate(
            customers=placed.count(),
            before=placed.before.sum(),
            bought_again=(placed.to_group != NONE).sum(),
            best_again=(placed.place * groups <= placed.of).sum(),
            **sums,
        )
        .to_pandas()
    )
    found = found.assign(decile=found["from_group"].astype("int64"))
    found = found.sort_values("decile", ignore_index=True)
    n = found["customers"].to_numpy()
    low, high = mean_interval(n, *(found[name].to_numpy() for name in POWERS))
    best_low, best_high = wilson(found["best_again"], n)
    table = found.assign(
        mean_before=found["before"].astype("float64") / n,
        mean_after=found["total"].astype("float64") / n,
        low=low, high=high, best_again_low=best_low, best_again_high=best_high,
        gone=found["customers"] - found["bought_again"],
    )  # fmt: skip
    for count, values in (
        ("best_again", ["best_again_low", "best_again_high"]),
        ("gone", ["bought_again"]),
        ("bought_again", []),
    ):
        table = hide_small(table, count=count, values=values, min_cell=min_cell)
    return table[OUTCOME]
