"""The words of the letter to the merchant: templates, no logic."""

from __future__ import annotations

from typing import Literal

from templates_lib.language import N_

Language = Literal["en", "fi"]
WORDS = {
    "title": N_("What we need from you"),
    "greeting": N_("Hello,"),
    "opening_some": N_("Thank you for the files that you sent. We found in them:"),
    "opening_none": N_("To understand your customers we need the files that are listed below."),
    "asking": N_("To answer your questions properly we ask for the following as well:"),
    "nothing": N_("We have everything that is needed: there is nothing more to send."),
    "where": N_("Where it is"),
    "gives": N_("What it gives you"),
    "orders": N_("All orders with their lines, from the day the shop opened"),
    "orders_gives": N_("who comes back, when, and after which first purchase"),
    "products": N_("Products with their category and what they cost you, without VAT"),
    "products_gives": N_("margin by customer and by category, not only sales"),
    "cost": N_("What each product costs you (a piece, without VAT)"),
    "cost_gives": N_("margin: which customers earn you money and which cost more than they bring"),
    "control": N_(
        "One month's net sales and number of orders from your shop's own report (without VAT and "
        "freight, after discounts and refunds)"
    ),
    "control_where": N_("the shop's sales report for the month (a screenshot will do)"),
    "control_shopify": N_("Analytics → Reports → Sales over time, the figure “Net sales”"),
    "control_woocommerce": N_("Analytics → Revenue, the figure “Net sales”"),
    "control_gives": N_("we can make sure that our figures agree with yours"),
    "responses": N_("The answers to your customer surveys (such as NPS, or after a purchase)"),
    "responses_gives": N_("why customers buy and what nearly stopped them, in their own words"),
    "linked": N_(
        "A hidden field in the survey {file}, filled by the link with the order's number (such as "
        "order_id)"
    ),
    "linked_where": N_("the survey's settings → hidden fields"),
    "linked_gives": N_("we see whether the satisfied do buy again, and how much"),
    "spend": N_("Cost of advertising by day and campaign"),
    "spend_gives": N_("what a new customer costs, and when that has paid itself back"),
    "days": N_("Cost of advertising once more, by day (the file {file} holds no days)"),
    "events": N_("Events of Google Analytics 4, through BigQuery"),
    "events_gives": N_("where the path to a purchase breaks, and how many orders are lost there"),
    "companies": N_("Of companies that buy: their industry, size, and what they want to reach"),
    "companies_gives": N_("which companies are your best customers, and why"),
    "interviews": N_("Notes of interviews, if companies have been interviewed"),
    "interviews_gives": N_("reasons and obstacles to buy as customers tell them"),
    "generic_where": N_("the shop's administration or accounting; CSV or Excel will do"),
    "cost_where": N_("the export of products, column “Cost per item” or the like; Excel will do"),
    "companies_where": N_("your CRM or list of customers; an Excel sheet will do"),
    "interviews_where": N_("your own notes as they are"),
    "safe_title": N_("How to send the files safely"),
    "safe": N_(
        "Please use a secure file transfer, or a shared folder that only named people can open, "
        "and not a plain e-mail attachment. The files need no editing; there is no need to open "
        "them in Excel first."
    ),
    "privacy_title": N_("What happens with personal data"),
    "privacy": N_(
        "Names, telephone numbers and addresses are not read into the analysis. An e-mail address "
        "becomes at once a code that leads to nobody without a key that is kept apart. The report "
        "shows no single person, and no group of fewer than {min_cell}. We process the data on "
        "your behalf, under a written agreement made before you send them."
    ),
    "closing": N_(
        "If anything is unclear we are glad to help by phone: most of this is a few minutes' work."
    ),
    "regards": N_("Kind regards"),
    "signature": N_("[name and telephone number]"),
}
SENT = {
    "orders": N_("orders"),
    "products": N_("products"),
    "customers": N_("customers"),
    "responses": N_("surveys"),
    "spend": N_("cost of advertising"),
    "events": N_("events of the site"),
    "interviews": N_("interviews"),
    "companies": N_("companies"),
    "touchpoints": N_("service contacts"),
}
"""What the files of a table are called in a sentence."""
