"""How long a whole report takes: `python -m benchmarks.report`.

`python -m templates_lib report` for a shipped client, against the same notebooks one after another
by `papermill` and `jupyter nbconvert --execute` from the shell, which make no page, slides or
workbook of them. Exports are generated and staged beforehand, for all alike.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.performance import ROOT, Section
from benchmarks.turns import arguments

WALL, PROCESSOR = 0.5, 0.7  # of what the shell takes
WHY = "page, PDF, slides and workbook are in it, which the shell does not make"
PR_SET_CHILD_SUBREAPER = 36  # of <linux/prctl.h>
BIN = Path(sys.executable).parent
WAYS = {"ours": "`templates_lib report`", "papermill": "`papermill`, one after another",
        "nbconvert": "`jupyter nbconvert --execute`, one after another"}  # fmt: skip


def commands(way: str, client: str, notebooks: list[Path], out: Path) -> list[list[str]]:
    """What is typed for a report; a notebook's client is a parameter, or written into a copy."""
    if way == "ours":
        return [[sys.executable, "-m", "templates_lib", "report", client]]
    if way == "papermill":
        return [
            [str(BIN / "papermill"), str(file), str(out / file.name), "-p", "client", client]
            for file in notebooks
        ]
    copies = []
    for file in notebooks:
        copies.append(out / f"of_{client}_{file.name}")
        text = file.read_text().replace('client = \\"demo\\"', f'client = \\"{client}\\"')
        copies[-1].write_text(text)
    convert = [str(BIN / "jupyter"), "nbconvert", "--to", "notebook", "--execute"]
    return [[*convert, str(copy), "--output", f"done_{copy.name}"] for copy in copies]


def run(way: str, client: str, notebooks: list[Path], workspace: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor, of all processes together."""
    out = workspace / "out"
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(workspace / "reports", ignore_errors=True)
    out.mkdir()
    environment = os.environ | {"WORKSPACE": str(workspace)}
    todo = commands(way, client, notebooks, out)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in todo:
        subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
    with suppress(ChildProcessError):
        while True:
            os.wait()  # for what a command has left, so that its time counts
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def adopt_orphans() -> None:
    """Makes this the parent of processes whose own has ended, as of those that kernels are copies
    of; else nobody would count their time."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--client", default=os.environ.get("BENCHMARK_CLIENT", "demo"))
    chosen = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        (workspace / "params").mkdir()
        for file in (ROOT / "params").glob(f"{chosen.client}.*"):
            shutil.copy(file, workspace / "params")
        run("ours", chosen.client, [], workspace)  # generates, stages, and says what can run
        done = sorted((workspace / "reports" / chosen.client).glob("*/*/internal/**/*.ipynb"))
        names = {file.name for file in done}
        notebooks = [f for f in sorted((ROOT / "notebooks").glob("*.ipynb")) if f.name in names]
        taken: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
        for turn in range(chosen.turns):
            for way in list(WAYS)[:: 1 if turn % 2 == 0 else -1]:
                taken[way].append(run(way, chosen.client, notebooks, workspace))
    wall, processor = (
        {way: min(r[k] for r in runs) for way, runs in taken.items()} for k in (0, 1)
    )
    section = Section("report", ["papermill", "nbconvert", "ipykernel", "matplotlib", "weasyprint"])
    section.say(f"The client `{chosen.client}`, {len(notebooks)} notebooks. Seconds:")
    section.table(
        [
            {"": name, "clock": f"{wall[way]:.1f}", "processor": f"{processor[way]:.1f}"}
            for way, name in WAYS.items()
        ]
    )
    for way in ("papermill", "nbconvert"):
        name = f"Of what {way} takes by the"
        section.aim(f"{name} clock", wall["ours"] / wall[way], most=WALL, why=WHY)
        section.aim(
            f"{name} processor", processor["ours"] / processor[way], most=PROCESSOR, why=WHY
        )
    section.write(chosen.date)


if __name__ == "__main__":
    main()
