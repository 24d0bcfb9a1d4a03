"""Protected attributes in a parameter file: refused in a profile without a legal ground."""

from __future__ import annotations

from pydantic import AfterValidator, ValidationInfo

from templates_lib import sensitive
from templates_lib.params.profiles import Profiles
from templates_lib.params.sections import Section
from templates_lib.problems import closest

NAMED = ("motives", "pains", "habits", "demographics")  # keys of `icp` that name attributes


def _known(value: Profiles, info: ValidationInfo) -> Profiles:
    if "sources" not in info.data:
        return value
    known = [*sensitive.KINDS, *sensitive.guard(info.data["sources"], {}).texts]
    for name in value.legal_ground:
        if name not in known:
            hint = closest(name, known)
            raise ValueError(f"legal_ground: no attribute, question or kind {name!r}{hint}")
    return value


def _allowed(value: Section, info: ValidationInfo) -> Section:
    if not {"sources", "profiles"} <= info.data.keys():
        return value
    given = sensitive.guard(info.data["sources"], info.data["profiles"].legal_ground)
    for name in (name for key in NAMED for name in getattr(value, key) or []):
        if kind := given.refused(name):
            raise ValueError(sensitive.refusal(name, kind))
    return value


GROUNDS = AfterValidator(_known)
"""Every legal ground is of something that the client has."""

ATTRIBUTES = AfterValidator(_allowed)
"""No attribute that a person names for the ideal customer is protected, or its ground is given."""
