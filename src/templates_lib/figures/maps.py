"""Shapes for surveys: answers on a scale, importance against rating, reasons, series by wave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from templates_lib.figures.base import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PALETTE,
    RED,
    WIDTH,
    Format,
    _canvas,
)
from templates_lib.figures.chart_data import chart_of, named, note, note_panels
from templates_lib.figures.dot_plot import wrapped
from templates_lib.labels import label

CLASS_COLOURS = (GREEN, "#b8b8b8", ORANGE)


def scale_bars(
    table: pd.DataFrame, *, x: str, y: str, by: str, parts: Sequence[str], x_name: str,
    y_name: str, show: Format, hidden_name: str,
) -> Figure:  # fmt: skip
    """How many gave each point of a scale, coloured by class; a hidden count is drawn as a mark."""
    drawn, (axes,) = _canvas(3.4)
    colours = dict(zip(parts, CLASS_COLOURS, strict=False))
    known = table.dropna(subset=[y])
    axes.bar(known[x], known[y].astype(float), color=known[by].map(colours), width=0.8)
    for place, height in zip(known[x], known[y].astype(float), strict=True):
        axes.annotate(show(height), (place, height), xytext=(0, 2), textcoords="offset points",
                      ha="center", fontsize=8, color=BLACK)  # fmt: skip
    few = table[table[y].isna()]
    for place in few[x]:
        axes.annotate("·", (place, 0), xytext=(0, 1), textcoords="offset points", ha="center",
                      fontsize=16, color=GREY)  # fmt: skip
    axes.set_xticks(table[x])
    axes.set_xlim(table[x].min() - 0.6, table[x].max() + 0.6)
    axes.set_xlabel(x_name + (f" (· {hidden_name})" if len(few) else ""))
    axes.set_ylabel(y_name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    patches = [Patch(facecolor=colours[part], label=label(part)) for part in parts]
    drawn.legend(handles=patches, loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    of_part = {label(part): table.assign(own=table[y].where(table[by] == part)) for part in parts}
    shown = {name: named(own, x, "own", low="", high="").assign(x=own[x].astype(str))
             for name, own in of_part.items()}  # fmt: skip
    note(drawn, "stacked_columns", shown, x_name=x_name, y_name=y_name, show=show,
         colours=CLASS_COLOURS)  # fmt: skip
    return drawn


def cross_map(
    table: pd.DataFrame, *, name: str, x: str, x_ends: tuple[str, str], y: str,
    y_ends: tuple[str, str], x_name: str, y_name: str, show_x: Format, show_y: Format,
    strong: str, corner: str,
) -> Figure:  # fmt: skip
    """Points with an interval along both axes, the axes' means as lines.

    Points whose ``strong`` is not set are grey. ``corner`` says what the upper left corner is.
    """
    drawn, (axes,) = _canvas(4.6)
    axes.grid(visible=False)
    axes.axvline(table[x].mean(), color=GREY, linewidth=1, linestyle="--")
    axes.axhline(table[y].mean(), color=GREY, linewidth=1, linestyle="--")
    for row in table.to_dict("records"):
        colour = BLUE if row[strong] else GREY
        axes.hlines(row[y], row[x_ends[0]], row[x_ends[1]], color=colour, alpha=0.5, linewidth=2.5)
        axes.vlines(row[x], row[y_ends[0]], row[y_ends[1]], color=colour, alpha=0.5, linewidth=2.5)
        axes.plot(row[x], row[y], "o", color=colour, markersize=6)
        axes.annotate(
            label(row[name]), (row[x], row[y]), xytext=(7, 6), textcoords="offset points",
            fontsize=10, color=colour,
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.margins(x=0.14)
    axes.annotate(corner, (0, 1), xycoords="axes fraction", xytext=(6, -6), va="top",
                  textcoords="offset points", fontsize=9, color=RED)  # fmt: skip
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show_x(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show_y(value)))
    columns = {x: "x", y: "y", y_ends[0]: "low", y_ends[1]: "high",
               x_ends[0]: "x_low", x_ends[1]: "x_high"}  # fmt: skip
    shown = {label(own[name].iloc[0]): own.rename(columns=columns)[list(columns.values())]
             for own in (table.iloc[[place]] for place in range(len(table)))}  # fmt: skip
    note(drawn, "map", shown, x_name=x_name, y_name=y_name, show=show_y, show_x=show_x,
         colours=[BLUE if is_strong else GREY for is_strong in table[strong]],
         crosses=(table[x].mean(), table[y].mean()))  # fmt: skip
    return drawn


def twin_bars(
    table: pd.DataFrame, *, row: str, left: str, middle: str, middle_ends: tuple[str, str],
    right: str, names: tuple[str, str, str], show: tuple[Format, Format, Format],
) -> Figure:  # fmt: skip
    """Rows with a bar of how much, a dot with its interval of how different, and a bar of the two
    together; red under and green over zero, grey where the interval holds it. The three panels
    share their rows."""
    _canvas(1)  # for its theme
    plt.close()
    drawn, panels = plt.subplots(
        1, 3, figsize=(WIDTH, 1.5 + 0.4 * len(table)), layout="constrained", sharey=True,
        width_ratios=[1, 1.5, 1],
    )  # fmt: skip
    places = np.arange(len(table))
    signs = table[right].astype(float)
    low, high = (table[end].astype(float) for end in middle_ends)
    colours = np.where(high < 0, RED, np.where(low > 0, GREEN, GREY)).tolist()
    _bars(panels[0], places, table[left].astype(float), [BLUE] * len(table), show[0])
    panels[1].axvline(0, color=GREY, linewidth=1)
    panels[1].hlines(places, low, high, color=colours, alpha=0.45, linewidth=4)
    panels[1].scatter(table[middle].astype(float), places, c=colours, s=36, zorder=3)
    _bars(panels[2], places, signs, colours, show[2])
    panels[2].axvline(0, color=GREY, linewidth=1)
    for axes, name, form in zip(panels, names, show, strict=True):
        axes.set_title(name, loc="left", fontsize=9)
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=PALE)
        axes.margins(x=0.22)
        axes.tick_params(axis="x", labelsize=8)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _, form=form: form(value)))
    together = named(table, row, right, low="", high="").assign(x=table[row].map(label))
    note(drawn, "bars", {names[2]: together}, x_name="", y_name=names[2], show=show[2])
    panels[0].set_yticks(places, [wrapped(label(name)) for name in table[row]])
    panels[0].set_ylim(len(table) - 0.4, -0.6)
    return drawn


def _bars(
    axes: Axes, places: np.ndarray, values: pd.Series, colours: Sequence[str], show: Format
) -> None:
    axes.barh(places, values.fillna(0), color=colours, height=0.62)
    for place, value in zip(places, values, strict=True):
        if value == value:
            side = -1 if value < 0 else 1
            axes.annotate(show(value), (value, place), xytext=(3 * side, 0), va="center",
                          textcoords="offset points", fontsize=8, color=BLACK,
                          ha="left" if side > 0 else "right")  # fmt: skip


def panels(
    tables: Mapping[str, Mapping[str, pd.DataFrame]], *, x: str, y: str, x_name: str,
    show: Format, show_x: Callable[[Any], str] = str, y_name: str = "",
) -> Figure:  # fmt: skip
    """Estimates with their intervals along waves: a panel each, in it a colour a series.

    Parameters
    ----------
    tables : panel -> series -> a table with ``x`` (a wave, which sorts), ``y``, low, high
    show_x : how a wave is written
    """
    names = sorted({wave for each in tables.values() for own in each.values() for wave in own[x]})
    drawn, axes_of = _canvas(0.9 + 1.9 * len(tables) + (0.7 if len(tables) == 1 else 0),
                             rows=len(tables), ratios=[1] * len(tables))  # fmt: skip
    at = {wave: place for place, wave in enumerate(names)}
    is_named = max(len(each) for each in tables.values()) > 1
    for axes, (title, each) in zip(axes_of, tables.items(), strict=True):
        for number, (colour, (series, table)) in enumerate(
            zip(PALETTE, each.items(), strict=False)
        ):
            own = table.dropna(subset=[y])
            places = own[x].map(at) + 0.12 * (number - (len(each) - 1) / 2)
            axes.plot(places, own[y], color=colour, marker="o", linewidth=1.6, markersize=4.5,
                      label=label(series))  # fmt: skip
            axes.vlines(places, own["low"], own["high"], color=colour, alpha=0.4, linewidth=3)
        axes.set_title(title, loc="left", fontsize=10)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
        axes.set_ylabel(y_name)
    every = -(-len(names) // 9)
    written = [show_x(wave) for wave in names]
    axes_of[-1].set_xticks(range(0, len(names), every), written[::every])
    axes_of[-1].set_xlabel(x_name)
    if is_named:
        drawn.legend(
            *axes_of[0].get_legend_handles_labels(), loc="outside upper left", ncols=3,
            frameon=False, fontsize=9,
        )  # fmt: skip
    noted = []
    every_wave = pd.DataFrame({x: names})
    for title, each in tables.items():
        shown = {
            label(series): named(every_wave.merge(own, how="left", on=x), x, y).assign(x=written)
            for series, own in each.items()
        }
        note(drawn, "lines", shown, x_name=x_name, y_name=title or y_name, show=show)
        noted.append(chart_of(drawn))
    if len(noted) > 1:
        note_panels(drawn, noted)
    return drawn
