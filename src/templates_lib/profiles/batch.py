"""A test batch: the open profile of customers who agreed, and who is asked about which profile.

Names are joined here and nowhere else; everything goes into the client's private folder, whole or
not at all. Half of the people are asked about their own profile, half about another one, at random.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from templates_lib import published
from templates_lib.contacts import (
    DETAILS,
    ID,
    ReportTable,
    aside,
    consented_source,
    joined,
    people_of,
    replace_whole,
    report_table,
)
from templates_lib.icp.profile_attributes import YES
from templates_lib.language import speaking, tr
from templates_lib.params.file import load_params
from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem
from templates_lib.profiles import open_profile
from templates_lib.profiles.corrections import PREFIX
from templates_lib.profiles.open_profile import CONSENT, About, Person, described
from templates_lib.profiles.page_words import FORM, HOW
from templates_lib.profiles.profiles import UNKNOWN
from templates_lib.profiles.resonance import CHOICE, MATCHED, MISMATCHED, RATING, WRONG
from templates_lib.report.findings import typed
from templates_lib.worksheets import workbook
from templates_lib.workspace import ClientFolders, shown

FOLDER = "profiles"
LIST = ["file", "customer_id", "profile", "probability", "arm", "profile_shown"]
LEAST_PROFILES = 2


class Outcome(NamedTuple):
    """Where the pages are, how many customers have a profile, how many pages were written, why
    some of the others are left out, and how many are asked about their own profile."""

    folder: Path
    listed: int
    written: int
    left_out: dict[str, int]
    matched: int


def write_profiles(client: str, *, as_of: str | None = None) -> Outcome:
    """Writes ``data/<client>/private/profiles/``, readable by its owner alone: a page a customer
    (``profile_0001.html``), and ``form.xlsx`` with the people, the arm and the profile that each is
    shown, the questions for a survey tool and the descriptions.

    The folder of an earlier batch is replaced as a whole: who has taken back the consent is gone.

    Parameters
    ----------
    as_of : the report's last day; the latest report's where none is given

    Raises
    ------
    InputProblems
        All that is wrong with the parameters; then with the report, or the customers' file.
    """
    folders, params = ClientFolders(client), load_params(client)
    if not params.profiles.contact:
        what = "is required: whom a customer turns to about the profile, as the page writes it"
        raise InputProblems([Problem("profiles.contact", what)])
    source = consented_source(params, CONSENT)
    members = report_table(folders, params, "profiles__members", as_of)
    known = report_table(folders, params, "profiles__assumptions", members.as_of.isoformat())
    says = _says(folders, params, members)
    shared = open_profile.about(params)._replace(as_of=members.as_of)
    rows = typed(members.rows)
    told = rows[rows["profile"] != UNKNOWN]
    with aside(folders) as scratch:
        people = people_of(params, folders, source, CONSENT, scratch)
        asked, left_out = joined(told, people, CONSENT)
        chosen = drawn(asked, says["profile"].unique(), size=params.profiles.batch_size,
                       seed=params.profiles.seed)  # fmt: skip
        made = scratch / FOLDER
        made.mkdir(mode=0o700)
        facts = typed(known.rows)
        for row in chosen.to_dict("records"):
            own = facts[facts[ID] == row[ID]]
            content = open_profile.page(_person(row, own), _sentences(says, row, shared), shared)
            replace_whole(made / row["file"], content, scratch)
        replace_whole(made / "form.xlsx", form(chosen, says, facts, shared), scratch)
        _swap(made, folders.private / FOLDER, scratch)
    is_matched = int((chosen["arm"] == MATCHED).sum())
    return Outcome(folders.private / FOLDER, len(told), len(chosen), left_out, is_matched)


def _says(folders: ClientFolders, params: Params, members: ReportTable) -> pd.DataFrame:
    """``profiles__says`` of the same report: what is told of each profile."""
    inside = Path("internal", "tables", "profiles__says.csv")
    by_language = {
        language: folder / inside
        for (day, language), folder in published.reports(folders).items()
        if day == members.as_of and (folder / inside).is_file()
    }
    own = params.client.language
    files = sorted(by_language.values(), key=lambda file: file != by_language.get(own))
    table = pd.read_csv(files[0], dtype=str, keep_default_na=False) if files else pd.DataFrame()
    if not len(table) or table["profile"].nunique() < LEAST_PROFILES:
        what = "fewer than two profiles hold: nothing can be shown, or told from another one"
        raise InputProblems([Problem("profiles", what)])
    return typed(table)


def drawn(people: pd.DataFrame, profiles: Sequence[str], *, size: int, seed: int) -> pd.DataFrame:
    """So many of the people at random, each with the arm and the profile shown.

    Within a profile half are shown their own, at random; of an odd number the last is by chance.
    The others are shown one of the other profiles, each as likely.

    Parameters
    ----------
    people : customer_id, profile, probability and more, in an order that is not by pseudonym

    Returns
    -------
    The people drawn, in the order given, with file, arm (``matched``, ``mismatched``) and
    profile_shown.
    """
    rng = np.random.default_rng(seed)
    able = people[people["profile"].isin(list(profiles))].reset_index(drop=True)
    places = np.sort(rng.permutation(len(able))[:size])
    chosen = able.iloc[places].reset_index(drop=True)
    chosen["arm"], chosen["profile_shown"] = MISMATCHED, chosen["profile"]
    for name in sorted(set(chosen["profile"])):
        own = rng.permutation(np.flatnonzero(chosen["profile"] == name))
        half = (len(own) + int(rng.integers(2))) // 2
        chosen.loc[own[:half], "arm"] = MATCHED
        others = [other for other in sorted(set(profiles)) if other != name]
        chosen.loc[own[half:], "profile_shown"] = rng.choice(others, len(own) - half)
    chosen["file"] = [f"profile_{place:04}.html" for place in range(1, len(chosen) + 1)]
    return chosen


def _person(row: dict[str, Any], known: pd.DataFrame) -> Person:
    name = row["name"] if isinstance(row["name"], str) else None
    return Person(name, row["profile"], float(row["probability"]), row["basis"], known)


def _sentences(says: pd.DataFrame, row: dict[str, Any], shared: About) -> list[str]:
    return described(says[says["profile"] == row["profile"]], shared)


def form(chosen: pd.DataFrame, says: pd.DataFrame, known: pd.DataFrame, shared: About) -> bytes:
    """The workbook of the survey: ``people`` (who is sent what), ``questions`` (name, question,
    kind, answers), ``profiles`` (profile, description) and ``how``."""
    with speaking(shared.words.language):
        text, how = {name: tr(told) for name, told in FORM.items()}, [tr(line) for line in HOW]
    profiles = [(name, " ".join(described(own, shared)))
                for name, own in says.groupby("profile", sort=False)]  # fmt: skip
    names = "; ".join(name for name, _ in profiles)
    questions = [(RATING, text[RATING], "rating", "1; 2; 3; 4; 5"),
                 (CHOICE, text[CHOICE], "choice", names),
                 (WRONG, text[WRONG], "open", "")]  # fmt: skip
    questions += list(_corrections(says, known, shared, text["correct"]))
    details = ["name", *DETAILS[CONSENT]]
    return workbook({
        "people": ([*details, *LIST], chosen.reindex(columns=[*details, *LIST]).to_numpy()),
        "questions": (["name", "question", "kind", "answers"], questions),
        "profiles": (["profile", "description"], profiles),
        "how": (["how"], [(line,) for line in how]),
    })  # fmt: skip


def _corrections(
    says: pd.DataFrame, known: pd.DataFrame, shared: About, text: str
) -> list[tuple[str, str, str, str]]:
    """A question to correct each answer that profiles are told by, where one answer is given."""
    found = []
    for attribute in dict.fromkeys(says["attribute"]):
        asked = shared.asked.get(attribute)
        answers = sorted({*known.loc[known["attribute"] == attribute, "value"]} - {YES})
        if asked is not None and asked.text and answers:
            question = text.format(question=asked.text)
            found.append((f"{PREFIX}{attribute}", question, "choice", "; ".join(answers)))
    return found


def _swap(made: Path, place: Path, scratch: Path) -> None:
    """The new folder in the place of the old one, which goes away with the scratch folder."""
    if place.is_symlink():
        raise InputProblems([Problem(shown(place), "is a link; remove it")])
    if place.exists():
        place.replace(scratch / "before")
    made.replace(place)
    shutil.rmtree(scratch / "before", ignore_errors=True)


def said(outcome: Outcome) -> list[str]:
    """What is told of an outcome: counts and a place, never a contact."""
    lines = [f"Customers with a profile: {outcome.listed}",
             f"Pages written: {outcome.written}; asked about their own profile: {outcome.matched}, "
             f"about another one: {outcome.written - outcome.matched}"]  # fmt: skip
    lines += [f"Left out, {why}: {n}" for why, n in outcome.left_out.items() if n]
    return [*lines, f"The pages and the form: {shown(outcome.folder)}"]
