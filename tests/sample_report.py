"""A page such as ``report.page`` makes, small, with its findings and figures."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from templates_lib import figures
from templates_lib.report.findings import begin as begin_notebook
from templates_lib.report.findings import figure
from templates_lib.words import Words

CLIENT = 'Acme "Öljy" \\ </style><b>=1+1'
SHARES = pd.DataFrame(
    {
        "group": ["=1+1", "tea", "a name that is longer than most of the names that a shop gives"],
        "share": [0.5, 0.193, 0.25],
        "low": [0.4, 0.171, 0.2],
        "high": [0.6, 0.216, 0.3],
    }
)
CURVE = pd.DataFrame(
    {"by": ["a"] * 2 + ["b"] * 3, "days": [10, 20, 5, 10, 20],
     "returned": [0.1, 0.3, 0.05, 0.2, 0.4], "low": [0.05, 0.2, 0.01, 0.1, 0.3],
     "high": [0.15, 0.4, 0.1, 0.3, 0.5]}
)  # fmt: skip


def a_finding(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"own.{name}", "notebook": "own", "headline": f"Of 100 buyers, 19 name {name}",
        "text": "It is more than before. " * 3, "estimate": 0.193, "low": 0.171, "high": 0.216,
        "n": 842, "unit": "share", "evidence": "survey", "strength": "moderate",
        "effect_eur": None, "action": {"do": "Change it.", "check": "Look again."},
    } | changes  # fmt: skip


WORTH = {"estimate": 22264.4, "low": 17355.0, "high": 27172.0, "assumptions": "it lasts a year."}
FINDINGS = {
    f["id"]: f
    for f in (a_finding("shares", effect_eur=WORTH), a_finding("curve"),
              a_finding("named", figure="curve"), a_finding("long", text="A long text. " * 600),
              a_finding("bare", strength="chance", base="{n} offers"))
}  # fmt: skip


def drawn(folder: Path) -> Path:
    """The figures ``shares`` and ``curve`` of a notebook ``own``; where a report has them."""
    words = Words("en", "EUR")
    begin_notebook("own", words, folder / "own")

    def of_100(share: float) -> str:
        return words.number(100 * share)

    shares = figures.dots({"all": SHARES}, row="group", x_name="Of 100", show=of_100)
    figure("shares", shares, alt="Shares of three groups.")
    curve = figures.curves(CURVE, x="days", y="returned", by="by", x_name="Days", y_name="Of 100",
                           show=of_100)  # fmt: skip
    figure("curve", curve, alt="Returned by day.")
    plt.close("all")
    target = folder / "figures"
    target.mkdir()
    for file in (folder / "own" / "figures").iterdir():
        file.rename(target / f"own__{file.name}")
    return target


def page(
    figures_folder: Path, findings: Mapping[str, Mapping[str, Any]] = FINDINGS,
    first: Mapping[str, Any] = FINDINGS["own.shares"],
) -> str:  # fmt: skip
    """The page: a summary with one finding, a chapter with all, and what is folded."""

    def card(f: Mapping[str, Any], identity: str) -> str:
        worth = (
            '<p class="worth"><strong>Worth about €22,264 a year</strong> (€17,355 to €27,172), '
            "if it lasts a year.</p>" if f["effect_eur"] else ""
        )  # fmt: skip
        to_do = f"<p><strong>Next:</strong> {f['action']['do']}</p>" if f["action"] else ""
        return (
            f'<section class="finding moderate"{identity}><h3>{f["headline"]}</h3>'
            f"<p>{f['text']}</p>{worth}{to_do}"
            f'<p class="sure">fair evidence · 842 answers'
        )

    parts = [card(f, f' id="{f["id"]}"') + "</p></section>" for f in findings.values()]
    lead, target = card(first, ""), first["id"]
    picture = base64.b64encode((figures_folder / "own__shares.png").read_bytes()).decode()
    name = CLIENT.replace("&", "&amp;").replace("<", "&lt;")
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>{name}</title>
<style>nav {{ color: red }}</style></head><body><a class="skip" href="#x">Skip</a>
<header><h1>{name}: your customers</h1><p>What the data up to 31 Oct 2026 tell</p></header>
<nav aria-label="Chapters"><ul><li><a href="#own">Own</a></li></ul></nav><main>
<article id="summary"><h2>In short</h2><p class="answer">Of 100 buyers, 19 name shares.</p>
<div class="tiles"><div class="tile"><p class="name">Net sales</p><p class="figure">€263,654</p>
<p class="change">▲ 30% more than a year before</p></div></div><p class="note">Nov to Oct.</p>
{lead} · <a href="#{target}">in its chapter</a></p></section>
<section class="not-yet"><h3>Not to act on yet</h3><p>It may be chance.</p></section>
<h3>What to do next</h3><ol class="actions"><li><strong>Change it.</strong><br><span class="where">
All</span><br>Look again. Looked at again on 29 Jan 2027. <a href="#own.shares">Why</a></li></ol>
<p class="trust">4 of 4 figures agree.</p></article>
<article id="own"><h2>Own chapter</h2><button>Sort</button>
<img alt="Shares of three groups." src="data:image/png;base64,{picture}">
<table><thead><tr><th>Group</th></tr></thead><tbody><tr><td>=1+1</td></tr></tbody></table>
{"".join(parts)}<details><summary>How this was computed</summary><p>Folded words.</p></details>
</article><article id="more"><h2>What more data would show</h2><ul><li>Visits</li></ul></article>
</main><footer><p>Very likely is the 95 % interval.</p></footer><script>alert(1)</script>
</body></html>"""


def chart(figures_folder: Path, name: str) -> dict[str, Any]:
    return json.loads((figures_folder / f"own__{name}.json").read_text())["chart"]
