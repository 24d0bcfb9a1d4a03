"""Why customers leave, by what they said before: answers of those who left against the others.

All are followed for as many days after the answer, and only what was bought after it counts. Who
names nobody, such as those who answer on the way out, cannot be followed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.lost_customers.lost_after import COMPARED, compared
from templates_lib.nps_drivers import nps

LEAST = 30
INTERVIEW = "interview"
SAID = ["survey", "response_id", "question", "option"]
FOLLOWED = ["survey", "response_id", "customer_id", "left"]
REASONS = ["survey", "question", "option", *COMPARED]


def followed(have: Mapping[str, ir.Table], *, zone: str, as_of: date, days: int) -> pd.DataFrame:
    """The first answer of each customer to each survey, and whether they left after it.

    Parameters
    ----------
    days : without a purchase in so many days after the answer a customer has left

    Returns
    -------
    Columns: survey (``interview`` for interviews), response_id, customer_id, left. Answers before
    the first purchase, and those not followed for all the days, are left out.
    """
    answers = _answers(have, zone)
    if answers is None or "purchases" not in have:
        return pd.DataFrame(columns=FOLLOWED).astype({"left": bool})
    first = ibis.window(group_by=["survey", "customer_id"], order_by=["on", "response_id"])
    answers = answers.mutate(place=ibis.row_number().over(first))
    answers = answers.filter(
        (answers["place"] == 0) & (answers.on <= as_of - timedelta(days=days))
    ).drop("place")
    bought = have["purchases"].select("customer_id", "purchased_on")
    pairs = answers.inner_join(bought, "customer_id")
    gap = pairs.purchased_on.delta(pairs.on, unit="day")
    keys = FOLLOWED[:-1]
    found = pairs.group_by(*keys).aggregate(
        before=(gap <= 0).any(), returned=gap.between(1, days).any()
    )
    found = found.filter(found.before).mutate(left=~found.returned)
    return found.select(*FOLLOWED).order_by(*keys).to_pandas()


def _answers(have: Mapping[str, ir.Table], zone: str) -> ir.Table | None:
    """Who answered what and when: survey, response_id, customer_id, on; None without any."""
    parts = []
    if "responses" in have:
        rows = have["responses"]
        parts.append(
            rows.select("survey", "response_id", "customer_id",
                        on=local_day(rows, "answered_at", zone))
        )  # fmt: skip
    if "interviews" in have:
        rows = have["interviews"]
        named = rows.select("customer_id", response_id="interview_id", on="date")
        parts.append(named.mutate(survey=ibis.literal(INTERVIEW)).select(*parts[0].columns)
                     if parts else named.mutate(survey=ibis.literal(INTERVIEW)))  # fmt: skip
    if not parts:
        return None
    both = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return both.filter(both.customer_id.notnull() & both.on.notnull()).distinct()


def said(
    have: Mapping[str, ir.Table], answers: pd.DataFrame, codes: pd.DataFrame, *,
    questions: Collection[str],
) -> pd.DataFrame:  # fmt: skip
    """What was said: given answers, the class of the score, codes of open answers and interviews.

    Parameters
    ----------
    answers : the open answers with a text: survey, response_id, question
    codes : of ``coding.coded`` or ``coding.merge``
    questions : those with given answers that tell why; who somebody is tells nothing of it

    Returns
    -------
    Columns: survey, response_id, question, option (missing for a text without a code).
    """
    parts = [answers[SAID[:3]].merge(codes[[*SAID[:3], "code"]], how="left", on=SAID[:3])]
    parts[0] = parts[0].rename(columns={"code": "option"})
    if "responses" in have:
        rows = have["responses"]
        taken = rows.filter(
            (rows.kind == "choice") & rows.option.notnull() & rows.question.isin(list(questions))
        ).select(*SAID)
        scores = rows.filter((rows.kind == "score") & rows.value.notnull())
        scored = scores.select(*SAID[:3], value=scores.value.cast("float64")).to_pandas()
        parts += [taken.to_pandas(), scored.assign(option=nps.class_names(scored["value"]))[SAID]]
    if "interviews" in have:
        rows = have["interviews"].filter(have["interviews"].code.notnull())
        excerpts = rows.select(response_id="interview_id", option="code").to_pandas()
        parts.append(excerpts.assign(survey=INTERVIEW, question="code")[SAID])
    return pd.concat([p for p in parts if len(p)] or parts, ignore_index=True).drop_duplicates()


def reasons(people: pd.DataFrame, options: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """What those said who left, against those who did not: of every option of every question.

    Parameters
    ----------
    people : of ``followed``; options : of ``said``

    Returns
    -------
    Columns: survey, question, option, people (who left and said it), n (who left and answered the
    question), and the rest of ``lost_after.compared``. Both sides hold 30 answers; options that
    fewer than ``min_cell`` people of either side gave are left out.
    """
    joined = options.merge(people, on=["survey", "response_id"])
    rows = []
    for (survey, question), own in joined.groupby(["survey", "question"]):
        asked = own.drop_duplicates("customer_id")["left"].astype(bool)
        n, others = int(asked.sum()), int((~asked).sum())
        if min(n, others) < LEAST:
            continue
        each = own.dropna(subset=["option"]).drop_duplicates(["customer_id", "option"])
        counts = each.groupby(["option", "left"]).size().unstack(fill_value=0)
        counts = counts.reindex(columns=[True, False], fill_value=0)
        rows += [
            [survey, question, option, gone, n, stayed, others]
            for option, (gone, stayed) in zip(counts.index, counts.to_numpy(), strict=True)
            if min(gone, stayed) >= min_cell
        ]
    columns = ["survey", "question", "option", "people", "n", "others", "others_n"]
    table = pd.DataFrame(rows, columns=columns)
    if table.empty:
        return pd.DataFrame(columns=REASONS)
    table = compared(table)
    by = ["gap_share", "survey", "question", "option"]
    return table.sort_values(by, ascending=[False, True, True, True], ignore_index=True)[REASONS]


def leading(table: pd.DataFrame, *, allowed: float = 0.05) -> pd.Series | None:
    """What those who left said oftener than the others, beyond chance, by the largest gap; None
    where nothing is so."""
    sure = table[(table["q_value"] <= allowed) & (table["gap_share"] > 0)]
    return sure.iloc[0] if len(sure) else None
