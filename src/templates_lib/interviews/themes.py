"""What was told in interviews: themes, how far coders agree, by group, and against surveys.

The unit of a theme is an interview: how often one person repeats it is no more people. An excerpt
is one text of one interview under one question, whoever coded it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coding import coding
from templates_lib.coding.agreement import agreement
from templates_lib.coding.codebook import Codebook
from templates_lib.coverage import local_day
from templates_lib.interviews.call_plan import holds, last_scores
from templates_lib.labels import label
from templates_lib.privacy import hide_small
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.stats.net_score_design import design_effect

LEAST = 10  # interviews, and of each side of a comparison
LEAST_MENTIONS = 30
SURVEY, QUESTION = "interview", "excerpt"  # what the coding of open answers calls them
EXCERPTS = ["interview_id", "customer_id", "date", "coder", "question", "text", "code",
            "may_quote", "response_id"]  # fmt: skip
SPLITS = ("value_fifth", "recommendation", "value_and_recommendation")
THEMES = ["theme", "interviews", "share", "low", "high", "alpha", "alpha_low", "alpha_high"]
GROUPED = ["split", "group", "theme", "n", "interviews", "share", "low", "high"]
AGAINST = ["theme", "n", "interview_share", "interview_low", "interview_high", "survey_n",
           "survey_share", "survey_low", "survey_high", "gap_share", "gap_share_low",
           "gap_share_high"]  # fmt: skip


def excerpts(
    have: Mapping[str, ir.Table], *, themes: Mapping[str, Sequence[str]], as_of: date,
    declared: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """The notes of the interviews, a row an excerpt and coder, of those who have not withdrawn.

    Left out is every word of a customer who has opted out or closed the account, whatever the day,
    or, where the consent ``interview`` is declared, no longer gives it.

    Parameters
    ----------
    themes : code of the codebook: codes of the notes that mean it
    declared : the kinds of consent that the customers' file tells of

    Returns
    -------
    Columns of ``EXCERPTS``: text (the excerpt), code (of the codebook where it is mapped; missing
    where nobody coded it), may_quote (only where every row of the excerpt says so), response_id
    (pseudonym of the excerpt). In the order of date and interview.
    """
    if "interviews" not in have:
        return pd.DataFrame(columns=EXCERPTS)
    rows = have["interviews"]
    rows = rows.filter(rows.date.isnull() | (rows.date <= as_of))
    if "customers" in have:
        people = have["customers"]
        gone = people.opted_out_at.notnull() | people.closed_at.notnull()
        gone = gone | ~holds(people, "interview") if "interview" in declared else gone
        rows = rows.anti_join(people.filter(gone).select("customer_id"), "customer_id")
    found = _named(rows)
    if found.empty:
        return pd.DataFrame(columns=EXCERPTS)
    meant = {_plain(own): code for code, names in themes.items() for own in names}
    found["code"] = [
        None if pd.isna(own) or not str(own).strip() else meant.get(_plain(own), str(own).strip())
        for own in found["code"]
    ]
    found["response_id"] = excerpt_ids(found)
    allowed = found["may_quote"].fillna(False).astype(bool)
    found["may_quote"] = allowed.groupby(found["response_id"]).transform("all")
    return found.sort_values(["date", "interview_id", "response_id", "coder", "code"],
                             kind="stable", ignore_index=True)[EXCERPTS]  # fmt: skip


def excerpt_ids(rows: pd.DataFrame) -> list[str]:
    """The pseudonym of each excerpt: of its interview, question and text."""
    parts = zip(rows["interview_id"], rows["question"], rows["text"], strict=True)
    return [hashlib.sha256("\0".join(map(str, part)).encode()).hexdigest()[:32] for part in parts]


def as_answers(interviews: ir.Table) -> pd.DataFrame:
    """What an approval of an excerpt may name: response_id, question, survey."""
    rows = _named(interviews)
    return rows.assign(response_id=excerpt_ids(rows), question=QUESTION, survey=SURVEY)[
        ["response_id", "question", "survey"]
    ].drop_duplicates(ignore_index=True)


def _named(interviews: ir.Table) -> pd.DataFrame:
    """The rows whose interview is known, by its id or by the customer; the excerpt as ``text``."""
    found = interviews.to_pandas().rename(columns={"excerpt": "text"})
    found["interview_id"] = found["interview_id"].fillna(found["customer_id"])
    return found.dropna(subset=["interview_id"])


def _plain(code: object) -> str:
    return str(code).strip().casefold()


def marks(notes: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """What each coder said of each excerpt they coded, as ``coding_marks.read_sheets`` has it.

    Returns
    -------
    One row an excerpt, coder and code of the codebook or the notes: survey, response_id, question,
    coder, code, value (1 given, 0 not), drawn (excerpts in all). An excerpt that a coder gave
    several codes has them all; a coder without a name is one coder.
    """
    given = notes.dropna(subset=["code"])
    coder = given["coder"].fillna("")
    given = given.assign(coder=coder)[["response_id", "coder", "code"]].drop_duplicates()
    codes = pd.Series(sorted({*book.names, *given["code"]}), name="code")
    every = given[["response_id", "coder"]].drop_duplicates().merge(codes, how="cross")
    table = every.merge(given.assign(value=1), how="left")
    table["value"] = table["value"].fillna(0).astype("int64")
    drawn = notes["response_id"].nunique()
    return table.assign(survey=SURVEY, question=QUESTION, drawn=drawn)


def answers(notes: pd.DataFrame) -> pd.DataFrame:
    """The excerpts as open answers: survey, response_id, question, text, interview_id,
    customer_id, may_quote."""
    rows = notes.drop_duplicates("response_id").drop(columns=["question"])
    rows = rows.assign(survey=SURVEY, question=QUESTION)
    columns = ["survey", "response_id", "question", "text", "interview_id", "customer_id"]
    return coding.open_answers(rows[[*columns, "may_quote"]])


def in_force(notes: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """The codes of each excerpt: most of the coders decide, the terms of the codebook where they
    are divided or nobody coded it.

    Returns
    -------
    Columns: survey, response_id, question, code, how, interview_id, customer_id.
    """
    said = answers(notes)
    codes = coding.merge(coding.coded(said, book), marks(notes, book))
    return codes.merge(said[["response_id", "interview_id", "customer_id"]], on="response_id")


def told(codes: pd.DataFrame) -> pd.DataFrame:
    """Which interview tells which theme: interview_id, customer_id, theme, once each."""
    rows = codes.rename(columns={"code": "theme"})[["interview_id", "customer_id", "theme"]]
    return rows.drop_duplicates(["interview_id", "theme"], ignore_index=True)


def themes(
    notes: pd.DataFrame, codes: pd.DataFrame, book: Codebook, *, min_cell: int
) -> pd.DataFrame:
    """In how many interviews each theme is told, and how far two coders agree on it.

    Parameters
    ----------
    codes : of ``in_force``

    Returns
    -------
    Columns of ``THEMES``: interviews (that tell it), share (of all interviews with an excerpt),
    low, high (Wilson), alpha, alpha_low, alpha_high (Krippendorff, over excerpts that two people
    coded; empty where there are none). The most told first. No rows under 10 interviews; interviews
    under ``min_cell`` are hidden, and others with them; so is what coders do not agree on.
    """
    n = notes["interview_id"].nunique()
    if n < LEAST or codes.empty:
        return pd.DataFrame(columns=THEMES)
    counts = told(codes).groupby("theme").size().rename("interviews").reset_index()
    low, high = wilson(counts["interviews"], np.full(len(counts), n))
    counts = counts.assign(share=counts["interviews"] / n, low=low, high=high)
    agreed = agreed_on(notes, book).rename(columns={"code": "theme"})
    names = {"low": "alpha_low", "high": "alpha_high"}
    agreed = agreed.rename(columns=names)[["theme", "alpha", *names.values(), "status"]]
    table = counts.merge(agreed, on="theme", how="left")
    values = ["share", "low", "high"]
    order = table.sort_values(["interviews", "theme"], ascending=[False, True], ignore_index=True)
    made = hide_small(order, count="interviews", values=values, min_cell=min_cell)
    differ = made["status"].eq("suppressed")
    made[values] = made[values].mask(differ)
    made["interviews"] = made["interviews"].mask(differ)
    return made[THEMES]


def agreed_on(notes: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """``coding_agreement.agreement`` of the excerpts: of codes that somebody gave, where two
    people coded any."""
    given = marks(notes, book)
    used = given.loc[given["value"] == 1, "code"].unique()
    found = agreement(given[given["code"].isin(used)])
    return found[found["n"] > 0].reset_index(drop=True)


def groups(have: Mapping[str, ir.Table], *, value: str, zone: str, as_of: date) -> pd.DataFrame:
    """The groups of every customer with an order: by fifths of ``value`` so far, by the last
    score, and by both.

    Returns
    -------
    Columns: customer_id, value_fifth (best_fifth, middle_fifths, last_fifth), recommendation (class
    of the last score; missing without one), value_and_recommendation.
    """
    first = have["first_orders"]
    amount = first[value].cast("float64")
    ends = one(first, low=amount.quantile(0.2), high=amount.quantile(0.8))
    if ends["low"] is None:
        return pd.DataFrame(columns=["customer_id", *SPLITS])
    low, high = (ibis.literal(ends[end], "float64") for end in ("low", "high"))
    fifth = ibis.cases((amount > high, "best_fifth"), (amount > low, "middle_fifths"),
                       else_="last_fifth")  # fmt: skip
    table = first.select("customer_id", value_fifth=fifth).to_pandas()
    scores = last_scores(have, zone=zone, as_of=as_of).rename(columns={"class": SPLITS[1]})
    table = table.merge(scores[["customer_id", SPLITS[1]]], on="customer_id", how="left")
    table[SPLITS[2]] = [
        None if pd.isna(told) else f"{label(fifth)}, {label(told)}"
        for fifth, told in zip(table[SPLITS[0]], table[SPLITS[1]], strict=True)
    ]
    return table[["customer_id", *SPLITS]]


def by_group(
    notes: pd.DataFrame, codes: pd.DataFrame, groups: pd.DataFrame, *, min_cell: int
) -> pd.DataFrame:
    """Each theme by groups of the customers interviewed.

    Parameters
    ----------
    groups : customer_id, and a column a split; who is missing in a split is in none of its groups

    Returns
    -------
    Columns of ``GROUPED``: n (interviews of the group), interviews (of them, those that tell the
    theme), share, low, high (Wilson). Only groups of 10 interviews and of ``min_cell``.
    """
    who = notes[["interview_id", "customer_id"]].drop_duplicates("interview_id")
    who = who.merge(groups, on="customer_id", how="left")
    pairs = told(codes)[["interview_id", "theme"]]
    parts = []
    for split in groups.columns.drop("customer_id"):
        size = who.groupby(split)["interview_id"].nunique()
        size = size[size >= max(LEAST, min_cell)]
        names = pd.MultiIndex.from_product([size.index, sorted(pairs["theme"].unique())])
        counts = pairs.merge(who, on="interview_id").groupby([split, "theme"]).size()
        own = counts.reindex(names, fill_value=0).rename_axis(["group", "theme"])
        own = own.rename("interviews").reset_index()
        parts.append(own.assign(split=split, n=own["group"].map(size)))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return pd.DataFrame(columns=GROUPED)
    low, high = wilson(table["interviews"], table["n"])
    table = table.assign(share=table["interviews"] / table["n"], low=low, high=high)
    return hide_small(
        table[GROUPED], count="interviews", values=["share", "low", "high"],
        by=["split", "group"], also_by=[["split", "theme"]], min_cell=min_cell,
    )  # fmt: skip


def against_surveys(
    notes: pd.DataFrame, codes: pd.DataFrame, survey_codes: pd.DataFrame, *, min_cell: int
) -> pd.DataFrame:
    """Themes that are more, or less, of what is told in interviews than of what surveys hold.

    Both shares are of the texts that have a code at all, so that a long talk is not taken for many
    people; excerpts of one interview count as the design effect leaves them.

    Parameters
    ----------
    survey_codes : of ``coding.coded``, of the open answers of surveys

    Returns
    -------
    Columns of ``AGAINST``: n (excerpts with a code), interview_share, interview_low,
    interview_high, survey_n (answers with a code), survey_share, survey_low, survey_high (Wilson),
    gap_share (the first less the second), gap_share_low, gap_share_high (Newcombe). Only themes
    that both sides tell, ``min_cell`` texts each; the widest difference first; no rows under 30
    texts with a code on either side.
    """
    ours, n = _shares(codes)
    theirs, survey_n = _shares(survey_codes)
    if min(n, survey_n) < LEAST_MENTIONS:
        return pd.DataFrame(columns=AGAINST)
    interviews = notes.drop_duplicates("response_id").set_index("response_id")["interview_id"]
    coded = codes["response_id"].unique()
    rows = []
    for theme in sorted(set(ours.index) & set(theirs.index)):
        x, y = int(ours[theme]), int(theirs[theme])
        if min(x, y) < min_cell:
            continue
        said = pd.Series(coded).isin(codes.loc[codes["code"] == theme, "response_id"]).astype(int)
        effect = design_effect(said.to_numpy(), interviews.reindex(coded).to_numpy())
        ours_ends = map(float, wilson(x / effect, n / effect))
        their_ends = map(float, wilson(y, survey_n))
        gap_ends = map(float, newcombe(x / effect, n / effect, y, survey_n))
        sides = (n, x / n, *ours_ends, survey_n, y / survey_n, *their_ends)
        rows.append((theme, *sides, x / n - y / survey_n, *gap_ends))
    table = pd.DataFrame(rows, columns=AGAINST)
    order = table["gap_share"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def two_sides(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The two shares of ``against_surveys`` as series of ``dot_figures.dots``."""
    names = {"interview_share": "interview", "survey_share": "survey"}
    return {
        series: table.rename(
            columns={series: "share", f"{side}_low": "low", f"{side}_high": "high"}
        )[["theme", "share", "low", "high"]]
        for series, side in names.items()
    }


def survey_texts(responses: ir.Table | None, *, zone: str, as_of: date) -> pd.DataFrame:
    """The open answers of all surveys but those ``coding.WITHOUT_THEMES``."""
    if responses is None:
        return pd.DataFrame(columns=["survey", "response_id", "question", "text"])
    has_themes = responses.survey.notin(coding.WITHOUT_THEMES)
    rows = responses.filter((responses.kind == "open") & has_themes)
    rows = rows.mutate(on=local_day(rows, "answered_at", zone)).filter(lambda t: t.on <= as_of)
    return coding.open_answers(rows.select("survey", "response_id", "question", "text").to_pandas())


def _shares(codes: pd.DataFrame) -> tuple[pd.Series, int]:
    """Texts that have each code, and texts that have any."""
    keys = coding.key_of(codes)
    pairs = codes[[*keys, "code"]].drop_duplicates()
    return pairs.groupby("code").size(), len(pairs[keys].drop_duplicates())


def beyond_chance(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``against_surveys`` whose interval leaves out 0."""
    return table[(table["gap_share_low"] > 0) | (table["gap_share_high"] < 0)]


def quotable(notes: pd.DataFrame, codes: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The codes of excerpts that the customer lets us quote, of themes that ``min_cell``
    interviews tell: what ``quotes.quotes`` may choose the approved ones from."""
    size = told(codes).groupby("theme")["interview_id"].nunique()
    enough = codes["code"].isin(size.index[size >= min_cell])
    ids = notes.loc[notes["may_quote"], "response_id"]
    return codes[enough & codes["response_id"].isin(ids)].reset_index(drop=True)
