"""Shapes of coloured cells: a triangle of cohorts, counts over time, a matrix between groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from templates_lib.figures.base import BLACK, PALE, RED, Format, _canvas
from templates_lib.figures.chart_data import note_cells
from templates_lib.labels import label


def triangle(
    table: pd.DataFrame,
    *,
    rows: str,
    columns: str,
    value: str,
    count: str,
    size: str,
    show: Format,
    row_name: str,
    column_name: str,
    keys: tuple[str, str, str],
    skip_first: bool = True,
) -> Figure:
    """A triangle of shares: complete cells filled, incomplete ones hatched with their count so
    far, zero drawn as zero, unobserved ones blank.

    ``table`` has one row a cell with ``complete`` and ``observed``; a count that is hidden for
    privacy is empty and drawn as too few. ``keys`` names the three kinds in the legend.
    """
    shown = table[table[columns] > 0] if skip_first else table
    names = list(dict.fromkeys(table[rows]))
    ages = sorted(shown[columns].unique())
    drawn, (axes,) = _canvas(1.7 + 0.33 * len(names))
    colours = LinearSegmentedColormap.from_list("share", ["#f2f8fc", "#7cb8dc", "#0b4f7d"])
    # the top of the colours is the 95th percentile, or one cell would wash out all others
    known = shown[value].dropna().astype(float)
    top = float(known.quantile(0.95)) if len(known) else 1.0
    sizes = table.drop_duplicates(rows).set_index(rows)[size]
    for cell in shown.itertuples(index=False):
        row = cell._asdict()
        at = (ages.index(row[columns]), names.index(row[rows]))
        if pd.notna(row[value]):
            share = min(1.0, row[value] / top) if top else 0.0
            axes.add_patch(Rectangle(at, 1, 1, facecolor=colours(share), edgecolor="white"))
            ink = "white" if share > 0.7 else BLACK
            _cell_text(axes, at, show(row[value]), ink)
        elif row["observed"]:
            count_so_far = f"{int(row[count])}" if pd.notna(row[count]) else "·"
            hatch = {} if row["complete"] else {"hatch": "////", "linewidth": 0}
            face, edge = (PALE, "white") if row["complete"] else ("white", "#b5b5b5")
            axes.add_patch(Rectangle(at, 1, 1, facecolor=face, edgecolor=edge, **hatch))
            _cell_text(axes, at, count_so_far, BLACK, box=not row["complete"])
    axes.set_xlim(0, len(ages))
    axes.set_ylim(len(names), 0)
    axes.set_xticks(np.arange(len(ages)) + 0.5, [str(a) for a in ages])
    axes.set_yticks(
        np.arange(len(names)) + 0.5,
        [f"{n}   ({int(sizes[n])})" if pd.notna(sizes[n]) else n for n in names],
    )
    axes.tick_params(length=0)
    axes.grid(False)
    sns.despine(ax=axes, left=True, bottom=True)
    axes.set_xlabel(column_name)
    axes.set_ylabel(row_name)
    filling = shown["observed"] & ~shown["complete"]
    small = shown["complete"] & shown[value].isna()
    kinds = [
        (shown[value].notna().any(), Patch(facecolor=colours(0.6), label=keys[0])),
        (filling.any(), Patch(facecolor="white", edgecolor="#b5b5b5", hatch="////", label=keys[1])),
        (small.any(), Patch(facecolor=PALE, label=keys[2])),
    ]
    drawn.legend(
        handles=[patch for is_used, patch in kinds if is_used],
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
    )
    note_cells(drawn, axes)
    return drawn


def heat(
    table: pd.DataFrame, *, rows: str, columns: str, value: str, coverage: str, show: Format,
    column_name: str, keys: tuple[str, str], every: int = 1,
) -> Figure:  # fmt: skip
    """Counts as a map, each row shaded against its own greatest: holes (``empty``) hatched, what
    was not observed (``outside``) blank. ``keys`` names those two in the legend."""
    names, places = (list(dict.fromkeys(table[name])) for name in (rows, columns))
    drawn, (axes,) = _canvas(1.5 + 0.36 * len(names))
    colours = LinearSegmentedColormap.from_list("count", ["#d8eaf5", "#7cb8dc", "#0b4f7d"])
    tops = table.groupby(rows)[value].max().astype("float64")
    for cell in table[table[coverage] != "outside"].to_dict("records"):
        at = (places.index(cell[columns]), names.index(cell[rows]))
        share = cell[value] / tops[cell[rows]]
        hatch = {"hatch": "////", "edgecolor": RED, "linewidth": 0}
        is_hole = cell[coverage] == "empty"
        face = "white" if is_hole else colours(share)
        axes.add_patch(Rectangle(at, 1, 1, facecolor=face, **hatch if is_hole else {}))
        if len(places) <= 13 and not is_hole:
            _cell_text(axes, at, show(cell[value]), "white" if share > 0.6 else BLACK)
    axes.set_xlim(0, len(places))
    axes.set_ylim(len(names), 0)
    axes.set_xticks(np.arange(0, len(places), every) + 0.5, places[::every])
    axes.set_yticks(np.arange(len(names)) + 0.5, [label(name) for name in names])
    axes.tick_params(length=0)
    axes.grid(False)
    sns.despine(ax=axes, left=True, bottom=True)
    axes.set_xlabel(column_name)
    patches = [Patch(facecolor="white", edgecolor=RED, hatch="////", linewidth=0, label=keys[0]),
               Patch(facecolor="white", edgecolor="#b5b5b5", label=keys[1])]  # fmt: skip
    used = [p for p, kind in zip(patches, ("empty", "outside"), strict=True)
            if (table[coverage] == kind).any()]  # fmt: skip
    if used:
        drawn.legend(handles=used, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    note_cells(drawn, axes)
    return drawn


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
    note_cells(drawn, axes)
    return drawn


def _cell_text(axes: Axes, at: tuple[int, int], text: str, ink: str, *, box: bool = False) -> None:
    background = {"facecolor": "white", "edgecolor": "none", "pad": 1} if box else None
    axes.text(at[0] + 0.5, at[1] + 0.5, text, ha="center", va="center", fontsize=8, color=ink,
              bbox=background)  # fmt: skip
