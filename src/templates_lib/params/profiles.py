"""The parameters of profiles: how sure an assignment must be, who is asked, and whom to turn to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from templates_lib.params.sections import Part, Section

Ground = Annotated[str, Field(min_length=1)]


class Profiles(Section):
    """`10_profiles`: the cards, who is in which, and the page that customers see of theirs."""

    least_probability: Part = Field(
        0.5,
        description="A customer for whom no profile is as likely as this has none: their profile "
        "is unknown, share.",
    )
    batch_size: int = Field(
        200,
        ge=2,
        le=5000,
        description="Customers for whom `make profiles` writes a page and draws who is asked about "
        "which profile, persons. An estimate takes 50 answers in each half.",
    )
    seed: int = Field(1, ge=0, description="Of the draw: another one asks other customers.")
    contact: str | None = Field(
        None,
        description="Whom a customer turns to about the profile, as the page writes it: a name, an "
        "e-mail address, a telephone number. `make profiles` needs it.",
    )
    privacy_notice: str | None = Field(
        None, description="Where the client's privacy notice is read, as the page writes it."
    )
    targeted: list[str] = Field(
        [],
        description="Channels in `sources.holdouts` whose test compared a message written for a "
        "profile (arm `test`) with the one that all get (arm `holdout`), as the file calls them.",
    )
    legal_ground: dict[str, Ground] = Field(
        {},
        description="Name of an attribute or a question about health, religion, ethnicity, "
        "politics, sexuality or trade unions, or the kind (`health`, `religion`, `ethnicity`, "
        "`politics`, `sexuality`, `trade_union`): the legal ground on which it may be a part of a "
        "profile. Without one it is refused; on the page that customers see it never stands.",
    )
