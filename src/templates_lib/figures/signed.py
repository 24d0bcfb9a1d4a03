"""Shapes for what may be below zero: bars with losses in red, a curve that rises and falls."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from templates_lib.figures.base import BLACK, BLUE, GREY, RED, Format, _canvas
from templates_lib.figures.chart_data import named, note


def signed_bars(
    table: pd.DataFrame, *, x: str, up: str, down: str, value: str, x_name: str, y_name: str,
    show: Format, up_name: str, down_name: str,
) -> Figure:  # fmt: skip
    """A bar up and, in red, one down in each place; the sum of the two as a number above them,
    with its interval.

    ``table`` has ``low`` and ``high`` of ``value``; ``down`` is 0 or less.
    """
    drawn, (axes,) = _canvas(3.9)
    places = np.arange(len(table))
    axes.bar(places, table[up], color=BLUE, width=0.72, label=up_name)
    if (table[down] < 0).any():
        axes.bar(places, table[down], color=RED, width=0.72, label=down_name)
        drawn.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    axes.vlines(places, table["low"], table["high"], color=BLACK, linewidth=1.3)
    tops = np.maximum(table[up], table["high"].fillna(-np.inf))
    for place, own, top in zip(places, table[value], tops, strict=True):
        axes.annotate(show(own), (place, max(top, 0)), xytext=(0, 3), textcoords="offset points",
                      ha="center", fontsize=9, color=BLACK)  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(places, [str(name) for name in table[x]])
    axes.margins(y=0.1)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: show(number)))
    shown = {name: named(table, x, part, low="", high="").assign(x=table[x].astype(str))
             for name, part in ((up_name, up), (down_name, down))}  # fmt: skip
    note(drawn, "stacked_columns", shown, x_name=x_name, y_name=y_name, show=show,
         colours=(BLUE, RED))  # fmt: skip
    return drawn


def rise_and_fall(
    table: pd.DataFrame, *, x: str, y: str, x_name: str, y_name: str, show: Format,
    peak_name: str,
) -> Figure:  # fmt: skip
    """What units bring together, the greatest first: a curve with its interval, in red where it
    falls, against the line on which all bring the same. ``peak_name`` says what its top is."""
    drawn, (axes,) = _canvas(4.0)
    line = pd.concat([pd.DataFrame([{x: 0.0, y: 0.0, "low": 0.0, "high": 0.0}]), table])
    line = line.reset_index(drop=True)
    top = int(line[y].argmax())
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.fill_between(line[x], line["low"], line["high"], color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(line[x][: top + 1], line[y][: top + 1], color=BLUE, linewidth=2)
    if top < len(line) - 1:
        axes.plot(line[x][top:], line[y][top:], color=RED, linewidth=2.4)
        axes.plot(line[x][top], line[y][top], "o", color=RED, markersize=6)
        axes.axhline(1, color=GREY, linewidth=0.8)
        axes.annotate(peak_name, (0.97, 0.06), xycoords="axes fraction", ha="right", fontsize=9,
                      color=RED)  # fmt: skip
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=min(0.0, float(line[y].min())))
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda number, _: show(number)))
    note(drawn, "curves", {y_name: named(line, x, y)}, x_name=x_name, y_name=y_name, show=show)
    return drawn
