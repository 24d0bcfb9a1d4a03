"""Make is a thin call of the commands, and nothing that a user gives reaches a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import small_shop
from conftest import ORDERS
from small_shop import contents

from templates_lib.cli import COMMANDS
from templates_lib.workspace import repository

ROOT = repository()
READY = ROOT / ".venv" / "ready"
CSV = "order,customer,when,amount\n1,a,2026-01-01,10\n2,a,2026-02-01,20\n3,b,2026-02-02,30\n"
VARIABLES = ["CLIENT", "AS_OF", "NOTEBOOKS", "NOTEBOOK", "LIST", "CONSENT", "JOBS", "LANGUAGE",
             "REPORT_LANGUAGE", "WORKSPACE"]  # fmt: skip
TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z][a-z-]*):", TEXT, re.MULTILINE)

pytestmark = [
    pytest.mark.skipif(not shutil.which("make"), reason="needs make, which is not installed"),
    pytest.mark.skipif(not READY.exists(), reason="needs the environment of `make env`"),
]


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Calls make with the environment as it is: it is not synchronised meanwhile."""
    clean = {k: v for k, v in os.environ.items() if k not in small_shop.MAKES}
    return subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory", "-o", ".venv/ready", *words],
        env={**clean, **environment}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


# Injection


def attacks(file: Path) -> list[str]:
    return [
        f"; touch {file} #",
        f"' ; touch {file} ; '",
        f'" ; touch {file} ; "',
        f"$(shell touch {file})",
        f"$$(touch {file})",
        f"$(touch {file})",
        f"`touch {file}`",
        f"x\n\ttouch {file}\n",
        f"x\ntouch {file}",
        f"$(eval $(shell touch {file}))",
        f"$(call shell,touch {file})${{shell touch {file}}}",
        f"x && touch {file} || touch {file}",
        f"$(info x) | touch {file}",
        f"x' $(shell touch {file}) \\\n; touch {file}",
    ]


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("target", ["report", "eject"])
def test_nothing_given_is_run_by_make_or_the_shell(tmp_path, variable, target):
    """Python is left out (RUN=true): what is tested is what stands before it."""
    for number, attack in enumerate(attacks(tmp_path / "x")):
        make(target, "RUN=true", f"{variable}={attack}")
        assert not any(tmp_path.iterdir()), f"on the command line: {attack!r}"
        make(target, "RUN=true", **{variable: attack})
        assert not any(tmp_path.iterdir()), f"in the environment: {attack!r}"
        if number < 2:
            make("-e", target, "RUN=true", **{variable: attack})
            assert not any(tmp_path.iterdir()), f"with make -e: {attack!r}"


def test_what_is_given_arrives_as_it_was_typed():
    text = "$(shell id) 'a' \"b\" `c` ; $$ \\ #"
    for variable in VARIABLES:
        name = "REPORT_LANGUAGE" if variable == "LANGUAGE" else variable
        done = make("report", f"RUN=printenv {name} #", f"{variable}={text}")
        assert done.stdout == text + "\n", (variable, done.stderr)


@pytest.mark.parametrize("variable", ["CLIENT", "AS_OF", "JOBS", "LANGUAGE", "WORKSPACE"])
def test_python_refuses_what_make_passes_on(tmp_path, make_client, workspace, variable):
    make_client(exports={"orders.csv": CSV})
    given = {"WORKSPACE": str(workspace), "CLIENT": "acme"}
    given[variable] = f"$(shell touch {tmp_path / 'x'}); touch {tmp_path / 'x'}"
    done = make("report", *(f"{name}={value}" for name, value in given.items()))
    assert done.returncode == 2
    assert done.stderr.startswith("To mend:\n")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()
    assert not (workspace / "reports").exists()


# Thin calls


def test_help_lists_every_target_and_every_command():
    done = make("help")
    listed = re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE)
    assert done.returncode == 0
    assert listed == TARGETS
    assert set(COMMANDS) <= set(listed)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    assert set(phony.split()) == set(TARGETS)
    assert make().stdout == done.stdout, "without a word make explains itself"


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_planned(target):
    done = make("-n", target)
    assert done.returncode == 0, done.stderr
    if target in COMMANDS:
        assert f".venv/bin/python -m templates_lib {target}" in done.stdout


def test_make_checks_a_client_whatever_the_systems_language_is(make_client, workspace):
    make_client(exports={"orders.csv": CSV})
    before = contents(workspace / "data")
    done = make("check", "CLIENT=acme", WORKSPACE=str(workspace), LANGUAGE="en_US:en")
    assert done.returncode == 0, done.stderr
    assert "orders (table): 1 file, 3 rows" in done.stdout
    assert before.items() <= contents(workspace / "data").items()


def test_the_reports_language_is_the_one_given_to_make(make_client, workspace):
    make_client(ORDERS.replace("language: en", "language: sv"), exports={"orders.csv": CSV})
    given = ["CLIENT=acme", f"WORKSPACE={workspace}"]
    done = make("check", *given, LANGUAGE="fi:en")
    assert done.returncode == 2
    assert "params/acme.yml:2 client.language: expected 'en' or 'fi'" in done.stderr
    done = make("check", *given, "LANGUAGE=xx")
    assert "this run's client.language: expected 'en' or 'fi'" in done.stderr


def test_exit_codes_pass_through(workspace):
    done = make("check", "CLIENT=acme", WORKSPACE=str(workspace))
    assert done.returncode == 2
    assert "CLIENT: no params/acme.yml" in done.stderr


def test_no_recipe_names_what_a_user_gives():
    recipes = [line for line in TEXT.splitlines() if line.startswith("\t")]
    for name in VARIABLES:
        assert not [line for line in recipes if re.search(rf"\$[({{]{name}\b", line)], name
        assert f"override {name} := $(value {name})" in TEXT
