"""Figures by shape, not by topic. Each draws a table that another function returned.

Colours are Okabe and Ito's, which the colour-blind can tell apart; lines carry their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from templates_lib.figures.chart_data import named, note
from templates_lib.labels import label

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#222222",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)
GREY = "#6b6b6b"
PALE = "#ececec"
WIDTH = 7.6
MOST_PLACES = 8  # of those with names that are written below an axis

Format = Callable[[float], str]


def _canvas(height: float, *, rows: int = 1, ratios: Sequence[float] = (1,)) -> tuple[Figure, list]:
    sns.set_theme(
        style="white",
        rc={
            "font.size": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.labelsize": 10,
            "axes.edgecolor": GREY,
            "axes.labelcolor": BLACK,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "xtick.bottom": True,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": PALE,
            "font.family": ["DejaVu Sans"],
            "text.parse_math": False,  # a name with two $ is a name
        },
    )
    drawn, axes = plt.subplots(
        rows, 1, figsize=(WIDTH, height), layout="constrained", height_ratios=list(ratios),
        sharex=rows > 1, squeeze=False,
    )  # fmt: skip
    return drawn, [row[0] for row in axes]


def _names_at_ends(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """Each line's name at the right edge, at the height of its end, none covering another."""
    low, high = axes.get_ylim()
    gap = (high - low) * 0.055
    ordered = sorted(ends.items(), key=lambda item: item[1][0])
    heights = np.array([y for _, (y, _) in ordered])
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    heights -= max(0.0, heights[-1] - high)
    for i in range(len(heights) - 2, -1, -1):
        heights[i] = min(heights[i], heights[i + 1] - gap)
    for (name, (_, colour)), height in zip(ordered, heights, strict=True):
        axes.annotate(
            name, (1.0, height), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", color=colour, va="center", fontsize=9,
        )  # fmt: skip


def curves(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    by: str,
    x_name: str,
    y_name: str,
    at_risk: str | None = None,
    origin: tuple[float, float] | None = (0.0, 0.0),
    show: Format | None = None,
    at_risk_name: str = "",
    title: str = "",
) -> Figure:
    """Step curves with their intervals, names at the ends and the numbers at risk below.

    ``table`` has ``x``, ``y``, ``low``, ``high``, ``by`` and, if named, ``at_risk``.
    """
    groups = list(dict.fromkeys(table[by]))
    height = 3.9 + (0.22 * len(groups) if at_risk else 0)
    drawn, (axes,) = _canvas(height)
    ends, shown = {}, {}
    for colour, group in zip(PALETTE, groups, strict=False):
        own = table[table[by] == group].sort_values(x)
        start = pd.DataFrame([{x: origin[0], y: origin[1], "low": origin[1], "high": origin[1]}]
                             if origin else [])  # fmt: skip
        line = pd.concat([start, own[[x, y, "low", "high"]]]) if origin else own
        axes.step(line[x], line[y], where="post", color=colour, linewidth=2)
        axes.fill_between(
            line[x], line["low"], line["high"], step="post", color=colour, alpha=0.18, linewidth=0
        )
        ends[label(group)] = (line[y].iloc[-1], colour)
        shown[label(group)] = named(line, x, y)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0, right=table[x].max() * 1.02)
    if show:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    if len(groups) > 1 or label(groups[0]) != label("all"):
        _names_at_ends(axes, ends)
    if at_risk:
        _numbers_below(axes, table, groups, x, by, at_risk, at_risk_name)
    note(drawn, "steps", shown, x_name=x_name, y_name=y_name, show=show or "{:.2f}".format)
    return drawn


def _numbers_below(
    axes: Axes,
    table: pd.DataFrame,
    groups: Sequence[str],
    x: str,
    by: str,
    at_risk: str,
    name: str,
) -> None:
    """Under the axis, how many are still at risk at each mark, one row a group."""
    ticks = [t for t in axes.get_xticks() if 0 <= t <= table[x].max()]
    axes.set_xticks(ticks)
    for i, (colour, group) in enumerate(zip(PALETTE, groups, strict=False)):
        own = table[table[by] == group].sort_values(x)
        title = name if len(groups) == 1 else label(group)
        offset = -44 - 13 * i
        axes.annotate(
            title, (0, 0), xycoords="axes fraction", xytext=(-22, offset), ha="right",
            textcoords="offset points", fontsize=8, color=colour, va="center",
        )  # fmt: skip
        for tick in ticks:
            later = own[own[x] >= tick]
            if len(later):
                axes.annotate(
                    f"{int(later[at_risk].iloc[0])}", (tick, 0),
                    xycoords=("data", "axes fraction"), xytext=(0, offset), ha="center",
                    textcoords="offset points", fontsize=8, color=colour, va="center",
                )  # fmt: skip


def points(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    x_name: str,
    y_name: str,
    show: Format,
    by: str | None = None,
) -> Figure:
    """Estimates with their intervals, joined by a line; with ``by`` one line a group.

    ``x`` is a number, or the name of a place such as a month, in order.
    """
    drawn, (axes,) = _canvas(3.6)
    groups = [None] if by is None else list(dict.fromkeys(table[by]))
    ends = {}
    for colour, group in zip(PALETTE, groups, strict=False):
        own = table if by is None else table[table[by] == group]
        axes.plot(own[x], own[y], color=colour, marker="o", linewidth=1.8, markersize=5)
        axes.vlines(own[x], own["low"], own["high"], color=colour, alpha=0.55, linewidth=3)
        ends[label(group)] = (own[y].iloc[-1], colour)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    is_numeric = pd.api.types.is_numeric_dtype(table[x])
    if is_numeric:
        axes.xaxis.get_major_locator().set_params(integer=True)
    else:
        axes.set_xticks(list(dict.fromkeys(table[x]))[:: -(-table[x].nunique() // MOST_PLACES)])
    if by is not None:
        _names_at_ends(axes, ends)
    parts = {y_name: table} if by is None else dict(iter(table.groupby(by, sort=False)))
    shown = {label(group): named(part, x, y) for group, part in parts.items()}
    kind = "curves" if is_numeric else "lines"
    note(drawn, kind, shown, x_name=x_name, y_name=y_name, show=show)
    return drawn


def intervals_over_time(
    table: pd.DataFrame,
    *,
    start: str,
    end: str,
    y: str,
    x_name: str,
    y_name: str,
    show: Format,
    window: tuple[float, float] | None = None,
    window_name: str = "",
) -> Figure:
    """A rate by interval, with its own interval, and a window shaded."""
    drawn, (axes,) = _canvas(3.6)
    if window is not None:
        axes.axvspan(*window, color=YELLOW, alpha=0.28, linewidth=0)
        axes.annotate(
            window_name, (window[0], 1.0), xycoords=("data", "axes fraction"), xytext=(6, -6),
            textcoords="offset points", va="top", fontsize=9, color=BLACK,
        )  # fmt: skip
    axes.hlines(table[y], table[start], table[end], color=BLUE, linewidth=2.5)
    middle = (table[start] + table[end]) / 2
    axes.vlines(middle, table["low"], table["high"], color=BLUE, alpha=0.4, linewidth=3)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0, top=table["high"].max() * 1.12)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    spans = [f"{first:g}–{last:g}" for first, last in zip(table[start], table[end], strict=True)]
    shown = {y_name: named(table, start, y).assign(x=spans)}
    note(drawn, "columns", shown, x_name=x_name, y_name=y_name, show=show)
    return drawn


def stacked(
    table: pd.DataFrame,
    *,
    x: str,
    parts: Sequence[str],
    part_names: Sequence[str],
    x_name: str,
    y_name: str,
    show: Format,
    line: str | None = None,
    line_name: str = "",
    every: int = 1,
) -> Figure:
    """Stacked bars, one a row, with a reference line such as the year before."""
    drawn, (axes,) = _canvas(3.6)
    places = np.arange(len(table))
    bottom = np.zeros(len(table))
    for colour, part, name in zip((BLUE, SKY, ORANGE, GREY), parts, part_names, strict=False):
        heights = table[part].astype(float).fillna(0).to_numpy()
        axes.bar(places, heights, bottom=bottom, color=colour, label=name, width=0.8)
        bottom += heights
    if line is not None and table[line].notna().any():
        axes.step(
            np.append(places, places[-1] + 1) - 0.5,
            np.append(table[line].astype(float), table[line].astype(float).iloc[-1]),
            where="post", color=RED, linewidth=2, label=line_name,
        )  # fmt: skip
    axes.set_xticks(places[::every], table[x].iloc[::every])
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    drawn.legend(loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    columns = dict(zip(part_names, parts, strict=True))
    if line is not None and table[line].notna().any():
        columns[line_name] = line
    shown = {name: named(table, x, own, low="", high="") for name, own in columns.items()}
    note(drawn, "stacked_columns", shown, x_name=x_name, y_name=y_name, show=show,
         colours=[*(BLUE, SKY, ORANGE, GREY)[: len(parts)], RED],
         line=line_name if line_name in shown else None)  # fmt: skip
    return drawn


def shares(
    table: pd.DataFrame, *, row: str, part: str, value: str, parts: Sequence[str], row_name: str,
    show: Format,
) -> Figure:  # fmt: skip
    """Horizontal bars of shares that add up to a whole, one bar a row."""
    names = list(dict.fromkeys(table[row]))
    drawn, (axes,) = _canvas(1.3 + 0.42 * len(names))
    left = np.zeros(len(names))
    colours = (GREEN, ORANGE, "#b8b8b8")
    for colour, name in zip(colours, parts, strict=False):
        own = table[table[part] == name].set_index(row)[value].reindex(names)
        widths = own.astype(float).fillna(0).to_numpy()
        axes.barh(names, widths, left=left, color=colour, label=label(name), height=0.7)
        for i, width in enumerate(widths):
            if width > 0.06:
                axes.text(left[i] + width / 2, i, show(width), ha="center", va="center",
                          fontsize=9, color=BLACK)  # fmt: skip
        left += widths
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.grid(False)
    sns.despine(ax=axes, bottom=True)
    axes.set_ylabel(row_name)
    drawn.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    shown = {label(p): named(table[table[part] == p], row, value, low="") for p in parts}
    note(drawn, "stacked_bars", shown, x_name=row_name, y_name="", show=show, colours=colours)
    return drawn
