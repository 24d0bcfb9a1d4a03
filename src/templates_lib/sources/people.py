"""Who is who: ids and e-mails of one customer as one key, in every source alike."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.engine import one
from templates_lib.sources.reader import Table


def identity(table: Table, columns: object) -> ir.StringValue:
    """A person's own key: the shop's id, else the trimmed, case-folded e-mail; blank is null."""
    own_id = table.text(getattr(columns, "customer_id", None))
    return ibis.coalesce(own_id, email(table, columns))


def email(table: Table, columns: object) -> ir.StringValue:
    """The trimmed, case-folded e-mail."""
    return table.text(getattr(columns, "customer_email", None)).lower()


def alias_rows(table: Table) -> ir.Table:
    """Columns ``other_key`` and ``customer_key``: what also stands for somebody, and for whom.

    Raises
    ------
    InputProblems
        When one key stands for two people, or for somebody who is another one again.
    """
    columns = table.source.columns
    other, same = (_as_key(table.text(h)) for h in (columns.customer, columns.same_as))
    table.check()
    rows = table.rows.select(other_key=other, customer_key=same)
    rows = rows.filter(rows.other_key.notnull() & rows.customer_key.notnull()).distinct()
    targets = rows.select(target="customer_key").distinct()
    chained = rows.join(targets, rows.other_key == targets.target)
    several = rows.group_by("other_key").aggregate(n=rows.count())
    counts = [one(chained, n=chained.count())["n"], one(several, n=(several.n > 1).sum())["n"]]
    messages = (
        "stand both as customer and as same_as; name the last one in the chain",
        "stand for several customers; name one of them",
    )
    problems = [
        Problem(table.key, f"{n} ids or e-mails {message}")
        for n, message in zip(counts, messages, strict=True)
        if n
    ]
    if problems:
        raise InputProblems(problems)
    return rows


def _as_key(text: ir.StringValue) -> ir.StringValue:
    return text.contains("@").ifelse(text.lower(), text)


def same_people(parts: Mapping[str, ir.Table]) -> ir.Table | None:
    """Columns ``other_key`` and ``customer_key``, or None where every key is a customer's own.

    Parameters
    ----------
    parts : ``aliases`` (as ``alias_rows`` gives them) and ``customers`` with ``customer_key`` and
        ``email_key``, whichever there are; an e-mail of several customers is the smallest key's
    """
    emails = _emails(parts["customers"]) if "customers" in parts else None
    if "aliases" not in parts or emails is None:
        return parts.get("aliases", emails)
    declared = recognised(parts["aliases"], emails)
    ids = emails.select(email="other_key", other="customer_key")
    through = declared.inner_join(ids, declared.other_key == ids.email)
    aliases = declared.union(through.select(other_key="other", customer_key="customer_key"))
    rest = recognised(emails, aliases).anti_join(aliases, "other_key")
    return aliases.union(rest)


def _emails(customers: ir.Table) -> ir.Table:
    known = customers.filter(
        customers.email_key.notnull() & (customers.email_key != customers.customer_key)
    )
    return known.group_by(other_key=known.email_key).aggregate(
        customer_key=known.customer_key.min()
    )


def recognised(rows: ir.Table, people: ir.Table | None) -> ir.Table:
    """The rows with the customer's one key in ``customer_key``."""
    if people is None:
        return rows
    named = people.select("other_key", one_key="customer_key")
    joined = rows.left_join(named, rows.customer_key == named.other_key)
    key = joined.one_key.fill_null(joined.customer_key)
    return joined.mutate(customer_key=key).select(*rows.columns)
