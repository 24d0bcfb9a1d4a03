"""The parameters of marketing: its channels, what they cost beside their files, and the targets."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from templates_lib.params.sections import Section, Share
from templates_lib.problems import nearest

Cost = Annotated[Decimal, Field(ge=0)]
EVERY, PAID = "all", "paid"


class ChannelNames(Section):
    """One channel as customers say it and as the last click calls it."""

    said: list[str] = Field([], description="Answers that name it.")
    clicked: list[str] = Field(
        [], description="Names of the last click that mean it, `*` for any letters: `google / *`."
    )


class MarketingChannel(ChannelNames):
    """One channel as it is called in the costs, by the last click, and by customers."""

    spend: list[str] = Field(
        [], description="Names of it in the costs, `*` for any letters; none costs nothing."
    )


class Targets(Section):
    """What a channel is to reach."""

    cos: Share | None = Field(None, description="Cost / net sales at most, share.")
    cac: Cost | None = Field(None, description="Cost of a new customer at most, in the currency.")
    ltv_cac: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Margin of a new customer / its cost, at least."
    )
    payback_months: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Months until the margin of a new customer covers its cost, at most."
    )


class Marketing(Section):
    """`08_marketing`."""

    period: Literal["month", "quarter", "year"] = Field(
        "quarter", description="Calendar period that costs and customers are set side by side in."
    )
    channels: dict[str, MarketingChannel] = Field(
        {},
        description="Channel: what it is called in the costs, by the last click, and by "
        "customers. Without any, names that are the same on both sides are one channel.",
    )
    brand_campaigns: list[str] = Field(
        ["*brand*", "*brändi*"],
        description="Campaigns that answer a search for the shop's own name, `*` for any letters.",
    )
    other_costs: dict[str, Cost] = Field(
        {},
        description="Name: what else acquisition costs a month, such as an agency or a tool, in "
        "the currency. It belongs to no one channel.",
    )
    horizon_months: int = Field(
        12,
        ge=2,
        le=60,
        description="How far a new customer's margin is counted, months of 30 days.",
    )
    discount_rate: Share = Field(
        0.1, description="Yearly rate at which that margin is discounted for LTV:CAC."
    )
    targets: dict[str, Targets] = Field(
        {}, description="Channel, or `all` or `paid`: what it is to reach."
    )

    @model_validator(mode="after")
    def _targets_are_of_channels(self) -> Marketing:
        known = [EVERY, PAID, *self.channels]
        unknown = [name for name in self.targets if name not in known]
        if self.channels and unknown:
            raise ValueError(f"targets: no channel {unknown[0]!r}" + nearest(unknown[0], known))
        return self
