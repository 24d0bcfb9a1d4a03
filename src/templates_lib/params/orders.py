"""The parameters of orders, customers and products: which header holds what, and what counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from templates_lib.params.sections import Day, Headers, Section
from templates_lib.params.source_files import (
    FORMAT,
    Columns,
    Condition,
    FileSource,
    PersonColumns,
    Rate,
    TimeColumn,
)
from templates_lib.sources.formats import formats


class OrderColumns(Columns):
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
    currency: str | None = Field(
        None, description="ISO 4217 code of the amounts, where it is not always the client's."
    )
    status: str | None = Field(None, description="Payment or order status.")
    channel: str | None = Field(None, description="Sales or marketing channel.")
    discount_code: str | None = Field(None, description="Code used.")
    country: str | None = Field(None, description="Country of delivery.")
    is_b2b: str | None = Field(
        None, description="Company or VAT id: the order is B2B where it is filled in."
    )
    amount: Headers | None = Field(None, description="Order: goods after discounts.")
    amount_less: Headers | None = Field(
        None, description="Order: what `amount` still holds: freight and fees, or a discount."
    )
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
    products: str | None = Field(
        None,
        description="Line: all products of a row, as in `2× Name, 1× Name`; the row's amount is "
        "shared out by pieces.",
    )
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

    format: Literal[formats("orders")] = Field("table", description=FORMAT)
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
    rates: dict[str, Rate] = Field(
        {}, description="By currency code: what amounts in other currencies are worth."
    )
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


class CustomerColumns(PersonColumns):
    """Which header holds what of a customer. With both an id and an e-mail, what other sources
    say of the e-mail is known to be the customer's."""

    company_id: str | None = Field(None, description="Company the person buys for.")
    role: str | None = Field(None, description="Role in it: user, buyer, decision-maker.")
    first_seen_at: TimeColumn = Field(None, description="When the account was opened.")
    closed_at: str | None = Field(None, description="When the account was closed.")
    opted_out_at: str | None = Field(None, description="When marketing was refused.")

    @model_validator(mode="after")
    def _has_an_identity(self) -> CustomerColumns:
        if self.customer_id is None and self.customer_email is None:
            raise ValueError("expected customer_id or customer_email, as in the orders")
        return self


class Contact(Section):
    """Where contact details stand. Only `make contacts` reads them, into `private/`."""

    name: Headers | None = Field(None, description="Name; several columns are joined.")
    email: str | None = Field(None, description="E-mail address.")
    phone: str | None = Field(None, description="Telephone number.")


RESERVED = ("customer_id", "customer_key", "first_on", "second_on", "last_on", "purchases",
            "net_sales", "contribution_margin", "closed_at", "opted_out_at", "first_seen_at",
            "company_id", "company_key", "role", "consents", "group")  # fmt: skip
ConsentKind = Literal["email", "sms", "phone", "interview", "profile"]


class CustomersSource(FileSource):
    """What the shop knows of its customers."""

    format: Literal[formats("customers")] = Field("table", description=FORMAT)
    columns: CustomerColumns
    attributes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(
        {}, description="Name of an attribute: its header. No contact details."
    )
    consents: dict[ConsentKind, str] = Field(
        {}, description="What a customer agreed to: the header of the column that says yes or no."
    )
    contact: Contact = Contact()

    @field_validator("attributes")
    @classmethod
    def _own_names(cls, value: dict[str, str]) -> dict[str, str]:
        taken = [name for name in value if name in RESERVED or name.startswith("first_")]
        if taken:
            raise ValueError(f"{', '.join(taken)}: the name is taken; choose another one")
        return value


class ProductColumns(Columns):
    """Which header holds what of a product. Without an id the name is the product."""

    product_id: str | None = Field(None, description="Product or SKU, as in the orders.")
    product_name: str | None = Field(None, description="Name, as in the orders.")
    category: str | None = Field(None, description="Category.")
    unit_cost: str | None = Field(None, description="Cost of a piece, ex VAT.")
    weight_kg: str | None = Field(None, description="Weight of a piece, kg; 0 is unknown.")
    weight_grams: str | None = Field(None, description="The same in grams.")
    group_id: str | None = Field(
        None, description="What variants share; their category may stand on its first row only."
    )

    @model_validator(mode="after")
    def _has_an_identity(self) -> ProductColumns:
        if self.product_id is None and self.product_name is None:
            raise ValueError("expected product_id or product_name, as in the orders")
        return self


class ProductsSource(FileSource):
    """The shop's products: they give orders a category and a cost."""

    format: Literal[formats("products")] = Field("table", description=FORMAT)
    columns: ProductColumns
