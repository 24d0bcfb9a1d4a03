"""Where things lie: the repository of templates, the workspace, and one client's folders.

The workspace is the repository itself, or the folder named by the environment variable
``WORKSPACE`` (a consultancy's own private, versioned folder).
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from templates_lib.problems import InputProblems, Problem, nearest

CLIENT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def repository() -> Path:
    """The folder of the templates: it holds ``notebooks/`` and ``src/``."""
    return Path(__file__).resolve().parents[2]


def digest(data: bytes) -> str:
    """The hash of some bytes."""
    return hashlib.sha256(data).hexdigest()


def package_digest(part: str = "") -> str:
    """The hash of the package's code, or of one of its folders."""
    package = Path(__file__).resolve().parent / part
    files = sorted(f for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    return digest(b"\0".join(f.read_bytes() for f in files))


def workspace() -> Path:
    """The folder under which ``params/``, ``data/``, ``build/`` and ``reports/`` are looked up."""
    named = os.environ.get("WORKSPACE", "").strip()
    if not named:
        return repository()
    folder = Path(os.path.realpath(os.path.expanduser(named)))  # noqa: PTH111 (Path raises)
    if not folder.is_dir():
        raise InputProblems([Problem("WORKSPACE", "is not a folder; create it or correct it")])
    return folder


def client_names() -> list[str]:
    """The clients that have a parameter file in the workspace."""
    files = (workspace() / "params").glob("*.yml")
    return sorted(f.stem for f in files if CLIENT_NAME.fullmatch(f.stem) and f.stem != "template")


def inside(folder: Path, path: Path) -> bool:
    """Whether a path, links followed, stays inside a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


@dataclass(frozen=True)
class ClientFolders:
    """The places of one client.

    Raises
    ------
    InputProblems
        When the name is not ``[a-z0-9][a-z0-9_-]{0,63}``, or a place of the client is a
        link that leads out of the workspace.
    """

    client: str

    def __post_init__(self) -> None:
        if not isinstance(self.client, str) or not CLIENT_NAME.fullmatch(self.client):
            raise InputProblems(
                [
                    Problem(
                        "CLIENT",
                        "must be 1 to 64 characters of a-z, 0-9, _ and -, beginning with a letter "
                        "or a digit: the name of a file in params/ without .yml"
                        + nearest(str(self.client)[:64], client_names()),
                    )
                ]
            )
        for place in (self.params, self.data, self.build, self.reports):
            if not inside(workspace(), place):
                raise InputProblems(
                    [Problem(f"{place.parent.name}/{place.name}", "leads out of the workspace")]
                )

    @property
    def params(self) -> Path:
        return workspace() / "params" / f"{self.client}.yml"

    @property
    def data(self) -> Path:
        return workspace() / "data" / self.client

    @property
    def private(self) -> Path:
        return self.data / "private"

    @property
    def editorial(self) -> Path:
        """What people say of the report. An example's data folder is generated, so that its own
        file is shipped beside its parameters; one in the data folder takes its place."""
        own = self.data / "editorial.yml"
        shipped = self.params.with_name(f"{self.client}.editorial.yml")
        return shipped if shipped.is_file() and not own.exists() else own

    @property
    def own_notebooks(self) -> Path:
        return self.data / "notebooks"

    @property
    def build(self) -> Path:
        return workspace() / "build" / self.client

    @property
    def reports(self) -> Path:
        return workspace() / "reports" / self.client


def shown(path: Path) -> str:
    """A path as a message shows it: relative to the workspace where it lies inside it."""
    try:
        return path.relative_to(workspace()).as_posix()
    except ValueError:
        return path.name
