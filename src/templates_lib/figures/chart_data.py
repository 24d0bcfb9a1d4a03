"""What a figure shows, as numbers: for forms in which its chart stays a chart that can be edited.

A shape notes what it draws while it draws; ``chart_of`` reads it back from the figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pandas as pd
from matplotlib.figure import Figure

Kind = Literal["bars", "stacked_bars", "columns", "stacked_columns", "lines", "curves", "steps"]
COLUMNS = ("x", "y", "low", "high")

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
) -> None:
    """Notes what a figure shows.

    Parameters
    ----------
    kind : ``bars`` lie and ``columns`` stand on named places, ``lines`` join named places,
        ``curves`` go over numbers, as do ``steps``, which keep a height until the next point
    series : by its name in the legend, a table with ``x`` (text; numbers for a curve) and
        ``y``, and ``low`` and ``high`` where it has an interval; a missing ``y`` is not drawn
    show : how the figure writes a ``y``
    colours : of the series, where they are not those of the palette in its order
    """
    scale, number_format = written(show)
    numbers = [name for name in COLUMNS if kind in ("curves", "steps") or name != "x"]
    rows = []
    for number, (name, table) in enumerate(series.items()):
        own = table.reindex(columns=COLUMNS)
        own[numbers] = own[numbers].astype("float64")
        own[list(COLUMNS[1:])] *= scale
        values = own.astype(object).where(own.notna(), None)
        lists = {column: values[column].tolist() for column in COLUMNS}
        colour = colours[number] if number < len(colours) else None
        rows.append({"name": name, "colour": colour, **lists})
    _charts[drawn] = {
        "kind": kind, "x_name": x_name, "y_name": y_name, "number_format": number_format,
        "scale": scale, "series": rows,
    }  # fmt: skip


def chart_of(drawn: Figure) -> dict[str, Any] | None:
    """What a figure shows: ``kind``, ``x_name``, ``y_name``, ``number_format``, ``scale`` (what the
    values of the table were multiplied by, such as 100 for shares told of a hundred) and
    ``series``, each with ``name``, ``colour``, ``x``, ``y``, ``low`` and ``high``. None for a shape
    that notes nothing."""
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
        return scale / 100, pattern + "%"
    return scale, "".join([f'"{begin}"' * bool(begin), pattern, f'"{end}"' * bool(end)])
