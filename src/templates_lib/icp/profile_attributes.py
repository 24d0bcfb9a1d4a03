"""What is known of each unit, along the dimensions of a profile: why they buy, what stands in their
way, what they are used to, what they bought first, and who they are.

A question was asked of some only: its base are those who answered it. An attribute that exists for
all is ``unknown`` where it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.icp.dimensions import COMPANY, DIMENSIONS, FIRST_ORDER, Names, sorted_out, titles
from templates_lib.icp.icp import members
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.sensitive import STRICT, Guard
from templates_lib.sources.values import utc_to_local

ATTRIBUTES = ["unit_id", "dimension", "attribute", "value"]
UNKNOWN, OTHER, YES, NO = "unknown", "other", "yes", "no"
MAX_VALUES = 10  # of an attribute; the less frequent ones are `other`
LEAST = 10  # units with a value; fewer are `other`
OUTCOMES = ("customer_id", "unit_id", "first_on", "second_on", "last_on", "purchases", "net_sales",
            "contribution_margin", "ordered_at")  # fmt: skip
TIMES_OF_DAY = {6: "night", 12: "morning", 18: "afternoon", 24: "evening"}


def attributes(
    have: Mapping[str, ir.Table],
    units: pd.DataFrame,
    settings: Icp,
    *,
    survey: PurchaseSurvey,
    zone: str,
    as_of: date,
    codes: pd.DataFrame | None = None,
    guard: Guard = STRICT,
) -> pd.DataFrame:
    """Everything that is known of the units, but for what the guard refuses.

    Where the target is made of value, the value of the first order is no attribute: it is a part
    of what is looked for.

    Parameters
    ----------
    units : of ``icp.units``
    survey : settings of the purchase survey, which tell what a question is about
    codes : themes of open answers (survey, response_id, question, code), of everything that was
        coded; an answer without any theme has a row with a missing code
    guard : of ``sensitive.guard``: which protected attributes have a legal ground

    Returns
    -------
    One row a unit and attribute: unit_id, dimension (motives, pains, habits, first_purchase,
    demographics), attribute, value, day_one (whether it is known on the day of the first
    purchase). An attribute that all have is ``unknown`` where it is missing, and its values of
    fewer than 10 units, or past the ten most frequent, are ``other``. A question to which
    several answers are possible is an attribute an answer, ``question: answer``, with yes or no;
    so is every question of companies, whose people may each have answered. Of a person only the
    last answer to a question counts; who did not answer has no row.

    Raises
    ------
    InputProblems
        For a name in the settings that is neither an attribute nor a question.
    """
    everyone = members(have, settings.unit)
    if everyone is None:
        return _nothing()
    first = _first_orders(have, everyone, zone=zone)
    if settings.target.by == "value":
        first = first.drop(columns="first_order_value")
    about = {"first": first.set_index("unit_id").reindex(units["unit_id"])}
    if settings.unit == "company" and "companies" in have:
        companies = have["companies"].select("company_id", *COMPANY).to_pandas()
        about["company"] = companies.set_index("company_id").reindex(units["unit_id"])
    columns = [name for table in about.values() for name in table if name not in OUTCOMES]
    names = sorted_out(have.get("responses"), columns, settings, survey, guard)
    parts = [_of_all(table, names) for table in about.values()]
    if names.questions:
        rows = _answers(have["responses"], names, zone=zone, as_of=as_of, codes=codes)
        rows = rows.merge(everyone.to_pandas(), on="customer_id")
        rows = rows[rows["unit_id"].isin(units["unit_id"])]
        parts.append(_of_answers(rows, names, settings.unit))
    table = pd.concat([part for part in parts if len(part)] or [_nothing()], ignore_index=True)
    table["place"] = table["dimension"].map(DIMENSIONS.index)
    ordered = table.sort_values(["place", "attribute", "value", "unit_id"], kind="stable")
    return ordered.drop(columns="place").reset_index(drop=True)


def refused(
    have: Mapping[str, ir.Table], settings: Icp, *, survey: PurchaseSurvey, guard: Guard = STRICT
) -> dict[str, str]:
    """The client's own attributes and questions that are protected and have no legal ground:
    name -> kind of ``sensitive``."""
    columns = [name for name in have["first_orders"].columns if name not in OUTCOMES]
    columns += [name for name in (*FIRST_ORDER, *COMPANY) if name not in columns]
    return sorted_out(have.get("responses"), columns, settings, survey, guard).refused


def themes(
    answers: pd.DataFrame, codes: pd.DataFrame, described: Mapping[str, str]
) -> pd.DataFrame:
    """The themes of open answers as ``attributes`` takes them; an answer without any has a row.

    Parameters
    ----------
    answers : survey, response_id, question of every answer with a text
    codes : of ``coding.merge``
    described : code: its description
    """
    key = ["survey", "response_id", "question"]
    named = codes[[*key, "code"]].assign(code=codes["code"].map(described))
    return answers[key].drop_duplicates().merge(named, on=key, how="left")


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=[*ATTRIBUTES, "day_one"]).astype({"day_one": bool})


def _first_orders(have: Mapping[str, ir.Table], members: ir.Table, *, zone: str) -> pd.DataFrame:
    """One row a unit with what is known of its first order, and the client's own columns; of a
    company, of the first of its people to order."""
    firsts = have["first_orders"].inner_join(members, "customer_id")
    orders = have["orders"].select("customer_id", "ordered_on", "ordered_at", "order_id")
    joined = firsts.select("customer_id", "first_on").inner_join(orders, "customer_id")
    on_day = joined.filter(joined.ordered_on == joined.first_on)
    placed = on_day.group_by("customer_id").aggregate(
        order_id=on_day.order_id.argmin(on_day.ordered_at), ordered_at=on_day.ordered_at.min()
    )
    local = utc_to_local(placed.ordered_at, zone)
    placed = placed.mutate(hour=local.hour(), day=local.day_of_week.index())
    if "events" in have:
        tracked = have["events"].filter(lambda t: t.order_id.notnull() & t.device.notnull())
        devices = tracked.group_by("order_id").aggregate(first_device=tracked.device.max())
        placed = placed.left_join(devices, "order_id").drop("order_id_right")
    table = firsts.inner_join(placed.drop("order_id"), "customer_id").to_pandas()
    table = table.sort_values(["ordered_at", "first_on", "customer_id"])
    table = table.drop_duplicates("unit_id").reset_index(drop=True)
    hour, day = table.pop("hour"), table.pop("day")
    if hour.nunique() > 1:  # a file of days only has no time of day
        ends = np.searchsorted(list(TIMES_OF_DAY), hour, side="right")
        table["first_time"] = np.array(list(TIMES_OF_DAY.values()))[ends]
    table["first_weekday"] = np.where(day >= 5, "weekend", "working_day")
    return table


def _of_all(table: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The columns of a table with a row a unit as attributes; one without two values is none."""
    parts = [_nothing()]
    for name, dimension in names.columns.items():
        if name not in table:
            continue
        values = table[name].astype("object")
        if name == "first_device":  # only the orders of some days are tracked
            values = values.dropna()
        values = _merged(values.fillna(UNKNOWN).astype(str), least=LEAST)
        if values[~values.isin([UNKNOWN, OTHER])].nunique() + values.eq(OTHER).any() < 2:
            continue
        part = values.rename("value").rename_axis("unit_id").reset_index()
        is_first = name in (*FIRST_ORDER, *COMPANY) or name in names.declared
        parts.append(part.assign(dimension=dimension, attribute=name, day_one=is_first))
    return pd.concat(parts, ignore_index=True)[[*ATTRIBUTES, "day_one"]]


def _merged(values: pd.Series, *, least: int) -> pd.Series:
    """The values with those that are too small, or past the most frequent, as ``other``."""
    counts = values[values != UNKNOWN].value_counts()
    counts = counts[counts >= least].sort_index().sort_values(ascending=False, kind="stable")
    kept = [*counts.index[:MAX_VALUES], UNKNOWN]
    return values.where(values.isin(kept), OTHER)


def _answers(
    responses: ir.Table, names: Names, *, zone: str, as_of: date, codes: pd.DataFrame | None
) -> pd.DataFrame:
    """The last answer of each customer to each question: survey, question, kind, customer_id,
    value (an option, or a theme; missing for an open answer without any)."""
    rows = responses.filter(responses.was_asked & responses.customer_id.notnull())
    rows = rows.filter(local_day(rows, "answered_at", zone) <= as_of)
    rows = rows.filter(rows.option.notnull() | (rows.kind == "open") & rows.text.notnull())
    key = ["survey", "question", "kind", "customer_id"]
    last = rows.answered_at.max().over(ibis.window(group_by=key))
    rows = rows.mutate(last=last).filter(lambda t: t.answered_at == t["last"])
    table = rows.select(*key, "response_id", value="option").distinct().to_pandas()
    is_wanted = pd.MultiIndex.from_frame(table[key[:3]]).isin(list(names.questions))
    table = table[is_wanted]
    chosen, told = table[table["kind"] == "choice"], table[table["kind"] == "open"]
    if codes is None:
        return chosen.drop(columns="response_id")
    on = ["survey", "response_id", "question"]
    coded = told.drop(columns="value").merge(codes.rename(columns={"code": "value"}), on=on)
    return pd.concat([chosen, coded[chosen.columns]]).drop(columns="response_id")


def _of_answers(rows: pd.DataFrame, names: Names, unit: str) -> pd.DataFrame:
    """Answers as attributes: one of a question with one answer, one an answer otherwise."""
    parts = [_nothing()]
    called = titles(names.questions)
    for question, own in rows.groupby(["survey", "question", "kind"], sort=True):
        title, dimension = called[question], names.questions[question]
        own = own[["unit_id", "value"]].drop_duplicates()
        several = own["unit_id"].duplicated().any() or question[2] == "open" or unit == "company"
        if not several:
            part = own.assign(value=_merged(own["value"], least=LEAST), attribute=title)
            parts.append(part.assign(dimension=dimension, day_one=False))
            continue
        everyone = own["unit_id"].unique()
        counts = own["value"].value_counts()
        for option in counts.index[counts >= LEAST][:MAX_VALUES]:
            took = np.isin(everyone, own.loc[own["value"] == option, "unit_id"])
            parts.append(pd.DataFrame({
                "unit_id": everyone, "dimension": dimension, "attribute": f"{title}: {option}",
                "value": np.where(took, YES, NO), "day_one": False,
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)[[*ATTRIBUTES, "day_one"]]
