"""``editorial.yml``: what is refused, what it changes, and that every form of a report obeys."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import nbformat
import openpyxl
import pandas as pd
import pytest
import small_shop
from bs4 import BeautifulSoup
from small_shop import copied, only_plan, report_of, used

from templates_lib import editorial
from templates_lib.editorial import Editorial, Known
from templates_lib.problems import InputProblems
from templates_lib.report import editing, findings, run
from templates_lib.report.notebooks import Notebook, edited_by_hand, made_by_hand, templates
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders, repository

EN = Words("en", "EUR")
IDS = Known(["cohorts.active", "cohorts.worth", "journey.bottleneck"], [r"icp\.won_by_[a-z0-9_]+"])


@pytest.fixture
def folders(workspace) -> ClientFolders:
    (workspace / "data" / "acme").mkdir(parents=True)
    return ClientFolders("acme")


def write(folders: ClientFolders, text: str) -> ClientFolders:
    (folders.data / "editorial.yml").write_text(text, encoding="utf-8")
    return folders


def told(folders: ClientFolders, text: str) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        editorial.read(write(folders, text), IDS)
    return [str(problem) for problem in raised.value.problems]


def a_finding(identity: str, **own) -> dict:
    given = {"id": identity, "notebook": identity.partition(".")[0], "headline": "Of 100, 35 do",
             "text": "Text.", "estimate": 0.3534, "low": 0.34, "high": 0.366, "n": 5926,
             "unit": "share", "evidence": "orders", "strength": "strong", "effect_eur": None,
             "action": None}  # fmt: skip
    return given | own


# The file


def test_without_a_file_nothing_is_edited(folders):
    assert editorial.read(folders, IDS) == (Editorial(), {})
    rows = [a_finding("cohorts.active"), a_finding("cohorts.worth")]
    shown = editorial.edited(rows, Editorial(), EN)
    assert [{key: row[key] for key in rows[0]} for row in shown] == rows
    assert all(row[key] is None for row in shown for key in ("place", "comment", "owner", "tried"))


def test_everything_wrong_is_told_at_once_with_its_line(folders):
    lines = told(
        folders,
        "hide: [cohorts.activ]\n"
        "order: [journey.bottleneck, icp.won_by_industry]\n"
        "reword:\n"
        "  cohort.active: Fine words\n"
        "  cohorts.worth: Customers bring 35 euros\n"
        '  journey.bottleneck: "About {estimat} of 100"\n'
        "owners: {cohorts.active: Maija}\n"
        "tried:\n"
        "  cohorts.active: {since: 2026-10-01}\n"
        "  cohorts.worth: {what: A letter, since: autumn}\n",
    )
    expected = [
        ("data/acme/editorial.yml:1 hide.1:", "did you mean 'cohorts.active'?"),
        ("data/acme/editorial.yml:4 reword.cohort.active:", "did you mean 'cohorts.active'?"),
        ("data/acme/editorial.yml:5 reword.cohorts.worth:", "35 is typed by hand"),
        ("data/acme/editorial.yml:6 reword.journey.bottleneck:", "did you mean 'estimate'?"),
        ("data/acme/editorial.yml:7 owners:", "did you mean 'owner'?"),
        ("data/acme/editorial.yml:9 tried.cohorts.active.what:", "is required"),
        ("data/acme/editorial.yml:10 tried.cohorts.worth.since:", "YYYY-MM-DD"),
    ]
    assert len(lines) == len(expected)
    for line, (begin, end) in zip(lines, expected, strict=True):
        assert line.startswith(begin), line
        assert end in line


@pytest.mark.parametrize(
    "text",
    ["Of 100 customers {estimate} return", "Of 1,000 visitors {n}", "1 000 kävijästä {low}",
     "B2B and GA4 tell of {high}", "{headline}: our first task"],
)  # fmt: skip
def test_the_base_of_a_share_and_names_with_digits_may_be_typed(folders, text):
    write(folders, f'reword: {{cohorts.active: "{text}"}}')
    assert editorial.read(folders, IDS)[0].reword["cohorts.active"].en == text


@pytest.mark.parametrize(
    ("text", "typed"),
    [("We lose 12 a day", "12"), ("{estimate} of 101", "101"), ("−5 points", "5"),
     ("Worth €22,264", "22,264"), ("1003 people", "1003"), ("100.5 of {n}", "100.5")],
)  # fmt: skip
def test_a_number_that_is_typed_by_hand_is_refused(folders, text, typed):
    (line,) = told(folders, f'reword: {{cohorts.active: "{text}"}}')
    assert f"{typed} is typed by hand" in line


@pytest.mark.parametrize("text", ["{estimate", "estimate}", "{estimate!x}{"])
def test_braces_that_do_not_match_are_told(folders, text):
    (line,) = told(folders, f'reword: {{cohorts.active: "{text}"}}')
    assert "{estimate}" in line


def test_a_link_out_of_the_folder_is_refused(folders, tmp_path):
    (tmp_path / "elsewhere.yml").write_text("hide: [cohorts.active]")
    (folders.data / "editorial.yml").symlink_to(tmp_path / "elsewhere.yml")
    with pytest.raises(InputProblems, match="leads out of"):
        editorial.read(folders)


def test_the_example_of_the_demo_is_read_and_names_findings_that_there_are(monkeypatch):
    monkeypatch.delenv("WORKSPACE", raising=False)
    demo = ClientFolders("demo")
    if not (demo.data / "editorial.yml").exists():
        assert demo.editorial == repository() / "params" / "demo.editorial.yml"
    said, _ = editorial.read(demo, editing.known(templates()))
    assert said.hide
    assert said.order
    assert {w.fi for w in said.reword.values()} != {w.en for w in said.reword.values()}


def test_the_file_in_the_data_folder_takes_the_place_of_a_shipped_one(folders, workspace):
    (workspace / "params" / "acme.editorial.yml").write_text("hide: [cohorts.worth]")
    assert editorial.read(folders)[0].hide == ["cohorts.worth"]
    assert editorial.read(write(folders, "hide: [cohorts.active]"))[0].hide == ["cohorts.active"]


def test_only_the_quotes_make_other_notebooks_than_the_summary_run_again(make_client):
    from templates_lib.params.file import load_params

    client = make_client()
    folders, params = ClientFolders(client), load_params(client)
    folders.data.mkdir(parents=True, exist_ok=True)
    before = made_by_hand(folders, params), edited_by_hand(folders)
    write(folders, "owner: {cohorts.active: Maija}")
    assert made_by_hand(folders, params) == before[0]
    assert edited_by_hand(folders) != before[1]
    write(folders, "quotes: [{response_id: a}]")
    assert made_by_hand(folders, params) != before[0]


# The ids that there can be


def test_ids_are_read_from_the_notebooks(tmp_path):
    cells = ['finding("back", "H", "T", n=1)', 'x = finding(\n  f"won_by_{name}", 1)',
             "report.finding(name)", "def_finding('no')"]  # fmt: skip
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells[:2]])
    nbformat.write(book, tmp_path / "04_own.ipynb")
    known = editing.known([Notebook("04_own", tmp_path / "04_own.ipynb", (), is_own=True)])
    assert known.ids == ["own.back"]
    assert "own.won_by_industry" in known
    assert "own.lost" not in known
    book.cells += [nbformat.v4.new_code_cell(text) for text in cells[2:]]
    nbformat.write(book, tmp_path / "04_own.ipynb")
    known = editing.known([Notebook("04_own", tmp_path / "04_own.ipynb", (), is_own=True)])
    assert "own.lost" in known, "a name that is made up in the notebook can be any"
    assert "other.lost" not in known


def test_every_finding_of_the_last_reports_is_among_the_known_ids():
    known = editing.known(templates())
    for file in (repository() / "reports").glob("*/*/*/internal/findings.json"):
        for finding in json.loads(file.read_text(encoding="utf-8")):
            assert finding["id"] in known or finding["notebook"] not in {
                n.topic for n in templates()
            }


# What is shown


def test_hidden_ordered_reworded(folders):
    said, _ = editorial.read(
        write(
            folders,
            "hide: [cohorts.active]\n"
            "order: [journey.bottleneck, cohorts.worth]\n"
            "reword:\n"
            "  journey.bottleneck: '{of_100} stop, {estimate} ({low} to {high}) of {n}: {worth}'\n"
            "  cohorts.worth: {fi: '{headline}, myös {low}'}\n"
            "comment: {cohorts.worth: 'Seen 3 times.'}\n"
            "owner: {cohorts.worth: Maija}\n"
            "tried: {cohorts.worth: {what: A letter, since: 2026-03-01}}\n",
        )
    )
    worth = {"estimate": 22264.4, "low": 1, "high": 30000, "assumptions": "a"}
    rows = [a_finding("cohorts.active"), a_finding("icp.won_by_x"), a_finding("cohorts.worth"),
            a_finding("journey.bottleneck", effect_eur=worth)]  # fmt: skip
    shown = editorial.edited(rows, said, EN)
    assert [row["id"] for row in shown] == ["journey.bottleneck", "cohorts.worth", "icp.won_by_x"]
    assert shown[0]["headline"] == (
        "35 (very likely 34–37) stop, 35% (34% to 37%) of 5,926: €22,264"
    )
    assert shown[1]["headline"] == "Of 100, 35 do", "no English words are given"
    assert (shown[1]["comment"], shown[1]["owner"]) == ("Seen 3 times.", "Maija")
    assert (shown[1]["tried"], shown[1]["tried_since"].isoformat()) == ("A letter", "2026-03-01")
    in_finnish = editorial.edited(rows, said, Words("fi", "EUR"))
    assert in_finnish[1]["headline"] == "Of 100, 35 do, myös 34 %".replace(" %", "\u00a0%")
    numbers = ("estimate", "low", "high", "n", "effect_eur")
    assert all(row[n] == rows[0][n] for row in shown[1:] for n in numbers)


def test_a_range_is_written_so_that_its_ends_differ():
    assert editorial.written((0.0413, 0.0383, 0.0440), "share", EN) == ["4.1%", "3.8%", "4.4%"]
    assert editorial.written((16.02, 15.8, 16.3), "money", EN) == ["€16.0", "€15.8", "€16.3"]
    assert editorial.written((-0.33, -0.37, -0.3), "number", EN) == ["−0.33", "−0.37", "−0.30"]
    assert editorial.written((2.0, 2.0, 2.0), "points", EN) == ["2.0", "2.0", "2.0"]


def test_changes_are_shown_in_the_words_of_the_page():
    table = pd.DataFrame({
        "finding": ["a.kept", "a.hidden", "a.gone"],
        "headline_before": ["Was", "Was", "Was"], "headline_now": ["Is", "Is", None],
    })  # fmt: skip
    shown = editorial.edited_changes(table, {"a.kept": "Is, said better"})
    assert shown["finding"].tolist() == ["a.kept", "a.gone"]
    assert shown["headline_now"].iloc[0] == "Is, said better"
    assert shown["headline_now"].isna().iloc[1]


# Carried out on a run


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """A run's folder with one executed notebook of three findings, a chart and tables."""
    outputs: list[nbformat.NotebookNode] = []

    def display(value, metadata=None, raw=False):
        data = value if raw else {"text/html": value.data}
        outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata or {}))

    monkeypatch.setattr(findings, "_now", None)
    monkeypatch.setattr(findings, "display", display)
    findings.begin("cohorts", EN, tmp_path / "cohorts")
    numbers = {"estimate": 0.5, "low": 0.4, "high": 0.6, "n": 100, "unit": "share"}
    for name in ("active", "worth", "third"):
        findings.finding(name, f"Headline <{name}>", "Text.", **numbers, base="{n} offers")
    for name in ("active", "worth"):
        drawn, axes = plt.subplots(figsize=(1, 1))
        axes.set_title(name)
        findings.figure(name, drawn, alt=f"Picture of {name}")
        frame = pd.DataFrame({"cohort": ["2026-01"], "n": [1]})
        findings.table(name, frame, title=f"Table & {name}", note="A note.")
    cell = nbformat.v4.new_code_cell("…", outputs=outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "04_cohorts.ipynb")
    return tmp_path


def after(executed, given: dict):
    """The notebook's outputs once the file has been carried out, and all of them as text."""
    said = Editorial.model_validate(given)
    rows = json.loads((executed / "cohorts" / "findings.json").read_text("utf-8"))
    beside = json.loads((executed / "cohorts" / findings.BESIDE).read_text("utf-8"))
    shown = editorial.edited([row | beside[row["id"]] for row in rows], said, EN)
    about = {f"cohorts__{name}": {"title": f"Table & {name}"} for name in ("active", "worth")}
    notebook = Notebook("04_cohorts", executed / "04_cohorts.ipynb", (), is_own=False)
    editing.carry_out(
        said, [notebook], executed, findings={f["id"]: f for f in shown}, about=about, words=EN
    )
    outputs = nbformat.read(executed / "04_cohorts.ipynb", as_version=4).cells[0].outputs
    return outputs, "".join(o.data.get("text/html", "") for o in outputs)


def test_nothing_said_leaves_a_notebook_as_it_is(executed):
    before = (executed / "04_cohorts.ipynb").read_bytes()
    after(executed, {"order": ["cohorts.worth"], "tried": {}})
    assert (executed / "04_cohorts.ipynb").read_bytes() == before


def test_a_hidden_finding_goes_with_its_card_chart_and_table(executed):
    outputs, text = after(executed, {"hide": ["cohorts.active"]})
    assert len(outputs) == 7 - 3
    for gone in ("&lt;active&gt;", "Table &amp; active", "cohorts.active"):
        assert gone not in text
    for kept in ("&lt;worth&gt;", "&lt;third&gt;", "Table &amp; worth"):
        assert kept in text
    pictures = [o for o in outputs if "image/png" in o.data]
    assert [o.metadata["image/png"]["alt"] for o in pictures] == ["Picture of worth"]


def test_a_card_is_written_anew_and_all_of_it_is_escaped(executed):
    bad = "<script>alert()</script>"
    outputs, text = after(executed, {
        "reword": {"cohorts.worth": f"{{estimate}} {bad}"},
        "comment": {"cohorts.worth": f"Why {bad}"}, "owner": {"cohorts.worth": f"Maija {bad}"},
    })  # fmt: skip
    page = BeautifulSoup(text, "html.parser")
    card = page.find("section", id="cohorts.worth")
    assert len(outputs) == 7
    assert not page.find_all("script")
    assert card.h3.text == f"50% {bad}"
    assert card.find("p", class_="comment").text == f"Why {bad}"
    assert card.find("p", class_="owner").text == f"Who sees to it: Maija {bad}"
    assert "100 offers" in card.find("p", class_="sure").text
    assert page.find("section", id="cohorts.active").h3.text == "Headline <active>"


def test_every_form_of_a_report_obeys_and_what_was_computed_stays(
    tmp_path, tmp_path_factory, monkeypatch
):
    shop = copied(small_shop.published(tmp_path_factory.getbasetemp())[0], tmp_path / "copy")
    used(shop, monkeypatch)
    report = report_of(shop)
    computed = (report / "internal" / "findings.json").read_bytes()
    sheets = openpyxl.load_workbook(report / "send" / "tables.xlsx").sheetnames
    about = json.loads((report / "internal" / "tables.json").read_bytes())
    sent = {name for name, one in about.items() if one["send"]}
    ids = sorted(
        (f["id"] for f in json.loads(computed)), key=lambda i: (i.replace(".", "__") not in sent, i)
    )
    hidden, kept = ids[0], ids[-1]
    (shop / "data" / "acme" / "editorial.yml").write_text(
        f"hide: [{hidden}]\nreword: {{{kept}: 'Said by a person: {{estimate}}'}}\n"
    )
    planned = only_plan(monkeypatch, results_are_there=True)
    run.report("acme")
    assert [names for names in planned if names] == [["11_summary"]]
    page = BeautifulSoup((report / "send" / "report.html").read_text("utf-8"), "html.parser")
    assert page.find(id=hidden) is None
    assert page.find(id=kept).h3.text.startswith("Said by a person: ")
    assert (report / "internal" / "findings.json").read_bytes() == computed
    now = openpyxl.load_workbook(report / "send" / "tables.xlsx").sheetnames
    assert len(now) == len(sheets) - (hidden.replace(".", "__") in sent)
