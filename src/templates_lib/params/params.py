"""What is true of one client: every parameter with its default, unit and description.

The JSON schema for editors and ``docs/parameters.md`` are generated from these classes and those
beside them, so a parameter is described in one place. ``file.py`` reads a client's file into them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from babel.numbers import list_currencies
from pydantic import Field, ValidationInfo, field_validator

from templates_lib.params import asked_names, protected
from templates_lib.params.brand import Brand
from templates_lib.params.icp import Icp
from templates_lib.params.interviews import Interviews
from templates_lib.params.journey import Journey
from templates_lib.params.marketing import Marketing
from templates_lib.params.nps_drivers import NpsDrivers
from templates_lib.params.profiles import Profiles
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.params.sections import Day, Part, Section, Share, TimeZone
from templates_lib.params.sources import Sources
from templates_lib.problems import closest


class Client(Section):
    """Who the client is."""

    name: str = Field(description="Name as the report writes it.")
    language: Literal["en", "fi"] = Field(
        "en", description="Language of numbers, dates and, as far as translated, of the report."
    )
    currency: str = Field("EUR", description="ISO 4217 code; all money is in this currency.")
    timezone: TimeZone = Field(
        "Europe/Helsinki", description="Time zone in which a day, week and month begin."
    )
    country: str = Field(
        "FI",
        pattern=r"^[A-Z]{2}$",
        description="ISO 3166 code of the home market, two capital letters.",
    )

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


Cost = Annotated[Decimal, Field(ge=0)]


class Assumptions(Section):
    """Fallbacks, printed wherever they are used."""

    gross_margin_share: Share | None = Field(
        None, description="Gross margin of net sales where no unit cost is known."
    )
    fulfilment_cost_per_order: Cost | None = Field(
        None,
        description="Packing and carriage of an order that has no such cost of its own, ex VAT, "
        "in the currency. A refunded order was sent too.",
    )
    fulfilment_cost_per_kg: Cost | None = Field(
        None, description="Beside it, for each kilogram, in the currency; of no weight is nothing."
    )
    fulfilment_included_kg: Cost = Field(
        Decimal(0), description="Weight of an order that costs nothing by the kilogram, kg."
    )
    collected_channels: list[str] = Field(
        [],
        description="Channels whose orders are not sent, such as `pos`: no fulfilment is assumed.",
    )
    payment_cost_per_order: Cost | None = Field(
        None, description="Fee of a payment that has no such cost of its own, in the currency."
    )
    payment_cost_share: Share | None = Field(
        None, description="Beside it, the share of what is charged, with VAT and freight."
    )
    service_cost_per_contact: Cost | None = Field(
        None, description="Cost of a contact among the touchpoints, in the currency."
    )
    service_kinds: list[str] = Field(
        [], description="Kinds of touchpoints that cost so; all of them otherwise."
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


class Report(Section):
    """What is sent beside the page and the workbook."""

    forms: list[Literal["pdf", "slides"]] = Field(
        ["pdf", "slides"], description="Forms that are written too: `pdf`, `slides`."
    )


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
    window_share: Part = Field(
        0.5, description="Share of the returns that the window to contact holds."
    )
    overdue_share: Part = Field(
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
    periods_ahead: int = Field(
        6, ge=1, le=36, description="How far ahead is looked, periods, windows or contract periods."
    )
    contract_period: Literal["month", "quarter", "year"] | None = Field(
        None,
        description="Period that a subscription or contract is renewed in, where every purchase "
        "is such a renewal; without it customers buy when they like.",
    )


class CustomerValue(Section):
    """`05_customer_value`."""

    window_days: int = Field(
        365, ge=30, description="Length of the windows that are compared; the last ends `as_of`."
    )
    horizon_days: int = Field(
        365, ge=30, description="How far the expected value of living customers looks, days."
    )
    discount_rate: Share = Field(
        0.1, description="Yearly rate at which expected value is discounted."
    )
    min_followers: int = Field(
        100, ge=30, description="Next purchases after one category below which rules are noise."
    )


class Summary(Section):
    """`11_summary`."""

    return_days: int = Field(90, ge=7, description="Days within which a return is counted, days.")
    check_days: int = Field(
        90, ge=7, description="Days until an action is looked at, where it does not say, days."
    )


class Demo(Section):
    """An example shop that is generated: its exports are written into `data/<client>/exports/`."""

    shop: Literal["full", "lean"] = Field("full", description="How much the shop has.")
    seed: int = Field(1, ge=0, description="The chance that it is drawn with.")
    customers: int = Field(6000, ge=150, le=19_000, description="How many customers, persons.")


class Params(Section):
    """One client's file."""

    client: Client
    as_of: Day = Field(description="Last day observed, inclusive, in the client's time zone.")
    control_totals: dict[Annotated[str, Field(pattern=r"^\d{4}(-\d{2})?$")], ControlTotal] = Field(
        {}, description="By `YYYY-MM` or `YYYY`: what the shop's own screen says."
    )
    sources: Sources
    demo: Demo | None = Field(None, description="Only of shipped examples: a shop to generate.")
    assumptions: Assumptions = Assumptions()
    purchases: Purchases = Purchases()
    privacy: Privacy = Privacy()
    brand: Brand = Brand()
    report: Report = Report()
    data_health: DataHealth = DataHealth()
    repeat_purchase: RepeatPurchase = RepeatPurchase()
    cohorts: Cohorts = Cohorts()
    profiles: Annotated[Profiles, protected.GROUNDS] = Profiles()
    icp: Annotated[Icp, protected.ATTRIBUTES] = Icp()
    nps_drivers: NpsDrivers = NpsDrivers()
    customer_value: CustomerValue = CustomerValue()
    journey: Journey = Journey()
    purchase_survey: PurchaseSurvey = PurchaseSurvey()
    marketing: Marketing = Marketing()
    interviews: Interviews = Interviews()
    summary: Summary = Summary()

    @field_validator("sources")
    @classmethod
    def _its_questions_are_known(cls, value: Sources, info: ValidationInfo) -> Sources:
        if info.context is not None:  # the sections below it name them
            info.context[asked_names.RESPONSES] = value.responses
        return value

    @field_validator("as_of")
    @classmethod
    def _not_before_history(cls, value: date) -> date:
        if value.year < 1990:
            raise ValueError("expected a day after 1990")
        return value

    def topic(self, name: str) -> Section:
        """The section of one notebook; an own notebook without one has no parameters."""
        return getattr(self, name) if name in type(self).model_fields else Section()
