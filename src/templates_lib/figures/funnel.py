"""The shape for a way in steps: a bar a step, as long as those who reach it are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from templates_lib.figures.base import BLACK, BLUE, GREY, RED, SKY, Format, _canvas
from templates_lib.figures.chart_data import named, note
from templates_lib.labels import label
from templates_lib.language import tr

GAP, BAR = 1.0, 0.56


def steps(
    table: pd.DataFrame,
    *,
    stage: str,
    count: str,
    share: str,
    show: Format,
    show_share: Format,
    marked: Sequence[str] = (),
) -> Figure:
    """Bars from a common left edge, joined by what is lost, with the share of the step before.

    Parameters
    ----------
    table : one row a step, in order: ``stage``, ``count`` (those who reach it), ``share`` (of the
        step before, empty for the first) with ``low`` and ``high``
    marked : steps drawn in red, such as the one that costs the most
    """
    drawn, (axes,) = _canvas(0.7 + 0.62 * len(table))
    top = float(table[count].max())
    widths = table[count].astype(float).to_numpy() / top
    for i, row in enumerate(table.to_dict("records")):
        colour = RED if row[stage] in marked else BLUE
        axes.barh(i * GAP, widths[i], height=BAR, color=colour)
        if i:
            edge = [(i - 1) * GAP + BAR / 2, i * GAP - BAR / 2]
            corners = [(0, edge[0]), (widths[i - 1], edge[0]), (widths[i], edge[1]), (0, edge[1])]
            axes.add_patch(Polygon(corners, facecolor=SKY, alpha=0.35, linewidth=0))
        axes.text(widths[i] + 0.015, i * GAP, show(row[count]), va="center", fontsize=9,
                  color=BLACK)  # fmt: skip
        if pd.notna(row[share]):
            limits = f"{show_share(row['low'])}–{show_share(row['high'])}"
            axes.text(1.14, i * GAP, f"{show_share(row[share])}  ({limits})", va="center",
                      fontsize=9, color=colour if row[stage] in marked else GREY)  # fmt: skip
    axes.text(1.14, -0.62, tr("of 100 at the step before"), va="bottom", fontsize=9, color=GREY)
    axes.set_yticks(np.arange(len(table)) * GAP, [label(name) for name in table[stage]])
    axes.set_ylim((len(table) - 1) * GAP + 0.45, -0.9)
    axes.set_xlim(0, 1.52)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    sns.despine(ax=axes, bottom=True, left=True)
    shown = {"": named(table, stage, count, low="", high="").assign(x=table[stage].map(label))}
    note(drawn, "bars", shown, x_name="", y_name="", show=show)
    return drawn
