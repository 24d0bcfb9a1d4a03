"""The section ``sources:``: every table that a client can give, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

from pydantic import Field

from templates_lib.params.orders import CustomersSource, OrdersSource, ProductsSource
from templates_lib.params.sections import Section, Shorthand
from templates_lib.params.source_files import FileSource
from templates_lib.params.surveys import ResponsesSource
from templates_lib.params.tables import (
    AliasesSource,
    CompaniesSource,
    EventsSource,
    HoldoutsSource,
    InterviewsSource,
    LeadsSource,
    MarketSource,
    SessionsSource,
    SpendSource,
    TouchpointsSource,
    TrafficSource,
)

One = TypeVar("One")
Several = Annotated[
    list[One], Shorthand(lambda value: [value] if isinstance(value, dict) else value)
]


class Sources(Section):
    """The client's files. Where a key holds several sources, it is a list of such sections."""

    orders: OrdersSource | None = Field(None, description="Orders.")
    products: ProductsSource | None = Field(None, description="Products.")
    customers: CustomersSource | None = Field(None, description="Customers.")
    aliases: AliasesSource | None = Field(None, description="People who are one.")
    companies: CompaniesSource | None = Field(None, description="Companies that buy.")
    leads: Several[LeadsSource] = Field([], description="Leads.")
    responses: Several[ResponsesSource] = Field([], description="Surveys.")
    events: Several[EventsSource] = Field([], description="What visitors do.")
    sessions: Several[SessionsSource] = Field([], description="How visits go.")
    traffic: Several[TrafficSource] = Field([], description="Visits that are counted already.")
    touchpoints: Several[TouchpointsSource] = Field([], description="Service contacts.")
    spend: Several[SpendSource] = Field([], description="What marketing cost.")
    holdouts: Several[HoldoutsSource] = Field([], description="Tests without advertising.")
    interviews: Several[InterviewsSource] = Field([], description="Interviews.")
    market: MarketSource | None = Field(None, description="The market as a frame.")

    def given(self) -> list[str]:
        """The tables for which there is a source."""
        return [name for name, value in self if value]

    def each(self) -> Iterator[tuple[str, str, FileSource]]:
        """Table, key in the parameter file and source, one by one."""
        for name, value in self:
            several = value if isinstance(value, list) else [value] if value else []
            for number, source in enumerate(several, start=1):
                place = f"sources.{name}" + (f".{number}" if len(several) > 1 else "")
                yield name, place, source
