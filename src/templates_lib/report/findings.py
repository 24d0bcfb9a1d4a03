"""What a notebook hands on: findings with their evidence, tables and figures.

Shown in the notebook, and in a run written beside it. A finding under the least data does not
appear; a number in its words is computed, never typed.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure
from PIL import Image

from templates_lib.figures.chart_data import chart_of
from templates_lib.language import N_, tr
from templates_lib.report.tables import to_html
from templates_lib.words import Words

NAME = re.compile(r"[a-z][a-z0-9_]*")
# of each finding: the value of no difference, what n counts, its subjects, its chart
BESIDE = "evidence.json"
# Where a spreadsheet begins a cell: one that takes ; for the separator, as the Finnish do, also
# behind each of them and on each line, since the quotes around a text mean nothing to it then.
CELL_START = r"(^|[;\n])"
Evidence = Literal["orders", "survey", "interview", "behaviour"]
BASES: dict[Evidence, str] = {
    "orders": N_("{n} customers"),
    "survey": N_("{n} answers"),  # a customer may have answered several times
    "interview": N_("{n} excerpts"),
    "behaviour": N_("{n} cases"),  # visits, visitors, offers
}
MIN_N = 30
STRONG, MODERATE = 0.1, 0.3
STRENGTHS = {
    "strong": N_("firm evidence"),
    "moderate": N_("fair evidence"),
    "weak": N_("thin evidence"),
    "chance": N_("may be chance"),
}


@dataclass(frozen=True)
class Finding:
    """A plain sentence with its number, interval, base and what to do.

    ``effect_eur`` is what it is worth a year, in the client's currency: ``estimate``, ``low``,
    ``high`` and ``assumptions``. ``action`` is ``do``, ``check`` and ``test_size``, and where they
    are known ``with_whom`` (a code of ``labels``), ``stage``, ``channel``, ``list`` (a table of
    customers), ``days`` until the check and ``better``: ``up`` or ``down``, where the estimate
    should go.
    """

    id: str
    notebook: str
    headline: str
    text: str
    estimate: float
    low: float
    high: float
    n: int
    unit: str
    evidence: Evidence
    strength: str
    effect_eur: dict[str, Any] | None
    action: dict[str, Any] | None


@dataclass
class _Notebook:
    topic: str
    words: Words
    folder: Path | None
    findings: list[Finding]
    beside: dict[str, dict[str, Any]]


_now: _Notebook | None = None


def begin(topic: str, words: Words, folder: Path | None) -> None:
    """Starts a notebook: what follows belongs to this topic and goes into this folder."""
    global _now
    _now = _Notebook(topic, words, folder, [], {})
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _write_findings(_now)


def _current() -> _Notebook:
    if _now is None:
        raise RuntimeError("call open_client(client, topic) before handing on results")
    return _now


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a name is lower-case letters, digits and _")
    return name


def strength(estimate: float, low: float, high: float, null: float | None = None) -> str:
    """How firm an estimate is.

    A comparison that cannot be told from ``null`` may be chance; one that can is strong where
    its interval is narrower than its distance from it. Any other estimate is as strong as its
    half interval is small against it: up to a tenth strong, up to three tenths moderate.
    """
    half = (high - low) / 2
    if null is not None:
        if low <= null <= high:
            return "chance"
        return "strong" if 2 * half <= abs(estimate - null) else "moderate"
    if estimate == 0:
        return "weak"
    half = half / abs(estimate)
    return "strong" if half <= STRONG else "moderate" if half <= MODERATE else "weak"


def finding(
    name: str,
    headline: str,
    text: str,
    *,
    estimate: float,
    low: float,
    high: float,
    n: int,
    unit: str,
    evidence: Evidence = "orders",
    null: float | None = None,
    effect_eur: dict[str, Any] | None = None,
    action: dict[str, Any] | None = None,
    min_n: int = MIN_N,
    base: str | None = None,
    about: Mapping[str, float] | None = None,
    figure: str | None = None,
) -> Finding | None:
    """Hands on a finding and shows it; None, and nothing shown, under the least data.

    Parameters
    ----------
    estimate, low, high : the number and its 95 % interval, in ``unit``
    n : customers or answers it rests on
    null : the value that means no difference, for a comparison
    base : what the card says that ``n`` counts, such as ``tr("{n} offers")``; ``BASES`` otherwise
    about : what it tells of, by a code of the codebook or a value of the client's data (not by its
        label), and whether that speaks for the shop (above 0), against it (below) or neither (0);
        the summary holds what is said against what is done by it
    figure : the figure of this notebook that shows it, where that has another name than it

    Raises
    ------
    ValueError
        When the name is used twice or the estimate lies outside its interval.
    """
    now = _current()
    values = [float(v) for v in (estimate, low, high)]
    if n < min_n or any(v != v for v in values):
        return None
    if not values[1] <= values[0] <= values[2]:
        raise ValueError(f"finding {name}: the estimate lies outside its interval")
    identity = f"{now.topic}.{_checked(name)}"
    if any(f.id == identity for f in now.findings):
        raise ValueError(f"finding {name} stands twice in this notebook")
    made = Finding(
        identity, now.topic, headline, text, *values, int(n), unit, evidence,
        strength(*values, null), effect_eur, action,
    )  # fmt: skip
    now.findings.append(made)
    counted = base or tr(BASES[evidence])
    signs = {str(of): int(value > 0) - int(value < 0) for of, value in (about or {}).items()}
    shown_by = _checked(figure or name)
    now.beside[identity] = {
        "null": null, "base": counted, "about": signs, "figure": shown_by,
    }  # fmt: skip
    _write_findings(now)
    display(HTML(finding_html(made, now.words, counted)))
    return made


def chart_name(found: Mapping[str, Any]) -> str:
    """The figure that shows a finding, ``<topic>__<figure>``: that which it names, else the one
    that has its name."""
    topic, _, name = found["id"].partition(".")
    return f"{topic}__{found.get('figure') or name}"


def finding_html(
    made: Finding, words: Words, base: str, *, comment: str | None = None, owner: str | None = None
) -> str:
    """A finding as a card: headline, text, how sure, worth, action, and what a person adds to it.

    ``base`` is the text of what it rests on, with a place for ``n``.
    """
    parts = [f"<h3>{escape(made.headline)}</h3>", f"<p>{escape(made.text)}</p>"]
    sure = f"{tr(STRENGTHS[made.strength])} · {base.format(n=words.number(made.n))}"
    parts += what_next(made.effect_eur, made.action, words)
    parts += said_of(comment, owner)
    return (
        f'<section class="finding {made.strength}" id="{escape(made.id)}">{"".join(parts)}'
        f'<p class="sure">{escape(sure)}</p></section>'
    )


def what_next(
    effect_eur: Mapping[str, Any] | None, action: Mapping[str, Any] | None, words: Words
) -> list[str]:
    """What a finding is worth a year, what to do, and how it is checked, for its card."""
    parts = []
    if effect_eur:
        about = tr("Worth about {amount} a year", amount=words.money(effect_eur["estimate"], 0))
        given = tr("{range}, if {assumptions}", assumptions=effect_eur["assumptions"],
                   range=words.money_span(effect_eur["low"], effect_eur["high"]))  # fmt: skip
        parts.append(f'<p class="worth"><strong>{escape(about)}</strong> ({escape(given)})</p>')
    if action:
        for name, head, said in (
            ("action", tr("Next:"), action["do"]),
            ("check", tr("Check:"), action["check"]),
        ):
            line = f"<strong>{escape(head)}</strong> {escape(said)}"
            parts.append(f'<p class="{name}">{line}</p>')
    return parts


def said_of(comment: str | None, owner: str | None) -> list[str]:
    """What ``editorial.yml`` adds to a card: who sees to it, and a remark."""
    parts = []
    if owner:
        whose = escape(tr("Who sees to it:"))
        parts.append(f'<p class="owner"><strong>{whose}</strong> {escape(owner)}</p>')
    if comment:
        parts.append(f'<p class="comment">{escape(comment)}</p>')
    return parts


def _write_findings(now: _Notebook) -> None:
    if now.folder is not None:
        rows = [asdict(f) for f in now.findings]
        text = json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)
        (now.folder / "findings.json").write_text(text + "\n", encoding="utf-8")
        if now.beside:
            text = json.dumps(now.beside, indent=1, ensure_ascii=False, allow_nan=False)
            (now.folder / BESIDE).write_text(text + "\n", encoding="utf-8")


def table(
    name: str,
    frame: pd.DataFrame,
    *,
    title: str,
    note: str = "",
    view: pd.DataFrame | None = None,
    shown: bool = True,
    send: bool = True,
    money: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
) -> None:
    """Hands on a table in full precision, and shows it.

    Parameters
    ----------
    view : the part of it that is shown, where that is not all
    shown : False for the twin of a figure, which only the workbook shows
    send : False for lists of single customers, which never leave ``internal/``
    money : columns that hold money in this table
    units : units of columns that have another one than by ``definitions.yml`` in this table
    """
    now = _current()
    own = dict.fromkeys(money, "money") | dict(units or {})
    identity = f"{now.topic}__{_checked(name)}"
    if now.folder is not None:
        folder = now.folder / "tables"
        folder.mkdir(exist_ok=True)
        texts = frame.select_dtypes(["object", "string", "category"])  # whole numbers stay whole
        safe = frame.assign(**{name: texts[name].map(_safe_text) for name in texts})
        safe = safe.rename(columns=_safe_text)
        safe.to_csv(folder / f"{identity}.csv", index=False, lineterminator="\n")
        about = {"title": title, "note": note, "send": send, "units": own}
        (folder / f"{identity}.json").write_text(json.dumps(about), encoding="utf-8")
    if shown:
        part = frame if view is None else view
        display(HTML(to_html(part, now.words, caption=title, note=note, units=own)))


def _safe_text(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is marked as text; decimals are exact."""
    if isinstance(value, str):
        text = value.replace("\r\n", "\n").replace("\r", "\n")  # a lone one would break the row
        return re.sub(CELL_START + r"(?=[=+\-@\t])", r"\1'", text)
    return format(value, "f") if isinstance(value, Decimal) else value


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it was handed on: its texts without the marks of ``_safe_text``."""
    texts = frame.select_dtypes(["object", "string"])
    return frame.assign(**{
        name: texts[name].map(as_typed, na_action="ignore") for name in texts
    })  # fmt: skip


def as_typed(text: str) -> str:
    """A text of a table's CSV file without the marks of ``_safe_text``."""
    return re.sub(CELL_START + r"'(?=[=+\-@\t])", r"\1", text)


def attach(name: str, content: bytes) -> None:
    """Hands on a file for those who work with the client, such as a form to fill; it is never sent.

    In a report it is ``internal/files/<topic>__<name>``.

    Raises
    ------
    ValueError
        When the name is not lower-case letters, digits and _, with one ending.
    """
    now = _current()
    stem, _, ending = name.partition(".")
    for part in (stem, ending):
        _checked(part)
    if now.folder is not None:
        folder = now.folder / "files"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def in_few_colours(picture: io.BytesIO) -> io.BytesIO:
    """A PNG with a palette of 256 colours: as sharp, and a third as large."""
    few = Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file


def figure(name: str, drawn: Figure, *, alt: str) -> None:
    """Hands on a figure with the sentence that stands for it where it cannot be seen.

    A figure that has the name of a finding, or that a finding names, is the finding's chart.
    """
    now = _current()
    _checked(name)
    picture = io.BytesIO()
    drawn.savefig(picture, format="png", dpi=200, metadata={"Software": None})
    picture = in_few_colours(picture)
    if now.folder is not None:
        folder = now.folder / "figures"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(picture.getvalue())
        with plt.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
            drawn.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        numbers = json.dumps({"alt": alt, "chart": chart_of(drawn)}, allow_nan=False)
        (folder / f"{name}.json").write_text(numbers + "\n", encoding="utf-8")
    plt.close(drawn)
    source = base64.b64encode(picture.getvalue()).decode("ascii")
    display({"image/png": source}, metadata={"image/png": {"alt": alt}}, raw=True)
