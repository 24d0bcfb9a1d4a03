"""A small figure of each shape, with what its chart on a slide must hold."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from templates_lib import figures
from templates_lib.words import Words

FI = Words("fi", "EUR")
WAVES = pd.DataFrame({"wave": ["2025-Q3", "2025-Q4", "2026-Q1"], "nps": [30.0, 34, 41],
                      "low": [20.0, 25, 33], "high": [40.0, 43, 49]})  # fmt: skip
STEPS = pd.DataFrame(
    {"movement": ["before", "new", "less", "after"], "amount": [1000.0, 400, -300, 1100],
     "low": [900.0, 350, -380, 1000], "high": [1100.0, 450, -220, 1200]}
)  # fmt: skip
MONTHS = pd.DataFrame({"month": ["1/2026", "2/2026", "3/2026"], "new": [100.0, 120, 90],
                       "old": [300.0, 310, 330], "year_before": [350.0, 400, 380]})  # fmt: skip
DRIVERS = pd.DataFrame(
    {"driver": ["=1+1", "taste", "price"], "rating": [3.9, 4.4, 4.0], "rating_low": [3.8, 4.3, 3.9],
     "rating_high": [4.0, 4.5, 4.1], "share": [0.5, 0.3, 0.2], "low": [0.4, 0.2, 0.1],
     "high": [0.6, 0.4, 0.3], "is_ranked": [True, True, False]}
)  # fmt: skip
MOVES = pd.DataFrame(
    {"from": ["a", "a", "b", "b"], "to": ["a", "b", "a", "b"], "n": [60.0, 40, 20, 80],
     "from_n": [100, 100, 100, 100], "to_n": [80, 120, 80, 120]}
)  # fmt: skip
PATHS = pd.DataFrame(
    {"place": [1, 1, 2, 2], "start": ["home", "home", "cart", "cart"],
     "end": ["cart", "leaves", "buys", "leaves"], "share": [0.4, 0.6, 0.1, 0.3]}
)  # fmt: skip
COHORTS = pd.DataFrame(
    {"cohort": ["Q1", "Q1", "Q2", "Q2"], "age": [1, 2, 1, 2], "retention": [0.2, 0.1, 0.3, None],
     "active": [20, 10, 36, 7], "size": [100, 100, 120, 120], "observed": [True] * 4,
     "complete": [True, True, True, False]}
)  # fmt: skip


def of_100(share: float) -> str:
    return FI.number(100 * share)


def drawn() -> dict[str, Figure]:
    """The figures, by the name of their shape."""
    shares = MOVES.assign(share=MOVES["n"] / MOVES["from_n"])
    own = {"raw": WAVES}
    return {
        "panels": figures.panels({"A": own, "B": own}, x="wave", y="nps", x_name="Kerta",
                                 show=FI.number, show_x=FI.period),
        "bridge": figures.bridge(STEPS, step="movement", amount="amount", y_name="Kate",
                                 names=list(STEPS["movement"]), show=FI.money_axis),
        "stacked": figures.stacked(
            MONTHS, x="month", parts=["new", "old"], part_names=["Uudet", "Vanhat"], x_name="",
            y_name="Myynti", show=FI.money_axis, line="year_before", line_name="Vuosi sitten"),
        "cross_map": figures.cross_map(
            DRIVERS, name="driver", x="rating", x_ends=("rating_low", "rating_high"), y="share",
            y_ends=("low", "high"), x_name="Arvosana", y_name="Paino", corner="Ensin",
            show_x=lambda value: FI.number(value, 1), show_y=FI.share, strong="is_ranked"),
        "flow": figures.flow(MOVES, start="from", end="to", value="n", sizes=("from_n", "to_n"),
                             start_name="Ennen", end_name="Nyt", show=FI.number),
        "paths": figures.paths(PATHS, place="place", start="start", end="end", share="share",
                               best="buys", lost="leaves", head="Sivu", show=FI.share),
        "matrix": figures.matrix(shares, rows="from", columns="to", value="share",
                                 row_name="Ennen", column_name="Nyt", show=of_100),
        "triangle": figures.triangle(
            COHORTS, rows="cohort", columns="age", value="retention", count="active", size="size",
            show=of_100, row_name="Kohortti", column_name="Ikä",
            keys=("osuus", "kesken", "liian pieni")),
        "one_above_other": figures.one_above_other(
            WAVES.assign(spent=[10.0, 20, 30]), x="wave", top="spent", bottom="nps", x_name="",
            top_name="Kulut", bottom_name="Hinta", show_top=FI.money_axis,
            show_bottom=FI.money_axis),
    }  # fmt: skip
