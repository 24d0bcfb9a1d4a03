"""Whom to call: a seeded random sample of each group that can tell something of its own.

A group is a stratum. Who belongs to several is called for one of them only, the smallest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.language import N_, tr, trn
from templates_lib.nps_drivers import nps
from templates_lib.privacy import hide_small
from templates_lib.sources.engine import one
from templates_lib.words import Words

BEST_SHARE = 0.2
MAX_SEGMENTS = 5
OTHER, UNKNOWN = "other", "unknown"
REASONS = {
    "best": N_("What keeps them, and what would make them leave."),
    "newly_lost": N_("What happened around the last purchase, while it is remembered."),
    "promoters": N_("What they say of the shop to others, and to whom."),
    "detractors": N_("What went wrong, and what would have put it right."),
    "decision_makers": N_("How the supplier is chosen, who has a say, and what is compared."),
    "users": N_("What happens once the goods are there, and what they pass on to who decides."),
}
"""The strata, in the order shown, and why somebody of each is called."""
KINDS = ("interview", "phone", "email")
PLAN = ["stratum", "wanted", "available", "selected", "reason"]
CALLS = ["customer_id", "stratum", "reason"]
FOUND = [*CALLS, "detail"]
ID_ONLY = {"customer_id": "string"}
CANDIDATES = ["customer_id", "stratum", "reason", "detail", "segment", "first_on", "last_on",
              "value"]  # fmt: skip


class Plan(NamedTuple):
    """``strata``: one row a stratum, columns of ``PLAN``. ``calls``: one row a customer to call,
    columns of ``CALLS``."""

    strata: pd.DataFrame
    calls: pd.DataFrame


def consent_kind(declared: Sequence[str], chosen: str | None) -> str | None:
    """The consent to call under: the chosen one, else the first declared one that allows it."""
    return chosen or next((kind for kind in KINDS if kind in declared), None)


def holds(people: ir.Table, kind: str) -> ir.BooleanValue:
    """Whether a customer of ``customers`` has agreed to this kind."""
    return (" " + people.consents + " ").contains(f" {kind} ").fill_null(False)


def may_be_called(have: Mapping[str, ir.Table], kind: str | None) -> ir.Table | None:
    """The customers (customer_id) who may be called: with the consent, not opted out, no closed
    account, whatever the day of it, and not interviewed before.

    None where no consent is declared, or nobody has given it: nobody agrees by silence.
    """
    if kind is None or "customers" not in have:
        return None
    people = have["customers"].filter(holds(have["customers"], kind))
    if not one(people, n=people.count())["n"]:
        return None
    stayed = people.opted_out_at.isnull() & people.closed_at.isnull()
    agreed = people.filter(stayed).select("customer_id")
    if "interviews" in have:
        known = have["interviews"].filter(have["interviews"].customer_id.notnull())
        agreed = agreed.anti_join(known.select("customer_id"), "customer_id")
    return agreed


def candidates(
    have: Mapping[str, ir.Table], placed: ir.Table, *, value: str, zone: str, as_of: date,
    roles: Mapping[str, Sequence[str]], newly_lost_days: int, scored_within_days: int,
    balance_by: str, words: Words,
) -> pd.DataFrame:  # fmt: skip
    """Everyone of each stratum, allowed to be called or not, a row a stratum.

    ``best``: the best fifth by ``value`` so far, in the usual time to the next purchase.
    ``newly_lost``: bought at least twice, past the usual day by ``newly_lost_days`` at most.
    ``promoters``, ``detractors``: by the last score of ``scored_within_days``. ``roles``: by the
    role in a company.

    Parameters
    ----------
    placed : of ``overdue.standing``
    roles : stratum: names of roles, in any case of letters
    balance_by : column of the first orders; without it everybody is of one segment

    Returns
    -------
    Columns of ``CANDIDATES``: reason (why this one, for the reader), detail (the same in any
    language), segment (of ``balance_by``), first_on, last_on, value (so far).
    """
    first = have["first_orders"]
    segment = first[balance_by] if balance_by in first.columns else ibis.literal("all")
    about = first.select(
        "customer_id", "first_on", "last_on",
        value=first[value].cast("float64"), segment=segment.cast("string"),
    )  # fmt: skip
    parts = [_best(about, placed, as_of, words), _newly_lost(placed, newly_lost_days, words)]
    parts += [_scored(have, zone=zone, as_of=as_of, within=scored_within_days, words=words)]
    parts += [_of_role(have, stratum, names) for stratum, names in roles.items()]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    wanted = ibis.memtable(rows[["customer_id"]].drop_duplicates(), schema=ID_ONLY)
    details = about.semi_join(wanted, "customer_id").to_pandas()
    return rows.merge(details, on="customer_id", how="left")[CANDIDATES]


def _best(about: ir.Table, placed: ir.Table, as_of: date, words: Words) -> pd.DataFrame:
    least = one(about, at=about.value.quantile(1 - BEST_SHARE))["at"]
    if least is None:
        return pd.DataFrame(columns=FOUND)
    best = about.filter((about.value > ibis.literal(least, "float64")) & (about.value > 0))
    active = placed.filter(placed.state == "in_time").select("customer_id", "purchases")
    rows = best.inner_join(active, "customer_id").select("customer_id", "purchases", "last_on")
    found = rows.to_pandas()
    since = (pd.Timestamp(as_of) - pd.to_datetime(found["last_on"])).dt.days
    said = [
        _bought(bought, days, words) for bought, days in zip(found["purchases"], since, strict=True)
    ]
    detail = found["purchases"].astype("string")
    return found[["customer_id"]].assign(stratum="best", reason=said, detail=detail)


def _bought(purchases: int, days: int, words: Words) -> str:
    n, ago = words.number(purchases), words.number(days)
    if purchases == 1:
        return trn(
            "one large purchase, {days} day ago", "one large purchase, {days} days ago", days,
            days=ago,
        )  # fmt: skip
    return trn(
        "{n} purchases, the last one {days} day ago", "{n} purchases, the last one {days} days ago",
        days, n=n, days=ago,
    )  # fmt: skip


def _newly_lost(placed: ir.Table, most: int, words: Words) -> pd.DataFrame:
    late = placed.filter((placed.state == "overdue") & (placed.purchases > 1))
    late = late.mutate(late=late.days_since - late.days)
    late = late.filter(late.late <= most)
    found = late.select("customer_id", "purchases", "late").to_pandas()
    said = [
        trn(
            "{n} purchases, then {days} day past the usual day",
            "{n} purchases, then {days} days past the usual day",
            row.late, n=words.number(row.purchases), days=words.number(row.late),
        )
        for row in found.itertuples()
    ]  # fmt: skip
    detail = found["purchases"].astype("string")
    return found[["customer_id"]].assign(stratum="newly_lost", reason=said, detail=detail)


def _scored(
    have: Mapping[str, ir.Table], *, zone: str, as_of: date, within: int, words: Words
) -> pd.DataFrame:
    found = last_scores(have, zone=zone, as_of=as_of, within=within)
    found = found[found["class"].isin(["promoters", "detractors"])]
    said = [
        tr("gave {score} on {day}", score=words.number(row.score), day=words.day(row.on))
        for row in found.itertuples()
    ]
    detail = [f"{row.on:%Y-%m-%d} {row.score}" for row in found.itertuples()]
    return found[["customer_id"]].assign(stratum=found["class"], reason=said, detail=detail)


def last_scores(
    have: Mapping[str, ir.Table], *, zone: str, as_of: date, within: int | None = None
) -> pd.DataFrame:
    """The last score of each known customer, of ``within`` days at most.

    Returns
    -------
    Columns: customer_id, on, score, class (promoters, passives, detractors).
    """
    given = nps.respondents(have, survey=None, zone=zone, as_of=as_of)
    given = given.dropna(subset=["score", "customer_id"])
    last = given.drop_duplicates("customer_id", keep="last")
    days = (pd.Timestamp(as_of) - pd.to_datetime(last["on"])).dt.days
    last = last[days <= within] if within is not None else last
    named = last.assign(**{"class": nps.class_names(last["score"])})
    return named[["customer_id", "on", "score", "class"]].reset_index(drop=True)


def _of_role(have: Mapping[str, ir.Table], stratum: str, names: Sequence[str]) -> pd.DataFrame:
    if "customers" not in have:
        return pd.DataFrame(columns=FOUND)
    people = have["customers"]
    own = people.filter(people.role.strip().lower().isin([name.casefold() for name in names]))
    found = own.select("customer_id", "role").to_pandas()
    said = [tr("role: {role}", role=role) for role in found["role"]]
    return found[["customer_id"]].assign(stratum=stratum, reason=said, detail=found["role"])


def plan(
    rows: pd.DataFrame, allowed: ir.Table | None, *, wanted: int, seed: int, min_cell: int
) -> Plan:
    """Draws ``wanted`` customers of each stratum at random, taking turns over its segments.

    Parameters
    ----------
    rows : of ``candidates``
    allowed : of ``may_be_called``
    seed : the same draws the same customers from the same data

    Returns
    -------
    Plan. available: of the stratum, those who may be called (those who might be, had they agreed,
    where no consent is known: nobody is selected then). A stratum without anybody has its row too.
    Counts under ``min_cell`` are hidden, and others with them.
    """
    if allowed is None:
        free, most = rows, 0
    else:
        ids = allowed.to_pandas()["customer_id"]
        free, most = rows[rows["customer_id"].isin(ids)], wanted
    calls = _drawn(free, most, seed)
    available = free.groupby("stratum")["customer_id"].nunique()
    selected = calls.groupby("stratum")["customer_id"].nunique()
    strata = pd.DataFrame({"stratum": list(REASONS), "wanted": wanted})
    for name, counts in (("available", available), ("selected", selected)):
        strata[name] = strata["stratum"].map(counts).fillna(0).astype("int64")
    strata["reason"] = [tr(REASONS[stratum]) for stratum in strata["stratum"]]
    hidden = hide_small(strata, count="available", values=["selected"], min_cell=min_cell)
    return Plan(hidden.astype({"selected": "Int64"})[PLAN], calls)


def _drawn(rows: pd.DataFrame, wanted: int, seed: int) -> pd.DataFrame:
    """The smallest stratum first, so that a larger one does not take its customers."""
    order = rows.groupby("stratum")["customer_id"].nunique().sort_values(kind="stable").index
    taken: set[str] = set()
    parts = [pd.DataFrame(columns=CALLS)]
    for stratum in order:
        own = rows[(rows["stratum"] == stratum) & ~rows["customer_id"].isin(taken)]
        drawn = _in_turns(own, np.random.default_rng([seed, list(REASONS).index(stratum)]))
        parts.append(drawn.head(wanted)[CALLS])
        taken |= set(parts[-1]["customer_id"])
    calls = pd.concat(parts, ignore_index=True)
    place = calls["stratum"].map({name: number for number, name in enumerate(REASONS)})
    return calls.assign(place=place).sort_values("place", kind="stable", ignore_index=True)[CALLS]


def _in_turns(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """In random order, one of each segment before a second one of any."""
    own = rows.sort_values(["first_on", "last_on", "value", "detail", "customer_id"])
    segment = own["segment"].fillna(UNKNOWN)
    large = segment.value_counts().head(MAX_SEGMENTS).index
    own = own.assign(segment=segment.where(segment.isin(large), OTHER))
    own = own.iloc[rng.permutation(len(own))]
    turn = own.groupby("segment").cumcount()
    return own.assign(turn=turn).sort_values("turn", kind="stable")
