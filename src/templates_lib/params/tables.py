"""The parameters of the tables whose rows are read as they stand: one mapped column each."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from templates_lib.params.sections import Day, Section
from templates_lib.params.source_files import (
    FORMAT,
    Columns,
    DayColumn,
    FileSource,
    FlagColumn,
    KeyColumn,
    NoteColumn,
    NumberColumn,
    OrderColumn,
    PageColumn,
    PercentColumn,
    PersonColumns,
    Rate,
    TextColumn,
    TimeColumn,
)
from templates_lib.sources.formats import formats

Stage = Literal["awareness", "consideration", "purchase", "after_purchase", "loyalty"]


class EventColumns(PersonColumns):
    """Which header holds what of something that a visitor did."""

    occurred_at: Annotated[str, "time"] = Field(description="When it happened.")
    event: Annotated[str, "text"] = Field(description="What happened, in GA4's names.")
    session_id: KeyColumn = Field(None, description="Number of the visit.")
    visitor_id: KeyColumn = Field(None, description="Browser; empty without consent.")
    order_id: OrderColumn = Field(None, description="Order that it made.")
    page: PageColumn = Field(None, description="Address of the page; what follows ? is left out.")
    product_id: TextColumn = Field(None, description="Product or SKU.")
    channel: TextColumn = Field(None, description="Where the visit came from.")
    device: TextColumn = Field(None, description="Kind of device.")
    traffic_type: TextColumn = Field(
        None, description="Mark of own people's visits, such as GA4's `internal`."
    )


class EventsSource(FileSource):
    """What visitors do in the shop, event by event."""

    format: Literal[formats("events")] = Field("table", description=FORMAT)
    columns: EventColumns


class SessionColumns(PersonColumns):
    """Which header holds what of a visit."""

    session_id: KeyColumn = Field(None, description="Visit, as in the events.")
    visitor_id: KeyColumn = Field(None, description="Number of the browser.")
    started_at: TimeColumn = Field(None, description="When it began.")
    scroll_depth_share: NumberColumn = Field(None, description="How far down, 0 to 1.")
    scroll_depth_percent: PercentColumn = Field(None, description="How far down, 0 to 100.")
    duration_seconds: NumberColumn = Field(None, description="How long, seconds.")
    rage_clicks: NumberColumn = Field(None, description="Angry clicks on one place.")
    dead_clicks: NumberColumn = Field(None, description="Clicks without effect.")
    exit_page: PageColumn = Field(None, description="Last page; what follows ? is left out.")
    device: TextColumn = Field(None, description="Kind of device.")


class SessionsSource(FileSource):
    """How visitors behave: depth, time, frustration."""

    format: Literal[formats("sessions")] = Field("table", description=FORMAT)
    columns: SessionColumns


class TrafficColumns(Columns):
    """Which header holds what of visits that are counted already."""

    date: DayColumn = Field(None, description="The day.")
    channel: TextColumn = Field(None, description="Where visits came from.")
    device: TextColumn = Field(None, description="Kind of device.")
    page: TextColumn = Field(None, description="Address of the page.")
    sessions: NumberColumn = Field(None, description="Number of visits.")
    visitors: NumberColumn = Field(None, description="Number of browsers.")
    orders: NumberColumn = Field(None, description="Number of orders.")


class TrafficSource(FileSource):
    """Visits that a tool has counted, where there are no events."""

    format: Literal[formats("traffic")] = Field("table", description=FORMAT)
    columns: TrafficColumns


class TouchpointColumns(PersonColumns):
    """Which header holds what of a contact."""

    occurred_at: Annotated[str, "time"] = Field(description="When it happened.")
    touchpoint_id: KeyColumn = Field(None, description="Number of the case.")
    order_id: OrderColumn = Field(None, description="Order that it is about.")
    kind: TextColumn = Field(None, description="Chat, telephone, e-mail …")
    stage: TextColumn = Field(None, description="Stage of the path, where the tool knows it.")
    topic: NoteColumn = Field(None, description="What it was about.")
    text: NoteColumn = Field(None, description="The message.")
    hours_to_resolve: NumberColumn = Field(None, description="Hours until it was settled.")
    resolved_at: TimeColumn = Field(None, description="When it was settled.")


class TouchpointsSource(FileSource):
    """Service contacts and what else the shop and a customer had with each other."""

    format: Literal[formats("touchpoints")] = Field("table", description=FORMAT)
    stage: Stage = Field("after_purchase", description="Stage of those that have none.")
    columns: TouchpointColumns


class SpendColumns(Columns):
    """Which header holds what of advertising."""

    date: DayColumn = Field(None, description="Day, or first day of a stretch.")
    date_to: DayColumn = Field(None, description="Last day of a stretch.")
    channel: TextColumn = Field(None, description="Channel, where a file holds several.")
    campaign: TextColumn = Field(None, description="Name of the campaign.")
    currency: TextColumn = Field(None, description="ISO 4217 code of the cost.")
    cost: NumberColumn = Field(None, description="Cost, ex VAT.")
    impressions: NumberColumn = Field(None, description="Times shown, or recipients.")
    clicks: NumberColumn = Field(None, description="Clicks on it.")


class Stretch(Section):
    """The days that a file without days is about."""

    first: Day = Field(description="First day.")
    last: Day = Field(description="Last day, inclusive.")

    @model_validator(mode="after")
    def _in_order(self) -> Stretch:
        if self.last < self.first:
            raise ValueError("the last day is before the first")
        return self


class SpendSource(FileSource):
    """What marketing cost."""

    format: Literal[formats("spend")] = Field("table", description=FORMAT)
    columns: SpendColumns
    channel: str | None = Field(None, description="Channel of the whole file.")
    period: Stretch | None = Field(None, description="For a file that holds no days.")
    cost_per_impression: Annotated[Decimal, Field(ge=0)] | None = Field(
        None, description="For a file without cost, such as newsletters, in the currency."
    )
    rates: dict[str, Rate] = Field(
        {}, description="By currency code: what cost in other currencies is worth."
    )

    @model_validator(mode="after")
    def _has_what_it_is_about(self) -> SpendSource:
        if self.columns.date is None and self.period is None:
            raise ValueError("expected columns.date, or period for a file without days")
        if self.columns.channel is None and self.channel is None:
            raise ValueError("expected columns.channel, or channel for the whole file")
        if self.columns.cost is None and (
            self.cost_per_impression is None or self.columns.impressions is None
        ):
            raise ValueError("expected columns.cost, or cost_per_impression and impressions")
        return self


class HoldoutColumns(Columns):
    """Which header holds what of a test that withheld advertising."""

    channel: Annotated[str, "text"] = Field(description="Channel that was tested.")
    start: DayColumn = Field(None, description="First day.")
    end: DayColumn = Field(None, description="Last day.")
    arm: Annotated[str, "text"] = Field(
        description="`test` saw the advertising, also `treatment` or `exposed`; `holdout` did "
        "not, also `control`."
    )
    units: NumberColumn = Field(None, description="People, or regions, in the arm.")
    net_sales: NumberColumn = Field(None, description="What the arm bought, ex VAT.")
    converted: NumberColumn = Field(None, description="People of the arm who bought.")


class HoldoutsSource(FileSource):
    """Tests in which some people saw no advertising."""

    format: Literal[formats("holdouts")] = Field("table", description=FORMAT)
    columns: HoldoutColumns


class InterviewColumns(PersonColumns):
    """Which header holds what of an excerpt of an interview."""

    excerpt: Annotated[str, "note"] = Field(description="What was said.")
    interview_id: KeyColumn = Field(None, description="Number of the interview.")
    date: DayColumn = Field(None, description="The day.")
    coder: TextColumn = Field(None, description="Who coded it, by initials.")
    question: TextColumn = Field(None, description="What was asked.")
    code: TextColumn = Field(None, description="Code of the codebook.")
    may_quote: FlagColumn = Field(None, description="Whether it may be quoted, yes or no.")


class InterviewsSource(FileSource):
    """Interviews, one row an excerpt."""

    format: Literal[formats("interviews")] = Field("table", description=FORMAT)
    columns: InterviewColumns


class CompanyColumns(Columns):
    """Which header holds what of a company that buys."""

    company_id: Annotated[str, "key"] = Field(description="Company, as among the customers.")
    industry: TextColumn = Field(None, description="Its industry.")
    size: TextColumn = Field(None, description="Size: people, or a class.")
    earns_from: NoteColumn = Field(None, description="What the company earns from.")
    goal: NoteColumn = Field(None, description="What it wants to reach.")
    value_chain_stage: TextColumn = Field(None, description="Where it is in the value chain.")


class CompaniesSource(FileSource):
    """Companies that buy."""

    format: Literal[formats("companies")] = Field("table", description=FORMAT)
    columns: CompanyColumns


class LeadColumns(Columns):
    """Which header holds what of a lead."""

    lead_id: Annotated[str, "key"] = Field(description="Number of the lead.")
    company_id: KeyColumn = Field(None, description="The company, as among them.")
    created_at: TimeColumn = Field(None, description="When it came.")
    channel: TextColumn = Field(None, description="Where it came from.")
    won_at: TimeColumn = Field(None, description="When it was won.")
    lost_at: TimeColumn = Field(None, description="When it was lost.")
    lost_reason: NoteColumn = Field(None, description="Why it was lost.")
    value: NumberColumn = Field(None, description="Worth a year, ex VAT.")


class LeadsSource(FileSource):
    """Leads: companies that asked, and what became of them."""

    format: Literal[formats("leads")] = Field("table", description=FORMAT)
    columns: LeadColumns


class MarketColumns(Columns):
    """Which header holds what of the market."""

    attribute: Annotated[str, "text"] = Field(description="Attribute, as among the customers.")
    value: Annotated[str, "text"] = Field(description="Value of it.")
    share: NumberColumn = Field(None, description="Share of the market, 0 to 1.")


class MarketSource(FileSource):
    """How many in the market are what: the frame that customers are held against."""

    format: Literal[formats("market")] = Field("table", description=FORMAT)
    columns: MarketColumns


class AliasColumns(Columns):
    """Which header holds what of people who are one."""

    customer: Annotated[str, "text"] = Field(
        description="Id or e-mail that also stands for somebody."
    )
    same_as: Annotated[str, "text"] = Field(
        description="The id or e-mail that stands for that customer."
    )


class AliasesSource(FileSource):
    """Ids and e-mails that are one customer, as a person has decided. Keep it in `private/`."""

    format: Literal[formats("aliases")] = Field("table", description=FORMAT)
    columns: AliasColumns
