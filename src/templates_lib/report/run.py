"""Makes a report: checks, stages, executes the notebooks side by side, publishes.

Everything is made in a folder aside and published in one step (`published.py`), so that an
interruption at any moment leaves the last good report as it was.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from templates_lib.client import RUN_FILE
from templates_lib.language import use
from templates_lib.problems import InputProblems
from templates_lib.published import RUNS
from templates_lib.report import publish
from templates_lib.report.earlier import SUMMARY, last_report, write_changes
from templates_lib.report.kernels import execute_notebook, import_once
from templates_lib.report.notebooks import (
    Notebook,
    chosen,
    edited_by_hand,
    fingerprint,
    made_by_hand,
    outdated,
    templates,
)
from templates_lib.report.progress import Progress
from templates_lib.report.ready import Ready, prepare
from templates_lib.workspace import ClientFolders, shown

FAILED = "failed"


class NotebooksFailed(Exception):
    """Notebooks that stopped: which cell, what it said, and where its copy is (exit code 1)."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = list(failures)
        super().__init__("\n".join(str(failure) for failure in failures))


@dataclass(frozen=True)
class Failure:
    """One notebook that stopped.

    ``cell`` is the number that stands beside the cell in the copy, as in ``[5]``, and the line
    that the cell begins with: in JupyterLab, where nothing is injected, it has another number.
    """

    notebook: str
    cell: str
    message: str
    copy: str = ""

    def __str__(self) -> str:
        where = f", cell {self.cell}" if self.cell else ""
        marked = ", with the cell marked" if self.cell else ""
        copy = f"\n  its copy{marked}: {self.copy}" if self.copy else ""
        message = self.message.strip().replace("\n", "\n  ")
        return f"{self.notebook}{where}: {message}{copy}"


def report(
    client: str,
    *,
    as_of: str | None = None,
    language: str | None = None,
    notebooks: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Makes and publishes a client's report; returns the folder that holds it.

    Notebooks whose inputs, parameters and code are as in the last report keep their results;
    those named in ``notebooks`` run in any case.

    Raises
    ------
    InputProblems, NotebooksFailed
        Nothing is published then.
    """
    progress = progress or Progress()
    ready = prepare(client, as_of=as_of, language=language, progress=progress)
    use(ready.params.client.language)
    forced = {n.name for n in chosen(ready.notebooks, notebooks)} if notebooks else set()
    for warning in filter(None, map(outdated, ready.notebooks)):
        progress.say(f"Note: {warning}")
    runs = ready.folders.reports / RUNS
    runs.mkdir(parents=True, exist_ok=True)
    with _turn(ready.folders, progress):
        for leftover in runs.glob("*.partial"):
            shutil.rmtree(leftover, ignore_errors=True)
        run = runs / f"{secrets.token_hex(4)}.partial"
        try:
            return _run(ready, run, forced, jobs or os.cpu_count() or 1, progress)
        finally:
            shutil.rmtree(run, ignore_errors=True)  # what an unfinished run has left


@contextmanager
def _turn(folders: ClientFolders, progress: Progress) -> Iterator[None]:
    """One report of a client at a time."""
    lock = FileLock(folders.build / ".report.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say("Another report of this client is being made; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _run(ready: Ready, run: Path, forced: set[str], jobs: int, progress: Progress) -> Path:
    work = run / "work"
    work.mkdir(parents=True)
    given = {"params": ready.params.model_dump(mode="json"), "staged": str(ready.staged)}
    (work / RUN_FILE).write_text(json.dumps(given), encoding="utf-8")
    shutil.rmtree(ready.folders.build / FAILED, ignore_errors=True)  # those of the run before
    before = publish.last_of(ready)
    last = publish.manifest(before).get("notebooks", {})
    by_hand = made_by_hand(ready.folders, ready.params)
    made: dict[str, dict[str, Any]] = {}
    failures: list[Failure] = []
    ran = False  # whoever reads what ran again runs again
    progress.start([n.name for n in ready.notebooks])
    for wave in sorted({n.wave for n in ready.notebooks}):
        if failures:
            break
        mine = [n for n in ready.notebooks if n.wave == wave]
        earlier = [by_hand, *(made[name]["fingerprint"] for name in sorted(made))]
        if any(n.topic == SUMMARY for n in mine):
            earlier.append(edited_by_hand(ready.folders))
            earlier += _since_last_report(ready, work, jobs, progress)
        prints = {n.name: fingerprint(n, ready.params, ready.staged, earlier) for n in mine}
        for notebook in mine:
            one = last.get(notebook.name, {})
            is_same = one.get("fingerprint") == prints[notebook.name] and not ran
            if (
                is_same
                and notebook.name not in forced
                and publish.recall(before, notebook, work)
                and publish.results(notebook, work) == one.get("results")
            ):
                made[notebook.name] = one
                progress.kept(notebook.name)
        running = [n for n in mine if n.name not in made]
        others = [n.name for n in running if n.name not in forced]
        if forced and others:
            progress.say(f"not as in the last report, so run too: {', '.join(others)}")
        ran = ran or bool(running)
        for notebook, seconds, failure in _execute(ready, running, work, jobs, progress):
            if failure is not None:
                failures.append(_keep_copy(failure, notebook, work, ready.folders))
            made[notebook.name] = {
                "fingerprint": prints[notebook.name],
                "results": publish.results(notebook, work),
                "seconds": round(seconds, 1),
            }
    progress.stop()
    if failures:
        raise NotebooksFailed(failures)
    with progress.task("writing the report"):
        said = publish.assemble(ready, made, work, run)
        made_report = publish.swap(ready, run)
    for note in said:
        progress.say(f"Note: {note}")
    return made_report


def _since_last_report(ready: Ready, work: Path, jobs: int, progress: Progress) -> list[str]:
    """Hands on what changed since the last report; the hash of it, nothing without one."""
    last = last_report(ready)
    if last is None:
        return []
    day = last.as_of.isoformat()
    quiet = Progress(Console(quiet=True, force_terminal=False))

    def execute(
        again: Ready, notebooks: Sequence[Notebook], folder: Path
    ) -> list[tuple[Notebook, float, Failure | None]]:
        quiet.start([n.name for n in notebooks])
        results = _execute(again, notebooks, folder, jobs, quiet)
        for failure in (failure for _, _, failure in results if failure is not None):
            progress.say(f"Note: its changes since {day} cannot be told: {failure}")
        return results

    with progress.task(f"the report of {day} again, as today's data and definitions have it"):
        try:
            return [write_changes(ready, last, work, execute)]
        except InputProblems as error:
            progress.say(f"Note: what changed since {day} cannot be told:\n{error}")
            return []


def _execute(
    ready: Ready, notebooks: Sequence[Notebook], work: Path, jobs: int, progress: Progress
) -> list[tuple[Notebook, float, Failure | None]]:
    """Runs notebooks side by side, each with a kernel of its own."""
    if not notebooks:
        return []
    import_once(str(n.path) for n in templates())
    results = []
    side_by_side = min(jobs, len(notebooks))
    with ThreadPoolExecutor(side_by_side) as pool:
        waiting: dict[Future, Notebook] = {}
        for notebook in notebooks:
            output = work / f"{notebook.name}.ipynb"
            arguments = (str(notebook.path), str(output), ready.folders.client)
            waiting[pool.submit(execute_notebook, *arguments)] = notebook
        progress.running([n.name for n in waiting.values()], side_by_side)
        try:
            while waiting:  # by the second: Ctrl-C may reach a thread that does not wake this one
                done, _ = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    notebook = waiting.pop(future)
                    seconds, cell, message = future.result()
                    if not message and not publish.handed_on(notebook, work).is_file():
                        message = f'open_client(client, "{notebook.topic}") was not called in it'
                    failure = Failure(notebook.name, cell, message) if message else None
                    results.append((notebook, seconds, failure))
                    progress.done(notebook.name, seconds, failed=failure is not None)
        except BaseException:  # such as Ctrl-C: nobody waits for what nobody will read
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in waiting):
                for kernel in active_children():
                    kernel.kill()
                time.sleep(0.1)
            raise
    return sorted(results, key=lambda result: result[0].name)


def _keep_copy(failure: Failure, notebook: Notebook, work: Path, folders: ClientFolders) -> Failure:
    executed = work / f"{notebook.name}.ipynb"
    if not executed.is_file():
        return failure
    target = folders.build / FAILED / executed.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(executed, target)
    return Failure(failure.notebook, failure.cell, failure.message, shown(target))
