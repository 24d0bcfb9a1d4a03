"""What a visit is like: whether it buys or ends at once, how long it lasts, how much it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.journey.funnel import ALL, MIN_UNITS
from templates_lib.journey.visits import PURCHASE
from templates_lib.language import N_, tr
from templates_lib.params.journey import Journey
from templates_lib.purchases import with_groups
from templates_lib.stats import intervals
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.words import Words

PAGE = "page_view"
SPLITS = ("device", "channel")
SHARES = ("bought", "bounced")
MEANS = ("pages", "seconds")
WIDE = {
    "bought": N_("buy, of 100"),
    "bounced": N_("end at once, of 100"),
    "pages": N_("pages a visit"),
    "seconds": N_("seconds a visit"),
}
MEASURES = ["split", "segment", "measure", "n", "estimate", "low", "high"]


def measures(
    have: Mapping[str, ir.Table], events: ir.Table, settings: Journey, *, min_cell: int
) -> pd.DataFrame:
    """What the visits that count are like, all of them and by device and channel.

    Parameters
    ----------
    events : of ``visits.events``

    Returns
    -------
    Columns: split, segment, measure (``bought``: share with a purchase; ``bounced``: share that
    saw at most one page and took no step after the first; ``pages``: mean page views; ``seconds``:
    mean duration, as recorded in the visits' own file where there is one, else from the first event
    to the last, which leaves out the time on the last page), n (visits), estimate, low, high
    (Wilson for shares, Hall's for means). Segments under 30 visits are ``other``; shares of fewer
    than ``min_cell`` visits, and what rests on fewer than 30, are left out. No rows without
    numbered visits.
    """
    each = _visits(have, events, settings)
    parts = []
    for split in (ALL, *SPLITS):
        rows = (
            each.mutate(**{ALL: ibis.literal(ALL)})
            if split == ALL
            else with_groups(each, split, max_groups=settings.max_groups, min_customers=MIN_UNITS)
        )
        counted = _counted(rows, split)
        if split == ALL or len(counted) > 1:
            parts += [_row(split, *row) for row in _estimates(counted, split, min_cell)]
    return pd.DataFrame(parts, columns=MEASURES)


def _visits(have: Mapping[str, ir.Table], events: ir.Table, settings: Journey) -> ir.Table:
    """One row a visit: session_id, device, channel, bought, bounced, pages, seconds."""
    known = events.filter(events.session_id.notnull())
    at, later = known.occurred_at, [step.lower() for step in settings.steps[1:]]
    each = known.group_by("session_id").aggregate(
        device=known.device.argmin(at), channel=known.channel.argmin(at),
        bought=(known.event == PURCHASE).any(), goes_on=known.event.isin(later).any(),
        pages=(known.event == PAGE).sum(), seconds=at.max().delta(at.min(), unit="second"),
    )  # fmt: skip
    each = each.mutate(bounced=(each.pages <= 1) & ~each.goes_on)
    if "sessions" not in have:
        return each.cache()
    recorded = have["sessions"].filter(have["sessions"].duration_seconds.notnull())
    own = recorded.group_by(visit="session_id").aggregate(
        lasted=recorded.duration_seconds.max().cast("float64")
    )
    return each.drop("seconds").left_join(own, each.session_id == own.visit).rename(
        seconds="lasted"
    ).cache()  # fmt: skip


def _counted(rows: ir.Table, split: str) -> pd.DataFrame:
    sums = {}
    for name in MEANS:
        x = narrow(rows[name], decimals=decimals(rows, name))
        sums[f"{name}_n"] = rows[name].count()
        for exponent, suffix in enumerate(POWERS, start=1):
            sums[f"{name}_{suffix}"] = power(x, exponent).sum()
    shares = {name: rows[name].sum() for name in SHARES}
    found = rows.group_by(split).aggregate(n=rows.count(), **shares, **sums).to_pandas()
    return found.sort_values(["n", split], ascending=[False, True], ignore_index=True)


def _estimates(counted: pd.DataFrame, split: str, min_cell: int) -> list[tuple]:
    rows = []
    for own in counted.to_dict("records"):
        n = int(own["n"])
        for name in SHARES if n >= MIN_UNITS else ():
            count = int(own[name])
            if not 0 < count < min_cell:
                rows.append((own[split], name, n, count / n, *intervals.wilson(count, n)))
        for name in MEANS:
            size = int(own[f"{name}_n"])
            if size >= MIN_UNITS:
                sums = [own[f"{name}_{suffix}"] for suffix in POWERS]
                limits = intervals.mean_interval(size, *sums)
                rows.append((own[split], name, size, float(sums[0]) / size, *limits))
    return rows


def _row(split: str, segment: str, measure: str, n: int, *values: float) -> list:
    return [split, segment, measure, n, *map(float, values)]


def wide(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The measures for reading, a row a segment: shares of 100 visits and means, with interval."""
    shown = table.assign(text=[_text(row, words) for row in table.itertuples()])
    rows = shown.pivot(index=["split", "segment"], columns="measure", values="text")
    sizes = table.groupby(["split", "segment"], sort=False)["n"].max()
    made = rows.reindex(sizes.index).reset_index()
    made.columns.name = None
    made.insert(2, "n", sizes.to_numpy())
    order = [name for name in (*SHARES, *MEANS) if name in made]
    names = {name: tr(text) for name, text in WIDE.items()}
    return made[["split", "segment", "n", *order]].rename(columns=names)


def _text(row: Any, words: Words) -> str:
    scale, digits = (100, 1) if row.measure in SHARES else (1, 1 if row.measure == "pages" else 0)
    shown = [words.number(scale * v, digits) for v in (row.estimate, row.low, row.high)]
    return f"{shown[0]} ({shown[1]}–{shown[2]})"
