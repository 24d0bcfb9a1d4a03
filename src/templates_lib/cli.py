"""The commands: what the Makefile calls, and what works without make.

``python -m templates_lib report acme --as-of 2026-10-31`` is ``make report CLIENT=acme
AS_OF=2026-10-31``; the words of make (``CLIENT=acme``) are understood too.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import ClientFolders, client_names, repository, shown, workspace

OPTIONS = {
    "client": ("CLIENT", "the client: a file in params/, without .yml"),
    "as_of": ("AS_OF", "the last day observed, YYYY-MM-DD, in the place of the file's"),
    "notebooks": ("NOTEBOOKS", "run these again in any case, such as “cohorts repeat_purchase”"),
    "notebook": ("NOTEBOOK", "the notebook to copy, such as cohorts"),
    "language": ("REPORT_LANGUAGE", "fi or en: the report's, and of a new client the letter's"),
    "list": ("LIST", "a report's table of single customers, such as repeat_purchase__overdue"),
    "consent": ("CONSENT", "what the list is for: email (else), sms, phone, interview, profile"),
    "jobs": ("JOBS", "how many notebooks run side by side"),
    "workspace": ("WORKSPACE", "the folder of params, data and reports, if not the repository"),
}


def report(args: argparse.Namespace) -> int:
    """make the report and print where it is"""
    from templates_lib.report.run import NotebooksFailed
    from templates_lib.report.run import report as make_report

    try:
        place = make_report(
            args.client, as_of=args.as_of, language=args.language, notebooks=args.notebooks,
            jobs=_jobs(args.jobs),
        )  # fmt: skip
    except NotebooksFailed as error:
        print(f"{error}\nNothing was published; the last report is as it was.", file=sys.stderr)
        return 1
    print(f"\nThe report: {shown(place / 'send' / 'report.html')}")
    beside = sorted(file.name for file in (place / "send").iterdir() if file.suffix != ".html")
    print(f"Beside it: {', '.join(beside)}")
    print(f"In a browser: {(place / 'send' / 'report.html').as_uri()}")
    return 0


def new_client(args: argparse.Namespace) -> int:
    """recognise the client's exports, write a parameter file and the letter that asks for more"""
    from templates_lib.new_client.command import new_client as write
    from templates_lib.new_client.said import said

    for line in said(write(args.client, args.language)):
        print(line)
    return 0


def check(args: argparse.Namespace) -> int:
    """check parameters and sources, say what can run; executes nothing"""
    from templates_lib.report.check import said
    from templates_lib.report.progress import Progress
    from templates_lib.report.ready import prepare

    ready = prepare(args.client, as_of=args.as_of, language=args.language, progress=Progress())
    for line in said(ready):
        print(line)
    return 0


def lab(args: argparse.Namespace) -> int:
    """open the notebooks in JupyterLab for this client"""
    from templates_lib.client import LAB_CLIENT

    folders = ClientFolders(args.client)
    own = folders.own_notebooks
    print(f"The client's own notebooks are in {shown(own)}" if own.is_dir() else
          "Copy a notebook for this client with: make eject CLIENT=… NOTEBOOK=…")  # fmt: skip
    begin = own if own.is_dir() else repository() / "notebooks"
    try:
        both = os.path.commonpath([repository(), workspace()])  # a lab shows what is in one folder
    except ValueError:
        what = "must be on the drive of the templates: JupyterLab shows one folder"
        raise InputProblems([Problem("WORKSPACE", what)]) from None
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", both,
               f"--FileContentsManager.preferred_dir={os.path.relpath(begin, both)}"]  # fmt: skip
    return subprocess.call(command, env={**os.environ, LAB_CLIENT: folders.client})


def eject(args: argparse.Namespace) -> int:
    """copy a notebook into the client's folder, where it takes the template's place"""
    from templates_lib.report.notebooks import eject as copy

    folders = ClientFolders(args.client)
    if not args.notebook:
        raise InputProblems([Problem("NOTEBOOK", "is required, such as NOTEBOOK=cohorts")])
    print(f"Copied to {shown(copy(folders, args.notebook))}")
    return 0


def docs(args: argparse.Namespace) -> int:
    """write the files that are generated from the code"""
    from templates_lib import definitions, demo
    from templates_lib.params import file
    from templates_lib.sources import formats

    generated = {
        "params/schema.json": file.schema(),
        "docs/parameters.md": file.reference(),
        "docs/definitions.md": definitions.reference(),
        "docs/sources.md": formats.reference(),
        "docs/demo.md": demo.reference(),
    }
    for name, text in generated.items():
        (repository() / name).write_text(text, encoding="utf-8", newline="\n")
        print(name)
    return 0


def messages(args: argparse.Namespace) -> int:
    """write the catalogues of translations from the code, the notebooks and the definitions"""
    from templates_lib.messages import write

    for file in write():
        print(shown(file))
    return 0


def contacts(args: argparse.Namespace) -> int:
    """write the contacts of a list's people who agreed, into the client's private folder"""
    from templates_lib.contacts import said, write_contacts

    outcome = write_contacts(args.client, name=args.list, consent=args.consent, as_of=args.as_of)
    print("\n".join(said(outcome)))
    return 0


def profiles(args: argparse.Namespace) -> int:
    """write the profile pages of customers who agreed, and the form, into the private folder"""
    from templates_lib.profiles.batch import said, write_profiles

    print("\n".join(said(write_profiles(args.client, as_of=args.as_of))))
    return 0


def coding(args: argparse.Namespace) -> int:
    """write sheets of open answers for two coders, and tell how far they agree"""
    from templates_lib.coding.sheets import make_sheets

    print("\n".join(make_sheets(args.client)))
    return 0


def purge(args: argparse.Namespace) -> int:
    """remove a client's caches and reports; never its data"""
    folders = ClientFolders(args.client)
    for folder in (folders.build, folders.reports):
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            raise InputProblems([Problem(shown(folder), "cannot be removed; look at its rights")])
        print(f"removed {shown(folder)}")
    print(f"kept {shown(folders.private)}: contact lists and the key are the client's own; what is "
          "no longer needed of them you remove yourself")  # fmt: skip
    return 0


def clean(args: argparse.Namespace) -> int:
    """remove caches and reports of all clients; never their data"""
    for folder in (workspace() / "build", *_report_folders()):
        if folder.exists():
            shutil.rmtree(folder)
            print(f"removed {shown(folder)}")
    return 0


def _report_folders() -> list[Path]:
    reports = workspace() / "reports"
    return sorted(f for f in reports.iterdir() if f.is_dir()) if reports.is_dir() else []


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], tuple[str, ...]]] = {
    "report": (report, ("client", "as_of", "notebooks", "language", "jobs")),
    "new-client": (new_client, ("client", "language")),
    "check": (check, ("client", "as_of", "language")),
    "lab": (lab, ("client",)),
    "eject": (eject, ("client", "notebook")),
    "contacts": (contacts, ("client", "list", "consent", "as_of")),
    "profiles": (profiles, ("client", "as_of")),
    "coding": (coding, ("client",)),
    "purge": (purge, ("client",)),
    "clean": (clean, ()),
    "docs": (docs, ()),
    "messages": (messages, ()),
}


def _known(folders: ClientFolders) -> None:
    if not folders.params.is_file():
        hint = nearest(folders.client, client_names())
        raise InputProblems([Problem("CLIENT", f"no {shown(folders.params)}{hint}")])


def _jobs(text: str | None) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise InputProblems([Problem("JOBS", "expected a number of notebooks, 1 to 999")])
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The commands and their options; an option left out is read from make's environment."""
    made = argparse.ArgumentParser(
        prog="python -m templates_lib", description="Analysis templates for customer insight."
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (function, options) in COMMANDS.items():
        one = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        one.set_defaults(function=function)
        if "client" in options:
            one.add_argument("name", nargs="?", help=OPTIONS["client"][1])
        for option in (*options, "workspace"):
            variable, text = OPTIONS[option]
            flag = f"--{option.replace('_', '-')}"
            one.add_argument(flag, default=os.environ.get(variable) or None, help=text)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 done, 1 a notebook failed, 2 something that the user can mend."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that a console lacks ends no command
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    flags = [re.sub(r"^([A-Z_]+)=", _flag, word, count=1) for word in words]
    args = parser().parse_args(flags)
    if getattr(args, "name", None):
        args.client = args.name
    try:
        if args.workspace:  # notebooks run in folders of their own: no relative path
            os.environ["WORKSPACE"] = args.workspace
            os.environ["WORKSPACE"] = str(workspace())
        if hasattr(args, "client") and not args.client:
            hint = nearest("", client_names())
            raise InputProblems([Problem("CLIENT", f"is required, such as CLIENT=demo{hint}")])
        if hasattr(args, "client"):
            folders = ClientFolders(args.client)  # refused before anything is loaded
            if args.command != "new-client":
                _known(folders)
        return args.function(args)
    except InputProblems as error:
        problems = error.problems
        print(f"{len(problems)} to mend:" if len(problems) > 1 else "To mend:", file=sys.stderr)
        for problem in problems:
            print(f"  {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        what = " ".join(str(part) for part in (error.strerror or error, error.filename) if part)
        print(f"Stopped: {what}\nThe last report is as it was.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the last report is as it was.", file=sys.stderr)
        return 130


def _flag(match: re.Match[str]) -> str:
    return f"--{match[1].lower().replace('_', '-')}="
