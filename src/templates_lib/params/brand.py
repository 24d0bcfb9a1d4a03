"""Whose report it is: names, logos and colours, which must be legible on the page."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from templates_lib.params.sections import Section

GROUND = "#f4f5f7"  # the darkest surface on which the light page writes in a brand's colour
LEAST_CONTRAST = 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (``#rrggbb``), from 1 to 21.

    Web Content Accessibility Guidelines 2.2, "contrast ratio" and "relative luminance".
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _legible(value: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError('expected a colour in quotation marks, as "#00507a"')
    found = contrast(value, GROUND)
    if found < LEAST_CONTRAST:
        raise ValueError(
            f"is too light to be read on the page: its contrast is {found:.2f}:1, at least "
            f"{LEAST_CONTRAST}:1 is needed; take a darker shade of it"
        )
    return value.lower()


def _of_the_client(value: str) -> str:
    path = PurePosixPath(value.replace("\\", "/"))
    if path.is_absolute() or not path.parts or ".." in path.parts or re.search(r"[:\0]", value):
        raise ValueError("expected a path inside the client's own folder, data/<client>/")
    return str(path)


Colour = Annotated[str, AfterValidator(_legible)]
Logo = Annotated[str, AfterValidator(_of_the_client)]
LOGO = "PNG or JPEG in the client's folder, such as `brand/logo.png`."


class ClientBrand(Section):
    """The client's look; its name is `client.name`."""

    logo: Logo | None = Field(None, description=LOGO)
    colour: Colour = Field(
        "#00507a", description="Colour of links and marks: `#rrggbb`, legible on light grey."
    )


class Consultant(Section):
    """Who made the report."""

    name: str | None = Field(None, description="Name that stands at the head of the report.")
    logo: Logo | None = Field(None, description=LOGO)
    colour: Colour = Field(
        "#3d444d", description="Colour of the line above all: `#rrggbb`, legible on light grey."
    )


class Brand(Section):
    """Whose report it is: names, logos and colours."""

    client: ClientBrand = ClientBrand()
    consultant: Consultant = Consultant()
