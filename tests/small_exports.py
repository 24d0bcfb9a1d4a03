"""A small file of each format that a preset reads, as the tool writes it; all of it is made up."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

EMAIL, OTHER = "aino@asiakas.example", "eero@asiakas.example"
CLIENT = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
"""


@dataclass(frozen=True)
class Export:
    """One file: its columns and rows (a row names what is filled in), or its JSON text."""

    source: str
    name: str
    columns: str = ""
    rows: tuple[Mapping[str, str], ...] = ()
    section: str = ""
    above: str = ""
    below: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","

    @property
    def header(self) -> list[str]:
        return [name.strip() for name in self.columns.split("|")]

    def renamed(self, old: str, new: str) -> Export:
        """The same file with a column, or a key of the JSON, called otherwise."""
        if self.text:
            old, new = (name.rpartition(".")[2] for name in (old, new))
            assert f'"{old}":' in self.text
            return replace(self, text=self.text.replace(f'"{old}":', f'"{new}":'))
        assert old in self.header
        header = [new if name == old else name for name in self.header]
        rows = [{new if k == old else k: v for k, v in row.items()} for row in self.rows]
        return replace(self, columns="|".join(header), rows=tuple(rows))

    def plain(self) -> str:
        """The file's text."""
        if self.text:
            return self.text
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        shown = [self.answers, *self.rows] if self.answers else self.rows
        for row in shown:
            assert set(row) <= set(self.header), set(row) - set(self.header)
        writer.writerows([self.header, *([row.get(h, "") for h in self.header] for row in shown)])
        return self.above + out.getvalue() + self.below

    def content(self, text: str | None = None) -> bytes:
        """The file's bytes, with another text if one is given."""
        data = (self.plain() if text is None else text).encode(self.encoding)
        if not self.name.endswith(".zip"):
            return data
        with io.BytesIO() as packed:
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("responses.csv", data)
            return packed.getvalue()

    def params(self, form: str) -> str:
        """A parameter file of a few lines that reads it."""
        lines = f"format: {form}\npath: exports/{self.name}\n{self.section.strip()}\n"
        indented = "".join(f"    {line}\n" for line in lines.splitlines() if line.strip())
        return f"{CLIENT}sources:\n  {self.source}:\n{indented}"


def _address(kind: str) -> str:
    parts = "Name|Street|Address1|Address2|Company|City|Zip|Province|Country|Phone"
    return "|".join(f"{kind} {part}" for part in parts.split("|"))


SHOPIFY = (
    "Name|Email|Financial Status|Paid at|Fulfillment Status|Fulfilled at|Accepts Marketing|"
    "Currency|Subtotal|Shipping|Taxes|Total|Discount Code|Discount Amount|Shipping Method|"
    "Created at|Lineitem quantity|Lineitem name|Lineitem price|Lineitem compare at price|"
    "Lineitem sku|Lineitem requires shipping|Lineitem taxable|Lineitem fulfillment status|"
    f"{_address('Billing')}|{_address('Shipping')}|"
    "Notes|Note Attributes|Cancelled at|Payment Method|Payment Reference|Refunded Amount|Vendor|"
    "Outstanding Balance|Employee|Location|Device ID|Id|Tags|Risk Level|Source|Lineitem discount|"
    + "|".join(f"Tax {n} {what}" for n in range(1, 6) for what in ("Name", "Value"))
    + "|Phone|Receipt Number|Duties|Billing Province Name|Shipping Province Name|Payment ID|"
    "Payment Terms Name|Next Payment Due At|Payment References"
)

EXPORTS = {
    "shopify": Export(
        source="orders",
        name="orders_export.csv",
        columns=SHOPIFY,
        section="vat: included",
        rows=(
            {"Name": "#1001", "Email": EMAIL, "Financial Status": "paid", "Currency": "EUR",
             "Subtotal": "125.50", "Shipping": "0.00", "Taxes": "25.50", "Total": "125.50",
             "Created at": "2025-10-26 02:30:00 +0300", "Lineitem quantity": "1",
             "Lineitem name": "Mug - Blue", "Lineitem price": "75.30", "Lineitem sku": "MUG",
             "Shipping Zip": "'00100", "Shipping Country": "FI", "Source": "web",
             "Tax 1 Name": "FI ALV 25.5%", "Tax 1 Value": "25.50"},
            {"Name": "#1001", "Lineitem quantity": "2", "Lineitem name": "Tea",
             "Lineitem price": "25.10", "Lineitem sku": "TEA"},
            {"Name": "#1002", "Email": f" {EMAIL.upper()}", "Currency": "EUR",
             "Financial Status": "partially_refunded", "Subtotal": "62.75", "Shipping": "0.00",
             "Taxes": "12.75", "Total": "62.75", "Refunded Amount": "12.55",
             "Created at": "2025-10-27 09:50:26 +0200", "Lineitem quantity": "1",
             "Lineitem name": "Pot", "Lineitem price": "62.75", "Lineitem sku": "POT",
             "Billing Company": "Toimisto Oy", "Source": "pos"},
            {"Name": "#1003", "Email": OTHER, "Financial Status": "paid", "Currency": "EUR",
             "Subtotal": "1.00", "Shipping": "0.00", "Taxes": "0.20", "Total": "1.00",
             "Created at": "2025-10-28 09:00:00 +0200", "Lineitem quantity": "1",
             "Lineitem name": "Pot", "Lineitem price": "1.00", "Payment Method": "bogus"},
        ),
    ),
    "shopify_customers": Export(
        source="customers",
        name="customers_export.csv",
        columns="Customer ID|First Name|Last Name|Email|Accepts Email Marketing|"
        "Default Address Company|Default Address Address1|Default Address Address2|"
        "Default Address City|Default Address Province Code|Default Address Country Code|"
        "Default Address Zip|Default Address Phone|Phone|Accepts SMS Marketing|Total Spent|"
        "Total Orders|Note|Tax Exempt|Tags|Segment (customer.metafields.custom.segment)",
        section="attributes: {segment: Segment (customer.metafields.custom.segment)}",
        rows=(
            {"Customer ID": "'7001", "First Name": "Aino", "Last Name": "Esimerkki",
             "Email": EMAIL, "Accepts Email Marketing": "yes", "Accepts SMS Marketing": "yes",
             "Total Orders": "2", "Segment (customer.metafields.custom.segment)": "tea"},
            {"Customer ID": "'7002", "Email": OTHER, "Accepts Email Marketing": "no",
             "Accepts SMS Marketing": "no", "Total Orders": "1"},
        ),
    ),
    "shopify_products": Export(
        source="products",
        name="products_export.csv",
        columns="Handle|Title|Body (HTML)|Vendor|Product Category|Type|Tags|Published|Option1 Name|"
        "Option1 Value|Variant SKU|Variant Grams|Variant Price|Image Src|Gift Card|Cost per item|"
        "Status",
        rows=(
            {"Handle": "mug", "Title": "Mug", "Type": "Kitchen", "Option1 Name": "Colour",
             "Option1 Value": "Blue", "Variant SKU": "MUG-B", "Variant Grams": "350",
             "Cost per item": "4.20"},
            {"Handle": "mug", "Option1 Value": "Red", "Variant SKU": "MUG-R",
             "Variant Grams": "350", "Cost per item": "4.30"},
            {"Handle": "mug", "Image Src": "https://cdn.example/mug.jpg"},
            {"Handle": "tea", "Title": "Tea", "Type": "Drinks", "Variant SKU": "TEA",
             "Variant Grams": "0"},
        ),
    ),
    "woocommerce_analytics": Export(
        source="orders",
        name="wc-orders.csv",
        columns="Date|Order #|N. Revenue (formatted)|Status|Customer|Customer type|Product(s)|"
        "Items sold|Coupon(s)|Net Sales|Attribution",
        section="vat: excluded",
        rows=(
            {"Date": "2026-01-05 10:00:00", "Order #": "501", "Status": "completed",
             "N. Revenue (formatted)": "99,90 €", "Customer": "Aino Esimerkki",
             "Customer type": "new", "Product(s)": "2× Mug, blue, 1× Tea", "Items sold": "3",
             "Coupon(s)": "WINTER", "Net Sales": "90", "Attribution": "Organic: Google"},
            {"Date": "2026-01-06 10:00:00", "Order #": "502", "Status": "cancelled",
             "N. Revenue (formatted)": "20,00 €", "Product(s)": "1× Tea", "Net Sales": "20"},
            {"Date": "2026-02-05 10:00:00", "Order #": "501", "Status": "refunded",
             "N. Revenue (formatted)": "-30,00 €", "Product(s)": "-1× Mug, blue",
             "Net Sales": "-30"},
        ),
    ),
    "woocommerce_advanced_export": Export(
        source="orders",
        name="orders.csv",
        columns="Order Number|Order Status|Order Date|Customer Note|First Name (Billing)|"
        "Last Name (Billing)|Company (Billing)|Address 1&2 (Billing)|City (Billing)|"
        "State Code (Billing)|Postcode (Billing)|Country Code (Billing)|Email (Billing)|"
        "Phone (Billing)|First Name (Shipping)|Last Name (Shipping)|Address 1&2 (Shipping)|"
        "City (Shipping)|State Code (Shipping)|Postcode (Shipping)|Country Code (Shipping)|"
        "Payment Method Title|Cart Discount Amount|Order Subtotal Amount|Shipping Method Title|"
        "Order Shipping Amount|Order Refund Amount|Order Total Amount|Order Total Tax Amount|SKU|"
        "Item #|Item Name|Quantity (- Refund)|Item Cost|Coupon Code",
        section="vat: excluded",
        rows=(
            {"Order Number": "601", "Order Status": "Valmis", "Order Date": "2026-01-05 10:00",
             "Email (Billing)": EMAIL, "Country Code (Shipping)": "FI",
             "Cart Discount Amount": "5", "Order Shipping Amount": "4", "SKU": "MUG",
             "Item #": "1", "Item Name": "Mug", "Quantity (- Refund)": "2", "Item Cost": "10.50"},
            {"Order Number": "601", "Order Status": "Valmis", "Order Date": "2026-01-05 10:00",
             "Email (Billing)": EMAIL, "Country Code (Shipping)": "FI",
             "Cart Discount Amount": "5", "Order Shipping Amount": "4", "SKU": "TEA",
             "Item #": "2", "Item Name": "Tea", "Quantity (- Refund)": "1", "Item Cost": "9"},
            {"Order Number": "602", "Order Status": "Completed", "Order Date": "2026-01-06 10:00",
             "Email (Billing)": OTHER, "Company (Billing)": "Toimisto Oy", "SKU": "TEA",
             "Item #": "1", "Item Name": "Tea", "Quantity (- Refund)": "3", "Item Cost": "9"},
        ),
    ),
    "woocommerce_import_export": Export(
        source="orders",
        name="order_export.csv",
        columns="order_id|order_number|order_date|paid_date|status|shipping_total|"
        "shipping_tax_total|cart_discount|discount_total|order_total|order_subtotal|"
        "order_currency|payment_method|customer_id|customer_user|customer_email|"
        "billing_first_name|billing_last_name|billing_company|shipping_country",
        section="vat: excluded",
        rows=(
            {"order_id": "9001", "order_number": "701", "order_date": "9/6/2025 6:29:00",
             "status": "completed", "shipping_total": "4.00", "discount_total": "2.50",
             "order_total": "54.90", "order_subtotal": "42.50", "order_currency": "EUR",
             "customer_id": "0", "customer_email": EMAIL, "shipping_country": "FI"},
            {"order_id": "9002", "order_number": "702", "order_date": "9/16/2025 16:29:00",
             "status": "processing", "shipping_total": "0", "discount_total": "0",
             "order_total": "12.40", "order_subtotal": "10.00", "order_currency": "EUR",
             "customer_id": "0", "customer_email": OTHER, "billing_company": "Toimisto Oy"},
        ),
    ),
    "magento": Export(
        source="orders",
        name="export.csv",
        columns="ID|Purchase Point|Purchase Date|Bill-to Name|Ship-to Name|Grand Total (Base)|"
        "Grand Total (Purchased)|Status|Billing Address|Shipping Address|Shipping Information|"
        "Customer Email|Customer Group|Subtotal|Shipping and Handling|Customer Name|"
        "Payment Method|Total Refunded",
        section="vat: included\nvat_rates: [{rate: 0.25}]",
        rows=(
            {"ID": "000000801", "Purchase Point": "Main Website", "Bill-to Name": "Aino Esimerkki",
             "Purchase Date": "Mar 4, 2026 3:18:36 PM", "Grand Total (Base)": "€1,260.00",
             "Grand Total (Purchased)": "€1,260.00", "Status": "complete",
             "Customer Email": EMAIL, "Shipping and Handling": "€10.00", "Total Refunded": "€0.00"},
            {"ID": "000000802", "Purchase Date": "Mar 5, 2026 8:00:00 AM", "Status": "canceled",
             "Grand Total (Base)": "€50.00", "Shipping and Handling": "€0.00",
             "Customer Email": OTHER},
        ),
    ),
    "mycashflow_customers": Export(
        source="customers",
        name="asiakkaat.csv",
        columns="CustomerID|CustomerCode|CustomerLanguage|CustomerEmail|CustomerFirstName",
        delimiter=";",
        section="attributes: {language: CustomerLanguage}",
        rows=(
            {"CustomerID": "31", "CustomerLanguage": "fi", "CustomerEmail": EMAIL,
             "CustomerFirstName": "Aino"},
            {"CustomerID": "32", "CustomerLanguage": "sv", "CustomerEmail": OTHER},
        ),
    ),
    "mycashflow_api": Export(
        source="orders",
        name="orders.json",
        section="vat: included\ncolumns: {status: status}\ncounted_statuses: [complete]",
        text=json.dumps(
            {"data": [
                {"id": 41, "created_at": "2026-01-05T10:00:00+02:00", "updated_at": None,
                 "archived_at": None, "customer_id": 31,
                 "customer_information": {"email": EMAIL, "firstname": "Aino"},
                 "subtotal": 125.5, "shipping_costs": 12.55, "payment_costs": 0, "discount": 0,
                 "total": 138.05, "status": "complete",
                 "products": [
                     {"product_code": "MUG", "name": "Mug", "quantity": 1, "total": 100.4},
                     {"product_code": "TEA", "name": "Tea", "quantity": 2, "total": 25.1}],
                 "payments": [{"amount": 138.05}],
                 "tax_summary": [
                     {"tax_rate": 25.5, "total": 138.05, "total_tax": 20.05},
                     {"tax_rate": 14, "total": 0, "total_tax": 8.0}]},
                {"id": 42, "created_at": "2026-01-06T10:00:00+02:00", "updated_at": None,
                 "archived_at": None, "customer_id": 32,
                 "customer_information": {"email": OTHER, "firstname": "Eero"},
                 "subtotal": 10, "shipping_costs": 0, "payment_costs": 0, "discount": 0,
                 "total": 10, "status": "cancelled", "products": [], "payments": [],
                 "tax_summary": []}]},
            indent=1,
        ),
    ),
    "typeform": Export(
        source="responses",
        name="responses.csv",
        columns="#|How likely are you to recommend <b>us</b>?|Tea|Coffee|Other|Why?|Other|order_id|"
        "email|Response Type|Start Date (UTC)|Stage Date (UTC)|Submit Date (UTC)|Network ID|Tags|"
        "Ending",
        section='survey: nps\nscore: "How likely are you to recommend us?"\n'
        'choices: {drinks: {columns: {tea: Tea, coffee: Coffee}}}\nopen: {why: "Why?"}',
        rows=(
            {"#": "a1b2", "How likely are you to recommend <b>us</b>?": "9", "Tea": "Tea",
             "Coffee": "Coffee", "Why?": "# one, and quick", "order_id": "1001", "email": EMAIL,
             "Response Type": "completed", "Start Date (UTC)": "2026-01-05 21:58:00",
             "Submit Date (UTC)": "2026-01-05 22:00:00", "Network ID": "n1"},
            {"#": "c3d4", "How likely are you to recommend <b>us</b>?": "3", "Tea": "Tea",
             "Submit Date (UTC)": "2026-01-06 08:00:00", "Network ID": "n2"},
        ),
    ),
    "google_forms": Export(
        source="responses",
        name="Kysely.csv",
        columns="Timestamp|Email Address|Mistä kuulit meistä?|Miksi ostit?",
        section='survey: purchase\nchoices:\n  heard: {column: "Mistä kuulit meistä?", '
        'separator: ";", options: [Ystävä, "Lehti; radio"]}\nopen: {why: "Miksi ostit?"}',
        rows=(
            {"Timestamp": "2026/03/04 3:18:36 pm EET", "Email Address": EMAIL,
             "Mistä kuulit meistä?": "Ystävä;Lehti; radio", "Miksi ostit?": "Lahjaksi"},
            {"Timestamp": "2026/04/04 9:00:00 am EEST", "Mistä kuulit meistä?": "Ystävä"},
        ),
    ),
    "hotjar_survey": Export(
        source="responses",
        name="hotjar.zip",
        columns="Number|User|Date Submitted|Country|Source URL|Device|Browser|OS|Hotjar User ID|"
        "What stops you today?",
        section='survey: exit_intent\nopen: {barrier: "What stops you today?"}',
        rows=(
            {"Number": "1", "User": "ab12", "Date Submitted": "2026-01-05 10:00:00",
             "Country": "Finland", "Source URL": "https://shop.example/cart", "Device": "mobile",
             "Hotjar User ID": "0000-ab12", "What stops you today?": "Toimitus on kallis"},
        ),
    ),
    "surveymonkey": Export(
        source="responses",
        name="Survey.csv",
        columns="Respondent ID|Collector ID|Start Date|End Date|IP Address|Email Address|"
        "First Name|Last Name|Custom Data 1|How satisfied are you?|Which do you use?||Why?",
        answers={"How satisfied are you?": "Response", "Which do you use?": "Tea", "": "Coffee",
                 "Why?": "Open-Ended Response"},
        section='survey: satisfaction\nratings: ["How satisfied are you?"]\nchoices:\n  uses: '
        '{columns: {tea: "Which do you use?: Tea", coffee: "Which do you use?: Coffee"}}\n'
        'open: {why: "Why?"}',
        rows=(
            {"Respondent ID": "11", "Collector ID": "5", "Start Date": "03/04/2026 10:00:00 AM",
             "End Date": "03/04/2026 10:02:00 AM", "IP Address": "192.0.2.1",
             "Email Address": EMAIL, "How satisfied are you?": "4", "": "Coffee", "Why?": "Nopea"},
        ),
    ),
    "delighted_api": Export(
        source="responses",
        name="survey_responses.json",
        text=json.dumps(
            [{"id": "5435", "person": {"id": "2", "email": EMAIL}, "survey_type": "nps",
              "score": 9, "comment": "Nopea toimitus", "created_at": 1767600000,
              "person_properties": {"order": "1001"}, "tags": []},
             {"id": "5436", "person": {"id": "3", "email": OTHER}, "survey_type": "nps",
              "score": 0, "comment": None, "created_at": 1767603600,
              "person_properties": None, "tags": ["late"]}],
            indent=1,
        ),
    ),
    "ga4_bigquery": Export(
        source="events",
        name="events_20260105.json",
        text="\n".join(
            json.dumps(event)
            for event in (
                {"event_date": "20260105", "event_timestamp": "1767600000000000",
                 "event_name": "view_item",
                 "event_params": [
                     {"key": "ga_session_id", "value": {"int_value": "17", "string_value": None}},
                     {"key": "page_location", "value": {
                         "int_value": None,
                         "string_value": "https://shop.example/mug?email=x@y.example"}}],
                 "user_pseudo_id": "p.1", "user_id": None, "device": {"category": "mobile"},
                 "traffic_source": {"source": "google", "medium": "organic"},
                 "items": [{"item_id": "MUG", "item_name": "Mug"}],
                 "ecommerce": {"transaction_id": None}},
                {"event_date": "20260105", "event_timestamp": "1767600060000000",
                 "event_name": "purchase", "event_params": [], "user_pseudo_id": None,
                 "user_id": "7001", "device": {"category": "mobile"},
                 "traffic_source": {"source": None, "medium": None}, "items": [],
                 "ecommerce": {"transaction_id": "#1001"}},
            )
        ),
    ),
    "ga4_ui": Export(
        source="traffic",
        name="Liikenteen_hankinta.csv",
        above="# ----------------------------------------\n# Traffic acquisition, all users\n"
        "# Start date: 20260105\n# End date: 20260106\n# ------------------\n",
        columns="Date|Session default channel group|Sessions|Total users|Transactions",
        rows=(
            {"Date": "", "Sessions": "150", "Total users": "120", "Transactions": "4",
             "Session default channel group": "Grand total"},
            {"Date": "20260105", "Session default channel group": "Organic Search",
             "Sessions": "100", "Total users": "80", "Transactions": "3"},
            {"Date": "20260106", "Session default channel group": "Direct", "Sessions": "50",
             "Total users": "40", "Transactions": "1"},
        ),
        below="\n# Start date: 20260105\nNth day,Sessions\n0000,100\n0001,50\n",
    ),
    "clarity_api": Export(
        source="traffic",
        name="clarity.json",
        text=json.dumps(
            [{"metricName": "Traffic", "information": [
                {"totalSessionCount": "954", "totalBotSessionCount": "83",
                 "distantUserCount": "733", "PagesPerSessionPercentage": 1.09, "Device": "Mobile"},
                {"totalSessionCount": "46", "totalBotSessionCount": "1",
                 "distantUserCount": "40", "PagesPerSessionPercentage": 2, "Device": "PC"}]},
             {"metricName": "ScrollDepth", "information": [
                 {"averageScrollDepth": 41.2, "Device": "Mobile"}]}],
            indent=1,
        ),
    ),
    "matomo": Export(
        source="traffic",
        name="Channel Type.csv",
        encoding="utf-16",
        columns="Label|Unique visitors|Visits|Actions|Conversions|metadata_segment",
        rows=(
            {"Label": "Direct Entry", "Unique visitors": "40", "Visits": "50", "Actions": "90",
             "Conversions": "2", "metadata_segment": "referrerType==direct"},
            {"Label": "'-campaign", "Unique visitors": "5", "Visits": "6", "Actions": "9",
             "Conversions": "0"},
        ),
    ),
    "google_ads": Export(
        source="spend",
        name="Campaign report.csv",
        encoding="utf-16",
        delimiter="\t",
        above="Campaign report\nJanuary 5, 2026 - January 6, 2026\n",
        columns="Campaign status|Campaign|Day|Budget|Impr.|Clicks|Currency code|Cost|Conversions|"
        "Conv. value",
        rows=(
            {"Campaign status": "Enabled", "Campaign": "Brand: FI", "Day": "2026-01-05",
             "Impr.": "1,200", "Clicks": "60", "Currency code": "EUR", "Cost": "1,012.50"},
            {"Campaign status": "Paused", "Campaign": "Tea", "Day": "2026-01-06", "Impr.": "0",
             "Clicks": "--", "Currency code": "EUR", "Cost": "0.00"},
            {"Campaign status": "Total: Campaigns", "Campaign": "--", "Impr.": "1,200",
             "Clicks": "60", "Currency code": "EUR", "Cost": "1,012.50"},
        ),
    ),
    "meta_ads": Export(
        source="spend",
        name="Acme-Campaigns.csv",
        columns="Reporting starts|Reporting ends|Campaign name|Campaign delivery|Impressions|"
        "Link clicks|Amount spent (EUR)|Results",
        rows=(
            {"Reporting starts": "2026-01-01", "Reporting ends": "2026-01-31",
             "Impressions": "1500", "Amount spent (EUR)": "80.25"},
            {"Reporting starts": "2026-01-01", "Reporting ends": "2026-01-31",
             "Campaign name": "Winter", "Impressions": "1000", "Link clicks": "30",
             "Amount spent (EUR)": "60.25"},
            {"Reporting starts": "2026-01-05", "Reporting ends": "2026-01-05",
             "Campaign name": "One day", "Impressions": "500", "Amount spent (EUR)": "20"},
        ),
    ),
    "klaviyo": Export(
        source="spend",
        name="campaigns.csv",
        columns="Campaign Name|Tags|Subject|List|Send Time|Send Weekday|Total Recipients|"
        "Unique Placed Order|Placed Order Rate|Revenue|Unique Opens|Total Clicks|Campaign ID|"
        "Campaign Channel",
        section="cost_per_impression: 0.002",
        rows=(
            {"Campaign Name": "January", "Subject": "Hei", "List": "Newsletter",
             "Send Time": "2026-01-05 10:00:00", "Total Recipients": "5000",
             "Unique Placed Order": "12", "Revenue": "900.50", "Total Clicks": "150",
             "Campaign Channel": "email"},
            {"Campaign Name": "SMS", "Send Time": "2026-01-06 10:00:00",
             "Total Recipients": "100", "Campaign Channel": "SMS"},
        ),
    ),
}  # fmt: skip
