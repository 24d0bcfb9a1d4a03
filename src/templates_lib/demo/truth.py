"""What is planted in the demo shop: every number that an analysis should find again.

Times of return are made of a narrow bump, a declining part and a bump after a year: a family that
no analysis fits. Shares are of 1, money is EUR, gaps are days. ``docs/demo.md`` is made from here.
"""

from __future__ import annotations

import math
from datetime import date
from itertools import permutations, product
from typing import NamedTuple

import numpy as np

OPENED = date(2023, 11, 1)
AS_OF = date(2026, 10, 31)
TIMEZONE = "Europe/Helsinki"
SHOP_NAME = "Esimerkkipaahtimo Oy"

# Purchases -------------------------------------------------------------------------------------


class Bump(NamedTuple):
    """Normal: a need that renews."""

    weight: float
    mean_days: float
    sd_days: float

    def cdf(self, days: float) -> float:
        """Share of this part's gaps that are at most so long."""
        return 0.5 * (1 + math.erf((days - self.mean_days) / (self.sd_days * math.sqrt(2))))

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Gaps in days, unrounded."""
        return rng.normal(self.mean_days, self.sd_days, n)


class Decline(NamedTuple):
    """Density falling in a straight line from the first day to none on the last."""

    weight: float
    first_day: float
    last_day: float

    def cdf(self, days: float) -> float:
        """Share of this part's gaps that are at most so long."""
        left = min(max((self.last_day - days) / (self.last_day - self.first_day), 0.0), 1.0)
        return 1 - left**2

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Gaps in days, unrounded."""
        return self.last_day - (self.last_day - self.first_day) * np.sqrt(rng.random(n))


class Category(NamedTuple):
    """A product category as a first purchase."""

    share: float  # of first orders, before the season
    returns: float  # share that ever returns, before the factors below
    gaps: tuple[Bump | Decline, ...]


YEAR_LATER = (365.0, 10.0)
CATEGORIES = {
    "Kahvi": Category(
        0.56, 0.46, (Bump(0.55, 45, 8), Decline(0.38, 5, 420), Bump(0.07, *YEAR_LATER))
    ),
    # more of these return in the end, but late: the curves of the two cross within a year
    "Laitteet": Category(
        0.18, 0.60, (Bump(0.10, 45, 8), Decline(0.85, 30, 640), Bump(0.05, *YEAR_LATER))
    ),
    "Tarvikkeet": Category(0.10, 0.44, (Bump(0.55, 120, 20), Decline(0.45, 10, 500))),
    "Lahjat": Category(0.16, 0.17, (Bump(0.60, *YEAR_LATER), Decline(0.40, 20, 600))),
}
REPEAT_GAPS = (Bump(0.60, 45, 8), Decline(0.35, 5, 420), Bump(0.05, *YEAR_LATER))
REPEAT_CATEGORIES = {"Kahvi": 0.70, "Laitteet": 0.07, "Tarvikkeet": 0.15, "Lahjat": 0.08}
GIFT_SEASON = {11: 1.6, 12: 3.0}  # times the share of Lahjat among orders of the month
STAYS = 0.74  # share that orders again after the second order
STAYS_DECLINE = 0.02  # less for each order more: the slow decline
STAYS_LEAST = 0.40
MOST_RETURN = 0.95  # no group returns more

WELCOME_CODE = "TERVETULOA10"
WELCOME_SHARE_OFF = 0.10
WELCOME_FACTOR = 0.70  # of those with the code, the share that returns is lower
B2B_SHARE = 0.04
B2B_FACTOR = 1.50
B2B_STAYS_FACTOR = 1.15

DELIVERY_CHANGED = date(2026, 3, 1)  # a new delivery partner
PROBLEM_SHARE = {"before": 0.05, "after": 0.30}  # of orders, with a delivery problem
PROBLEM_FACTOR = 0.45  # times the share that orders again


class Discovery(NamedTuple):
    """How customers truly found the shop, and what the last click says of it."""

    share: float
    return_factor: float
    welcome_share: float  # first orders with the welcome code
    last_click: dict[str, float]


DISCOVERY = {
    "word_of_mouth": Discovery(
        0.36, 1.20, 0.10, {"direct": 0.45, "organic": 0.35, "google_ads": 0.15, "meta": 0.05}
    ),
    "search": Discovery(0.24, 1.00, 0.20, {"organic": 0.55, "google_ads": 0.35, "direct": 0.10}),
    "meta": Discovery(
        0.22, 0.75, 0.45, {"meta": 0.60, "direct": 0.20, "organic": 0.15, "google_ads": 0.05}
    ),
    "press": Discovery(0.08, 1.00, 0.15, {"referral": 0.35, "organic": 0.40, "direct": 0.25}),
    "event": Discovery(0.10, 1.10, 0.10, {"direct": 0.55, "organic": 0.35, "google_ads": 0.10}),
}

GROWTH = 2.0  # new customers a month: the last month against the first, before the season
SEASON = {1: 0.8, 2: 0.85, 3: 0.9, 4: 0.85, 5: 0.8, 6: 0.65, 7: 0.55, 8: 0.8, 9: 1.0, 10: 1.1,
          11: 1.6, 12: 2.0}  # fmt: skip
LEAN_SEASON = {**SEASON, 5: 1.5, 6: 1.7, 7: 1.5, 11: 0.8, 12: 0.9}

# Money -----------------------------------------------------------------------------------------

VAT_FOOD = ((date(2026, 1, 1), 13.5), (date.min, 14.0))
VAT_OTHER = ((date(2024, 9, 1), 25.5), (date.min, 24.0))
FREIGHT_EUR = 5.90
FREE_FREIGHT_FROM_EUR = 60.0
BIG_ORDER_SHARE = 0.03  # orders whose quantity is drawn from a Pareto tail
BIG_ORDER_TAIL = 1.3
REFUND_SHARE = {"partial": 0.03, "whole": 0.012}
SALE_CODE, SALE_SHARE, SALE_SHARE_OFF = "MUSTA20", 0.25, 0.20  # orders of November
AUTOMATIC_SHARE, AUTOMATIC_SHARE_OFF = 0.03, 0.08  # a discount without a code

# true costs; the export holds only the cost of goods, and that for part of the products
COST_KNOWN_SHARE = 0.9
FULFILMENT_EUR, FULFILMENT_EUR_PER_KG, FULFILMENT_FREE_KG = 4.20, 0.90, 2.0
PAYMENT_EUR, PAYMENT_SHARE = 0.25, 0.014
SERVICE_EUR = 6.0  # a contact

LOSS_MAKERS = {  # share of customers
    "serial_returner": 0.012,  # half of the orders come back whole, a third in part
    "bargain_hunter": 0.020,  # every order with KANTA40
    "heavy_free_freight": 0.010,  # buys the heaviest goods, which ship free of charge
    "service_heavy": 0.010,  # writes several times about every order
}
SERIAL_REFUND_SHARE = {"partial": 0.30, "whole": 0.50}
BARGAIN_CODE, BARGAIN_SHARE_OFF = "KANTA40", 0.40
CONTACT_SHARE = {"problem": 0.50, "ordinary": 0.04}
SERVICE_HEAVY_CONTACTS = 4.0  # mean an order
RESOLVE_LOG_HOURS = {"problem": 3.3, "ordinary": 1.8}  # mean logarithm of the hours; sd 0.8
SATISFACTION_PER_LOG_HOUR, EFFORT_PER_LOG_HOUR = -0.6, 0.9  # of 1–5 and of 1–7

# orders that do not count, or not as usual, as shares of the counted ones
NOISE = {
    "test": 0.001,
    "cancelled": 0.010,
    "zero": 0.008,
    "voided": 0.004,
    "pending": 0.004,
    "gift_card": 0.012,
    "pos": 0.050,  # counted, without an e-mail
    "same_day": 0.010,  # counted, a second order on the day of another
}

# Feeling ---------------------------------------------------------------------------------------

DRIVERS = {"delivery": 0.45, "taste": 0.30, "price": 0.15, "site": 0.05, "service": 0.05}
DELIVERY_SERVICE_CORRELATION = 0.6
NPS_MEAN, NPS_SPREAD, NPS_NOISE = 8.3, 2.6, 0.8
PROBLEM_DELIVERY_EFFECT = -1.6  # a problem's effect on the experience of delivery, in its sd
SERVICE_ASKED_FROM = date(2025, 1, 1)
NPS_INVITED_SHARE = 0.6
# log-odds of answering: 1 a standard deviation of satisfaction, and 1 an order made before
NPS_ANSWER = {"base": -1.35, "satisfaction": 0.45, "orders_before": 0.15}
NPS_REASON_SHARE = 0.4

MOTIVES = {"freshness": 0.30, "convenience": 0.22, "gift": 0.18, "price": 0.18, "ethics": 0.12}
MOTIVE_GIFT_IF_LAHJAT = 0.7
# mean quantity of a line by motive, before the tail: the link of motive and value
MOTIVE_QUANTITY = {"freshness": 2.3, "convenience": 1.4, "gift": 1.15, "price": 1.0, "ethics": 2.0}
COMPETITORS = {"Naapuripaahtimo": 0.34, "Marketin hylly": 0.28, "Kuvitelma Kahvit": 0.12,
               "none": 0.26}  # fmt: skip
OBSTACLES = {"none": 0.46, "freight": 0.20, "delivery_time": 0.12, "complicated": 0.10,
             "price": 0.08, "payment": 0.04}  # fmt: skip
EXIT_REASONS = {"browsing": 0.26, "freight": 0.24, "complicated": 0.20, "price": 0.16,
                "delivery_time": 0.14}  # fmt: skip
RECALL_SHARE = 0.85  # of customers, those who name how they truly found the shop; others guess
PURCHASE_SURVEY_SHARE = 0.12  # of orders from PURCHASE_SURVEY_FROM
PURCHASE_SURVEY_FROM = date(2025, 2, 1)

AWARENESS = {"knows": 0.23, "recalls": 0.30, "considers": 0.42}  # of all; of those who know

# Profiles, shown to those who agreed: their own or, for half of them, another one
INTERVIEWS = 24  # people, who all agreed to it
CONSENTS = {"interview": 0.25, "profile": 0.45}  # of customers
PROFILE_ANSWERED_SHARE = 0.30  # of those who were asked
RESONANCE = {"matched": 0.62, "mismatched": 0.41}  # who give one of the two best ratings of five
FORCED_CHOICE_HIT = 0.48  # who pick their own profile among the five
CORRECTED = {"most_important": 0.10, "city": 0.05}  # of those who answer

# Companies -------------------------------------------------------------------------------------

# times the quantity of coffee in an order of a company: whom the wholesale suits
INDUSTRY_QUANTITY = {"kahvila": 1.6, "ravintola": 1.2, "hotelli": 1.0, "toimisto": 0.7,
                     "kampaamo": 0.5}  # fmt: skip
SIZE_QUANTITY = {"1–4": 0.7, "5–9": 1.0, "10–49": 1.3, "50+": 1.6}
# the motive that a share of the people of a role has instead of their own
ROLE_MOTIVES = {"ostaja": "convenience", "päättäjä": "ethics", "käyttäjä": "freshness"}
ROLE_MOTIVE_SHARE = 0.7
# leads won, by industry, times a factor of the channel; companies that buy were all won
WON_BY_INDUSTRY = {"kahvila": 0.55, "ravintola": 0.40, "hotelli": 0.30, "kampaamo": 0.25,
                   "toimisto": 0.20}  # fmt: skip
WON_BY_CHANNEL = {"suosittelu": 1.4, "messut": 1.2, "verkkosivu": 1.0, "kylmäsoitto": 0.5}
LOST_REASONS = {"hinta": 0.4, "nykyinen toimittaja": 0.3, "ajoitus": 0.2, "ei vastausta": 0.1}
EXCERPT_SHARES = {"own_motive": 0.5, "pain": 0.3}  # of interview excerpts; else any motive
CODERS_AGREE_SHARE = 0.85  # of interview excerpts that two people coded; else a code by chance

# Behaviour -------------------------------------------------------------------------------------

EVENTS_FROM = date(2026, 5, 1)
TRACKED_SHARE = 0.85  # of orders in the shop, those that GA4 saw
CONSENT_SHARE = 0.85
DEVICES = {"mobile": 0.60, "desktop": 0.35, "tablet": 0.05}
STEPS = ("session_start", "view_item", "add_to_cart", "begin_checkout", "add_shipping_info",
         "add_payment_info", "purchase")  # fmt: skip
STEP_SHARES = {  # of the sessions at the step before
    "view_item": 0.62,
    "add_to_cart": 0.25,
    "begin_checkout": 0.55,
    "add_shipping_info": 0.80,
    "add_payment_info": 0.88,
    "purchase": 0.92,
}
BOTTLENECK = ("mobile", "add_shipping_info", 0.48)
BOT_SHARE, INTERNAL_SHARE = 0.01, 0.01  # of sessions
SCROLL_PERCENT = {"complicated": 28.0, "other": 61.0}  # mean by the exit answer
RAGE_CLICKS = {"complicated": 2.4, "other": 0.3}  # mean a session

# Marketing -------------------------------------------------------------------------------------

HOLDOUT = ("meta", date(2026, 5, 1), date(2026, 6, 30))
HOLDOUT_CELLS, HOLDOUT_UNITS = 12, 5000  # an arm: regions, people in each
HOLDOUT_SALES_PER_UNIT = 0.28  # EUR, without advertisements
HOLDOUT_NOISE = 0.06  # standard deviation of a region, as a share
HOLDOUT_EFFECT_PER_UNIT = 0.03  # EUR, what they truly bring
DAILY_SPEND_EUR = {"google_ads": 38.0, "meta": 46.0}
ATTRIBUTED_RETURN = {"google_ads": 2.6, "meta": 3.4}  # sales a channel claims for 1 EUR


def driver_shares() -> dict[str, float]:
    """Share of each experience in the explained variance (LMG), where there is no problem.

    The mean over all orders of entry of what an experience adds; of the experiences themselves,
    of which the ratings 1–5 are a coarse picture.
    """
    weights = np.array(list(DRIVERS.values()))
    covariance = np.eye(len(weights))
    pair = [list(DRIVERS).index(name) for name in ("delivery", "service")]
    covariance[pair[0], pair[1]] = covariance[pair[1], pair[0]] = DELIVERY_SERVICE_CORRELATION
    with_rating = covariance @ weights

    def explained(entered: list[int]) -> float:
        part = with_rating[entered]
        return float(part @ np.linalg.solve(covariance[np.ix_(entered, entered)], part))

    added = np.zeros(len(weights))
    for order in permutations(range(len(weights))):
        for place, driver in enumerate(order):
            added[driver] += explained(list(order[: place + 1])) - explained(list(order[:place]))
    return dict(zip(DRIVERS, (added / added.sum()).tolist(), strict=True))


def gap_cdf(gaps: tuple[Bump | Decline, ...], days: float) -> float:
    """Share of the gaps of those who return that are at most so long."""
    return sum(part.weight * part.cdf(days) for part in gaps)


def gap_median(gaps: tuple[Bump | Decline, ...]) -> float:
    """Median gap in days of those who return, by bisection."""
    low, high = 0.0, 1000.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if gap_cdf(gaps, middle) < 0.5 else (low, middle)
    return high


def ever_returns(
    category: str,
    *,
    delivery: str = "before",
    welcome: bool | None = None,
    problem: bool | None = None,
) -> float:
    """Share of first purchases of the category that are ever followed by another.

    Averages over channels, companies, the welcome code and delivery problems, unless given;
    ``delivery`` is before or after the change of partner.
    """
    total = weight = 0.0
    shares_b2b = ((True, B2B_SHARE), (False, 1 - B2B_SHARE))
    for channel, (b2b, b2b_share), coded, failed in product(
        DISCOVERY.values(), shares_b2b, (True, False), (True, False)
    ):
        if welcome not in (None, coded) or problem not in (None, failed):
            continue
        code_share = channel.welcome_share if coded else 1 - channel.welcome_share
        fail_share = PROBLEM_SHARE[delivery] if failed else 1 - PROBLEM_SHARE[delivery]
        p = channel.share * b2b_share * code_share * fail_share
        share = CATEGORIES[category].returns * channel.return_factor
        share *= (B2B_FACTOR if b2b else 1) * (WELCOME_FACTOR if coded else 1)
        share *= PROBLEM_FACTOR if failed else 1
        total += p * min(share, MOST_RETURN)
        weight += p
    return total / weight


def return_share(category: str, days: float, *, delivery: str = "before") -> float:
    """Share of first purchases of the category followed by another within so many days."""
    return ever_returns(category, delivery=delivery) * gap_cdf(CATEGORIES[category].gaps, days)
