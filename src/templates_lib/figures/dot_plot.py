"""The shape for shares side by side: dots with their intervals, a colour a series."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from templates_lib.figures.base import GREY, PALETTE, Format, _canvas
from templates_lib.figures.chart_data import named, note
from templates_lib.labels import label

LABEL_WIDTH = 36
LONGEST_LABEL = 90
WIDE = 5  # of a scale of ratios: from here on 1, 2, 5 are marks enough
FINE_MARKS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4)


def dots(
    series: Mapping[str, pd.DataFrame],
    *,
    row: str,
    value: str = "share",
    x_name: str,
    show: Format,
    title: str = "",
    is_ratio: bool = False,
) -> Figure:
    """Estimates with their intervals, one line a row, one colour a series.

    Each table of ``series`` has ``row``, ``value``, ``low`` and ``high``; a row that one of them
    lacks, or that is hidden in it, is drawn for the others only. A single series has no legend.
    Ratios stand on a scale on which twice as much is as far from 1 as half of it.
    """
    names = list(dict.fromkeys(name for table in series.values() for name in table[row]))
    written = [wrapped(label(name)) for name in names]
    lines = [max(text.count("\n") + 1, 1.5, 0.9 * len(series)) for text in written]
    drawn, (axes,) = _canvas(1.1 + 0.21 * sum(lines) + (0.25 if len(series) > 1 else 0))
    apart = 0.5 / max(1, len(series))
    places = {name: place for place, name in enumerate(names)}
    for number, (colour, (name, table)) in enumerate(zip(PALETTE, series.items(), strict=False)):
        own = table.dropna(subset=[value, "low", "high"])
        at = own[row].map(places).astype(float) + (number - (len(series) - 1) / 2) * apart
        axes.hlines(at, own["low"], own["high"], color=colour, alpha=0.45, linewidth=4)
        axes.plot(own[value], at, "o", color=colour, markersize=5.5, label=label(name))
        for estimate, high, y in zip(own[value], own["high"], at, strict=True):
            axes.annotate(
                show(estimate), (high, y), xytext=(5, 0), textcoords="offset points",
                va="center", fontsize=8, color=colour,
            )  # fmt: skip
    axes.set_yticks(np.arange(len(names)), written)
    axes.set_ylim(len(names) - 0.4, -0.6)
    if is_ratio:
        _on_ratios(axes)
    else:
        low, high = axes.get_xlim()
        axes.set_xlim(min(0.0, low), high + 0.06 * (high - min(0.0, low)))
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(x_name)
    axes.set_title(title, loc="left", fontsize=11)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: show(x)))
    if len(series) > 1:
        drawn.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    shown = {
        label(name): named(table, row, value).assign(x=table[row].map(label))
        for name, table in series.items()
    }
    note(drawn, "bars", shown, x_name="", y_name=x_name, show=show)
    return drawn


def _on_ratios(axes: Axes) -> None:
    """A logarithmic axis with a line at 1 and round marks."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = min(low, 0.8), max(high, 1.25)
    axes.set_xlim(low, high * (high / low) ** 0.06)
    axes.axvline(1, color=GREY, linewidth=1, zorder=1)
    wide = [m * 10.0**k for k in range(-4, 5) for m in (1, 2, 5)]
    marks = wide if high > WIDE * low else FINE_MARKS
    axes.xaxis.set_major_locator(FixedLocator([mark for mark in marks if low <= mark <= high]))
    axes.xaxis.set_minor_locator(NullLocator())


def wrapped(text: str) -> str:
    """A long answer in lines, cut where it is longer than three."""
    short = textwrap.shorten(text, LONGEST_LABEL, placeholder=" …")
    return "\n".join(textwrap.wrap(short, LABEL_WIDTH)) or text[:LABEL_WIDTH]
