"""The exports of the shipped example shops, generated when they are first asked for."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem
from templates_lib.workspace import ClientFolders, package_digest, shown

STAMP = ".generated.json"


def provide(params: Params, folders: ClientFolders) -> None:
    """Writes the exports of a client with a ``demo:`` section, unless they are there.

    Raises
    ------
    InputProblems
        When the folder holds files that were not generated: they are never replaced.
    """
    if params.demo is None:
        return
    from templates_lib import demo  # what no other client needs

    exports = folders.data / "exports"
    stamp = {**params.demo.model_dump(), "code": package_digest("demo")}
    folders.data.mkdir(parents=True, exist_ok=True)
    with FileLock(folders.data / ".generated.lock"):
        if _read(exports / STAMP) == stamp:
            return
        if exports.exists() and any(exports.iterdir()) and not (exports / STAMP).is_file():
            where = shown(exports)
            raise InputProblems(
                [Problem(where, "holds files of your own; remove `demo:` from the parameter file, "
                         "or move them")]
            )  # fmt: skip
        aside = Path(tempfile.mkdtemp(prefix=".generated-", dir=folders.data))
        try:
            demo.write(aside, **params.demo.model_dump())
            (aside / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
            if exports.exists():
                shutil.rmtree(exports)
            aside.rename(exports)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _read(stamp: Path) -> object:
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
