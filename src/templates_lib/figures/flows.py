"""Shapes for change: a bridge from one total to the next, a flow and a matrix between groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap
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
    PALE,
    RED,
    SKY,
    Format,
    _canvas,
    _cell_text,
)
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


def matrix(
    table: pd.DataFrame, *, rows: str, columns: str, value: str, row_name: str, column_name: str,
    show: Format,
) -> Figure:  # fmt: skip
    """A share by row and column, darker for more; what is hidden is a dot on grey.

    The last column, such as those who left, is drawn apart and does not set the colours.
    """
    names, places = (list(dict.fromkeys(table[name])) for name in (rows, columns))
    drawn, (axes,) = _canvas(1.5 + 0.34 * len(names))
    colours = LinearSegmentedColormap.from_list("share", ["#f2f8fc", "#7cb8dc", "#0b4f7d"])
    inner = table[table[columns] != places[-1]][value].astype(float)
    top = float(inner.quantile(0.95)) or 1.0
    for cell in table.to_dict("records"):
        last = cell[columns] == places[-1]
        at = (places.index(cell[columns]) + (0.25 if last else 0), names.index(cell[rows]))
        share = cell[value]
        is_hidden = share != share
        shade = PALE if is_hidden or last else colours(min(1.0, share / top if top else 0.0))
        axes.add_patch(Rectangle(at, 1, 1, facecolor=shade, edgecolor="white"))
        ink = "white" if not (is_hidden or last) and share > 0.7 * top else BLACK
        _cell_text(axes, at, "·" if is_hidden else show(share), ink)
    axes.set_xlim(0, len(places) + 0.25)
    axes.set_ylim(len(names), 0)
    ends = np.arange(len(places)) + 0.5 + 0.25 * (np.arange(len(places)) == len(places) - 1)
    axes.set_xticks(ends, [label(p).replace(" ", "\n") for p in places])
    axes.set_yticks(np.arange(len(names)) + 0.5, [label(n) for n in names])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True, bottom=True)
    axes.set_xlabel(column_name)
    axes.set_ylabel(row_name)
    return drawn
