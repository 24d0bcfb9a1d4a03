"""Orders, customers and products as Shopify exports them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.consents import consents
from templates_lib.demo.draws import day_number, pick, stream, with_zone
from templates_lib.demo.files import Canary, money, plant, write_csv
from templates_lib.demo.money import unit_costs
from templates_lib.demo.phrases import ORDER_NOTES
from templates_lib.demo.shop import Shop

_ORDER_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,"
    "Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,"
    "Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,"
    "Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,"
    "Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,"
    "Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,"
    "Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,Payment References"
)
ORDER_HEADER = _ORDER_HEADER.split(",")
LINE_COLUMNS = ["Name", "Created at", "Vendor", "Email",
                *(name for name in ORDER_HEADER if name.startswith("Lineitem"))]  # fmt: skip
FIRST_EXPORT_TO = date(2025, 7, 15)  # the day on which the first export was made
SECOND_EXPORT_FROM = date(2025, 6, 20)
STALE_SHARE = 0.5  # of refunds of the overlap, made after the first export
NOTE_SHARE, SPELLING_SHARE = 0.08, 0.08


def write_orders(folder: Path, shop: Shop, *, canary: Canary, in_parts: bool) -> None:
    """The orders, one row a line; in two overlapping files, or in one."""
    orders = _order_fields(shop)
    own = shop.orders.index[shop.orders["customer"] == 0][:1]
    orders.loc[own] = plant(orders.loc[own], canary, columns={}, text="Notes")
    rows = _rows(shop, orders)
    if not in_parts:
        _write(folder / "orders_export.csv", rows, canary)
        return
    day = shop.orders["day"].to_numpy()[rows["order"]]
    early = rows[day < day_number(FIRST_EXPORT_TO)].copy()
    in_overlap = shop.orders["day"].to_numpy()[early["order"]] >= day_number(SECOND_EXPORT_FROM)
    chance = stream(shop.seed, "stale").random(len(shop.orders))[early["order"]]
    stale = in_overlap & early["Financial Status"].isin(["refunded", "partially_refunded"])
    stale &= (early["Cancelled at"] == "") & (chance < STALE_SHARE)
    early.loc[stale, ["Financial Status", "Refunded Amount"]] = ["paid", "0.00"]
    _write(folder / "orders_export_1.csv", early, canary)
    late = rows[day >= day_number(SECOND_EXPORT_FROM)]
    _write(folder / "orders_export_2.csv", late, canary)


def _write(path: Path, rows: pd.DataFrame, canary: Canary) -> None:
    """One file; the canary is also on a cancelled order, which changes nothing that is counted."""
    rows = rows.reset_index(drop=True)
    cancelled = rows.index[rows["Cancelled at"] != ""][:1]
    columns = {"Email": "email", "Phone": "phone", "Billing Name": "name",
               "Shipping Name": "name", "Billing Street": "address"}  # fmt: skip
    rows.loc[cancelled] = plant(rows.loc[cancelled], canary, columns=columns, text="Notes")
    write_csv(path, rows[ORDER_HEADER])


def _rows(shop: Shop, orders: pd.DataFrame) -> pd.DataFrame:
    """One row a line; what is of the order only on its first row."""
    lines, products = shop.lines, shop.products
    of_order, product = lines["order"].to_numpy(), lines["product"].to_numpy()
    is_card = (products["category"] == "Lahjakortti").to_numpy()[product]
    rows = orders.iloc[of_order].reset_index(drop=True)
    fulfilled = rows["Fulfillment Status"]
    rows = rows.assign(
        **{
            "order": of_order,
            "Lineitem quantity": lines["quantity"].astype(str),
            "Lineitem name": products["name"].to_numpy()[product],
            "Lineitem price": money(lines["price"]),
            "Lineitem compare at price": "",
            "Lineitem sku": products["sku"].to_numpy()[product],
            "Lineitem requires shipping": np.where(is_card, "false", "true"),
            "Lineitem taxable": np.where(is_card, "false", "true"),
            "Lineitem fulfillment status": np.where(fulfilled == "fulfilled", "fulfilled",
                                                    "pending"),
            "Lineitem discount": "0.00",
        }
    )  # fmt: skip
    is_more = np.r_[False, of_order[1:] == of_order[:-1]]
    blank = [name for name in ORDER_HEADER if name not in LINE_COLUMNS]
    rows.loc[is_more, blank] = ""
    # newest first, as the shop writes them; the lines of an order stay together
    return rows.iloc[np.lexsort((np.arange(len(rows)), -of_order))]


def _order_fields(shop: Shop) -> pd.DataFrame:
    """The columns of the order, one row an order."""
    rng = stream(shop.seed, "order fields")
    orders = shop.orders
    n = len(orders)
    at = with_zone(pd.DatetimeIndex(orders["at"]))
    kind, status = orders["kind"].to_numpy(), orders["status"].to_numpy()
    is_pos = kind == "pos"
    is_paid = ~np.isin(status, ("pending", "voided"))
    created, paid, sent = (
        np.asarray((at + pd.to_timedelta(lag, unit="s")).strftime("%Y-%m-%d %H:%M:%S %z"))
        for lag in (np.zeros(n), rng.integers(1, 90, n), rng.integers(40_000, 200_000, n))
    )
    is_sent = is_paid & (kind != "cancelled") & (at < at.max() - pd.Timedelta(days=2))
    fields = dict.fromkeys(ORDER_HEADER, "")
    fields |= {
        "Name": orders["name"],
        "Financial Status": status,
        "Paid at": np.where(is_paid, paid, ""),
        "Fulfillment Status": np.where(is_sent, "fulfilled", "unfulfilled"),
        "Fulfilled at": np.where(is_sent, sent, ""),
        "Accepts Marketing": _of_buyer(shop, "accepts_marketing", unknown="no"),
        "Currency": "EUR",
        "Subtotal": money(orders["subtotal"]),
        "Shipping": money(orders["freight"]),
        "Taxes": money(orders["taxes"]),
        "Total": money(orders["total"]),
        "Discount Code": orders["code"],
        "Discount Amount": money(orders["discount"]),
        "Shipping Method": np.where(is_pos, "", "Pakettiautomaatti"),
        "Created at": created,
        "Notes": np.where(rng.random(n) < NOTE_SHARE, pick(rng, ORDER_NOTES, n), ""),
        "Cancelled at": np.where(kind == "cancelled", sent, ""),
        "Payment Method": orders["method"],
        "Payment Reference": "c" + pd.Series(np.arange(n) * 7919 + 10**9).astype(str) + ".1",
        "Refunded Amount": money(orders["refund"]),
        "Vendor": truth.SHOP_NAME,
        "Outstanding Balance": money(np.where(is_paid, 0, orders["total"])),
        "Employee": np.where(is_pos, "Kassa 1", ""),
        "Location": np.where(is_pos, "Paahtimomyymälä", ""),
        "Id": (5_000_000_000_000 + np.arange(n) * 32_768).astype(str),
        "Tags": np.where(kind == "test", "testi", ""),
        "Risk Level": "Low",
        "Source": np.where(is_pos, "pos", "web"),
        "Payment ID": "p" + pd.Series(np.arange(n) * 104_729 + 10**9).astype(str),
        **_taxes(orders),
        **_persons(rng, shop),
    }
    fields["Payment References"] = fields["Payment Reference"]
    return pd.DataFrame(fields)


def _taxes(orders: pd.DataFrame) -> dict[str, np.ndarray]:
    """Name and value of each rate; where there is one rate, it stands first."""
    both = (orders["is_food"] & orders["is_other"]).to_numpy()
    only_other = (~orders["is_food"] & orders["is_other"]).to_numpy()
    taxed = (orders["is_food"] | orders["is_other"]).to_numpy()
    name = {
        part: "FI ALV " + orders[f"{part}_rate"].map("{:g}".format) + "%"
        for part in ("food", "other")
    }
    value = {part: money(orders[f"{part}_tax"]) for part in name}
    return {
        "Tax 1 Name": np.where(taxed, np.where(only_other, name["other"], name["food"]), ""),
        "Tax 1 Value": np.where(taxed, np.where(only_other, value["other"], value["food"]), ""),
        "Tax 2 Name": np.where(both, name["other"], ""),
        "Tax 2 Value": np.where(both, value["other"], ""),
    }


def _persons(rng: np.random.Generator, shop: Shop) -> dict[str, np.ndarray]:
    """Who bought: e-mail in several spellings, addresses, telephone; blank where unknown."""
    names = ("email", "name", "street", "company", "city", "zip", "phone", "vat_id")
    of_buyer = {name: _of_buyer(shop, name) for name in names}
    known = of_buyer["email"] != ""
    email = pd.Series(of_buyer["email"])
    spelling = rng.random(len(email)) / SPELLING_SHARE
    email = email.mask(spelling < 0.5, email.str.upper())
    email = email.mask((spelling >= 0.5) & (spelling < 1) & known, email + " ")
    address = {
        "Name": of_buyer["name"],
        "Street": of_buyer["street"],
        "Address1": of_buyer["street"],
        "Company": of_buyer["company"],
        "City": of_buyer["city"],
        "Zip": np.where(known, "'" + of_buyer["zip"], ""),
        "Country": "FI",
        "Phone": of_buyer["phone"],
    }
    vat_id = of_buyer["vat_id"]
    return {
        "Email": email.to_numpy(),
        "Phone": of_buyer["phone"],
        "Note Attributes": np.where(vat_id != "", "ALV-tunnus: " + vat_id, ""),
        **{f"{use} {part}": value for use in ("Billing", "Shipping")
           for part, value in address.items()},
    }  # fmt: skip


def _of_buyer(shop: Shop, name: str, *, unknown: str = "") -> np.ndarray:
    """What is known of the buyer of each order."""
    buyer = shop.orders["customer"].to_numpy()
    return np.where(buyer >= 0, shop.customers[name].to_numpy(dtype=object)[buyer], unknown)


def write_customers(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """The customers, with the company and role as metafields."""
    rng = stream(shop.seed, "customer fields")
    people, n = shop.customers, len(shop.customers)
    known = shop.orders[shop.orders["customer"] >= 0]
    spent = np.bincount(known["customer"], known["total"] - known["refund"], n)
    count = np.bincount(known["customer"], minlength=n)
    has_note = rng.random(n) < NOTE_SHARE / 2
    has_note[0] = True
    fields = {
        "Customer ID": "'" + people["person_id"].astype(str),
        "First Name": people["first_name"],
        "Last Name": people["last_name"],
        "Email": people["email"],
        "Accepts Email Marketing": people["accepts_marketing"],
        "Default Address Company": people["company"],
        "Default Address Address1": people["street"],
        "Default Address Address2": "",
        "Default Address City": people["city"],
        "Default Address Province Code": "",
        "Default Address Country Code": "FI",
        "Default Address Zip": "'" + people["zip"],
        "Default Address Phone": people["phone"],
        "Phone": people["phone"],
        "Accepts SMS Marketing": "no",
        "Total Spent": money(spent),
        "Total Orders": count.astype(str),
        "Note": np.where(has_note, pick(rng, ORDER_NOTES, n), ""),
        "Tax Exempt": "no",
        "Tags": np.where(people["is_b2b"], "yritys", ""),
        "Company ID (customer.metafields.custom.company_id)": people["company_id"],
        "Role (customer.metafields.custom.role)": people["role"],
        **{
            f"Consent: {kind} (customer.metafields.custom.consent_{kind})": agreed.map(
                {True: "true", False: "false"}
            )
            for kind, agreed in consents(shop).items()
        },
    }
    write_csv(
        folder / "customers_export.csv",
        plant(pd.DataFrame(fields), canary, columns={}, text="Note"),
    )


def write_products(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """The products, in the newer header without the word Variant."""
    products = shop.products
    is_first = ~products["handle"].duplicated()
    is_card = products["category"] == "Lahjakortti"
    body = "<p>" + products["title"] + '</p><ul><li>Paahdettu "pienissä erissä", lähellä</li></ul>'
    of_product = {
        "Title": products["title"],
        "Body (HTML)": body,
        "Vendor": truth.SHOP_NAME,
        "Product category": "Food, Beverages & Tobacco",
        "Type": products["category"],
        "Tags": products["category"].str.lower(),
        "Published": "true",
        "Option1 name": np.where(products["variant"] == "", "Title", "Koko"),
    }
    fields = {
        "Handle": products["handle"],
        **{name: pd.Series(value, products.index).where(is_first, "")
           for name, value in of_product.items()},
        "Option1 value": products["variant"].replace("", "Default Title"),
        "SKU": products["sku"],
        "Weight value (grams)": products["grams"].astype(str),
        "Inventory quantity": "100",
        "Price": money(products["price_cents"]),
        "Compare-at price": "",
        "Gift card": np.where(is_card, "true", "false"),
        "Cost per item": np.where(products["has_cost"], money(unit_costs(products)), ""),
        "Status": pd.Series("active", products.index).where(is_first, ""),
    }  # fmt: skip
    frame = plant(pd.DataFrame(fields), canary, columns={}, text="Body (HTML)")
    write_csv(folder / "products_export.csv", frame)
