"""The parameters of interviews: whom to call, which codes mean which theme, when to stop."""

from __future__ import annotations

from pydantic import Field

from templates_lib.params.orders import ConsentKind
from templates_lib.params.sections import Part, Section


class Interviews(Section):
    """`09_interviews`."""

    per_stratum: int = Field(
        6,
        ge=1,
        le=30,
        description="Customers to call in each group of the call plan, persons. The least that can "
        "show that themes repeat is `base_size` + `run_length`.",
    )
    consent: ConsentKind | None = Field(
        None,
        description="The consent under which customers are asked for an interview; otherwise the "
        "first declared one of `interview`, `phone` and `email`.",
    )
    newly_lost_days: int = Field(
        90, ge=1, description="How long after the usual day a customer is newly lost, days."
    )
    scored_within_days: int = Field(
        365, ge=1, description="How old a score may be to tell a promoter or a detractor, days."
    )
    balance_by: str = Field(
        "first_category",
        description="Attribute of the first order or the customer that each group is balanced "
        "over.",
    )
    decision_makers: list[str] = Field(
        ["päättäjä", "decision maker", "decision-maker"],
        description="Roles in a company that decide what is bought.",
    )
    users: list[str] = Field(
        ["käyttäjä", "user"], description="Roles in a company that use what is bought."
    )
    themes: dict[str, list[str]] = Field(
        {},
        description="Code of the codebook: codes of the notes that mean the same. Any other code "
        "of the notes is a theme of its own.",
    )
    base_size: int = Field(
        4, ge=1, description="Interviews whose themes later ones are held against, interviews."
    )
    run_length: int = Field(
        2, ge=1, description="Interviews in a row that are looked at for new themes, interviews."
    )
    new_share: Part = Field(
        0.05, description="Themes repeat once a run brings at most so many of the base's, share."
    )
    seed: int = Field(1, ge=0, description="Of the draw: another one calls other customers.")
