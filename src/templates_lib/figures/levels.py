"""Shapes for what is spent and what comes of it: two panels over time, a curve and a level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from templates_lib.figures.base import BLUE, ORANGE, RED, Format, _canvas
from templates_lib.figures.chart_data import chart_of, named, note, note_panels


def one_above_other(
    table: pd.DataFrame, *, x: str, top: str, bottom: str, x_name: str, top_name: str,
    bottom_name: str, show_top: Format, show_bottom: Format,
) -> Figure:  # fmt: skip
    """Bars of what is known to the cent and, below them over the same places, an estimate with its
    interval: ``low`` and ``high``."""
    drawn, (above, below) = _canvas(4.8, rows=2, ratios=[1, 1.15])
    places = np.arange(len(table))
    above.bar(places, table[top].astype(float), color=ORANGE, width=0.72)
    below.plot(places, table[bottom], color=BLUE, marker="o", linewidth=1.8, markersize=5)
    below.vlines(places, table["low"], table["high"], color=BLUE, alpha=0.45, linewidth=3)
    for axes, name, show in ((above, top_name, show_top), (below, bottom_name, show_bottom)):
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylim(bottom=0)
        _written(axes, show)
    every = -(-len(table) // 7)
    below.set_xticks(places[::every], list(table[x])[::every])
    below.set_xlabel(x_name)
    sides = ((top, top_name, show_top, "columns"), (bottom, bottom_name, show_bottom, "lines"))
    noted = []
    for column, name, show, kind in sides:
        own = named(table, x, column, **({"low": "", "high": ""} if kind == "columns" else {}))
        colours = (ORANGE,) if kind == "columns" else (BLUE,)
        note(drawn, kind, {name: own}, x_name=x_name, y_name=name, show=show, colours=colours)
        noted.append(chart_of(drawn))
    note_panels(drawn, noted)
    return drawn


def curve_and_level(
    table: pd.DataFrame, *, x: str, y: str, level: tuple[float, float, float], x_name: str,
    y_name: str, level_name: str, curve_name: str, show: Format,
) -> Figure:  # fmt: skip
    """A curve with its band (``low``, ``high``) and a level with its own, to see where one reaches
    the other. ``level`` is the estimate and both ends."""
    drawn, (axes,) = _canvas(3.9)
    axes.fill_between(table[x], table["low"], table["high"], color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(table[x], table[y], color=BLUE, marker="o", linewidth=2, markersize=5,
              label=curve_name)  # fmt: skip
    axes.axhspan(level[1], level[2], color=RED, alpha=0.15, linewidth=0)
    axes.axhline(level[0], color=RED, linewidth=2, label=level_name)
    axes.set_ylim(bottom=min(0.0, float(table["low"].min())))
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.set_xticks([month for month in table[x] if len(table) <= 12 or month % 3 == 0])
    _written(axes, show)
    drawn.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    flat = pd.DataFrame([level] * len(table), columns=["y", "low", "high"]).assign(x=list(table[x]))
    shown = {curve_name: named(table, x, y), level_name: flat}
    note(drawn, "curves", shown, x_name=x_name, y_name=y_name, show=show, colours=(BLUE, RED))
    return drawn


def _written(axes: Axes, show: Format) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
