"""What to do next, with whom, where and when it is looked at again; and what became of last time's.

An action is part of a finding. Whom it is done with, at which stage and where, it says itself, or
``USUAL`` does for the templates' own findings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

import pandas as pd

from templates_lib.editorial import Editorial
from templates_lib.summary import ranked

COLUMNS = ["finding", "do", "with_whom", "list", "stage", "channel", "owner", "check", "check_on",
           "test_size", "worth", "low", "high", "status"]  # fmt: skip
OUTCOMES = ["finding", "do", "owner", "tried", "tried_since", "before", "now", "difference", "low",
            "high", "outcome"]  # fmt: skip
Better = Literal["up", "down"]


class Where(NamedTuple):
    """Whom an action is done with, at which stage and in which channel (codes of ``labels``), the
    table that lists these customers, and where the finding's estimate should go."""

    with_whom: str | None = None
    stage: str | None = None
    channel: str | None = None
    list: str | None = None
    better: Better | None = None


USUAL = {
    "icp.rules": Where("newcomers", "awareness", "advertising"),
    "icp.score": Where("newcomers", "after_purchase", "by_email", "icp__score"),
    "icp.lost_reasons": Where("leads", "consideration", "sales", better="down"),
    "nps_drivers.importance": Where("all_customers", "after_purchase", "service"),
    "nps_drivers.reasons": Where("all_customers", "after_purchase", "service"),
    "nps_drivers.outcome": Where("detractors", "loyalty", "by_email"),
    "repeat_purchase.window": Where("first_time_buyers", "after_purchase", "by_email"),
    "repeat_purchase.overdue": Where(
        "overdue_customers", "loyalty", "by_email", "repeat_purchase__overdue_customers", "down"
    ),
    "customer_value.main_cause": Where("loss_makers", "after_purchase", "website"),
    "customer_value.best_before": Where("best_customers", "loyalty", "by_email", better="up"),
    "customer_value.later_by": Where("newcomers", "awareness", "advertising"),
    "customer_value.next_purchase": Where("first_time_buyers", "after_purchase", "by_email"),
    "journey.bottleneck": Where("visitors", "purchase", "website", better="down"),
    "journey.exits": Where("visitors", "consideration", "website", better="down"),
    "journey.said_and_did": Where("visitors", "consideration", "website"),
    "journey.contact_rate": Where("buyers", "after_purchase", "service", better="down"),
    "journey.service_return": Where("service_customers", "after_purchase", "service", better="up"),
    "journey.service_wait": Where("service_customers", "after_purchase", "service", better="up"),
    "journey.left": Where("returning_customers", "loyalty", "by_email", better="down"),
    "journey.left_after": Where("first_time_buyers", "after_purchase", "by_email", better="down"),
    "journey.win_back": Where("best_customers", "loyalty", "by_email", "journey__win_back", "down"),
    "purchase_survey.why_today": Where("visitors", "awareness", "website"),
    "purchase_survey.discovery": Where("buyers", "awareness", "advertising"),
    "purchase_survey.competitor": Where("visitors", "consideration", "website", better="down"),
    "purchase_survey.nearly_stopped": Where("visitors", "purchase", "website", better="down"),
    "purchase_survey.why_not": Where("visitors", "consideration", "website", better="down"),
    "purchase_survey.why_not_yet": Where("soft_leads", "consideration", "by_email", better="down"),
    "marketing.": Where("newcomers", "awareness", "advertising"),
}
"""By the beginning of a finding's id."""


def where(finding: Mapping[str, Any]) -> Where:
    """Where the action of a finding belongs: as it says itself, else as is usual."""
    begins = [id_start for id_start in USUAL if finding["id"].startswith(id_start)]
    usual = USUAL[max(begins, key=len)] if begins else Where()
    own = {name: finding["action"][name] for name in Where._fields if name in finding["action"]}
    return usual._replace(**own)


def actions(
    findings: Sequence[Mapping[str, Any]],
    *,
    as_of: date,
    check_days: int,
    lists: Mapping[str, str],
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The actions of all findings that are firm enough to act on, the first page's first.

    Parameters
    ----------
    findings : of ``editorial.edited``
    check_days : days until an action is looked at, where it does not say itself
    lists : tables of single customers that there are, with their titles
    earlier : this table of the last report

    Returns
    -------
    Columns ``COLUMNS``: worth, low and high a year in the client's currency, empty where nobody
    can tell; test_size in the units that check names; status is ``new_action``,
    ``proposed_before`` or ``tried``.
    """
    before = set() if earlier is None else set(earlier["finding"])
    rows = []
    for finding in (f for f in ranked(findings) if f["action"] is not None):
        action, place = finding["action"], where(finding)
        worth = finding["effect_eur"] or {}
        status = "proposed_before" if finding["id"] in before else "new_action"
        rows.append({
            "finding": finding["id"], "do": action["do"], "with_whom": place.with_whom,
            "list": place.list if place.list in lists else None,
            "stage": place.stage, "channel": place.channel, "owner": finding["owner"],
            "check": action["check"],
            "check_on": as_of + timedelta(days=action.get("days", check_days)),
            "test_size": action.get("test_size"),
            "worth": worth.get("estimate"), "low": worth.get("low"), "high": worth.get("high"),
            "status": "tried" if finding["tried"] else status,
        })  # fmt: skip
    numbers = dict.fromkeys(("worth", "low", "high"), "float64") | {"test_size": "Int64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def outcomes(
    earlier: pd.DataFrame,
    findings: Sequence[Mapping[str, Any]],
    changes: pd.DataFrame,
    editorial: Editorial,
    *,
    language: str,
) -> pd.DataFrame:
    """What became of the last report's actions.

    A figure that went where it should, beyond chance, got better after what was tried; that it
    did so because of it only a test with a part left out can tell.

    Parameters
    ----------
    earlier : ``actions`` of the last report
    findings : today's, as they were computed
    changes : finding, before, now, difference, low, high, kind; those of ``customers`` count

    Returns
    -------
    Columns ``OUTCOMES``; outcome is ``not_tried``, ``better``, ``worse``, ``changed`` (nobody said
    which way is better), ``no_change_beyond_chance`` or ``not_comparable`` (the finding is no
    longer said, or speaks of something else).
    """
    today = {f["id"]: f for f in findings}
    moved = changes[changes["kind"] == "customers"].set_index("finding")
    rows = []
    for action in earlier[~earlier["finding"].isin(editorial.hide)].to_dict("records"):
        identity = action["finding"]
        tried = editorial.tried.get(identity)
        move = moved.loc[identity].to_dict() if identity in moved.index else {}
        finding = today.get(identity)
        better = where(finding).better if finding and finding["action"] else None
        rows.append({
            "finding": identity, "do": action["do"],
            "owner": editorial.owner.get(identity),
            "tried": tried.what.in_language(language) if tried else None,
            "tried_since": tried.since if tried else None,
            **{name: move.get(name, math.nan) for name in OUTCOMES[5:10]},
            "outcome": _outcome(move, better) if tried else "not_tried",
        })  # fmt: skip
    numbers = dict.fromkeys(OUTCOMES[5:10], "float64")
    return pd.DataFrame(rows, columns=OUTCOMES).astype(numbers)


def _outcome(move: Mapping[str, float], better: Better | None) -> str:
    if not move or math.isnan(move["low"]):
        return "not_comparable"
    if move["low"] <= 0 <= move["high"]:
        return "no_change_beyond_chance"
    if better is None:
        return "changed"
    return "better" if (move["difference"] > 0) == (better == "up") else "worse"


def lists(
    tables: Mapping[str, tuple[str, pd.DataFrame]], *, client: str, min_cell: int
) -> pd.DataFrame:
    """The lists of customers of this run, for marketing automation: pseudonyms, never contacts.

    Parameters
    ----------
    tables : title and rows of the tables of single customers, by ``<topic>__<table>``

    Returns
    -------
    Columns: list, title, customers (none told under ``min_cell``), command (writes the contacts of
    those who agreed into the client's private folder).
    """
    rows = []
    for name, (title, table) in sorted(tables.items()):
        if "customer_id" in table:
            n = table["customer_id"].nunique()
            command = f"make contacts CLIENT={client} LIST={name}"
            shown = n if n == 0 or n >= min_cell else None
            rows.append({"list": name, "title": title, "customers": shown, "command": command})
    columns = ["list", "title", "customers", "command"]
    return pd.DataFrame(rows, columns=columns).astype({"customers": "Int64"})
