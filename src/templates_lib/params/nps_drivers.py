"""Parameters of `02_nps_drivers`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from templates_lib.params import asked_names
from templates_lib.params.sections import Section
from templates_lib.params.surveys import Survey

ScoredRating = Annotated[str, asked_names.question("ratings")]


class NpsDrivers(Section):
    """`02_nps_drivers`: names of questions are those under `sources.responses`."""

    survey: Annotated[Survey, asked_names.WITH_SCORE] | None = Field(
        None, description="The survey whose score is analysed; that with the most scores otherwise."
    )
    drivers: list[ScoredRating] = Field(
        [], description="Ratings of that survey taken as drivers; all of them otherwise."
    )
    groups: dict[str, Annotated[list[ScoredRating], Field(min_length=1)]] = Field(
        {}, description="Name: ratings that are credited together, such as twins."
    )
    reason: Annotated[str, asked_names.question("open")] | None = Field(
        None, description="Open question for the reason; that with the most texts otherwise."
    )
    split_by: list[str] | None = Field(
        None,
        description="Attributes of the first order or the customer to compare, each by itself; "
        "none by `[]`. Without this key category, channel, business or not, and role, as far as "
        "they are known.",
    )
    max_groups: int = Field(6, ge=2, le=8, description="Groups named; the rest is `other`, groups.")
    waves: Literal["wave", "month", "quarter", "year"] = Field(
        "wave", description="Waves as the survey has them, or by the day of the answer."
    )
    mix_by: str = Field(
        "first_category",
        description="Attribute whose mix is held the same in all waves, where it is known.",
    )
    draws: int = Field(
        1000, ge=1000, le=10_000, description="Bootstrap samples for the drivers, samples."
    )
    landmark_days: int = Field(
        7, ge=0, le=90, description="What is bought so soon after the answer is not counted, days."
    )
    follow_days: int = Field(
        180, ge=30, description="How long purchases after the answer are followed, days."
    )
