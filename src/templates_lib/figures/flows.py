"""Shapes for change: a bridge from one total to the next, a flow between groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from templates_lib.figures.base import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    Format,
    _canvas,
)
from templates_lib.figures.chart_data import named, note
from templates_lib.labels import label

FLOW_COLOURS = (BLUE, SKY, ORANGE, GREEN, "#b8b8b8")
BLOCK = 0.055  # width of a block of a flow
GAP = 0.03  # between two blocks, of the height


def bridge(
    table: pd.DataFrame, *, step: str, amount: str, names: Sequence[str], y_name: str, show: Format
) -> Figure:
    """Steps from a first total to a last one, each with its interval.

    ``table`` has a row a step, the totals first and last, with ``low`` and ``high``; ``names`` are
    what stands under the bars.
    """
    drawn, (axes,) = _canvas(4.2)
    amounts = table[amount].to_numpy(float)
    starts = np.concatenate([[0.0], np.cumsum(amounts[:-1])])
    starts[-1] = 0.0
    colours = [BLUE, *(GREEN if a >= 0 else RED for a in amounts[1:-1]), BLUE]
    places = np.arange(len(table))
    axes.bar(places, amounts, bottom=starts, color=colours, width=0.62)
    axes.vlines(places, starts + table["low"], starts + table["high"], color=BLACK, linewidth=1.2)
    ends = starts + np.vstack([0 * amounts, amounts, table["low"], table["high"]])
    for place, own, end in zip(places, amounts, ends.T, strict=True):
        sign = "+" if own >= 0 and 0 < place < len(table) - 1 else ""
        at, shift, side = (end.max(), 3, "bottom") if own >= 0 else (end.min(), -3, "top")
        axes.annotate(sign + show(own), (place, at), xytext=(0, shift), ha="center", va=side,
                      textcoords="offset points", fontsize=9, color=BLACK)  # fmt: skip
    levels = np.cumsum(amounts[:-1])
    axes.hlines(levels, places[:-1] + 0.31, places[1:] - 0.31, color=GREY, linewidth=0.8)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(places, names)
    axes.margins(y=0.1)
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    shown = named(table, step, amount).assign(x=[name.replace("\n", " ") for name in names])
    note(drawn, "bridge", {y_name: shown}, x_name="", y_name=y_name, show=show)
    return drawn


def flow(
    table: pd.DataFrame, *, start: str, end: str, value: str, sizes: tuple[str, str],
    start_name: str, end_name: str, show: Format,
) -> Figure:  # fmt: skip
    """Blocks of two columns and the bands between them, as high as what moves.

    ``table`` has a row a pair, in the order in which the blocks stand, with the ``sizes`` of the
    two blocks; what is missing in ``value`` is left blank.
    """
    known = table[table[value].fillna(0).astype(float) > 0]
    left, right = (
        table.drop_duplicates(side).set_index(side)[size].astype(float)
        for side, size in zip((start, end), sizes, strict=True)
    )
    drawn, (axes,) = _canvas(4.4)
    whole = left.sum()
    colours = dict(zip(dict.fromkeys([*left.index, *right.index]), FLOW_COLOURS, strict=False))
    heights = [_stack(side / whole) for side in (left, right)]
    used = [dict.fromkeys(side.index, 0.0) for side in (left, right)]
    for row in known.to_dict("records"):
        ends, size = (row[start], row[end]), float(row[value]) / whole
        tops = [heights[side][ends[side]] - used[side][ends[side]] for side in (0, 1)]
        axes.add_patch(_band(tops[0], tops[1], size, colours.get(ends[0], GREY)))
        for side in (0, 1):
            used[side][ends[side]] += size
    for side, (sizes, x, where) in enumerate([(left, 0.0, "right"), (right, 1 - BLOCK, "left")]):
        for group, size in sizes.items():
            top, share = heights[side][group], size / whole
            axes.add_patch(Rectangle((x, top - share), BLOCK, share,
                                     facecolor=colours.get(group, GREY)))  # fmt: skip
            axes.annotate(
                f"{label(group)}\n{show(size)}", (x if side == 0 else 1, top - share / 2),
                xytext=(-5 if side == 0 else 5, 0), textcoords="offset points", ha=where,
                va="center", fontsize=9, color=BLACK,
            )  # fmt: skip
    lowest = min(heights[i][g] - s / whole for i, side in enumerate((left, right))
                 for g, s in side.items())  # fmt: skip
    axes.set_xlim(-0.24, 1.24)
    axes.set_ylim(lowest - 0.02, 1.09)
    for x, name in ((BLOCK / 2, start_name), (1 - BLOCK / 2, end_name)):
        axes.text(x, 1.04, name, ha="center", fontsize=10, color=BLACK)
    axes.axis("off")
    shown = {label(group): named(own, start, value, low="", high="").assign(x=own[start].map(label))
             for group, own in known.groupby(end, sort=False)}  # fmt: skip
    ordered = {label(group): shown[label(group)] for group in right.index if label(group) in shown}
    note(drawn, "stacked_bars", ordered, x_name=start_name, y_name=end_name,
         show=show, colours=[colours.get(group, GREY) for group in right.index
                             if label(group) in shown])  # fmt: skip
    return drawn


def _stack(shares: pd.Series) -> dict[object, float]:
    """The upper edge of each block, from 1 down, with gaps."""
    gaps = GAP * np.arange(len(shares))
    return dict(zip(shares.index, 1 - gaps - np.cumsum([0.0, *shares[:-1]]), strict=True))


def _band(left: float, right: float, size: float, colour: str) -> PathPatch:
    a, b, middle = BLOCK, 1 - BLOCK, 0.5
    upper = [(a, left), (middle, left), (middle, right), (b, right)]
    lower = [(x, y - size) for x, y in reversed(upper)]
    points = [*upper, *lower, (a, left)]
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=0.45, linewidth=0)
