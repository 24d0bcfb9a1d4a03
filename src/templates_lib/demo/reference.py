"""The page ``docs/demo.md``, made from the planted numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from templates_lib.demo import truth
from templates_lib.demo.answers import HORIZONS_DAYS, planted_figures

_INTRODUCTION = f"""# The demo shop

Generated from `src/templates_lib/demo/truth.py` by `make docs`.

{truth.SHOP_NAME} is an invented Finnish coffee roastery with a web shop, open from
{truth.OPENED} and observed to {truth.AS_OF}. `demo.write(folder)` writes its exports in the formats
of the tools that merchants use, and returns what is true of them. The same seed gives the same
bytes. No person in it exists: e-mails are under `.example`, telephone numbers begin with `+358 00`,
and surnames, streets and companies are put together from words of coffee.

The truth is made so that no analysis can be right by construction: gaps between purchases are
mixtures of a narrow bump, a declining part and a bump after a year, which is none of the families
that are fitted. `demo.write(folder, shop="lean")` writes another shop, smaller and with its season
in summer, from which there are only orders, products, a bare survey and advertising costs.
"""
FILES = {
    "orders_export_1.csv, orders_export_2.csv": "Shopify; overlapping by some weeks, the later one "
    "with refunds that the earlier one does not know; e-mails in several spellings",
    "customers_export.csv": "Shopify, with a person's company and role as metafields",
    "products_export.csv": "Shopify, newer header; some products without a cost",
    "typeform_nps.csv": "Typeform; HTML in a header, two columns `Other`, a question asked later",
    "ostokysely.xlsx": "Google Forms in Finnish; answers on the second sheet, commas in options",
    "hotjar_exit.zip": "Hotjar; one CSV in a ZIP, joined to recordings by its last column",
    "surveymonkey_softlead.csv": "SurveyMonkey; two header rows, blank headers",
    "tunnettuus.csv": "awareness survey; cp1252, semicolons, decimal commas, a row of totals",
    "typeform_profiili.csv": "profiles shown to customers; Typeform, with the arm and the profile "
    "shown as hidden fields; some answers without them, some people twice",
    "tyytyvaisyys.csv": "satisfaction and effort after a contact with the service",
    "ga4/events_202605.parquet … events_202610.parquet": "GA4 as exported to BigQuery",
    "sessions_export.csv": "recordings: scrolling, rage and dead clicks",
    "asiakaspalvelu.csv": "contacts with the service; cp1252, semicolons, a row of totals",
    "google_ads.csv": "Google Ads; UTF-16, tabs, title lines, totals",
    "meta_ads.csv": "Meta; days, and one campaign by month",
    "holdout.csv": "a test with regions that saw no advertisements",
    "crm.xlsx": "companies and leads; days and decimals as Finnish texts",
    "haastattelut.xlsx": "interviews: excerpts, coded by one person or two",
    "market.csv": "the market that customers are compared with",
}
_RETURNS = f"""## Who comes back, and when

A first purchase is followed by another with a probability that depends on its category, on how the
customer found the shop, on the welcome code, on a delivery problem and on being a company; nothing
else. Those who return do so after a gap in whole days that depends on the category only. The
probability is the product of the factors, {truth.MOST_RETURN} at most.

After the second order, {truth.STAYS} order again, {truth.STAYS_DECLINE} less for each further order
({truth.STAYS_LEAST} at least): the slow decline. Companies do so {truth.B2B_STAYS_FACTOR} times as
often, and after a delivery problem it is {truth.PROBLEM_FACTOR} times that.

The code is given most to those who come by advertisements, who return less anyway: a plain
comparison of orders with and without it overstates what the code does.
"""
_ORDERS = f"""## Orders and money

Prices hold VAT: food 14 %, 13.5 % from 2026-01-01; all else 24 %, 25.5 % from 2024-09-01; freight's
VAT follows the goods. Freight is {truth.FREIGHT_EUR} EUR under {truth.FREE_FREIGHT_FROM_EUR} EUR,
also of goods that are heavy. A share of {truth.BIG_ORDER_SHARE} of the orders has a quantity from a
Pareto tail ({truth.BIG_ORDER_TAIL}). `truth.orders` holds every counted order and `truth.monthly`
the sums, not rounded.

Contribution margin is net sales and shipping income less cost of goods (which stays on refunded
goods), {truth.FULFILMENT_EUR} EUR an order sent and {truth.FULFILMENT_EUR_PER_KG} EUR for each kg
over {truth.FULFILMENT_FREE_KG}, {truth.PAYMENT_EUR} EUR and {truth.PAYMENT_SHARE} of the total for
the payment, and {truth.SERVICE_EUR} EUR a contact with the service. The product export knows the
cost of about {truth.COST_KNOWN_SHARE} of the products.
"""
_FEELING = f"""## What customers feel

The NPS rating is {truth.NPS_MEAN} + {truth.NPS_SPREAD} × Σ weight × experience + noise of sd
{truth.NPS_NOISE}, rounded and kept within 0–10. Experiences have mean 0 and sd 1; those of delivery
and service correlate by {truth.DELIVERY_SERVICE_CORRELATION}, the others do not. A delivery problem
moves the experience of delivery by {truth.PROBLEM_DELIVERY_EFFECT}. Service is asked about from
{truth.SERVICE_ASKED_FROM}. A customer who is asked answers with log-odds of
{truth.NPS_ANSWER["base"]} + {truth.NPS_ANSWER["satisfaction"]} a standard deviation of satisfaction
+ {truth.NPS_ANSWER["orders_before"]} an earlier order: the happy and the frequent answer more, and
the NPS of the answers is too high. Service correlates with delivery and so carries a larger share
of the explained variance than its weight (`driver_share_…` below). A share of
{truth.NPS_REASON_SHARE} gives a reason, which is one of the experiences that moved the score.

Those who bought a gift first have the motive gift in {truth.MOTIVE_GIFT_IF_LAHJAT} of cases;
otherwise motives are by the table. In the purchase survey a share of {truth.RECALL_SHARE} names how
they truly found the shop; the others name any. In the awareness survey
{truth.AWARENESS["knows"]} know the shop; of those, {truth.AWARENESS["recalls"]} name it unasked and
{truth.AWARENESS["considers"]} consider it.

Of orders with a delivery problem {truth.CONTACT_SHARE["problem"]} lead to a contact with the
service, of others {truth.CONTACT_SHARE["ordinary"]}. Satisfaction after it changes by
{truth.SATISFACTION_PER_LOG_HOUR} and effort by {truth.EFFORT_PER_LOG_HOUR} for each unit of the
logarithm of the hours that it took.
"""
_PROFILES = f"""## Who recognises their profile

Of the customers {truth.CONSENTS["profile"]} agree to see the profile made of them, and
{truth.CONSENTS["interview"]} to be interviewed. Of those who are asked
{truth.PROFILE_ANSWERED_SHARE} answer. Half of them, drawn at random, are shown the profile of their
own motive, the others that of another one. Of the first {truth.RESONANCE["matched"]} give one of
the two best ratings of five, of the others {truth.RESONANCE["mismatched"]}. Whatever was shown,
{truth.FORCED_CHOICE_HIT} pick their own among the five profiles, the others any of the rest. Their
most important motive is corrected by {truth.CORRECTED["most_important"]}, their city by
{truth.CORRECTED["city"]}. These shares hold exactly of those who answer.
"""
_BEHAVIOUR = f"""## What visitors do

Events cover {truth.EVENTS_FROM} to {truth.AS_OF}. Of the orders in the web shop a share of
{truth.TRACKED_SHARE} was seen, and of the visitors {truth.CONSENT_SHARE} consented. The shares of
the steps hold exactly for all visits but bots ({truth.BOT_SHARE} of visits) and staff
({truth.INTERNAL_SHARE}). Who says on the way out that the choice looked complicated scrolls
{truth.SCROLL_PERCENT["complicated"]} % of the page on average instead of
{truth.SCROLL_PERCENT["other"]} %, with {truth.RAGE_CLICKS["complicated"]} rage clicks a visit
instead of {truth.RAGE_CLICKS["other"]}.
"""


def reference() -> str:
    """The planted truth for a reader, in Markdown."""
    device, step, share = truth.BOTTLENECK
    channel, start, end = truth.HOLDOUT
    sections = [
        _INTRODUCTION,
        _table(["file", "what it is"], FILES.items()),
        _RETURNS,
        _table(
            ["first purchase", "share of first orders", "ever returns, before factors", "gap"],
            [(n, c.share, c.returns, _gaps(c.gaps)) for n, c in truth.CATEGORIES.items()],
        ),
        f"Later gaps: {_gaps(truth.REPEAT_GAPS)}. Lahjat are "
        + " and ".join(f"{n} times as many in month {m}" for m, n in truth.GIFT_SEASON.items())
        + ".\n",
        _table(
            ["found by", "share", "factor of returning", "welcome code", "last click"],
            [
                (n, d.share, d.return_factor, d.welcome_share, _shares(d.last_click))
                for n, d in truth.DISCOVERY.items()
            ],
        ),
        _table(
            ["factor of ever returning", "factor", "share of first orders"],
            [
                (f"code {truth.WELCOME_CODE}", truth.WELCOME_FACTOR, "as above"),
                ("delivery problem", truth.PROBLEM_FACTOR, _shares(truth.PROBLEM_SHARE)),
                ("company", truth.B2B_FACTOR, truth.B2B_SHARE),
            ],
        ),
        f"Before and after {truth.DELIVERY_CHANGED}, when a new partner took over the deliveries. "
        "What follows, by integration of the planted parts:\n",
        _table(
            ["first purchase", "delivery", *(f"within {d} days" for d in HORIZONS_DAYS), "ever"],
            [
                (
                    name,
                    delivery,
                    *(_percent(truth.return_share(name, d, delivery=delivery))
                      for d in HORIZONS_DAYS),
                    _percent(truth.ever_returns(name, delivery=delivery)),
                )
                for name in truth.CATEGORIES
                for delivery in truth.PROBLEM_SHARE
            ],
        ),
        _ORDERS,
        _table(["who loses money", "share of customers"], truth.LOSS_MAKERS.items()),
        _table(
            ["other orders in the export", "share of the counted ones"], truth.NOISE.items()
        ),
        _FEELING,
        _table(["experience", "weight"], truth.DRIVERS.items()),
        _table(
            ["motive", "share", "mean quantity of the main line"],
            [(n, s, truth.MOTIVE_QUANTITY[n]) for n, s in truth.MOTIVES.items()],
        ),
        _table(
            ["question", "answers"],
            [
                ("competitor seen", _shares(truth.COMPETITORS)),
                ("what nearly stopped the purchase", _shares(truth.OBSTACLES)),
                ("why visitors left", _shares(truth.EXIT_REASONS)),
            ],
        ),
        _PROFILES,
        _BEHAVIOUR,
        _table(["step", "of the visits at the step before"], truth.STEP_SHARES.items()),
        f"The bottleneck: on {device}, only {share} come to `{step}`.\n",
        "## Advertising and companies\n",
        f"The test of {channel} ({start} to {end}) has {truth.HOLDOUT_CELLS} regions of "
        f"{truth.HOLDOUT_UNITS} people an arm, who buy for {truth.HOLDOUT_SALES_PER_UNIT} EUR each "
        f"without advertisements and {truth.HOLDOUT_EFFECT_PER_UNIT} EUR more with them. The "
        f"channel itself claims {truth.ATTRIBUTED_RETURN[channel]} EUR of sales for 1 EUR.\n",
        _table(
            ["companies", "quantity of coffee, motives, leads"],
            [
                ("times the quantity, by industry", _shares(truth.INDUSTRY_QUANTITY)),
                ("times the quantity, by size", _shares(truth.SIZE_QUANTITY)),
                (
                    f"motive of {truth.ROLE_MOTIVE_SHARE} of the people, by role",
                    ", ".join(f"{role} {motive}" for role, motive in truth.ROLE_MOTIVES.items()),
                ),
                ("leads won, by industry", _shares(truth.WON_BY_INDUSTRY)),
                ("times, by channel", _shares(truth.WON_BY_CHANNEL)),
                ("leads lost because of", _shares(truth.LOST_REASONS)),
            ],
        ),
        f"Of interview excerpts {truth.EXCERPT_SHARES['own_motive']} are about the customer's own "
        f"motive, {truth.EXCERPT_SHARES['pain']} about a pain, the others about any motive. Of "
        f"those coded twice, {truth.CODERS_AGREE_SHARE} have the same code; the others any code.\n",
        "## Figures that follow\n",
        _table(
            ["figure", "value"],
            [(f"`{name}`", f"{value:.4g}") for name, value in planted_figures().items()],
        ),
    ]  # fmt: skip
    return "\n".join(_wrapped(section) for section in sections)


def _wrapped(section: str) -> str:
    """The paragraphs in lines of even length; headings and tables as they are."""
    paragraphs = section.rstrip("\n").split("\n\n")
    return (
        "\n\n".join(
            text if text.startswith(("#", "|")) else fill(text, 100, break_on_hyphens=False)
            for text in paragraphs
        )
        + "\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def _gaps(parts: Sequence[truth.Bump | truth.Decline]) -> str:
    return "; ".join(
        f"{part.weight} at {part.mean_days:g} ± {part.sd_days:g} days"
        if isinstance(part, truth.Bump)
        else f"{part.weight} falling from day {part.first_day} to {part.last_day}"
        for part in parts
    )


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:g}" for name, share in shares.items())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
