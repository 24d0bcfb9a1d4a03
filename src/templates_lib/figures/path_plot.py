"""The shape for paths: from left to right, as high as the share that goes each way."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from templates_lib.figures.base import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PALETTE,
    SKY,
    WIDTH,
    Format,
    _canvas,
)
from templates_lib.figures.chart_data import note
from templates_lib.labels import label

INCHES = 3.0  # of a node that holds everybody
LINE = 0.17 / INCHES  # height of a line of text
CHARACTER = 0.075  # width of a letter, inches
GAP = 0.025
NODE = 0.07  # width of a node; the columns are 1 apart
LOST = "#b8b8b8"
STEPS = np.linspace(0, 1, 40)


@dataclass
class _Node:
    """A place of one column: its height, its text and where it stands."""

    share: float
    text: str
    top: float = 0.0
    left: float = 0.0  # how much of it has left so far, for the next band
    come: float = 0.0

    @property
    def height(self) -> float:
        """With room for the text."""
        return max(self.share, LINE * (self.text.count("\n") + 1))


def paths(
    table: pd.DataFrame, *, place: str, start: str, end: str, share: str, best: str, lost: str,
    head: str, show: Format,
) -> Figure:  # fmt: skip
    """Nodes in columns and the bands between them, each as high as its share of all.

    Parameters
    ----------
    table : one row a move: ``place`` (the column that it leaves, from 1), ``start`` and ``end``
        (names of the nodes), ``share`` (of all)
    best, lost : names of the good end, which stands on top in green, and of the bad one, at the
        bottom in grey; from both nothing goes on
    head : what the columns are
    """
    colours = {best: GREEN, lost: LOST}
    moves = table.rename(columns={place: "place", start: "start", end: "end", share: "share"})
    columns = _columns(moves, best, lost, show)
    lowest = min(node.top - node.height for column in columns for node in column.values())
    drawn, (axes,) = _canvas(0.45 + INCHES * (1.1 - lowest))
    downward = [list(column) for column in columns]
    moves = moves.assign(
        rank=[downward[row.place].index(row.end) for row in moves.itertuples(index=False)]
    ).sort_values(["place", "rank"], kind="stable")
    for row in moves.itertuples(index=False):
        source, target = columns[row.place - 1][row.start], columns[row.place][row.end]
        begin, finish = source.top - source.left, target.top - target.come
        middle = begin + (finish - begin) * STEPS**2 * (3 - 2 * STEPS)
        x = row.place - 1 + NODE + (1 - NODE) * STEPS
        axes.fill_between(x, middle, middle - row.share, color=colours.get(row.end, SKY),
                          alpha=0.35, linewidth=0)  # fmt: skip
        source.left += row.share
        target.come += row.share
    for number, column in enumerate(columns):
        axes.text(number, 1.05, f"{head} {number + 1}" if number == 0 else str(number + 1),
                  fontsize=9, color=GREY)  # fmt: skip
        for name, node in column.items():
            axes.add_patch(Rectangle((number, node.top - node.share), NODE, node.share,
                                     facecolor=colours.get(name, BLUE), linewidth=0))  # fmt: skip
            axes.annotate(
                node.text, (number + NODE, node.top - min(node.height / 2, 0.4)), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=9, color=BLACK,
            )  # fmt: skip
    axes.set_xlim(-0.02, len(columns) - 0.1)
    axes.set_ylim(lowest - 0.01, 1.12)
    axes.axis("off")
    numbers = [f"{head} {number + 1}" if number == 0 else str(number + 1)
               for number in range(len(columns))]  # fmt: skip
    names = dict.fromkeys(name for column in columns for name in column)
    shown = {
        label(name): pd.DataFrame(
            {"x": numbers, "y": [column[name].share if name in column else np.nan
                                 for column in columns]}
        )
        for name in sorted(names, key=lambda name: (name != best, name == lost))
    }  # fmt: skip
    others = cycle(colour for colour in PALETTE if colour != GREEN)
    ends = {label(name): colour for name, colour in colours.items()}
    note(drawn, "stacked_columns", shown, x_name=head, y_name="", show=show,
         colours=[ends.get(name) or next(others) for name in shown])  # fmt: skip
    return drawn


def _columns(moves: pd.DataFrame, best: str, lost: str, show: Format) -> list[dict[str, _Node]]:
    """The nodes of each column from the top down: the good end, the largest first, the bad end."""
    last = int(moves["place"].max())
    sizes = []
    for number in range(1, last + 2):  # what goes out is more where small moves are left out
        goes = moves[moves["place"] == number].groupby("start")["share"].sum()
        comes = moves[moves["place"] == number - 1].groupby("end")["share"].sum()
        sizes.append(pd.concat([comes, goes]).groupby(level=0).max())
    width = round(WIDTH / (last + 1) * 0.8 / CHARACTER)
    made = []
    for size in sizes:
        order = sorted(size.index, key=lambda n: (n != best, n == lost, -size[n], n))
        column, top = {}, 1.0
        for name in order:
            words = textwrap.shorten(label(name), 2 * width, placeholder=" …")
            text = "\n".join(textwrap.wrap(f"{words} {show(size[name])}", width))
            node = _Node(float(size[name]), text, top)
            column[str(name)] = node
            top -= node.height + GAP
        made.append(column)
    return made
