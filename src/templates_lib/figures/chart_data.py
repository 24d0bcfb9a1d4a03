"""What a figure shows, as numbers: for forms in which its chart stays a chart that can be edited.

A shape notes what it draws while it draws; ``chart_of`` reads it back from the figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

Kind = Literal["bars", "stacked_bars", "columns", "stacked_columns", "bridge", "lines", "curves",
               "steps", "map"]  # fmt: skip
COLUMNS = ("x", "y", "low", "high")
ALONG_X = ("x_low", "x_high")
OVER_NUMBERS = ("curves", "steps", "map")

_charts: WeakKeyDictionary[Figure, dict[str, Any]] = WeakKeyDictionary()


def note(
    drawn: Figure,
    kind: Kind,
    series: Mapping[str, pd.DataFrame],
    *,
    x_name: str,
    y_name: str,
    show: Callable[[float], str],
    colours: Sequence[str] = (),
    line: str | None = None,
    show_x: Callable[[float], str] | None = None,
    crosses: tuple[float, float] | None = None,
) -> None:
    """Notes what a figure shows.

    Parameters
    ----------
    kind : ``bars`` lie and ``columns`` stand on named places, ``lines`` join named places,
        ``curves`` go over numbers, as do ``steps``, which keep a height until the next point;
        a ``bridge`` goes from the first total to the last; a ``map`` has a point a series
    series : by its name in the legend, a table with ``x`` (text; numbers for a curve) and
        ``y``, and ``low`` and ``high`` where it has an interval (of a map also ``x_low`` and
        ``x_high``); a missing ``y`` is not drawn
    show : how the figure writes a ``y``
    colours : of the series, where they are not those of the palette in its order
    line : the series that is a line over stacked columns
    show_x : how a map writes an ``x``
    crosses : where the axes of a map cross, such as the means of both
    """
    scale, number_format = written(show)
    x_scale, x_format = written(show_x) if show_x else (1.0, None)
    columns = (*COLUMNS, *ALONG_X) if kind == "map" else COLUMNS
    numbers = [name for name in columns if kind in OVER_NUMBERS or name != "x"]
    rows = []
    for number, (name, table) in enumerate(series.items()):
        own = table.reindex(columns=columns)
        own[numbers] = own[numbers].astype("float64")
        own[list(COLUMNS[1:])] *= scale
        if show_x is not None:
            own[["x", *ALONG_X]] *= x_scale
        values = own.astype(object).where(own.notna(), None)
        lists = {column: values[column].tolist() for column in columns}
        colour = colours[number] if number < len(colours) else None
        rows.append({"name": name, "colour": colour, **lists})
    _charts[drawn] = {
        "kind": kind, "x_name": x_name, "y_name": y_name, "number_format": number_format,
        "scale": scale, "series": rows, "line": line, "x_format": x_format,
        "crosses": crosses and (float(crosses[0]) * x_scale, float(crosses[1]) * scale),
    }  # fmt: skip


def note_panels(drawn: Figure, noted: Sequence[Mapping[str, Any]]) -> None:
    """Notes a figure of several panels, each as ``chart_of`` tells it."""
    _charts[drawn] = {"kind": "panels", "charts": list(noted)}


def note_cells(drawn: Figure, axes: Axes) -> None:
    """Notes a figure of coloured cells with a text in each, as it stands on the axes."""
    rows, columns = (
        {int(label.get_position()[place]): label.get_text() for label in labels}
        for place, labels in ((1, axes.get_yticklabels()), (0, axes.get_xticklabels()))
    )
    texts = {(int(t.get_position()[0]), int(t.get_position()[1])): t for t in axes.texts}
    cells = []
    for patch in (p for p in axes.patches if isinstance(p, Rectangle)):
        at = (int(patch.get_x()), int(patch.get_y()))
        cell = {"column": at[0], "row": at[1], **_face(patch)}
        if at in texts:
            cell |= {"text": texts[at].get_text(), "ink": to_hex(texts[at].get_color())}
        cells.append(cell)
    keys = [
        {"text": text.get_text(), **_face(patch)}
        for legend in drawn.legends
        for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=True)
    ]
    places = max(cell["column"] for cell in cells) + 1 if cells else 0
    _charts[drawn] = {
        "kind": "cells", "x_name": axes.get_xlabel(), "y_name": axes.get_ylabel(),
        "columns": [columns.get(place, "") for place in range(places)],
        "rows": [rows[place] for place in sorted(rows)], "cells": cells, "keys": keys,
    }  # fmt: skip


def _face(patch: Patch) -> dict[str, Any]:
    return {"fill": to_hex(patch.get_facecolor()), "is_hatched": bool(patch.get_hatch())}


def chart_of(drawn: Figure) -> dict[str, Any] | None:
    """What a figure shows: ``kind``, ``x_name``, ``y_name``, ``number_format``, ``scale`` (what the
    values of the table were multiplied by, such as 100 for shares told of a hundred) and
    ``series``, each with ``name``, ``colour``, ``x``, ``y``, ``low`` and ``high``. Of ``panels``
    such ``charts``; of ``cells`` the names of ``rows`` and ``columns`` and the ``cells``, each with
    ``row``, ``column``, ``fill``, ``text`` and ``ink``. None for a shape that notes nothing."""
    return _charts.get(drawn)


def named(
    table: pd.DataFrame, x: str, y: str, *, low: str = "low", high: str = "high"
) -> pd.DataFrame:
    """A table's columns by the names that ``note`` asks for."""
    own = zip(COLUMNS, (x, y, low, high), strict=True)
    return pd.DataFrame({name: table[column] for name, column in own if column in table})


def written(show: Callable[[float], str]) -> tuple[float, str]:
    """The scale and the spreadsheet's number format in which a function writes numbers.

    >>> written(lambda v: f"{100 * v:,.0f}")
    (100.0, '#,##0')
    >>> written(lambda v: f"€{v:,.2f}")
    (1.0, '"€"#,##0.00')
    """
    digits = len(re.sub(r"\D", "", show(0))) - 1
    begin, figures, end = re.fullmatch(r"(\D*)(.*\d)(\D*)", show(100)).groups()
    scale = int(re.sub(r"\D", "", figures)) / 10**digits / 100
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    if "%" in begin + end:
        apart = end.replace("%", "")  # a space, in Finnish
        return scale / 100, pattern + f'"{apart}"' * bool(apart) + "%"
    return scale, "".join([f'"{begin}"' * bool(begin), pattern, f'"{end}"' * bool(end)])
