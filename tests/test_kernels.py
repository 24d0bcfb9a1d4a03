"""The kernels of a run: what they begin with, and that they are apart from each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from templates_lib.report.kernels import execute_notebook, import_once
from templates_lib.report.notebooks import templates

ABOUT_ITSELF = """\
import json, os, sys
from pathlib import Path
group = os.getpgid(0) if hasattr(os, "getpgid") else None
about = {"client": client, "folder": os.getcwd(), "pid": os.getpid(), "group": group,
         "modules": sorted(sys.modules), "environment": dict(os.environ)}
Path(f"{client}.json").write_text(json.dumps(about))
"""


def notebook(folder: Path, code: str) -> str:
    folder.mkdir()
    given = nbformat.v4.new_code_cell('client = "demo"', metadata={"tags": ["parameters"]})
    file = folder / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[given, nbformat.v4.new_code_cell(code)]), file)
    return str(file)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> list[dict]:
    """What two kernels that run side by side tell about themselves."""
    import_once(str(one.path) for one in templates())
    folders = [tmp_path_factory.mktemp("runs") / name for name in ("acme", "other")]
    with ThreadPoolExecutor(2) as pool:
        ended = [
            pool.submit(execute_notebook, notebook(f, ABOUT_ITSELF), str(f / "copy.ipynb"), f.name)
            for f in folders
        ]
    assert [future.result()[1:] for future in ended] == [("", "")] * 2
    told = [json.loads((folder / f"{folder.name}.json").read_text()) for folder in folders]
    return [one | {"made_in": str(folder)} for one, folder in zip(told, folders, strict=True)]


def test_kernels_side_by_side_have_folders_and_processes_of_their_own(two):
    assert [one["client"] for one in two] == ["acme", "other"]
    assert [os.path.realpath(one["folder"]) for one in two] == [
        os.path.realpath(one["made_in"]) for one in two
    ]
    assert len({os.getpid(), *(one["pid"] for one in two)}) == 3
    for one in two:
        assert one["group"] in (None, one["pid"]), "Ctrl-C would reach it"
        assert one["environment"]["TEMPLATES_LIB_RUN"] == one["made_in"]
        assert one["environment"]["MPLBACKEND"] == "agg"
        assert one["environment"]["PATH"] == os.environ["PATH"]
    assert "TEMPLATES_LIB_RUN" not in os.environ


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are copies on Linux only")
def test_a_kernel_begins_with_what_the_notebooks_import(two):
    for one in two:
        assert {"pandas", "seaborn", "templates_lib.client", "templates_lib.cohorts"} <= {
            *one["modules"]
        }


def test_a_kernel_ends_with_nothing_to_be_warned_of(tmp_path):
    """A lock between processes, as progress bars make one, is given back."""
    file = notebook(tmp_path / "run", "import multiprocessing; lock = multiprocessing.RLock()")
    given = (file, str(tmp_path / "run" / "copy.ipynb"), "acme")
    script = tmp_path / "script.py"
    script.write_text(
        "from templates_lib.report.kernels import execute_notebook\n"
        f"if __name__ == '__main__':\n    print(execute_notebook{given}[1:])\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("('', '')\n", "")


def test_a_cell_that_fails_is_told(tmp_path):
    file = notebook(tmp_path / "run", "# the second\n1 / 0")
    _, cell, message = execute_notebook(file, str(tmp_path / "run" / "copy.ipynb"), "acme")
    assert cell == "[3] “# the second”"
    assert message == "ZeroDivisionError: division by zero"


def test_a_kernel_that_is_killed_is_told(tmp_path):
    file = notebook(tmp_path / "run", "import os; os.kill(os.getpid(), 9)")
    _, cell, message = execute_notebook(file, str(tmp_path / "run" / "copy.ipynb"), "acme")
    assert (cell, message) == ("", "its kernel died (killed, or out of memory)")
