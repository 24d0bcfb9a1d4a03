"""The parameters of surveys: which column holds which question."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from templates_lib.params.sections import Day, Headers, Section, Shorthand
from templates_lib.params.source_files import FORMAT, FileSource, PersonColumns
from templates_lib.params.tables import Stage
from templates_lib.sources.formats import formats

Survey = Literal[
    "nps", "purchase", "exit_intent", "soft_lead", "satisfaction", "awareness", "profile"
]
STAGES: dict[str, Stage] = {
    "nps": "after_purchase",
    "purchase": "purchase",
    "exit_intent": "consideration",
    "soft_lead": "consideration",
    "satisfaction": "after_purchase",
    "awareness": "awareness",
    "profile": "loyalty",
}


class Question(Section):
    """A question: the header of its column, or that and more."""

    column: str | None = Field(None, description="Header of the column.")
    asked_from: Day | None = Field(None, description="First day on which it was asked.")
    asked_until: Day | None = Field(None, description="Last day on which it was asked.")

    @model_validator(mode="after")
    def _has_a_column(self) -> Question:
        if self.column is None and not getattr(self, "columns", None):
            raise ValueError("expected column, the header of the question")
        return self


class Rating(Question):
    """A rating on a scale."""

    low: int = Field(1, description="Worst rating.")
    high: int = Field(5, description="Best rating.")

    @model_validator(mode="after")
    def _in_order(self) -> Rating:
        if self.high <= self.low:
            raise ValueError("expected low under high")
        return self


class Choice(Question):
    """A question with given answers."""

    separator: str | None = Field(
        None, description="What stands between several answers in one column, such as `, `."
    )
    options: list[str] = Field(
        [], description="The given answers; needed where one of them holds the separator."
    )
    columns: dict[str, str] = Field(
        {}, description="Answer: the header of its column, where each answer has one."
    )


def _from_header(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    """A list of headers as questions that are called so."""
    if isinstance(value, str):
        value = [value]
    return {header: header for header in value} if isinstance(value, list) else value


TEXT: dict[str, Any] = {"type": "string"}
Kind = TypeVar("Kind", bound=Question)
Asked = Annotated[Kind, Shorthand(_from_header, TEXT)]
Questions = Annotated[
    dict[str, Asked[Kind]], Shorthand(_named, TEXT, {"type": "array", "items": TEXT})
]


class ResponseColumns(PersonColumns):
    """Which header holds what of an answer."""

    answered_at: Headers | None = Field(
        None,
        description="When it was answered; of several columns the first that is filled in.",
    )
    response_id: str | None = Field(None, description="Answer; its row otherwise.")
    order_id: str | None = Field(None, description="Order that it is about, with or without #.")
    session_id: str | None = Field(None, description="Visit in which it was asked.")
    wave: str | None = Field(None, description="Wave; the quarter otherwise.")
    arm: str | None = Field(None, description="Profile surveys: `matched` or `mismatched`.")
    profile_shown: str | None = Field(None, description="Profile surveys: the one shown.")


class ResponsesSource(FileSource):
    """A survey: one row an answer, one column a question."""

    format: Literal[formats("responses")] = Field("table", description=FORMAT)
    survey: Survey = Field(description="What the survey is.")
    stage: Stage | None = Field(
        None,
        description="Stage of the path in which it is asked; the survey's usual one otherwise.",
    )
    columns: ResponseColumns
    answered_on: Day | None = Field(
        None, description="Day of all answers, for a file that holds no times."
    )
    score: Asked[Question] | None = Field(None, description="0 to 10: would you recommend us?")
    ratings: Questions[Rating] = Field({}, description="Name of a question: its rating.")
    choices: Questions[Choice] = Field({}, description="Name of a question: its given answers.")
    open: Questions[Question] = Field({}, description="Name of a question: its open answer.")

    @model_validator(mode="after")
    def _asks_something(self) -> ResponsesSource:
        if not (self.score or self.ratings or self.choices or self.open):
            raise ValueError("expected score, ratings, choices or open: what was asked")
        if (self.columns.answered_at is None) == (self.answered_on is None):
            raise ValueError("expected columns.answered_at, or answered_on for a file without")
        names = [*self.ratings, *self.choices, *self.open]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: a name stands for one question")
        return self
