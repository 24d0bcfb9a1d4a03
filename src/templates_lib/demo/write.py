"""All files of a demo shop, and the truth about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from templates_lib.demo import (
    accounts,
    events,
    marketing,
    nps,
    profile_survey,
    questionnaires,
    service,
    sessions,
    shopify,
    truth,
)
from templates_lib.demo.answers import Truth, find_answers
from templates_lib.demo.shop import Shop, open_shop

LEAN_SEED = 1_000_000  # added to the seed, so that the two shops have nothing in common
CUSTOMERS = {"full": 6000, "lean": 1500}
CANARY_KEYS = {"email", "phone", "identity_code", "name", "address"}


def write(
    folder: Path,
    *,
    shop: Literal["full", "lean"] = "full",
    seed: int = 1,
    customers: int | None = None,
    canary: Mapping[str, str] | None = None,
) -> Truth:
    """Writes the raw exports of a demo shop; the same arguments give the same bytes.

    Parameters
    ----------
    folder : made if it does not exist
    shop : ``full`` with every kind of file, or ``lean``: another, smaller shop with another
        season and orders, products, a bare NPS survey and advertising costs only
    customers : people who buy, 150 to 19,000; 6,000, and 1,500 of the lean shop, unless given
    canary : email, phone, identity_code, name (of two words) and address, planted in every file
        that holds personal data or free text, for tests that prove that none of it passes

    Raises
    ------
    ValueError
        If a part of the canary is missing.
    """
    if canary and set(canary) != CANARY_KEYS:
        raise ValueError(f"canary: expected {', '.join(sorted(CANARY_KEYS))}")
    folder.mkdir(parents=True, exist_ok=True)
    count = customers or CUSTOMERS[shop]
    if shop == "lean":
        made = open_shop(
            seed=seed + LEAN_SEED,
            customers=count,
            season=truth.LEAN_SEASON,
            canary=canary,
        )
        return _write_lean(folder, made, canary)
    return _write_full(folder, open_shop(seed=seed, customers=count, canary=canary), canary)


def _write_full(folder: Path, shop: Shop, canary: Mapping[str, str] | None) -> Truth:
    invited, contacts = nps.invite(shop), service.contacts(shop)
    visits, meta = sessions.simulate(shop), marketing.meta_rows(shop)
    shopify.write_orders(folder, shop, canary=canary, in_parts=True)
    shopify.write_customers(folder, shop, canary=canary)
    shopify.write_products(folder, shop, canary=canary)
    nps.write_typeform(folder, shop, invited, canary=canary)
    questionnaires.write_purchase_survey(folder, shop, canary=canary)
    questionnaires.write_exit_survey(folder, shop, visits, canary=canary)
    questionnaires.write_soft_leads(folder, shop, canary=canary)
    questionnaires.write_awareness(folder, shop, canary=canary)
    profile_survey.write_profile_survey(folder, shop, canary=canary)
    service.write_service(folder, shop, contacts, canary=canary)
    service.write_satisfaction(folder, shop, contacts, canary=canary)
    events.write_events(folder / "ga4", shop, visits, canary=canary)
    sessions.write_sessions(folder, shop, visits, canary=canary)
    marketing.write_google_ads(folder, shop, by_day=True)
    marketing.write_meta_ads(folder, meta)
    marketing.write_holdout(folder, shop)
    marketing.write_market(folder)
    accounts.write_crm(folder, shop, canary=canary)
    accounts.write_interviews(folder, shop, canary=canary)
    cost = marketing.holdout_cost_eur(meta)
    return find_answers(
        shop,
        contacts=contacts,
        invited=invited,
        sessions=visits,
        figures={"holdout_cost_eur": cost},
    )


def _write_lean(folder: Path, shop: Shop, canary: Mapping[str, str] | None) -> Truth:
    invited = nps.invite(shop)
    shopify.write_orders(folder, shop, canary=canary, in_parts=False)
    shopify.write_products(folder, shop, canary=canary)
    nps.write_lean(folder, shop, invited, canary=canary)
    marketing.write_google_ads(folder, shop, by_day=False)
    return find_answers(
        shop,
        contacts=service.contacts(shop).head(0),
        invited=invited,
        sessions=pd.DataFrame(),
        figures={},
    )
