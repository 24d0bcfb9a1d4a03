"""Intervals hold the true number as often as they claim; see `docs/assumptions.md`.

Trying them on 1,000 simulated shops each takes long: `make coverage`, or `pytest -m coverage`.
"""

from __future__ import annotations

import pytest
from coverage_cases import table
from coverage_cases.case import SHOPS, Claim, Coverage, band, keeps, measure

FEW = 2
BY_NAME = {case.name: case for case in table.CASES}


def test_the_band_is_that_of_the_binomial():
    # R: qbinom(c(.0005, .9995), 1000, .95) / 1000
    assert band(1000) == (0.926, 0.971)


def test_a_case_has_a_name_of_its_own():
    assert len(BY_NAME) == len(table.CASES)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_was_measured_is_what_is_claimed(name):
    found = table.measured().get(name)
    if found is None:
        pytest.skip("not measured yet: make coverage")
    assert keeps(BY_NAME[name], found), f"{found.share:.3f} of {found.n}"


def test_nothing_is_left_of_cases_that_are_gone():
    assert list(table.measured()) == [name for name in BY_NAME if name in table.measured()]


def test_the_page_is_that_of_what_was_measured():
    assert table.PAGE.read_text(encoding="utf-8") == table.page(table.measured())


def test_a_case_that_misses_its_claim_is_marked():
    case = next(c for c in table.CASES if c.claim is Claim.EXACT)
    narrow = table.page({case.name: Coverage(900, 50, 50, SHOPS)})
    assert "Does not keep its claim." in narrow
    assert "Does not keep" not in table.page({case.name: Coverage(950, 25, 25, SHOPS)})


@pytest.mark.parametrize("part", table.PARTS, ids=lambda part: part.__name__)
def test_the_first_case_of_each_part_runs(part):
    assert measure(part.CASES[0], shops=FEW).n <= FEW


@pytest.fixture
def asked_for(request: pytest.FixtureRequest) -> None:
    if "coverage" not in request.config.option.markexpr:
        pytest.skip("takes about an hour: make coverage, or pytest -m coverage")


@pytest.mark.coverage
@pytest.mark.usefixtures("asked_for")
@pytest.mark.parametrize("name", BY_NAME)
def test_the_interval_holds_the_truth_as_often_as_it_claims(name):
    case = BY_NAME[name]
    found = measure(case)
    assert case.shops >= SHOPS
    assert keeps(case, found), f"{found.share:.3f} of {found.n}"
    assert found == table.measured()[name], "the page is of other code: make coverage"
