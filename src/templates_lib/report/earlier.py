"""Computes the day of the last report again, with today's data and definitions.

What differs from that report is late data or a definition; only what differs from today after
that is a change of customers. The results are kept in ``build/<client>/again`` as long as
nothing that they depend on changes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from templates_lib import published
from templates_lib.client import RUN_FILE
from templates_lib.params.params import Params
from templates_lib.problems import InputProblems
from templates_lib.report import changes, inputs, publish
from templates_lib.report.changes import Cause, State
from templates_lib.report.notebooks import Notebook, fingerprint, made_by_hand
from templates_lib.report.ready import Ready
from templates_lib.staging import staging
from templates_lib.workspace import digest

SUMMARY = "summary"
KEPT = 100  # results of notebooks; those used longest ago go first
Findings = Sequence[Mapping[str, Any]]
Execute = Callable[[Ready, Sequence[Notebook], Path], Sequence[tuple[Notebook, Any, Any]]]


@dataclass(frozen=True)
class Earlier:
    """The published report of an earlier day, in the same language."""

    report: Path
    as_of: date
    manifest: Mapping[str, Any]

    @cached_property
    def findings(self) -> Findings:
        """As they were published; none where the file is lost."""
        try:
            return json.loads((self.report / "internal" / "findings.json").read_text("utf-8"))
        except (OSError, ValueError):
            return []


def last_report(ready: Ready) -> Earlier | None:
    """The published report of the latest day before this one's."""
    language = ready.params.client.language
    found = None
    for (day, code), folder in published.reports(ready.folders).items():
        manifest = publish.manifest(folder)
        if manifest and code == language and day < ready.params.as_of:
            found = Earlier(folder, day, manifest)
    return found


def write_changes(ready: Ready, last: Earlier, work: Path, execute: Execute) -> str:
    """Writes what changed since the last report for the notebooks of a run.

    Parameters
    ----------
    work : the run's folder, with the findings of all notebooks but the summary
    execute : runs notebooks of a ``Ready`` in a folder

    Returns
    -------
    The hash of all that the summary can read of the last report.
    """
    again = _Again(ready, last, work.parent, execute)
    today = {n.topic: _of(publish.handed_on(n, work)) for n in again.ready.notebooks}
    states = {}
    for topic in sorted({*today, *(f["notebook"] for f in last.findings)} - {SUMMARY}):
        if topic not in again.failed:
            states[topic] = [*again.states(topic), State(today.get(topic, []), "customers")]
    rows = changes.compared(states)
    changes.write(rows, work, since=last.as_of, report=last.report, unknown=sorted(again.failed))
    actions = last.report / "internal" / "tables" / "summary__actions.csv"
    read = [work / changes.FILE, *([actions] if actions.is_file() else [])]
    return digest(b"\0".join(file.read_bytes() for file in read))


class _Again:
    """The earlier day as it is today, and where needed with the parameters of then."""

    def __init__(self, ready: Ready, last: Earlier, run: Path, execute: Execute) -> None:
        self._last, self._run, self._execute = last, run, execute
        self.ready = _on_day(ready, ready.params.model_copy(update={"as_of": last.as_of}))
        self.found, self.failed = self._compute(self.ready, "again")

    def states(self, topic: str) -> list[State]:
        """As published, and computed again with the parameters of then, where both the data and
        the parameters have changed, and with today's."""
        published = [f for f in self._last.findings if f["notebook"] == topic]
        again = self.found.get(topic, [])
        first = State(published, "customers")
        notebook = next((n for n in self.ready.notebooks if n.topic == topic), None)
        if notebook is None or not published or _same(published, again):
            return [first, State(again, "definition")]
        cause = self._cause(notebook)
        if cause == "definition_or_late_data" and self._same_code(notebook):
            between = self._as_set_then.get(topic)
            if between is not None:
                return [first, State(between, "late_data"), State(again, "definition")]
        return [first, State(again, cause)]

    def _cause(self, notebook: Notebook) -> Cause:
        is_same = self._same_code(notebook) and self._same_settings(notebook)
        if is_same:
            return "late_data"
        return "definition" if self._has_same_data else "definition_or_late_data"

    def _same_code(self, notebook: Notebook) -> bool:
        then = self._last.manifest.get("made_from", {}).get("code", {})
        return then.get(notebook.name) == self._code.get(notebook.name)

    @cached_property
    def _code(self) -> Mapping[str, str]:
        ready = self.ready
        return inputs.code(ready.folders, ready.params, ready.notebooks)

    def _same_settings(self, notebook: Notebook) -> bool:
        today = self.ready.params.model_dump(mode="json")
        then = self._last.manifest["parameters"]
        return inputs.settings(then, notebook) == inputs.settings(today, notebook)

    @cached_property
    def _set_then(self) -> Ready | None:
        """Today's files read by the parameters of then; None where they no longer can be."""
        then = dict(self._last.manifest["parameters"])
        today = self.ready.params.model_dump(mode="json")
        then["sources"] = inputs.with_paths(then["sources"], today["sources"])
        try:
            return _on_day(self.ready, Params.model_validate(then))
        except (ValidationError, InputProblems):
            return None

    @cached_property
    def _has_same_data(self) -> bool:
        then = self._last.manifest.get("made_from", {}).get("data")
        ready = self._set_then
        return ready is not None and inputs.data(ready.folders, ready.staged) == then

    @cached_property
    def _as_set_then(self) -> Mapping[str, Findings]:
        """The findings with the parameters of then, of the notebooks whose parameters changed."""
        if self._set_then is None:
            return {}
        mine = [n for n in self._set_then.notebooks if not self._same_settings(n)]
        ready = replace(self._set_then, notebooks=tuple(n for n in mine if n.wave == 0))
        return self._compute(ready, "set_then")[0]

    def _compute(self, ready: Ready, name: str) -> tuple[dict[str, Findings], set[str]]:
        """The findings by topic, and the topics that did not run."""
        work = self._run / name
        work.mkdir()
        given = {"params": ready.params.model_dump(mode="json"), "staged": str(ready.staged)}
        (work / RUN_FILE).write_text(json.dumps(given), encoding="utf-8")
        kept = ready.folders.build / "again"
        prints = [made_by_hand(ready.folders, ready.params)]
        failed: set[str] = set()
        for wave in sorted({n.wave for n in ready.notebooks}):
            mine = [n for n in ready.notebooks if n.wave == wave]
            if failed:
                failed |= {n.topic for n in mine}
                continue
            places = {n: kept / fingerprint(n, ready.params, ready.staged, prints) for n in mine}
            prints += [place.name for place in places.values()]
            for notebook, place in places.items():
                if place.is_dir():
                    place.touch()
                    shutil.copytree(place, work / notebook.topic)
            lacking = [n for n in mine if not places[n].is_dir()]
            for notebook, _, failure in self._execute(ready, lacking, work):
                if failure is None:
                    _keep(work / notebook.topic, places[notebook])
                else:
                    failed.add(notebook.topic)
        _forget(kept)
        names = {n.topic for n in ready.notebooks} - failed
        return {topic: _of(work / topic / "findings.json") for topic in names}, failed


def _on_day(ready: Ready, params: Params) -> Ready:
    """The run of another day or other parameters; nothing of it is published.

    Raises
    ------
    InputProblems
        When the sources cannot be staged so.
    """
    ready.staged.touch()  # the staged files used longest ago are removed first
    staged = staging.stage(params, ready.folders)
    notebooks = tuple(n for n in ready.notebooks if n.topic != SUMMARY)
    return replace(ready, params=params, staged=staged, notebooks=notebooks)


def _of(file: Path) -> Findings:
    return json.loads(file.read_text(encoding="utf-8"))


def _same(one: Findings, other: Findings) -> bool:
    """Whether both hold the same findings with the same numbers; words may differ."""
    number = {f["id"]: (f["unit"], f["estimate"]) for f in one}
    return number == {f["id"]: (f["unit"], f["estimate"]) for f in other}


def _keep(folder: Path, place: Path) -> None:
    aside = place.with_suffix(".partial")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(folder, aside, ignore=shutil.ignore_patterns("figures", "files"))
    aside.replace(place)


def _forget(kept: Path) -> None:
    places = sorted(kept.glob("*"), key=lambda place: place.stat().st_mtime, reverse=True)
    for old in places[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
