"""Makes a report: checks, stages, executes the notebooks side by side, publishes.

Everything is made in a folder aside and published by swapping one link, so that an interruption
at any moment leaves the last good report as it was.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from filelock import FileLock, Timeout

from templates_lib import staging
from templates_lib.client import RUN_FILE, RUN_FOLDER, check_splits
from templates_lib.parameter_file import load_params
from templates_lib.params import Params
from templates_lib.problems import InputProblems
from templates_lib.report import publish
from templates_lib.report.notebooks import Notebook, chosen, fingerprint, of_client, outdated
from templates_lib.report.progress import Progress
from templates_lib.workspace import ClientFolders, shown


class NotebooksFailed(Exception):
    """Notebooks that stopped: which cell, what it said, and where its copy is (exit code 1)."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = list(failures)
        super().__init__("\n".join(str(failure) for failure in failures))


@dataclass(frozen=True)
class Failure:
    """One notebook that stopped."""

    notebook: str
    cell: int | None
    message: str
    copy: str = ""

    def __str__(self) -> str:
        where = "" if self.cell is None else f" cell {self.cell}"
        copy = f"\n  its copy: {self.copy}" if self.copy else ""
        return f"{self.notebook}{where}: {self.message}{copy}"


@dataclass(frozen=True)
class Ready:
    """What a run starts from: valid parameters, staged tables, and the notebooks that can run."""

    folders: ClientFolders
    params: Params
    staged: Path
    notebooks: tuple[Notebook, ...]
    skipped: Mapping[str, tuple[str, ...]]


def prepare(
    client: str, *, as_of: str | None = None, language: str | None = None, progress: Progress
) -> Ready:
    """Checks everything that can be wrong before a notebook runs, and stages the sources.

    Raises
    ------
    InputProblems
        All that is wrong with the parameters, the sources or the splits, at once.
    """
    folders = ClientFolders(client)
    changes = {("as_of",): as_of, ("client", "language"): language}
    params = load_params(client, changes={k: v for k, v in changes.items() if v})
    with progress.task("reading the sources"):
        staged = staging.stage(params, folders)
    have = [key for key, source in params.sources if source is not None]
    notebooks, skipped = [], {}
    for notebook in of_client(folders):
        lacking = tuple(need for need in notebook.needs if need not in have)
        if lacking:
            skipped[notebook.name] = lacking
        else:
            notebooks.append(notebook)
    _check_settings(params, staged, notebooks)
    return Ready(folders, params, staged, tuple(notebooks), skipped)


def _check_settings(params: Params, staged: Path, notebooks: Sequence[Notebook]) -> None:
    connection, _ = staging.open_staged(staged)
    problems = []
    columns = connection.table("first_orders").columns
    for notebook in notebooks:
        try:
            check_splits(params.topic(notebook.topic), columns, notebook.topic)
        except InputProblems as error:
            problems += error.problems
    connection.disconnect()
    if problems:
        raise InputProblems(problems)


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
    forced = {n.name for n in chosen(ready.notebooks, notebooks)} if notebooks else set()
    for warning in filter(None, map(outdated, ready.notebooks)):
        progress.say(f"Note: {warning}")
    runs = ready.folders.reports / ".runs"
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
    place = publish.place(ready.folders, ready.params)
    last = publish.manifest(place)
    made: dict[str, dict[str, object]] = {}
    failures: list[Failure] = []
    progress.start([n.name for n in ready.notebooks])
    for wave in sorted({n.wave for n in ready.notebooks}):
        if failures:
            break
        mine = [n for n in ready.notebooks if n.wave == wave]
        earlier = [
            (work / n.topic / "findings.json").read_bytes()
            for n in ready.notebooks
            if n.wave < wave
        ]
        prints = {n.name: fingerprint(n, ready.params, ready.staged, earlier) for n in mine}
        kept = [
            n for n in mine
            if n.name not in forced
            and last.get("notebooks", {}).get(n.name, {}).get("fingerprint") == prints[n.name]
            and publish.recall(place, n, work)
        ]  # fmt: skip
        for notebook in kept:
            seconds = last["notebooks"][notebook.name]["seconds"]
            made[notebook.name] = {"fingerprint": prints[notebook.name], "seconds": seconds}
            progress.kept(notebook.name)
        running = [n for n in mine if n not in kept]
        for notebook, seconds, failure in _execute(ready, running, work, jobs, progress):
            if failure is not None:
                failures.append(_keep_copy(failure, notebook, work, ready.folders))
            made[notebook.name] = {"fingerprint": prints[notebook.name], "seconds": seconds}
    progress.stop()
    if failures:
        raise NotebooksFailed(failures)
    with progress.task("writing the report"):
        publish.assemble(ready, made, work, run)
        return publish.swap(ready, run, place)


def _execute(
    ready: Ready, notebooks: Sequence[Notebook], work: Path, jobs: int, progress: Progress
) -> list[tuple[Notebook, float, Failure | None]]:
    """Runs notebooks side by side, each in a process of its own."""
    if not notebooks:
        return []
    results = []
    pool = ProcessPoolExecutor(
        min(jobs, len(notebooks)),
        mp_context=get_context("spawn"),
        initializer=_set_run,
        initargs=(str(work),),
    )
    with pool:
        waiting: dict[Future, Notebook] = {}
        for notebook in notebooks:
            output = work / f"{notebook.name}.ipynb"
            arguments = (str(notebook.path), str(output), ready.folders.client)
            waiting[pool.submit(execute_notebook, *arguments)] = notebook
        started = time.monotonic()
        progress.running([n.name for n in waiting.values()])
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                notebook = waiting.pop(future)
                try:
                    seconds, cell, message = future.result()
                except BrokenProcessPool:
                    seconds, cell, message = time.monotonic() - started, None, "was killed"
                failure = Failure(notebook.name, cell, message) if message else None
                results.append((notebook, seconds, failure))
                progress.done(notebook.name, seconds, failed=failure is not None)
    return sorted(results, key=lambda result: result[0].name)


def _set_run(work: str) -> None:
    os.environ[RUN_FOLDER] = work
    os.environ["MPLBACKEND"] = "agg"


def execute_notebook(path: str, output: str, client: str) -> tuple[float, int | None, str]:
    """Executes one notebook by Papermill with nothing but the client's name.

    Returns
    -------
    Seconds, and for a failure the number of the code cell and the message.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from traitlets.config import Config

    started = time.monotonic()
    cell, message = None, ""
    try:
        papermill.execute_notebook(
            path, output, parameters={"client": client}, kernel_name="python3",
            progress_bar=False, log_output=False, cwd=str(Path(output).parent),
            shutdown_kernel="immediate",
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        cell = error.exec_count
        message = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        message = "its kernel died (killed, or out of memory)"
    except Exception as error:  # any other end of a notebook is a failure of that notebook only
        message = f"{type(error).__name__}: {error}"
    return time.monotonic() - started, cell, message


def _keep_copy(failure: Failure, notebook: Notebook, work: Path, folders: ClientFolders) -> Failure:
    executed = work / f"{notebook.name}.ipynb"
    if not executed.is_file():
        return failure
    target = folders.build / "failed" / executed.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(executed, target)
    return Failure(failure.notebook, failure.cell, failure.message, shown(target))
