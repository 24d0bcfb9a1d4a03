"""Where things lie: names of clients, links that lead out, and the workspace itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates_lib.params.file import load_params
from templates_lib.problems import InputProblems, closest, nearest
from templates_lib.workspace import ClientFolders, client_names, repository, shown, workspace


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc", "a/b", "a\\b", "A", "", " ", "x\n", "\nx", "-x", "_x", "x" * 65, "äiti",
     "con\0", "x.yml", ".", "..", "$(id)", "a;b", "C:", "ａ", "١", None, 7],
)  # fmt: skip
def test_a_name_that_is_no_name_is_refused_in_one_line(workspace, name):
    before = everything(workspace.parent)
    with pytest.raises(InputProblems) as raised:
        load_params(name)
    assert str(raised.value).startswith("CLIENT: must be 1 to 64 characters of a-z, 0-9, _ and -")
    assert len(str(raised.value).splitlines()) == 1
    assert everything(workspace.parent) == before


@pytest.mark.parametrize("name", ["a", "0", "acme", "acme-oy_2", "x" * 64])
def test_a_plain_name_is_taken_and_nothing_is_made(workspace, name):
    folders = ClientFolders(name)
    assert folders.params == workspace / "params" / f"{name}.yml"
    assert folders.private == workspace / "data" / name / "private"
    assert folders.own_notebooks == workspace / "data" / name / "notebooks"
    assert everything(workspace) == {workspace / "params"}


@pytest.mark.parametrize("place", ["params/acme.yml", "data/acme", "build/acme", "reports/acme"])
def test_a_link_out_of_the_workspace_is_refused(workspace, place):
    outside = workspace.parent / "outside"
    outside.mkdir()
    link = workspace / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(InputProblems) as raised:
        load_params("acme")
    assert str(raised.value) == f"{place}: leads out of the workspace"
    assert not everything(outside)


def test_a_folder_whose_name_begins_like_the_workspace_is_outside(workspace):
    sibling = workspace.with_name(workspace.name + "2")
    sibling.mkdir()
    (workspace / "data").symlink_to(sibling)
    with pytest.raises(InputProblems, match="data/acme: leads out of the workspace"):
        ClientFolders("acme")


def test_a_link_within_the_workspace_is_followed(workspace):
    (workspace / "store").mkdir()
    (workspace / "data").mkdir()
    (workspace / "data" / "acme").symlink_to(workspace / "store")
    assert ClientFolders("acme").data.is_dir()


def test_a_link_to_itself_is_no_parameter_file(workspace):
    (workspace / "params" / "acme.yml").symlink_to("acme.yml")
    with pytest.raises(InputProblems, match=r"params/acme.yml: there is no such parameter file"):
        load_params("acme")


def test_a_folder_is_no_parameter_file(workspace):
    (workspace / "params" / "acme.yml").mkdir()
    with pytest.raises(InputProblems, match=r"params/acme.yml: there is no such parameter file"):
        load_params("acme")


@pytest.mark.parametrize("named", ["file", "missing", "~nobody-has-this-name/x"])
def test_a_workspace_that_is_no_folder_is_refused(tmp_path, monkeypatch, named):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKSPACE", named)
    with pytest.raises(
        InputProblems, match="^WORKSPACE: is not a folder; create it or correct it$"
    ):
        workspace()


@pytest.mark.parametrize("named", ["", "  "])
def test_without_a_workspace_the_repository_is_used(monkeypatch, named):
    monkeypatch.setenv("WORKSPACE", named)
    assert workspace() == repository()
    assert {"cdnow", "completejourney"} <= set(client_names())


def test_clients_are_the_parameter_files(workspace):
    for name in ("b.yml", "a.yml", "template.yml", "A.yml", "schema.json", ".c.yml"):
        (workspace / "params" / name).write_text("")
    assert client_names() == ["a", "b"]


def test_a_path_is_shown_from_the_workspace_on(workspace):
    assert shown(workspace / "data" / "acme" / "x.csv") == "data/acme/x.csv"
    assert shown(Path("/somewhere/secret/x.csv")) == "x.csv"


def test_a_misspelt_name_gets_the_nearest_one_or_all():
    assert nearest("Perod", ["period", "horizon"]) == "; did you mean 'period'?"
    assert nearest("x", ["period", "horizon"]) == "; known: period, horizon"
    assert nearest("x", [str(n) for n in range(10, 23)]).endswith("21 …")
    assert nearest("x", []) == ""
    assert closest("perod", ["period"]) == "; did you mean 'period'?"
    assert closest("x", ["period"]) == ""
