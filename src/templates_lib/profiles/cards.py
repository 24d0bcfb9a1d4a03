"""Profile cards: who a kind of customers are, why they buy, what stops them, what they are used to
and worth, how they buy, and what to say to them where. Every line stands on what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

import ibis.expr.types as ir
import pandas as pd

from templates_lib.icp import attribute_lift
from templates_lib.icp.attribute_lift import NO_ANSWERS
from templates_lib.icp.dimensions import FIRST_ORDER
from templates_lib.icp.personas import HYPOTHESIS, RULE
from templates_lib.icp.profile_attributes import YES
from templates_lib.icp.wording import evidence, name_of, quoted
from templates_lib.language import N_, tr
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.report.findings import MIN_N, STRENGTHS, strength
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.words import Words

CARDS = ["profile", "line", "text", "evidence", "n", "low", "high", "strength"]
NOT_KNOWN = "not_known"
MOST = 2  # answers told of one line
LINES = {
    "who": N_("Who they are"),
    "motive": N_("Why they buy"),
    "pain": N_("What stops them"),
    "habits": N_("What they are used to"),
    "value": N_("What they are worth"),
    "how_they_buy": N_("How they buy"),
    "what_to_say": N_("What to say, and where"),
}
SURE = STRENGTHS | {HYPOTHESIS: N_("a hypothesis: to be tested"), NOT_KNOWN: N_("not known")}


class Known(NamedTuple):
    """What the cards are made of.

    ``lifts`` has, by profile, its members against all who are in one (``attribute_lift.lift``);
    ``options`` and ``values`` are ``icp__segment_options`` and ``icp__segment_value``, or None;
    ``returns`` is of ``returns``; ``rules`` is ``icp__rules``, or None.
    """

    lifts: Mapping[str, pd.DataFrame]
    options: pd.DataFrame | None
    values: pd.DataFrame | None
    returns: pd.DataFrame
    rules: pd.DataFrame | None


class Said(NamedTuple):
    """What the sentences need: the report's words, the settings of the purchase survey, the
    client's own columns and the days over which value is counted."""

    words: Words
    survey: PurchaseSurvey
    own: frozenset[str]
    value_days: int


class Row(NamedTuple):
    """A line before its strength is put in force: ``low`` and ``high`` are of the share of the
    profile's members, or of their mean value."""

    text: str
    evidence: str
    n: int
    low: float
    high: float
    strength: str


def lifts(
    units: pd.DataFrame, attributes: pd.DataFrame, members: pd.DataFrame, *,
    profiles: Iterable[str], min_cell: int, false_discovery_share: float,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Each profile's members against all who are in a profile, attribute by attribute.

    Parameters
    ----------
    members : unit_id, profile; who is in none has no row
    """
    base = units["unit_id"].isin(members["unit_id"])
    found = {}
    for name in profiles:
        own = members.loc[members["profile"] == name, "unit_id"]
        table = units.assign(in_base=base, target=units["unit_id"].isin(own) & base)
        found[name] = attribute_lift.lift(
            table, attributes, min_cell=min_cell, false_discovery_share=false_discovery_share
        )
    return found


def returns(
    first_orders: ir.Table, members: pd.DataFrame, *, days: int, as_of: Any, min_cell: int
) -> pd.DataFrame:
    """Who came back within so many days, of members observed so long.

    Parameters
    ----------
    members : customer_id, profile; who is in none has no row

    Returns
    -------
    Columns: profile, n, share, low, high (Wilson), share_base (of all who are in a profile),
    gap_share, gap_low, gap_high (less that of the others; Newcombe). None under 30 members.
    """
    table = first_orders.select("customer_id", "first_on", "second_on").to_pandas()
    table = table.merge(members[["customer_id", "profile"]].drop_duplicates(), on="customer_id")
    seen = (pd.Timestamp(as_of) - pd.to_datetime(table["first_on"])).dt.days >= days
    table = table[seen]
    gap = pd.to_datetime(table["second_on"]) - pd.to_datetime(table["first_on"])
    table = table.assign(back=gap.dt.days <= days)
    x_all, n_all = int(table["back"].sum()), len(table)
    rows = []
    for name, own in table.groupby("profile", sort=True):
        x, n = int(own["back"].sum()), len(own)
        if n < MIN_N or n_all - n < MIN_N or not min_cell <= x <= n - min_cell:
            continue
        ends = wilson(x, n)
        gap_low, gap_high = newcombe(x, n, x_all - x, n_all - n)
        gap_share = x / n - (x_all - x) / (n_all - n)
        rows.append([name, n, x / n, *map(float, ends), x_all / n_all, gap_share,
                     float(gap_low), float(gap_high)])  # fmt: skip
    columns = ["profile", "n", "share", "low", "high", "share_base", "gap_share", "gap_low",
               "gap_high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def cards(kinds: pd.DataFrame, known: Known, say: Said) -> pd.DataFrame:
    """The cards, line by line.

    Parameters
    ----------
    kinds : of ``profiles.kinds``

    Returns
    -------
    Columns: profile, line (``who``, ``motive``, ``pain``, ``habits``, ``value``, ``how_they_buy``,
    ``what_to_say``), text, evidence (``orders``, ``survey``; empty where nothing is known), n (of
    the profile's members), low, high (95 %, of the share of members or the mean that the text
    tells), strength (``strong``, ``moderate``, ``weak``, ``chance``: no difference from the others
    beyond chance; ``hypothesis``; ``not_known``). Of a kind that is a hypothesis every line is
    one, and what to say is one always, until it has been tried.
    """
    made = []
    for kind in kinds.itertuples(index=False):
        rule = kind.evidence == RULE
        parts = _of_rule(kind.persona, known, say) if rule else {}
        parts = {**_of_members(kind.persona, known, say), **parts}
        for line in LINES:
            rows = parts.get(line) or [_not_known(line)]
            for row in rows:
                sure = row.strength
                if kind.evidence == HYPOTHESIS and sure != NOT_KNOWN:
                    sure = HYPOTHESIS
                made.append([kind.persona, line, *row[:-1], sure])
    return pd.DataFrame(made, columns=CARDS)


def _of_rule(name: str, known: Known, say: Said) -> dict[str, list[Row]]:
    """Who they are, by the rule itself, and how many of them are among the best."""
    if known.rules is None:
        return {}
    return {
        "who": [
            Row(
                tr("{rule}: of 100 of them, {share} come to be among the best; of all, {everyone}.",
                   rule=name, share=say.words.of_100(r.share_target, r.share_low, r.share_high),
                   everyone=say.words.number(100 * r.share_base)),
                "orders", int(r.n), r.share_low, r.share_high,
                strength(r.share_target, r.share_low, r.share_high, null=r.share_base),
            )
            for r in known.rules[known.rules["rule"] == name].itertuples()
        ]
    }  # fmt: skip


def _of_members(name: str, known: Known, say: Said) -> dict[str, list[Row]]:
    """What the members say and do, against all who are in a profile."""
    table = known.lifts.get(name)
    if table is None:
        return {}
    survey = say.survey
    table = table[~table["value"].isin([*NO_ANSWERS, *survey.nothing])]
    table = table[table["n_target"] >= MIN_N]
    of_order = table["attribute"].isin(FIRST_ORDER)
    heard = _top(table[table["attribute"] == survey.first_heard])
    other = _top(table[table["attribute"] == survey.competitor])
    parts = {
        "who": _told(table[table["dimension"] == "demographics"], say),
        "motive": _motives(name, known, table, say),
        "pain": _told(table[table["dimension"] == "pains"], say),
        "habits": _told(table[(table["dimension"] == "habits") & ~of_order], say),
        "value": _value(name, known, say),
        "how_they_buy": [*_told(table[of_order], say), *_returned(name, known, say)],
    }
    pain = _top(table[table["dimension"] == "pains"])
    motive = _leading_motive(name, known, table)
    parts["what_to_say"] = list(_messages(motive, pain, heard, other, say))
    return parts


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """What is more frequent among them first, then what is most frequent."""
    more = rows["is_different"] & (rows["lift"] > 1)
    by = ["more", "gap_share", "attribute", "value"]
    apart = rows[more].assign(more=True).sort_values(by, ascending=[False, False, True, True])
    by = ["share_target", "attribute", "value"]
    rest = rows[~more & (rows["lift"] > 0)].sort_values(by, ascending=[False, True, True])
    return pd.concat([apart, rest.assign(more=False)])


def _top(rows: pd.DataFrame) -> pd.Series | None:
    ordered = _ordered(rows)
    return ordered.iloc[0] if len(ordered) else None


def _told(rows: pd.DataFrame, say: Said) -> list[Row]:
    """Up to two attributes that set them apart, else the one most frequent."""
    ordered = _ordered(rows).drop_duplicates("attribute")
    apart = ordered[ordered["more"].astype(bool)].head(MOST)
    return [_share(row, say) for _, row in (apart if len(apart) else ordered.head(1)).iterrows()]


def _share(row: pd.Series, say: Said) -> Row:
    words, is_apart = say.words, bool(row["is_different"])
    question, _, option = row["attribute"].partition(": ")
    answer = row["value"] if row["value"] != YES or not option else option
    values = {
        "name": name_of(question), "answer": quoted(answer),
        "share": words.of_100(row["share_target"], row["target_low"], row["target_high"]),
        "everyone": words.number(100 * row["share_base"]),
    }  # fmt: skip
    rests_on = evidence(row["attribute"], own=say.own)
    if answer == YES:
        text = tr("{name}: {share} of 100 of them; of all, {everyone}.", **values)
    else:
        text = tr("{answer} ({name}): {share} of 100 of them; of all, {everyone}.", **values)
    sure = strength(row["gap_share"], row["gap_low"], row["gap_high"], null=0.0)
    return Row(text, rests_on, int(row["n_target"]), row["target_low"], row["target_high"],
               sure if is_apart else "chance")  # fmt: skip


def _motives(name: str, known: Known, table: pd.DataFrame, say: Said) -> list[Row]:
    """Of a segment the answers that make it, each person by the probability to be in it."""
    own = segment_options(name, known.options)
    if own.empty:
        return _told(table[table["dimension"] == "motives"], say)
    rows = []
    for row in own.drop_duplicates("question").head(MOST).itertuples():
        share = say.words.of_100(row.share, row.low, row.high)
        text = tr("{answer} ({name}): {share} of 100 of them; of all, {everyone}.",
                  answer=quoted(row.option), name=name_of(row.question), share=share,
                  everyone=say.words.number(100 * row.share_base))  # fmt: skip
        sure = strength(row.share, row.low, row.high, null=row.share_base)
        rows.append(Row(text, "survey", int(row.n), row.low, row.high, sure))
    return rows


def segment_options(name: str, options: pd.DataFrame | None) -> pd.DataFrame:
    """The answers that set a segment apart, the widest first, of 30 people or more.

    Parameters
    ----------
    options : ``icp__segment_options``, or None
    """
    if options is None:
        return pd.DataFrame(columns=["question", "option"])
    own = options[(options["segment"] == name) & (options["n"] >= MIN_N)]
    own = own[own["low"] > own["share_base"]]
    own = own.assign(above=own["share"] - own["share_base"])
    return own.sort_values(["above", "question", "option"], ascending=[False, True, True])


def _leading_motive(name: str, known: Known, table: pd.DataFrame) -> pd.Series | None:
    own = segment_options(name, known.options)
    own = own[own["option"] == name] if (own["option"] == name).any() else own
    if len(own):
        row = own.iloc[0]
        return pd.Series({"said": row["option"], "n_target": row["n"], "target_low": row["low"],
                          "target_high": row["high"]})  # fmt: skip
    top = _top(table[table["dimension"] == "motives"])
    return None if top is None else pd.concat([top, pd.Series({"said": _said(top)})])


def _said(row: pd.Series) -> str:
    option = row["attribute"].partition(": ")[2]
    return option if row["value"] == YES and option else row["value"]


def _value(name: str, known: Known, say: Said) -> list[Row]:
    if known.values is None:
        return []
    words, table = say.words, known.values
    mean = (table["n"] * table["value_per_customer"]).sum() / table["n"].sum()
    rows = []
    for row in table[table["segment"] == name].itertuples():
        text = tr(
            "{mean} each in their first {days} days, very likely {range}; all in a profile "
            "{everyone}.",
            mean=words.money(row.value_per_customer, 0), days=words.number(say.value_days),
            range=words.money_span(row.low, row.high), everyone=words.money(mean, 0),
        )  # fmt: skip
        sure = strength(row.value_per_customer, row.low, row.high, null=mean)
        rows.append(Row(text, "orders", int(row.n), row.low, row.high, sure))
    return rows


def _returned(name: str, known: Known, say: Said) -> Iterator[Row]:
    for row in known.returns[known.returns["profile"] == name].itertuples():
        text = tr("Back within {days} days: {share} of 100 of them; of all, {everyone}.",
                  days=say.words.number(say.value_days),
                  share=say.words.of_100(row.share, row.low, row.high),
                  everyone=say.words.number(100 * row.share_base))  # fmt: skip
        sure = strength(row.gap_share, row.gap_low, row.gap_high, null=0.0)
        yield Row(text, "orders", row.n, row.low, row.high, sure)


def _messages(
    motive: pd.Series | None, pain: pd.Series | None, heard: pd.Series | None,
    other: pd.Series | None, say: Said,
) -> Iterator[Row]:  # fmt: skip
    """What to say at which stage and in which channel: hypotheses, each with what it rests on."""
    if motive is not None and heard is not None:
        yield _message(heard, say, tr(
            "Awareness, {channel}, where {share} of 100 of them first heard of the shop: open with "
            "{motive}.",
            share=say.words.number(100 * heard["share_target"]),
            channel=quoted(_said(heard)), motive=quoted(motive["said"])))  # fmt: skip
    if motive is not None:
        text = tr("Consideration, product pages and newsletter: {motive} in the first line.",
                  motive=quoted(motive["said"]))  # fmt: skip
        if other is not None:
            text = tr(
                "Consideration, product pages and newsletter: {motive} in the first line, and what "
                "{other}, whom they look at too, does not offer.",
                motive=quoted(motive["said"]), other=quoted(_said(other)))  # fmt: skip
        yield _message(motive, say, text)
    if pain is not None:
        yield _message(pain, say, tr(
            "Purchase, cart and checkout: answer {pain} before it is asked.",
            pain=quoted(_said(pain))))  # fmt: skip
    if motive is not None:
        yield _message(motive, say, tr(
            "After the purchase, in the first message: show that {motive} was kept, and ask "
            "whether it was.", motive=quoted(motive["said"])))  # fmt: skip


def _message(row: pd.Series, say: Said, text: str) -> Row:
    rests_on = "survey" if "attribute" not in row else evidence(row["attribute"], own=say.own)
    return Row(text, rests_on, int(row["n_target"]), row["target_low"], row["target_high"],
               HYPOTHESIS)  # fmt: skip


def _not_known(line: str) -> Row:
    ask = {
        "who": tr("Not known yet. Ask: “Which age group are you in?”"),
        "motive": tr("Not known yet. Ask: “What matters most to you?”"),
        "pain": tr("Not known yet. Ask: “What nearly stopped you from buying today?”"),
        "habits": tr("Not known yet. Ask: “Where did you first hear of us?”"),
        "what_to_say": tr("Not known until they have said why they buy."),
    }.get(line, tr("Not known yet."))
    return Row(ask, "", 0, float("nan"), float("nan"), NOT_KNOWN)


def to_html(table: pd.DataFrame, words: Words) -> str:
    """The cards as a page, everything escaped; under each line what it rests on."""
    parts = []
    for profile, own in table.groupby("profile", sort=False):
        parts.append(f"<h4>{escape(str(profile))}</h4>")
        for line, rows in own.groupby("line", sort=False):
            items = "".join(
                f"<li>{escape(r.text)}{_sure(r, words)}</li>" for r in rows.itertuples()
            )
            parts.append(f"<p><strong>{escape(tr(LINES[str(line)]))}</strong></p><ul>{items}</ul>")
    return f'<section class="statement">{"".join(parts)}</section>'


def _sure(row: Any, words: Words) -> str:
    if row.strength == NOT_KNOWN:
        return ""
    rests_on = tr("survey") if row.evidence == "survey" else tr("orders")
    said = tr("{sure} · {evidence} · {n} of them", sure=tr(SURE[row.strength]), evidence=rests_on,
              n=words.number(row.n))  # fmt: skip
    return f'<br><small class="sure">{escape(said)}</small>'
