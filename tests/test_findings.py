"""What a notebook hands on: findings, tables and figures, and what is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from templates_lib.report import findings
from templates_lib.report.findings import figure, finding, strength, table
from templates_lib.words import Words

GOOD = {"estimate": 0.5, "low": 0.4, "high": 0.6, "n": 100, "unit": "share"}
KEYS = ["id", "notebook", "headline", "text", "estimate", "low", "high", "n", "unit", "evidence",
        "strength", "effect_eur", "action"]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(findings, "_now", None)
    place = tmp_path / "run" / "own"
    findings.begin("own", Words("en", "EUR"), place)
    return place


@pytest.fixture
def shown(monkeypatch) -> list[str]:
    """What a notebook would have shown."""
    seen: list[str] = []
    monkeypatch.setattr(findings, "display", lambda value, **_: seen.append(value.data))
    return seen


def handed_on(folder) -> list[dict]:
    return json.loads((folder / "findings.json").read_text(encoding="utf-8"))


def test_a_finding_is_handed_on_with_all_its_keys_and_shown(folder, shown):
    made = finding("back", "Half are back", "Within a year.", **GOOD)
    (row,) = handed_on(folder)
    assert list(row) == KEYS
    assert row["id"] == "own.back"
    assert row["notebook"] == "own"
    assert (row["estimate"], row["low"], row["high"], row["n"]) == (0.5, 0.4, 0.6, 100)
    assert row["evidence"] == "orders"
    assert row["strength"] == made.strength == "moderate"
    assert len(shown) == 1
    assert "Half are back" in shown[0]
    assert 'id="own.back"' in shown[0]


def test_a_notebook_without_findings_hands_on_an_empty_list(folder):
    assert handed_on(folder) == []


@pytest.mark.parametrize("n", [0, 1, 29])
def test_under_the_least_data_there_is_no_finding(folder, shown, n):
    assert finding("few", "Few", "Too few.", **{**GOOD, "n": n}) is None
    assert handed_on(folder) == []
    assert shown == []


def test_the_least_data_is_enough(folder):
    assert finding("enough", "Enough", "", **{**GOOD, "n": 30}) is not None
    assert finding("own_limit", "Enough", "", **{**GOOD, "n": 7}, min_n=7) is not None
    assert len(handed_on(folder)) == 2


@pytest.mark.parametrize("lacking", ["estimate", "low", "high"])
def test_a_number_that_is_none_is_no_finding(folder, shown, lacking):
    assert finding("none", "None", "", **{**GOOD, lacking: float("nan")}) is None
    assert handed_on(folder) == []
    assert shown == []


@pytest.mark.parametrize("values", [(0.3, 0.4, 0.6), (0.7, 0.4, 0.6), (0.5, 0.6, 0.4)])
def test_an_estimate_outside_its_interval_is_refused(folder, values):
    estimate, low, high = values
    with pytest.raises(ValueError, match="finding odd: the estimate lies outside its interval"):
        finding("odd", "Odd", "", **{**GOOD, "estimate": estimate, "low": low, "high": high})
    assert handed_on(folder) == []


def test_an_estimate_on_the_edge_is_inside(folder):
    assert finding("edge", "Edge", "", **{**GOOD, "estimate": 0.6}) is not None


def test_a_name_stands_once(folder):
    finding("back", "Half are back", "", **GOOD)
    with pytest.raises(ValueError, match="finding back stands twice in this notebook"):
        finding("back", "Others are back", "", **GOOD)
    assert [f["headline"] for f in handed_on(folder)] == ["Half are back"]


@pytest.mark.parametrize(
    "name", ["", "Back", "1st", "a b", "a/b", "../x", "a.b", "ä", "a-b", "a\n"]
)
def test_a_name_is_a_name(folder, name):
    refused = pytest.raises(ValueError, match="a name is lower-case letters, digits and _")
    drawn = plt.figure()
    with refused:
        finding(name, "Back", "", **GOOD)
    with refused:
        table(name, pd.DataFrame({"n": [1]}), title="T", shown=False)
    with refused:
        figure(name, drawn, alt="A figure.")
    plt.close(drawn)
    assert [f.name for f in folder.iterdir()] == ["findings.json"]


def test_nothing_is_handed_on_before_the_client_is_opened(monkeypatch):
    monkeypatch.setattr(findings, "_now", None)
    with pytest.raises(RuntimeError, match=r"call open_client\(client, topic\) before"):
        finding("back", "Half are back", "", **GOOD)


def test_a_notebook_begins_anew(folder):
    finding("back", "Half are back", "", **GOOD)
    findings.begin("own", Words("en", "EUR"), folder)
    assert handed_on(folder) == []
    assert finding("back", "Half are back", "", **GOOD) is not None


@pytest.mark.parametrize(
    ("estimate", "low", "high", "null", "expected"),
    [
        # any estimate: its half interval against it, up to a tenth, up to three tenths
        (100, 90, 110, None, "strong"),
        (100, 89.9, 110.1, None, "moderate"),
        (100, 70, 130, None, "moderate"),
        (100, 69.9, 130.1, None, "weak"),
        (-100, -110, -90, None, "strong"),
        (0, -1, 1, None, "weak"),
        (0, 0, 0, None, "weak"),
        # a comparison: beyond chance or not, and its interval against its distance
        (0.1, 0.0, 0.2, 0.0, "chance"),
        (0.1, -0.1, 0.3, 0.0, "chance"),
        (0.2, 0.15, 0.25, 0.0, "strong"),
        (0.2, 0.1, 0.3, 0.0, "strong"),
        (0.2, 0.09, 0.31, 0.0, "moderate"),
        (-0.2, -0.25, -0.15, 0.0, "strong"),
        (1.4, 1.1, 1.7, 1.0, "moderate"),
        (1.4, 0.9, 1.9, 1.0, "chance"),
    ],
)
def test_strength(estimate, low, high, null, expected):
    assert strength(estimate, low, high, null) == expected
    assert expected in findings.STRENGTHS


def test_words_of_a_finding_are_text(folder, shown):
    action = {"do": "<b>do</b>", "check": "<i>check</i>", "test_size": 5}
    effect = {"estimate": 1000, "low": 500, "high": 1500, "assumptions": "<u>all</u> stays"}
    finding(
        "x", "<script>1</script>", '"><img onerror=1>', **GOOD, action=action, effect_eur=effect
    )
    for markup in ("<script", "<img", "<b>", "<i>", "<u>"):
        assert markup not in shown[0]
    assert "&lt;script&gt;1&lt;/script&gt;" in shown[0]
    assert "€1,000" in shown[0]
    (row,) = handed_on(folder)
    assert row["headline"] == "<script>1</script>"
    assert row["action"] == action


def test_numbers_of_numpy_are_numbers(folder):
    finding("x", "X", "", estimate=np.float64(0.5), low=np.float32(0.25), high=np.int64(1),
            n=np.int64(50), unit="share")  # fmt: skip
    assert '"n": 50' in (folder / "findings.json").read_text()


# Tables


def csv(folder, name: str) -> str:
    return (folder / "tables" / f"own__{name}.csv").read_bytes().decode("utf-8")


def test_a_table_is_handed_on_in_full_precision(folder):
    frame = pd.DataFrame(
        {"share": [1 / 3, 0.1 + 0.2], "money": [Decimal("1.10"), Decimal("1E+3")], "n": [1, None]}
    )
    table("t", frame.astype({"n": "Int64"}), title="T", note="N", shown=False, money=["money"])
    assert csv(folder, "t") == (
        "share,money,n\n0.3333333333333333,1.10,1\n0.30000000000000004,1000,\n"
    )
    about = json.loads((folder / "tables" / "own__t.json").read_text())
    assert about == {"title": "T", "note": "N", "send": True, "units": {"money": "money"}}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_run_is_marked(folder, sign):
    frame = pd.DataFrame({"text": [f"{sign}1+1"], f"{sign}2": [-1.5]})
    table("t", frame, title="T", shown=False)
    assert csv(folder, "t") == f"text,'{sign}2\n'{sign}1+1,-1.5\n"


def test_line_ends_in_a_text_break_no_row(folder):
    texts = ["a\rb", "a\r\nb", "a\nb", "\rb", 'a"b', "a,b"]
    table("t", pd.DataFrame({"text": texts, "n": range(6)}), title="T", shown=False)
    back = pd.read_csv(folder / "tables" / "own__t.csv")
    assert back.n.tolist() == list(range(6))
    assert back.text.tolist() == ["a\nb", "a\nb", "a\nb", "\nb", 'a"b', "a,b"]


def test_only_a_part_is_shown_and_all_is_handed_on(folder, shown):
    frame = pd.DataFrame({"group": ["a", "b", "<c>"], "n": [1, 2, 3]})
    table("t", frame, title="T <1>", view=frame.tail(1))
    assert csv(folder, "t").count("\n") == 4
    assert shown[0].count("<tr>") == 2
    assert "&lt;c&gt;" in shown[0]
    assert "T &lt;1&gt;" in shown[0]


def test_outside_a_run_nothing_is_written(tmp_path, shown, monkeypatch):
    monkeypatch.chdir(tmp_path)
    findings.begin("own", Words("en", "EUR"), None)
    finding("x", "X", "", **GOOD)
    table("t", pd.DataFrame({"n": [1]}), title="T")
    assert len(shown) == 2
    assert list(tmp_path.iterdir()) == []


# Figures


def test_a_figure_is_handed_on_the_same_each_time_and_closed(folder, monkeypatch):
    seen = []
    monkeypatch.setattr(findings, "display", lambda value, **more: seen.append((value, more)))
    made = []
    for _ in range(2):
        drawn, axes = plt.subplots()
        axes.plot([1, 2], [3, 4])
        figure("line", drawn, alt='A "line" <up>.')
        made.append({f.name: f.read_bytes() for f in (folder / "figures").iterdir()})
        assert not plt.fignum_exists(drawn.number)
    assert set(made[0]) == {"line.png", "line.svg", "line.json"}
    assert made[0] == made[1]
    assert seen[0][1]["metadata"] == {"image/png": {"alt": 'A "line" <up>.'}}
    assert b"<script" not in made[0]["line.svg"]
