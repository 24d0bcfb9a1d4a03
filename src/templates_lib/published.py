"""The published reports of a client: where they stand, and how one takes the place of another.

A report is found under ``reports/<client>/<as_of>/<language>``: a link to its folder or, where
links are not allowed, a file that names the folder. Either is replaced in one step.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from templates_lib.workspace import ClientFolders

RUNS = ".runs"
CAN_LINK = os.name != "nt"  # on Windows a link to a folder cannot take the place of another one


def place(folders: ClientFolders, as_of: date, language: str) -> Path:
    """Where a report is found, whether or not there is one."""
    return folders.reports / as_of.isoformat() / language


def report(folders: ClientFolders, as_of: date, language: str) -> Path:
    """The folder of a report, with ``send/`` and ``internal/``; without one it does not exist."""
    return followed(place(folders, as_of, language))


def reports(folders: ClientFolders) -> dict[tuple[date, str], Path]:
    """The folders of all reports by day and language, the earliest day first."""
    found = {}
    for one in sorted(folders.reports.glob("*/*")):
        try:
            day = date.fromisoformat(one.parent.name)
        except ValueError:
            continue
        folder = followed(one)
        if folder.is_dir():
            found[day, one.name] = folder
    return found


def followed(one: Path) -> Path:
    """The folder that a file names, in which case the place is such a file; else the place."""
    if not one.is_file():
        return one
    named = one.read_text(encoding="utf-8", errors="replace").strip()
    return one.parent.parent / RUNS / Path(named).name


def publish(folder: Path, one: Path) -> Path:
    """Makes a finished folder the report of a place, in one step; the folder by that place."""
    one.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(folder, one.parent)
    new = one.with_name(f".{one.name}.new")
    new.unlink(missing_ok=True)
    if not (CAN_LINK and _is_linked(new, target)):
        new.write_text(Path(target).as_posix() + "\n", encoding="utf-8", newline="\n")
    new.replace(one)
    return followed(one)


def _is_linked(new: Path, target: str) -> bool:
    try:
        new.symlink_to(target, target_is_directory=True)
    except OSError:  # not on this disk, or not for this user
        return False
    return True
