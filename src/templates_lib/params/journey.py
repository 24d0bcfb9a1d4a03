"""The parameters of the path to a purchase: its stages, its steps, and what counts as a visit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from templates_lib.params.sections import Section, Share
from templates_lib.params.surveys import STAGES, Survey
from templates_lib.params.tables import Stage

STEPS = ["session_start", "view_item", "add_to_cart", "begin_checkout", "add_shipping_info",
         "add_payment_info", "purchase"]  # fmt: skip
EVENTS: dict[Stage, list[str]] = {
    "awareness": ["session_start", "first_visit"],
    "consideration": ["view_item_list", "view_item", "search", "add_to_wishlist", "add_to_cart"],
    "purchase": STEPS[3:],
    "after_purchase": ["refund"],
    "loyalty": ["login", "share"],
}


class StageContents(Section):
    """What belongs to one stage of the path."""

    events: list[str] = Field([], description="Events of it, as they are called in the data.")
    touchpoints: list[str] = Field(
        [],
        description="Kinds or topics of service contacts that belong to it; others are of the "
        "stage that the contact itself has.",
    )
    surveys: list[Survey] = Field([], description="Surveys of it.")
    does: list[str] = Field([], description="What the client does there, in plain words.")


def _default(stage: Stage) -> StageContents:
    surveys = [survey for survey, own in STAGES.items() if own == stage]
    return StageContents.model_validate({"events": EVENTS[stage], "surveys": surveys})


class Bots(Section):
    """What is no visit of a person."""

    max_events_per_minute: int = Field(
        30, ge=5, description="A visit with more events in any minute is a machine's, events."
    )
    channels: list[str] = Field(
        [], description="Channels that only machines come from, `*` for any letters."
    )


class Internal(Section):
    """What is a visit of the client's own people."""

    traffic_types: list[str] = Field(
        ["internal", "developer"], description="Values of GA4's `traffic_type` that mark it."
    )
    channels: list[str] = Field(
        [], description="Channels that only own people come from, `*` for any letters."
    )


CompareBy = Literal["device", "channel", "new_or_returning", "first_category"]


class Journey(Section):
    """`06_journey`."""

    stages: dict[Stage, StageContents] = Field(
        {stage: _default(stage) for stage in EVENTS},
        description="Stage: what belongs to it. What is not given is as here.",
    )
    steps: Annotated[list[str], Field(min_length=2, max_length=12)] = Field(
        STEPS, description="Events that a purchase takes, in order."
    )
    unit: Literal["visitor", "session"] = Field(
        "visitor", description="Who takes the steps: a visitor, over all visits, or each visit."
    )
    window_days: int = Field(
        7, ge=1, le=90, description="All steps are taken within so many days of the first, days."
    )
    days: int = Field(
        90,
        ge=14,
        description="How far back from the last event; the period before is as long, days.",
    )
    compare_by: list[CompareBy] = Field(
        ["device", "channel", "new_or_returning"],
        description="What visitors are compared by, each by itself.",
    )
    max_groups: int = Field(5, ge=2, le=8, description="Groups named; the rest is `other`, groups.")
    benchmark: Literal["best"] | dict[str, Share] = Field(
        "best",
        description="What a step is held against: `best`, its best comparable group, or the "
        "client's own targets, step: share.",
    )
    bots: Bots = Bots()
    internal: Internal = Internal()
    page_groups: dict[str, list[str]] = Field(
        {},
        description="Name: pages that are taken together, `*` for any letters: `/products/*`; by "
        "the first part of the address otherwise.",
    )

    @field_validator("stages", mode="before")
    @classmethod
    def _what_is_not_given_is_the_default(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        own: dict[Any, Any] = {stage: _default(stage).model_dump() for stage in EVENTS}
        for stage, given in value.items():
            is_part = isinstance(given, dict) and stage in own
            own[stage] = own[stage] | given if is_part else given
        return own

    @field_validator("steps")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("expected each step once")
        return value
