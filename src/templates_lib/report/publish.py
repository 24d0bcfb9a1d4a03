"""From a finished run to ``reports/<client>/<as_of>/<language>/``, swapped in at one moment."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from templates_lib import editorial, published
from templates_lib.report import editing
from templates_lib.report.findings import BESIDE
from templates_lib.report.forms import write_forms
from templates_lib.report.inputs import made_from
from templates_lib.report.notebooks import Notebook, versions
from templates_lib.report.page import page
from templates_lib.report.ready import Ready
from templates_lib.report.tables import read_table
from templates_lib.report.workbook import workbook
from templates_lib.staging.staging import open_staged
from templates_lib.words import Words
from templates_lib.workspace import package_digest


def manifest(report: Path) -> dict[str, Any]:
    """The manifest of a published report, or nothing."""
    file = report / "internal" / "manifest.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def handed_on(notebook: Notebook, work: Path) -> Path:
    """The file of a notebook's findings in a run; it is there as soon as the client is opened."""
    return work / notebook.topic / "findings.json"


def results(notebook: Notebook, work: Path) -> str:
    """The hash of all that a notebook has handed on in a run, itself included."""
    files = [work / f"{notebook.name}.ipynb", *sorted((work / notebook.topic).rglob("*"))]
    whole = hashlib.sha256()
    for file in files:
        if file.is_file():
            whole.update(f"{file.relative_to(work)}\0".encode())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def recall(report: Path, notebook: Notebook, work: Path) -> bool:
    """Brings a notebook's results of the last report back into a run; whether all were there."""
    internal = report / "internal"
    folder = work / notebook.topic
    try:
        about = json.loads((internal / "tables.json").read_text(encoding="utf-8"))
        findings = json.loads((internal / "findings.json").read_text(encoding="utf-8"))
        folder.mkdir()
        shutil.copy2(internal / "notebooks" / f"{notebook.name}.ipynb", work)
        for name in (n for n in about if n.partition("__")[0] == notebook.topic):
            (folder / "tables").mkdir(exist_ok=True)
            shutil.copy2(internal / "tables" / f"{name}.csv", folder / "tables")
            text = json.dumps(about[name])
            (folder / "tables" / f"{name}.json").write_text(text, encoding="utf-8")
        for kind in ("figures", "files"):
            for file in (internal / kind).glob(f"{notebook.topic}__*"):
                (folder / kind).mkdir(exist_ok=True)
                shutil.copy2(file, folder / kind / file.name.partition("__")[2])
        own = [f for f in findings if f["notebook"] == notebook.topic]
        handed_on(notebook, work).write_text(_json(own), encoding="utf-8")
        beside = json.loads((internal / BESIDE).read_text(encoding="utf-8"))
        mine = {f["id"]: beside[f["id"]] for f in own}
        if mine:
            (folder / BESIDE).write_text(_json(mine), encoding="utf-8")
    except (FileNotFoundError, ValueError, LookupError, TypeError):  # lost, or edited by hand
        shutil.rmtree(folder, ignore_errors=True)
        return False
    return True


def assemble(ready: Ready, made: Mapping[str, Any], work: Path, run: Path) -> list[str]:
    """Writes ``send/`` and ``internal/`` of a finished run into its folder; what is to be said."""
    internal, send = run / "internal", run / "send"
    for made_folder in (internal / "tables", internal / "figures", internal / "notebooks", send):
        made_folder.mkdir(parents=True)
    findings: list[dict[str, Any]] = []
    beside: dict[str, dict[str, Any]] = {}
    about: dict[str, dict[str, Any]] = {}
    for notebook in ready.notebooks:
        folder = work / notebook.topic
        shutil.copy2(work / f"{notebook.name}.ipynb", internal / "notebooks")
        findings += json.loads(handed_on(notebook, work).read_text(encoding="utf-8"))
        if (folder / BESIDE).is_file():
            beside |= json.loads((folder / BESIDE).read_text(encoding="utf-8"))
        for file in sorted(folder.glob("tables/*.csv")):
            shutil.copy2(file, internal / "tables")
            about[file.stem] = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        for kind in ("figures", "files"):
            for file in sorted(folder.glob(f"{kind}/*")):
                (internal / kind).mkdir(exist_ok=True)
                shutil.copy2(file, internal / kind / f"{notebook.topic}__{file.name}")
    (internal / "findings.json").write_text(_json(findings), encoding="utf-8")
    (internal / BESIDE).write_text(_json(beside), encoding="utf-8")
    (internal / "tables.json").write_text(_json(about), encoding="utf-8")
    about_run = _manifest(ready, made)
    (internal / "manifest.json").write_text(_json(about_run), encoding="utf-8")
    tables = internal / "tables"
    words = Words(ready.params.client.language, ready.params.client.currency)
    edits = editorial.read(ready.folders)[0]
    shown = editorial.edited([f | beside.get(f["id"], {}) for f in findings], edits, words)
    by_id = {f["id"]: f for f in shown}
    editing.carry_out(edits, ready.notebooks, work, findings=by_id, about=about, words=words)
    hidden = editing.hidden_tables(edits)
    frames = {
        name: read_table(tables / f"{name}.csv")
        for name, one in about.items()
        if one["send"] and name not in hidden
    }
    workbook(frames, about, ready.params, send / "tables.xlsx")
    text = page(ready, work)
    (send / "report.html").write_text(text, encoding="utf-8")
    said = write_forms(
        ready, text, by_id, figures=internal / "figures", send=send,
        kept=_same(last_of(ready), run, about_run),
    )  # fmt: skip
    shutil.rmtree(work)
    return said


def last_of(ready: Ready) -> Path:
    """The folder of the report that a run will take the place of."""
    params = ready.params
    return published.report(ready.folders, params.as_of, params.client.language)


def _same(last: Path, run: Path, about_run: Mapping[str, Any]) -> Path | None:
    """What the last report sent, where code, parameters, findings and page are those of this run,
    so that nothing else made of them can differ."""
    before = manifest(last)
    files = (Path("send", "report.html"), Path("internal", "findings.json"))
    if any(before.get(name) != about_run[name] for name in ("package", "versions", "parameters")):
        return None
    try:
        is_same = all((last / file).read_bytes() == (run / file).read_bytes() for file in files)
    except OSError:
        return None
    return last / "send" if is_same else None


def _manifest(ready: Ready, made: Mapping[str, Any]) -> dict[str, Any]:
    connection, facts = open_staged(ready.staged)
    connection.disconnect()
    return {
        "client": ready.folders.client,
        "as_of": ready.params.as_of.isoformat(),
        "language": ready.params.client.language,
        "staged": ready.staged.stem,
        "files": facts["files"],
        "package": package_digest(),
        "versions": versions(),
        "parameters": ready.params.model_dump(mode="json"),
        "made_from": made_from(ready.folders, ready.params, ready.staged, ready.notebooks),
        "notebooks": dict(made),
        "skipped": {name: list(needs) for name, needs in ready.skipped.items()},
    }


def swap(ready: Ready, run: Path) -> Path:
    """Makes the finished folder the report, in one step, and removes those of no report."""
    finished = run.with_suffix("")
    run.replace(finished)
    params = ready.params
    place = published.place(ready.folders, params.as_of, params.client.language)
    report = published.publish(finished, place)
    keep = {folder.resolve() for folder in published.reports(ready.folders).values()}
    for folder in finished.parent.iterdir():
        if folder.resolve() not in keep:
            shutil.rmtree(folder, ignore_errors=True)
    return report


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
