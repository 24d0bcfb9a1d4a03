"""What a part of a parameter file is, and the kinds of values that several parts share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema

from templates_lib.problems import closest


def _iso_day(value: Any) -> Any:
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    if isinstance(value, date):
        return value
    raise ValueError("expected a day as YYYY-MM-DD")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _known_time_zone(value: str) -> str:
    """A time zone that this machine knows.

    Raises
    ------
    ValueError
        With the nearest name.
    """
    zones = available_timezones() - {"localtime", "posixrules"}
    if value not in zones:
        raise ValueError(
            "expected a time zone such as Europe/Helsinki" + closest(value, sorted(zones))
        )
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
ONE_OR_MORE = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}
Headers = Annotated[
    list[str], Field(min_length=1), BeforeValidator(_as_list), WithJsonSchema(ONE_OR_MORE)
]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Part = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class Shorthand:
    """Says in the JSON schema which shorter forms a value can have."""

    def __init__(self, before: Callable[[Any], Any], *forms: dict[str, Any]) -> None:
        self.before, self.forms = before, list(forms)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_before_validator_function(self.before, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        long = handler(schema)
        if long.get("type") == "array":  # one item instead of a list of one
            return {"anyOf": [long["items"], long, *self.forms]}
        return {"anyOf": [long, *self.forms]}


class Section(BaseModel):
    """A part of the file: unknown keys are refused, nothing can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _nothing_written_is_the_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}
