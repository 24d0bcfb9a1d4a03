"""The commands: the same by word, option and environment; problems in one list, no traceback."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import small_shop
from conftest import ORDERS
from small_shop import contents, copied, used

from templates_lib import cli
from templates_lib.cli import COMMANDS, main
from templates_lib.workspace import repository

CSV = "order,customer,when,amount\n1,a,2026-01-01,10\n2,a,2026-02-01,20\n3,b,2026-02-02,30\n"


@pytest.fixture(autouse=True)
def no_words_of_make(monkeypatch):
    for name in small_shop.MAKES:
        if name != "WORKSPACE":
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def acme(make_client, workspace) -> Path:
    make_client(exports={"orders.csv": CSV})
    return workspace


@pytest.fixture
def asked(monkeypatch) -> list[argparse.Namespace]:
    """What the report command was asked for; nothing is made."""
    seen: list[argparse.Namespace] = []

    def remember(args: argparse.Namespace) -> int:
        seen.append(args)
        return 0

    options = COMMANDS["report"][1]
    monkeypatch.setitem(cli.COMMANDS, "report", (remember, options))
    return seen


# The same by word, option and environment

WAYS = [
    (["report", "acme", "--as-of", "2026-05-31", "--jobs", "2", "--language", "fi",
      "--notebooks", "cohorts data_health"], {}),
    (["report", "--client", "acme", "--as-of=2026-05-31", "--jobs=2", "--language=fi",
      "--notebooks=cohorts data_health"], {}),
    (["report", "CLIENT=acme", "AS_OF=2026-05-31", "JOBS=2", "LANGUAGE=fi",
      "NOTEBOOKS=cohorts data_health"], {}),
    (["report"], {"CLIENT": "acme", "AS_OF": "2026-05-31", "JOBS": "2", "REPORT_LANGUAGE": "fi",
                  "NOTEBOOKS": "cohorts data_health"}),
    (["report", "acme", "JOBS=2", "LANGUAGE=fi"],
     {"CLIENT": "other", "AS_OF": "2026-05-31", "JOBS": "7", "NOTEBOOKS": "cohorts data_health"}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "environment"), WAYS)
def test_a_word_an_option_and_the_environment_say_the_same(
    acme, asked, monkeypatch, words, environment
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(words) == 0
    (args,) = asked
    assert args.client == "acme"
    assert args.as_of == "2026-05-31"
    assert args.jobs == "2"
    assert args.language == "fi"
    assert args.notebooks == "cohorts data_health"


def test_what_is_left_out_is_none(acme, asked, monkeypatch):
    monkeypatch.setenv("AS_OF", "")  # as make passes what was not given
    monkeypatch.setenv("LANGUAGE", "en_US:en")  # the system's own, not the report's
    assert main(["report", "acme"]) == 0
    (args,) = asked
    assert (args.as_of, args.language, args.notebooks, args.jobs) == (None, None, None, None)


def test_the_workspace_is_a_word_too(acme, asked, monkeypatch):
    monkeypatch.delenv("WORKSPACE")
    monkeypatch.chdir(acme.parent)
    monkeypatch.setenv("CLIENT", "acme")
    for words in (["WORKSPACE=workspace"], ["--workspace", "workspace"], [f"WORKSPACE={acme}"]):
        assert main(["report", *words]) == 0
        assert os.environ["WORKSPACE"] == str(acme), "whole: notebooks run in other folders"
    assert len(asked) == 3


def test_python_dash_m_is_the_same(acme):
    done = subprocess.run(
        [sys.executable, "-m", "templates_lib", "check", "acme"],
        env=small_shop.environment(acme), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "can run: 00_data_health" in done.stdout
    assert done.stderr == ""


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    function, options = COMMANDS[command]
    assert " ".join(function.__doc__.split()) in said
    for option in (*options, "workspace"):
        assert f"--{option.replace('_', '-')}" in said
        assert " ".join(cli.OPTIONS[option][1].split()) in said


def test_the_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for name in COMMANDS:
        assert re.search(rf"\n    {name}\s", said)


@pytest.mark.parametrize(
    "words", [[], ["reprot"], ["report", "--no-such-option"], ["report", "X=1"]]
)
def test_an_unknown_word_is_refused(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m templates_lib")


# What a user can mend: exit code 2, one list, nothing written


def refused(capsys, *words: str) -> list[str]:
    assert main(["report", *words]) == 2
    said = capsys.readouterr()
    assert said.out == "" or said.out.startswith("reading the sources")
    assert "Traceback" not in said.err
    first, *problems = said.err.splitlines()
    assert first in ("To mend:", f"{len(problems)} to mend:")
    assert all(line.startswith("  ") for line in problems)
    return [line.strip() for line in problems]


@pytest.fixture
def nothing_written(acme):
    yield
    assert not (acme / "reports").exists()
    if (acme / "build").exists():
        assert not list((acme / "build").rglob("*.duckdb"))


usefixtures = pytest.mark.usefixtures("nothing_written")


@usefixtures
def test_every_wrong_parameter_is_told_at_once(acme, make_client, capsys):
    wrong = ORDERS.replace("language: en", "language: sv").replace("vat: excluded", "vat: maybe")
    make_client(wrong + "cohorts: {perod: month, horizon: 0}\nnonsense: 1\n")
    problems = refused(capsys, "acme", "--as-of", "2026-13-01")
    assert len(problems) == 6
    assert "params/acme.yml:2 client.language: expected 'en' or 'fi'" in problems[0]
    assert any("did you mean 'period'?" in p for p in problems)
    assert any("as_of: expected a day as YYYY-MM-DD" in p for p in problems)


@usefixtures
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["acne"], "CLIENT: no params/acne.yml; did you mean 'acme'?"),
        (["../acme"], "CLIENT: must be 1 to 64 characters of a-z, 0-9, _ and -"),
        (["acme\n"], "CLIENT: must be 1 to 64 characters"),
        ([], "CLIENT: is required, such as CLIENT=demo; known: acme"),
        (["acme", "JOBS=many"], "JOBS: expected a number of notebooks, 1 to 999"),
        (["acme", "JOBS=0"], "JOBS: expected a number"),
        (["acme", "JOBS=-1"], "JOBS: expected a number"),
        (["acme", "JOBS=1000"], "JOBS: expected a number"),
        (["acme", "AS_OF=yesterday"], "this run's as_of: expected a day as YYYY-MM-DD"),
        (["acme", "LANGUAGE=xx"], "this run's client.language: expected 'en' or 'fi'"),
        (["acme", "WORKSPACE=/no/such/folder"], "WORKSPACE: is not a folder"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(acme, capsys, words, said):
    problems = refused(capsys, *words)
    assert len(problems) == 1
    assert problems[0].startswith(said)


@usefixtures
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("client: {name: [", "params/acme.yml:1: is not YAML:"),
        ("client: &x {name: *x}\n", "params/acme.yml:1: aliases"),
        ("- 1\n", "params/acme.yml: expected keys such as client:"),
        ("", "params/acme.yml: expected keys such as client:"),
        (b"\xff\xfe\x00", "params/acme.yml: is not UTF-8 text"),
    ],
)
def test_a_broken_parameter_file(acme, capsys, text, said):
    data = text if isinstance(text, bytes) else text.encode()
    (acme / "params" / "acme.yml").write_bytes(data)
    problems = refused(capsys, "acme")
    assert problems[0].startswith(said)


def exports(acme: Path) -> Path:
    return acme / "data" / "acme" / "exports" / "orders.csv"


@usefixtures
def test_a_missing_file(acme, capsys):
    exports(acme).rename(exports(acme).with_name("order.csv"))
    (problem,) = refused(capsys, "acme")
    assert "no 'orders.csv' in data/acme/exports; did you mean 'order.csv'?" in problem


@usefixtures
@pytest.mark.parametrize("kind", ["folder", "empty", "link", "pipe", "closed"])
def test_an_unreadable_file(acme, capsys, kind):
    file = exports(acme)
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "empty":
        file.touch()
    elif kind == "link":
        file.symlink_to("/etc/hostname")
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        if os.geteuid() == 0:
            pytest.skip("root may read every file")
        file.write_text(CSV)
        file.chmod(0)
    (problem,) = refused(capsys, "acme")
    assert problem.startswith(("exports/orders.csv: ", "data/acme/exports/orders.csv: "))


@usefixtures
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount", "amuont", "did you mean 'amuont'?"),
        ("2026-01-01", "last year", "exports/orders.csv"),
        (",10\n", ",ten\n", "exports/orders.csv"),
    ],
)
def test_a_wrong_column_or_value(acme, capsys, old, new, said):
    exports(acme).write_text(CSV.replace(old, new))
    problems = refused(capsys, "acme")
    assert said in " ".join(problems)
    assert "last year" not in " ".join(problems), "a value may be personal"
    assert ",ten" not in " ".join(problems)


@usefixtures
def test_problems_of_the_repository_of_a_workspace_without_clients(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORKSPACE", str(tmp_path))
    assert refused(capsys) == ["CLIENT: is required, such as CLIENT=demo"]


def test_a_split_by_what_is_not_there(acme, make_client, capsys):
    make_client(ORDERS + "cohorts: {split_by: [first_categry]}\n")
    (problem,) = refused(capsys, "acme")
    assert problem.startswith("cohorts.split_by: no attribute 'first_categry'; did you mean")
    assert not (acme / "reports").exists()


# The other commands


def test_check_says_what_was_read_and_what_can_run(acme, capsys):
    assert main(["check", "acme"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("reading the sources: ")
    assert any(line.startswith("  orders (table): 1 file, 3 rows, ") for line in said)
    assert "    exports/orders.csv: 3 rows, utf-8" in said
    assert "  Rows in the files: 3 orders, 2 customers" in said
    analysed = "  Purchases after the same-day merge: 3 orders, 2 customers, "
    assert any(line.startswith(analysed) for line in said)
    (can_run,) = [line for line in said if line.startswith("  can run: ")]
    assert can_run == (
        "  can run: 00_data_health, 01_icp, 03_repeat_purchase, 04_cohorts, 05_customer_value, "
        "09_interviews, 10_profiles, 11_summary"
    )
    assert not (acme / "reports").exists()


def test_check_of_what_cannot_run(acme, capsys):
    own = small_shop.own_notebook(acme, "02_survey", "1")
    content = small_shop.nbformat.read(own, as_version=4)
    content.metadata["templates_lib"] = {"needs": ["orders", "customers"]}
    small_shop.nbformat.write(content, own)
    assert main(["check", "acme"]) == 0
    assert "  left out: 02_survey needs customers" in capsys.readouterr().out.splitlines()


@pytest.fixture
def two_clients(tmp_path_factory, tmp_path, monkeypatch) -> Path:
    """A client with a report, and the same once more under another name."""
    shop = small_shop.published(tmp_path_factory.getbasetemp())[0]
    workspace = used(copied(shop, tmp_path / "two"), monkeypatch)
    for folder in ("data", "build", "reports"):
        copied(workspace / folder / "acme", workspace / folder / "beta")
    copy = (workspace / "params" / "acme.yml").read_bytes()
    (workspace / "params" / "beta.yml").write_bytes(copy)
    (workspace / "reports" / "README.md").write_text("what is here")
    return workspace


def test_purge_removes_one_clients_caches_and_reports(two_clients, capsys):
    before = contents(two_clients)
    assert main(["purge", "acme"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("removed build/acme\nremoved reports/acme\nkept data/acme/private: ")
    gone = ("build/acme/", "reports/acme/")
    kept = {name: content for name, content in before.items() if not name.startswith(gone)}
    assert contents(two_clients) == kept
    assert len(kept) < len(before)
    assert main(["purge", "acme"]) == 0, "there is nothing left to remove"


def test_clean_never_touches_data(two_clients):
    before = contents(two_clients)
    assert main(["clean"]) == 0
    gone = ("build/", "reports/acme/", "reports/beta/")
    kept = {name: content for name, content in before.items() if not name.startswith(gone)}
    assert contents(two_clients) == kept
    assert {name.split("/")[0] for name in kept} == {"params", "data", "reports"}
    assert main(["clean"]) == 0


@pytest.mark.parametrize("command", ["report", "check", "lab", "eject", "contacts", "purge"])
def test_no_command_takes_a_name_that_leads_out(acme, capsys, command):
    before = contents(acme)
    assert main([command, "../../etc"]) == 2
    assert capsys.readouterr().err.startswith("To mend:\n  CLIENT: must be 1 to 64 characters")
    assert contents(acme) == before


def test_lab_opens_the_notebooks_for_the_client(acme, monkeypatch, capsys):
    called = []

    def call(command, env):
        called.append((command, env))
        return 0

    monkeypatch.setattr(cli.subprocess, "call", call)
    assert main(["lab", "acme"]) == 0
    ((command, env),) = called
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    root = Path(command[command.index("--notebook-dir") + 1])
    assert repository().is_relative_to(root) and acme.is_relative_to(root)
    (begin,) = [word.partition("preferred_dir=")[2] for word in command if "preferred" in word]
    assert root / begin == repository() / "notebooks"
    assert env["TEMPLATES_LIB_CLIENT"] == "acme"
    assert env["WORKSPACE"] == str(acme)


def test_stored_notebooks_open_the_clients_data_in_a_lab(acme, monkeypatch):
    from templates_lib.client import open_client

    monkeypatch.setenv("TEMPLATES_LIB_CLIENT", "acme")
    assert open_client("demo", "cohorts").params.client.name == "Acme Oy"


def test_docs_writes_the_generated_files(monkeypatch, tmp_path, capsys):
    for folder in ("params", "docs"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(cli, "repository", lambda: tmp_path)
    assert main(["docs"]) == 0
    said = capsys.readouterr().out.split()
    assert sorted(said) == sorted(contents(tmp_path))
    for name, content in contents(tmp_path).items():
        assert content == (repository() / name).read_bytes()
