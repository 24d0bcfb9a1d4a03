"""The forms of a report beside its page: PDF and slides, of the same words and numbers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from templates_lib.language import tr, use
from templates_lib.report import brand
from templates_lib.report.kernels import PROCESSES
from templates_lib.report.pdf import NoPrinter, write_pdf
from templates_lib.report.ready import Ready
from templates_lib.report.slides import write_slides
from templates_lib.words import Words

FILES = {"pdf": "report.pdf", "slides": "slides.pptx"}


def write_forms(
    ready: Ready,
    page: str,
    findings: Mapping[str, Mapping[str, Any]],
    *,
    figures: Path,
    send: Path,
    kept: Path | None = None,
) -> list[str]:
    """Writes the forms that the client's parameters name into ``send/``; what is to be said of it.

    Parameters
    ----------
    page : the HTML of the page
    findings : the findings on it, by id
    figures : the folder of the run's figures
    kept : ``send/`` of a report with the same page, whose forms are taken as they are
    """
    params = ready.params
    wanted = []
    for form in params.report.forms:
        if kept is not None and (kept / FILES[form]).is_file():
            shutil.copy2(kept / FILES[form], send)
        else:
            wanted.append(form)
    if not wanted:
        return []
    words = Words(params.client.language, params.client.currency)
    client, as_of = params.client.name, words.day(params.as_of)
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as beside:  # a PDF takes longest
        arguments = (page, send / FILES["pdf"], client, as_of, words.language)
        printed = beside.submit(_printed, *arguments) if "pdf" in wanted else None
        if "slides" in wanted:
            own = params.brand
            logos = tuple(one.logo and brand.logo(ready.folders, one.logo) or None
                          for one in (own.client, own.consultant))  # fmt: skip
            write_slides(
                page, findings, figures, words, send / FILES["slides"], client=client, as_of=as_of,
                colour=own.client.colour, consultant=own.consultant.name, logos=logos,
                house=own.consultant.colour,
            )  # fmt: skip
        said = printed.result() if printed else ""
    return [said] if said else []


def _printed(page: str, file: Path, client: str, as_of: str, language: str) -> str:
    """Writes the PDF; why there is none, where there is none."""
    use(language)
    try:
        write_pdf(page, file, client=client, as_of=as_of)
    except NoPrinter as error:
        return str(error)
    except subprocess.SubprocessError as error:
        program = Path(error.cmd[0]).name
        return tr("No PDF was written: {program} could not print the page.", program=program)
    return ""
