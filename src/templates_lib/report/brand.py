"""The colours of the page, light and dark, and the logos on it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from templates_lib.params.brand import GROUND, Brand, contrast
from templates_lib.problems import Problem
from templates_lib.workspace import ClientFolders, inside

LIGHT = {
    "ink": "#1c1f23", "soft": "#565c64", "line": "#d8dce1", "paper": "#ffffff", "ground": GROUND,
    "good": "#00684a", "pale": "#7b828a", "mark": "#ffe58a",
}  # fmt: skip
DARK = {
    "ink": "#e7e9ec", "soft": "#a9b0b8", "line": "#3b424b", "paper": "#1b1f24", "ground": "#23282f",
    "good": "#5cc8a0", "pale": "#7d858e", "mark": "#6b5600",
}  # fmt: skip
EASY_CONTRAST = 7.0  # of a colour that nobody has chosen
LOGO_PIXELS = (640, 160)  # twice what the page shows
LOGO_BYTES = 5_000_000
FORMATS = ("PNG", "JPEG")


def colours(brand: Brand) -> tuple[str, str]:
    """The page's colours as CSS, those of the light page and those of the dark one."""
    own = {"brand": brand.client.colour, "house": brand.consultant.colour}
    dark = {name: legible_on_dark(colour) for name, colour in own.items()}
    return _css("light", {**LIGHT, **own}), _css("dark", {**DARK, **dark})


def _css(scheme: str, palette: Mapping[str, str]) -> str:
    own = " ".join(f"--{name}: {colour};" for name, colour in palette.items())
    return f":root {{ color-scheme: {scheme}; {own} }}"


def legible_on_dark(colour: str) -> str:
    """The colour mixed with as little white as makes it easily read on the dark page."""
    for share in range(0, 101, 5):
        parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        mixed = "#" + "".join(f"{round(c + (255 - c) * share / 100):02x}" for c in parts)
        if contrast(mixed, DARK["ground"]) >= EASY_CONTRAST:
            return mixed
    raise ValueError(f"white is not legible on {DARK['ground']}")


def logo(folders: ClientFolders, path: str) -> bytes:
    """A logo as a PNG of at most 640 by 160 pixels, without what else its file may hold."""
    with Image.open(folders.data / path, formats=FORMATS) as opened:
        picture = opened.convert("RGBA")
    picture.thumbnail(LOGO_PIXELS)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def problems(folders: ClientFolders, brand: Brand) -> Iterator[Problem]:
    """The logos that cannot be shown."""
    for owner in ("client", "consultant"):
        path = getattr(brand, owner).logo
        said = path and _wrong(folders, folders.data / path)
        if said:
            yield Problem(f"brand.{owner}.logo", said)


def _wrong(folders: ClientFolders, file: Path) -> str | None:
    if not inside(folders.data, file):
        return "leads out of the client's folder"
    if not file.is_file():
        return f"there is no such file; it is looked for in data/{folders.client}/"
    if file.stat().st_size > LOGO_BYTES:
        return f"is over {LOGO_BYTES // 1_000_000} MB; save a smaller picture"
    try:
        with Image.open(file, formats=FORMATS) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return "is not a picture that can be shown; save it as PNG or JPEG"
    return None
