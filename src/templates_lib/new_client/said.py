"""What ``make new-client`` prints: what was recognised, what a person must decide, what is next."""

from __future__ import annotations

from collections.abc import Iterator

from templates_lib.new_client.command import Written
from templates_lib.new_client.draft import printable
from templates_lib.workspace import shown


def said(written: Written) -> Iterator[str]:
    """The lines that are printed."""
    exports = f"{shown(written.letter.parent)}/exports/"
    for name, what in written.recognised:
        yield f"{printable(name)}: {what}"
    for name in written.not_recognised:
        yield (
            f"{printable(name)}: not used, see the parameter file"
            if written.params
            else (f"{printable(name)}: not recognised")
        )
    for problem in written.problems:
        yield f"cannot be read: {printable(str(problem))}"
    if written.params is None:
        yield f"No export was recognised in {exports}: put the client's files there and run this"
        yield "again, or begin with params/template.yml."
    else:
        yield f"Written: {shown(written.params)}"
        yield from _decisions(written)
    yield f"The letter that asks for what is missing: {shown(written.letter)}"
    if written.params is not None:
        yield f"Then: make check CLIENT={written.params.stem}"


def _decisions(written: Written) -> Iterator[str]:
    must = [(key, note) for key, note, is_open in written.decisions if is_open]
    may = [(key, note) for key, note, is_open in written.decisions if not is_open]
    if must:
        yield f"To decide before anything runs ({len(must)}):"
        yield from (f"  {key}: {note}" for key, note in must)
    if may:
        yield f"To look at ({len(may)}):"
        yield from (f"  {key}: {note}" if key else f"  {note}" for key, note in may)
