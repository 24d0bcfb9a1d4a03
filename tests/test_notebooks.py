"""The stored notebooks as documents and by plain papermill, and a client's own ones."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from itertools import dropwhile, takewhile
from pathlib import Path

import nbformat
import pytest
import small_shop
from bs4 import BeautifulSoup
from small_shop import command, copied, only_plan, own_notebook, report_of, used

from templates_lib.cli import main
from templates_lib.client import open_client
from templates_lib.problems import InputProblems
from templates_lib.report import notebooks
from templates_lib.workspace import ClientFolders, repository

STORED = sorted((repository() / "notebooks").glob("*.ipynb"))
BY_NAME = pytest.mark.parametrize("file", STORED, ids=lambda f: f.stem)


def read(file: Path) -> nbformat.NotebookNode:
    return nbformat.read(file, as_version=4)


def code(file: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(file).cells if cell.cell_type == "code"]


# As stored


@BY_NAME
def test_a_stored_notebook_is_valid_and_without_outputs(file):
    content = json.loads(file.read_text(encoding="utf-8"))
    nbformat.validate(content)
    assert content["nbformat"] == 4
    assert content["cells"][0]["cell_type"] == "markdown"
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    needs = content["metadata"]["templates_lib"]["needs"]  # says which sources it needs
    assert needs or file.stem == "00_data_health", "only that one runs on any source"


def set_up(file: Path) -> list:
    """The cells between the parameters and the first section."""
    after = list(dropwhile(lambda cell: cell.cell_type != "code", read(file).cells))[1:]
    return list(takewhile(lambda cell: cell.cell_type == "code", after))


@BY_NAME
def test_the_parameters_cell_holds_literals_of_two_names(file):
    tagged = [cell for cell in code(file) if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in tagged] == ['client = "demo"\noverrides = {}']
    assert code(file)[0] is not None
    assert code(file)[0].source == tagged[0].source, "it stands first"


@BY_NAME
def test_code_cells_are_a_few_visible_steps(file):
    at_the_top = [cell.id for cell in set_up(file)]
    for cell in code(file):
        assert len(cell.source.splitlines()) <= 15, cell.source
        for node in ast.walk(ast.parse(cell.source)):
            is_definition = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
            assert not is_definition, cell.source
            if cell.id not in at_the_top:
                assert not isinstance(node, ast.Import | ast.ImportFrom), cell.source


@BY_NAME
def test_one_name_everywhere(file):
    topic = file.stem.partition("_")[2]
    opened = [f'open_client(client, "{topic}", overrides)' in cell.source for cell in set_up(file)]
    assert opened.count(True) == 1
    library = repository() / "src" / "templates_lib"
    assert (library / f"{topic}.py").is_file() or (library / topic / "__init__.py").is_file()


@BY_NAME
def test_no_number_is_typed_into_the_prose(file):
    """A number typed into a template is false for the next client; a hundred and 95 % are words."""
    for cell in read(file).cells:
        if cell.cell_type == "markdown":
            typed = {w.strip(".,;:()") for w in cell.source.split() if w[:1].isdigit()}
            assert typed <= {"95", "30"}, cell.source


# By plain papermill, outside a run


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    """A workspace with the shipped example, staged."""

    def make(workspace: Path) -> str:
        (workspace / "params").mkdir()
        text = (repository() / "params" / "cdnow.yml").read_text(encoding="utf-8")
        (workspace / "params" / "cdnow.yml").write_text(text, encoding="utf-8")
        return command(workspace, "check", "cdnow")

    return small_shop.made_once(tmp_path_factory.getbasetemp(), "example", make)[0]


def papermill(workspace: Path, file: Path, output: Path, *more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "papermill", str(file), str(output), "-p", "client", "cdnow",
         "--no-progress-bar", *more],
        env=small_shop.environment(workspace), capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@BY_NAME
def test_a_stored_notebook_runs_by_plain_papermill(example, tmp_path, file):
    done = papermill(example, file, tmp_path / "out.ipynb")
    assert done.returncode == 0, done.stderr
    shown = [o for cell in code(tmp_path / "out.ipynb") for o in cell.outputs]
    assert any("Parameters in force" in str(o) for o in shown)
    assert [o for o in shown if o.output_type in ("stream", "error")] == [], "warnings"


def test_overrides_are_taken_by_plain_papermill(example, tmp_path):
    file = repository() / "notebooks" / "04_cohorts.ipynb"
    done = papermill(example, file, tmp_path / "out.ipynb", "-y", "overrides: {period: quarter}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert re.search(r">cohorts\.period</code></th><td[^>]*>quarter</td>", text)
    assert "quarter after the first purchase" in text


def test_a_wrong_override_gets_the_nearest_name(example, monkeypatch):
    used(example, monkeypatch)
    with pytest.raises(InputProblems) as raised:
        open_client("cdnow", "cohorts", {"perod": "month", "horizon": "many"})
    said = str(raised.value)
    assert "overrides perod: is not a key here; did you mean 'period'?" in said
    assert "overrides horizon: expected a whole number" in said


# A client's own


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return small_shop.published(tmp_path_factory.getbasetemp())[0]


@pytest.fixture
def copy(shop, tmp_path, monkeypatch) -> Path:
    return used(copied(shop, tmp_path / "copy"), monkeypatch)


OWN = (
    "import pandas as pd\nimport matplotlib.pyplot as plt",
    "many = pd.DataFrame({'region': ['=1+1', '<b>north</b>'], 'visits': [3, 4.5]})\n"
    "table('visits', many, title='Visits', note='<i>own</i>')",
    "drawn, axes = plt.subplots()\naxes.plot([1, 2])\nfigure('line', drawn, alt='A \"line\" <b>')",
    "finding('sure', 'An own finding', 'Of its own.', estimate=0.5, low=0.4, high=0.6, n=100,\n"
    "        unit='share')",
)


@pytest.fixture(scope="module")
def with_own(shop, tmp_path_factory) -> tuple[Path, str]:
    """A report with a copy in a template's place and two own notebooks; what the run said."""

    def make(workspace: Path) -> str:
        copied(shop, workspace)
        command(workspace, "eject", "acme", "NOTEBOOK=data_health")
        ejected = workspace / "data" / "acme" / "notebooks" / "00_data_health.ipynb"
        content = read(ejected)
        content.cells = content.cells[:3]
        content.cells[0].source = "# The data, in our own words"
        nbformat.write(content, ejected)
        own_notebook(workspace, "05_visits", *OWN)
        own_notebook(workspace, "no_number", "shop.say('Said in an own notebook.')")
        return command(workspace, "report", "acme")

    return small_shop.made_once(tmp_path_factory.getbasetemp(), "with_own", make)


def test_own_notebooks_are_in_the_report(with_own):
    workspace, said = with_own
    assert "04_cohorts: unchanged, kept" in said
    report = report_of(workspace)
    page = (report / "send" / "report.html").read_text(encoding="utf-8")
    assert "An own view: visits" in page
    assert "Said in an own notebook." in page
    assert "The data, in our own words" in page
    assert "What the data can tell" not in page, "the copy has taken the template's place"
    names = {f.name for f in (report / "internal").rglob("*")}
    assert {"visits__visits.csv", "visits__line.svg", "05_visits.ipynb", "no_number.ipynb"} <= names
    assert "data_health__months.csv" not in names
    found = json.loads((report / "internal" / "findings.json").read_text(encoding="utf-8"))
    assert "visits.sure" in [f["id"] for f in found]


def test_text_of_an_own_notebook_is_text(with_own):
    workspace, _ = with_own
    report = report_of(workspace)
    csv = (report / "internal" / "tables" / "visits__visits.csv").read_text(encoding="utf-8")
    assert csv == "region,visits\n'=1+1,3.0\n<b>north</b>,4.5\n"
    page = (report / "send" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;north&lt;/b&gt;" in page
    assert "<b>north</b>" not in page
    pictures = BeautifulSoup(page, "html.parser").find_all("img")
    assert 'A "line" <b>' in [picture["alt"] for picture in pictures]


def test_a_notebook_that_is_taken_out_is_out_of_the_summary_too(with_own, tmp_path, monkeypatch):
    workspace = used(copied(with_own[0], tmp_path / "copy"), monkeypatch)
    (workspace / "data" / "acme" / "notebooks" / "05_visits.ipynb").unlink()
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme"]) == 0
    assert planned == [[], ["10_profiles"], ["11_summary"]]
    assert not list((report_of(workspace) / "internal").rglob("*visits*"))


def test_eject_writes_the_clients_name_and_marks_the_template(copy, capsys):
    assert main(["eject", "acme", "NOTEBOOK=cohorts"]) == 0
    assert capsys.readouterr().out == "Copied to data/acme/notebooks/04_cohorts.ipynb\n"
    ejected = copy / "data" / "acme" / "notebooks" / "04_cohorts.ipynb"
    nbformat.validate(read(ejected))
    assert code(ejected)[0].source == 'client = "acme"\noverrides = {}'
    template = code(repository() / "notebooks" / "04_cohorts.ipynb")
    assert [c.source for c in code(ejected)[1:]] == [c.source for c in template[1:]]
    (own,) = [n for n in notebooks.of_client(ClientFolders("acme")) if n.topic == "cohorts"]
    assert own.path == ejected
    assert own.is_own
    assert notebooks.outdated(own) is None


def test_a_copy_of_an_earlier_template_is_warned_about(copy, monkeypatch, capsys):
    main(["eject", "acme", "NOTEBOOK=cohorts"])
    ejected = copy / "data" / "acme" / "notebooks" / "04_cohorts.ipynb"
    content = read(ejected)
    content.metadata["templates_lib"]["template"] = "0" * 64
    nbformat.write(content, ejected)
    only_plan(monkeypatch)
    with pytest.raises(small_shop.NotRun):
        main(["report", "acme"])
    expected = (
        "Note: data/acme/notebooks/04_cohorts.ipynb takes the place of a template that has "
        "changed since it was copied; compare the two\n"
    )
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cohort", "NOTEBOOK: no notebook 'cohort'; did you mean 'cohorts'?"),
        ("cohorts summary", "NOTEBOOK: expected one notebook, such as cohorts"),
        ("../x", "NOTEBOOK: no notebook '../x'"),
        (",", "NOTEBOOK: expected one notebook, such as cohorts"),
        ("", "NOTEBOOK: is required, such as NOTEBOOK=cohorts"),
    ],
)
def test_eject_of_no_notebook(copy, capsys, name, said):
    assert main(["eject", "acme", f"NOTEBOOK={name}"]) == 2
    assert said in capsys.readouterr().err
    assert not (copy / "data" / "acme" / "notebooks").exists()


def test_eject_overwrites_nothing(copy, capsys):
    main(["eject", "acme", "NOTEBOOK=cohorts"])
    ejected = copy / "data" / "acme" / "notebooks" / "04_cohorts.ipynb"
    ejected.write_text("mine")
    assert main(["eject", "acme", "NOTEBOOK=04_cohorts"]) == 2
    assert "is there already; remove or rename it first" in capsys.readouterr().err
    assert ejected.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Untitled 1", "rename it to lower-case letters, digits and _, as in 05_returns"),
        ("05_<b>", "rename it to lower-case letters, digits and _, as in 05_returns"),
        ("cohorts", "has the topic of 04_cohorts; call it 04_cohorts.ipynb to take its place"),
        ("07_cohorts", "has the topic of 04_cohorts"),
    ],
)
def test_an_own_notebook_needs_a_name_of_its_own(copy, capsys, name, said):
    own_notebook(copy, name, "1")
    assert main(["report", "acme"]) == 2
    assert f"data/acme/notebooks/{name}.ipynb: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", '{"cells": []}', '{"metadata": 1}'])
def test_a_file_that_is_no_notebook_is_named(copy, capsys, text):
    own_notebook(copy, "05_own", "1").write_text(text)
    assert main(["report", "acme"]) == 2
    said = capsys.readouterr().err
    assert said == "To mend:\n  data/acme/notebooks/05_own.ipynb: is not a notebook; restore it\n"


def test_a_template_without_its_sources_is_left_out_and_the_report_says_so(copy, monkeypatch):
    ready = small_shop.run.prepare("acme", progress=small_shop.run.Progress())
    own = own_notebook(copy, "05_survey", "1")
    content = read(own)
    content.metadata["templates_lib"] = {"needs": ["orders", "customers"]}
    nbformat.write(content, own)
    again = small_shop.run.prepare("acme", progress=small_shop.run.Progress())
    assert again.skipped == {**ready.skipped, "05_survey": ("customers",)}
    assert ready.skipped["02_nps_drivers"] == ("responses",)
    assert again.notebooks == ready.notebooks


def test_the_order_is_that_of_the_waves():
    def wave(name: str) -> int:
        return notebooks.Notebook(name, Path(f"{name}.ipynb"), (), True).wave

    assert [wave(n) for n in ("00_a", "09_b", "own", "10_profiles", "11_summary", "12_own")] == [
        0, 0, 0, 1, 2, 3,
    ]  # fmt: skip
