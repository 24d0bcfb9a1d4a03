"""Which notebooks a client's report is made of, and what each of them depends on."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from templates_lib import editorial
from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import ClientFolders, digest, package_digest, repository, shown

SHARED_SECTIONS = ("client", "as_of", "control_totals", "sources", "assumptions", "purchases",
                   "privacy")  # fmt: skip
READ = re.compile(r"\bparams\.([a-z_]+)")  # sections that a notebook's code reads
METADATA = "templates_lib"
NAME = re.compile(r"(\d+_)?[a-z][a-z0-9_]*")
LIBRARIES = ("duckdb", "ibis-framework", "lifelines", "matplotlib", "numpy", "pandas", "scipy",
             "seaborn", "statsmodels")  # fmt: skip


@dataclass(frozen=True)
class Notebook:
    """A notebook of a report: its file, topic, the sources it needs and its place in the order."""

    name: str
    path: Path
    needs: tuple[str, ...]
    is_own: bool

    def lacks(self, have: Collection[str]) -> tuple[str, ...]:
        """What it needs and a client does not have; of ``events or traffic`` one is enough."""
        return tuple(need for need in self.needs if not {*need.split(" or ")} & {*have})

    @property
    def topic(self) -> str:
        """The name without its number: the section, module and tables are called so."""
        return re.sub(r"^\d+_", "", self.name)

    @property
    def wave(self) -> int:
        """Notebooks of one wave run side by side: 00–09 and own ones, then 10, then 11."""
        number = re.match(r"(\d+)_", self.name)
        return max(0, int(number[1]) - 9) if number else 0


def templates() -> list[Notebook]:
    """The notebooks of the repository, in the order of their names."""
    return [_read(path, is_own=False) for path in sorted(_folder().glob("*.ipynb"))]


def of_client(folders: ClientFolders) -> list[Notebook]:
    """The templates, with the client's own notebooks in the place of those of the same name."""
    found = {notebook.name: notebook for notebook in templates()}
    own = sorted(folders.own_notebooks.glob("*.ipynb")) if folders.own_notebooks.is_dir() else []
    found |= {path.stem: _read(path, is_own=True) for path in own}
    notebooks = [found[name] for name in sorted(found)]
    problems = [p for n in notebooks if n.is_own and (p := _wrong_name(n, notebooks)) is not None]
    if problems:
        raise InputProblems(problems)
    return notebooks


def _wrong_name(notebook: Notebook, notebooks: Iterable[Notebook]) -> Problem | None:
    """The topic names the section, tables and findings: it must be a name, and nobody else's."""
    where = shown(notebook.path)
    if not NAME.fullmatch(notebook.name):
        return Problem(where, "rename it to lower-case letters, digits and _, as in 05_returns")
    other = next((n for n in notebooks if n.topic == notebook.topic and n != notebook), None)
    if other is not None:
        return Problem(
            where,
            f"has the topic of {other.name}; call it {other.name}.ipynb to take its place, "
            "or by a topic of its own",
        )
    return None


def chosen(
    notebooks: Iterable[Notebook], names: str, *, option: str = "NOTEBOOKS"
) -> list[Notebook]:
    """The notebooks whose topics or names stand in a text such as ``cohorts nps_drivers``.

    Raises
    ------
    InputProblems
        For every name that no notebook has.
    """
    known = {key: n for n in notebooks for key in (n.topic, n.name)}
    wanted = names.replace(",", " ").split()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputProblems(
            Problem(option, f"no notebook {name!r}" + nearest(name, known)) for name in unknown
        )
    return [known[name] for name in wanted]


def outdated(notebook: Notebook) -> str | None:
    """A warning for an own copy of a template that has moved on since it was ejected."""
    origin = _folder() / notebook.path.name
    if not notebook.is_own or not origin.is_file():
        return None
    copied = nbformat.read(notebook.path, as_version=4).metadata.get(METADATA, {}).get("template")
    if copied == digest(origin.read_bytes()):
        return None
    return (
        f"{shown(notebook.path)} takes the place of a template that has changed since it was "
        "copied; compare the two"
    )


def eject(folders: ClientFolders, name: str) -> Path:
    """Copies a template into the client's folder, where it takes the template's place.

    Raises
    ------
    InputProblems
        For an unknown name, or a copy that is there already.
    """
    wanted = chosen(templates(), name, option="NOTEBOOK")
    if len(wanted) != 1:
        raise InputProblems([Problem("NOTEBOOK", "expected one notebook, such as cohorts")])
    template = wanted[0]
    target = folders.own_notebooks / template.path.name
    if target.exists():
        raise InputProblems([Problem(shown(target), "is there already; remove or rename it first")])
    folders.own_notebooks.mkdir(parents=True, exist_ok=True)
    content = nbformat.read(template.path, as_version=4)
    about = content.metadata.setdefault(METADATA, {})
    about["template"] = digest(template.path.read_bytes())
    for cell in content.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r'client = ".*"', f'client = "{folders.client}"', cell.source)
    nbformat.write(content, target)
    return target


def sections_of(notebook: Notebook) -> set[str]:
    """The sections of the parameters that a notebook's results depend on: those of all, its own,
    and those that its code reads as ``params.<section>``."""
    return {*SHARED_SECTIONS, notebook.topic, *READ.findall(notebook.path.read_text("utf-8"))}


def fingerprint(notebook: Notebook, params: Params, staged: Path, earlier: Iterable[str]) -> str:
    """The hash of all that a notebook's results depend on.

    Parameters
    ----------
    staged : the staged file, whose name is the hash of inputs, sources and staging code
    earlier : fingerprints of the waves before, whose results this notebook may read
    """
    source = notebook.path.read_bytes()
    settings = params.model_dump(mode="json", include=sections_of(notebook))
    parts = [
        source,
        json.dumps(settings, sort_keys=True).encode(),
        staged.stem.encode(),
        package_digest().encode(),
        json.dumps(versions(), sort_keys=True).encode(),
        *(one.encode() for one in earlier),
    ]
    return digest(b"\0".join(digest(part).encode() for part in parts))


def made_by_hand(folders: ClientFolders, params: Params) -> str:
    """The hash of what people wrote of the client beside the parameters: codebook, coded answers,
    approved quotes, the list of a target group."""
    named = [folders.data / "codes.yml"]
    if params.icp.target.path:
        named.append(folders.data / params.icp.target.path)
    coded = folders.data / "coding"
    files = [f for f in (*named, *sorted(coded.glob("*"))) if f.is_file()]
    quoted = [one.model_dump(mode="json") for one in editorial.read(folders)[0].quotes]
    parts = [f.name.encode() + b"\0" + f.read_bytes() for f in files]
    return digest(b"\0".join([*parts, json.dumps(quoted).encode()]))


def edited_by_hand(folders: ClientFolders) -> str:
    """The hash of ``editorial.yml``, which only the summary depends on but for its quotes."""
    return digest(editorial.read(folders)[0].model_dump_json().encode())


def versions() -> dict[str, str]:
    """Python's and the libraries' versions that results may depend on."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": ".".join(map(str, sys.version_info[:2])), **found}


def _folder() -> Path:
    return repository() / "notebooks"


def _read(path: Path, *, is_own: bool) -> Notebook:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        needs = content["metadata"].get(METADATA, {}).get("needs", [])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputProblems([Problem(shown(path), "is not a notebook; restore it")]) from None
    return Notebook(path.stem, path, tuple(needs), is_own)
