"""Parameters of `01_icp`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from templates_lib.params.sections import Part, Section


class Target(Section):
    """Who is looked for."""

    by: Literal["value", "repeat", "promoters", "list"] = Field(
        "value",
        description="`value`: the most valuable; `repeat`: those who bought often; `promoters`: "
        "those who recommend and came back; `list`: an own list.",
    )
    share: Part = Field(0.1, description="Of `value`: the top share of all.")
    purchases: int = Field(3, ge=2, description="Of `repeat`: purchases at least, purchases.")
    return_days: int = Field(
        180, ge=30, description="Of `promoters`: they bought again so soon after the score, days."
    )
    path: str | None = Field(
        None, description="Of `list`: a CSV in the client's folder with e-mails or customer ids."
    )


class Icp(Section):
    """`01_icp`: the ideal customer profile."""

    unit: Literal["customer", "company"] = Field(
        "customer", description="Whom the profile is of: persons, or the companies they buy for."
    )
    target: Target = Target()
    value_days: int = Field(
        365,
        ge=30,
        description="Value and purchases are counted over so many days from the first purchase, "
        "of those observed so long, days.",
    )
    demographics: list[str] | None = Field(
        None, description="Attributes of the customer file and questions that are demographics."
    )
    motives: list[str] | None = Field(
        None, description="Questions with given answers about motives, needs and values."
    )
    pains: list[str] | None = Field(
        None, description="Questions with given answers about pains and obstacles."
    )
    habits: list[str] | None = Field(
        None, description="Questions and attributes about habits: channels, what is compared."
    )
    false_discovery_share: Part = Field(
        0.1, description="Share of false ones allowed among the attributes called different."
    )
    max_segments: int = Field(6, ge=2, le=8, description="Motive segments tried, segments.")
