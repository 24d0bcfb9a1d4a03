"""Sentences on those who take the steps: visitors, or visits where no visitors are known."""

from __future__ import annotations

from typing import Any

from templates_lib.language import N_, tr

VISITOR, SESSION = "visitor", "session"
SAID = {
    "base": (N_("{n} visitors"), N_("{n} visits")),
    "with_a_cart": (N_("{n} visitors with a cart"), N_("{n} visits with a cart")),
    "with_a_purchase": (N_("{n} visitors with a purchase"), N_("{n} visits with a purchase")),
    "at_step": (N_("{n} visitors: {step}"), N_("{n} visits: {step}")),
    "go_on": (
        N_("Of 100 visitors here, {share} go on to “{step}”"),
        N_("Of 100 visits here, {share} go on to “{step}”"),
    ),
    "conversion": (
        N_("Of {base} visitors, {many} buy {within}"),
        N_("Of {base} visits, {many} buy {within}"),
    ),
    "consented": (
        N_("{converted} of {n} visitors who consented."),
        N_("{converted} of {n} visits with consent."),
    ),
    "population": (N_("visitors who buy {within}"), N_("visits that buy {within}")),
    "steps": (
        N_("How many visitors take each step on the way to a purchase."),
        N_("How many visits take each step on the way to a purchase."),
    ),
    "by_when": (
        N_("How many of the visitors have bought by when"),
        N_("How many of the visits have bought by when"),
    ),
    "gained": (
        N_(
            "Were it so there too, about {gained} purchases more a year ({span}), of visitors who "
            "consented. It is an association: the groups may differ in more than this step."
        ),
        N_(
            "Were it so there too, about {gained} purchases more a year ({span}), of visits with "
            "consent. It is an association: the groups may differ in more than this step."
        ),
    ),
    "groups": (N_("Visitors who buy, by group"), N_("Visits that buy, by group")),
    "groups_axis": (
        N_("Of 100 visitors, buy {within}"),
        N_("Of 100 visits, buy {within}"),
    ),
    "groups_alt": (
        N_("Visitors who buy, of a hundred, by group."),
        N_("Visits that buy, of a hundred, by group."),
    ),
    "device": (
        N_("Of 1,000 visitors on “{segment}”, {own} buy; on other devices, {others}"),
        N_("Of 1,000 visits on “{segment}”, {own} buy; on other devices, {others}"),
    ),
    "compared": (
        N_("Visitors who buy: now against before"),
        N_("Visits that buy: now against before"),
    ),
    "unchanged": (
        N_("No change beyond chance: of 1,000 visitors, {now} buy, {then} in the period before"),
        N_("No change beyond chance: of 1,000 visits, {now} buy, {then} in the period before"),
    ),
    "more": (
        N_("More visitors buy than before: {now} of 1,000, after {then}"),
        N_("More visits buy than before: {now} of 1,000, after {then}"),
    ),
    "fewer": (
        N_("Fewer visitors buy than before: {now} of 1,000, after {then}"),
        N_("Fewer visits buy than before: {now} of 1,000, after {then}"),
    ),
    "change": (N_("change, of 1,000 visitors"), N_("change, of 1,000 visits")),
}


def said(unit: str, what: str, /, **values: Any) -> str:
    """A message of ``SAID`` for ``unit``, visitor or session."""
    return tr(SAID[what][unit == SESSION], **values)
