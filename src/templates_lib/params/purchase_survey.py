"""Parameters of `07_purchase_survey`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from templates_lib.params import asked_names
from templates_lib.params.marketing import ChannelNames
from templates_lib.params.sections import Section

BuyersChoice = Annotated[str, asked_names.question("choices", survey="purchase")]
LeaversChoice = Annotated[str, asked_names.question("choices", survey="exit_intent")]
LeadsChoice = Annotated[str, asked_names.question("choices", survey="soft_lead")]


class PurchaseSurvey(Section):
    """`07_purchase_survey`: names of questions are those under `sources.responses`."""

    why_today: BuyersChoice = Field("why_today", description="Question: why they bought today.")
    first_heard: BuyersChoice = Field(
        "first_heard", description="Question: where they first heard of us."
    )
    competitor: BuyersChoice = Field(
        "competitor", description="Question: which competitor they looked at."
    )
    nearly_stopped: BuyersChoice = Field(
        "nearly_stopped", description="Question: what nearly stopped them."
    )
    why_not: LeaversChoice = Field(
        "why_not", description="Question of those who leave: what stopped them."
    )
    why_not_yet: LeadsChoice = Field(
        "why_not_yet", description="Question of soft leads: why not yet."
    )
    considers: LeadsChoice = Field(
        "considers", description="Question of soft leads: whom else they see."
    )
    motive: BuyersChoice | None = Field(
        None, description="Question that names the main motive; `why_today` otherwise."
    )
    nothing: list[str] = Field(
        [], description="Options that mean none or nothing: they are shown, and no headline."
    )
    themes: dict[str, list[str]] = Field(
        {},
        description="Theme: the options that mean it in the three surveys; options of the same "
        "wording match by themselves.",
    )
    margins: list[Literal["net_sales", "tenure_days", "first_channel", "first_category"]] = Field(
        ["net_sales", "tenure_days", "first_channel", "first_category"],
        description="What the answers are weighted to be like all buyers in.",
    )
    channels: dict[str, ChannelNames] = Field(
        {}, description="Channel: what it is called by customers and by the last click."
    )
    value_days: int = Field(
        365, ge=30, description="Purchases up to the answer that a motive's worth counts, days."
    )
    max_options: int = Field(
        10, ge=2, le=15, description="Options shown; the rest is `other`, options."
    )
