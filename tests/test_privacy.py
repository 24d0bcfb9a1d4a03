"""Small counts: hidden, and not derivable from any total that stands beside them."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates_lib.privacy import hide_small


def counts(*numbers, **columns):
    return pd.DataFrame({"n": list(numbers), **columns})


def shown(table, **settings):
    hidden = hide_small(table, count="n", min_cell=5, **settings)
    return [None if pd.isna(v) else v for v in hidden["n"]]


def test_four_is_hidden_and_five_is_not():
    assert shown(counts(4, 4, 5, 0)) == [None, None, 5, 0]
    assert shown(counts(5, 6, 0)) == [5, 6, 0]


def test_one_hidden_count_is_not_left_to_the_total():
    # 4 of 61: with the other two shown, the total would give it away.
    assert shown(counts(40, 4, 17)) == [40, None, None]


def test_two_hidden_counts_are_more_than_a_few_persons():
    # 1 + 1 = 2: whoever knows the total would know both.
    assert shown(counts(1, 30, 1, 9)) == [None, 30, None, None]


def test_a_count_beside_zeros_alone():
    # Nothing but a zero can stand beside it, so that one of the two is not known.
    assert shown(counts(3, 0, 0)) == [None, None, 0]
    assert shown(counts(3)) == [None]


def test_what_is_not_known_stays_so():
    assert shown(counts(None, 4, 8, 9)) == [None, None, None, 9]


def test_values_made_of_a_hidden_count_are_hidden():
    table = counts(4, 6, 90, share=[0.04, 0.06, 0.9], name=["a", "b", "c"])
    hidden = hide_small(table, count="n", values=["share"], min_cell=5)
    assert hidden["share"].isna().tolist() == [True, True, False]
    assert hidden["name"].tolist() == ["a", "b", "c"]
    assert table["n"].tolist() == [4, 6, 90]


def test_each_group_has_a_total_of_its_own():
    table = counts(4, 50, 60, 50, 60, group=["a", "a", "a", "b", "b"])
    assert shown(table, by=["group"]) == [None, None, 60, 50, 60]


def test_totals_along_rows_and_columns():
    #        x   y   z          x   y   z
    #   a   30   4  20      a  30   –   –
    #   b   40  50  60      b  40   –   –
    rows, columns = zip(*itertools.product("ab", "xyz"), strict=True)
    table = counts(30, 4, 20, 40, 50, 60, row=rows, column=columns)
    assert shown(table, by=["row"]) == [30, None, None, 40, 50, 60]
    both = shown(table, by=["row"], also_by=[["column"]])
    assert both == [30, None, None, 40, None, None]


def test_the_index_of_the_table_does_not_matter():
    table = counts(40, 4, 17).set_axis([7, 7, 1])
    assert shown(table) == [40, None, None]


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 12), min_size=3, max_size=6),
    st.integers(2, 6),
)
def test_no_small_count_can_be_worked_out_from_the_total(numbers, min_cell):
    # An adversary knows the total, the zero rule, and every count that is shown.
    hidden = hide_small(counts(*numbers), count="n", min_cell=min_cell)["n"].isna().tolist()
    assert all(h for h, n in zip(hidden, numbers, strict=True) if 0 < n < min_cell)
    rest = sum(n for h, n in zip(hidden, numbers, strict=True) if h)
    places = sum(hidden)
    if not places or sum(n > 0 for n in numbers) < 2:
        return
    possible = [c for c in itertools.product(range(rest + 1), repeat=places) if sum(c) == rest]
    own = [n for h, n in zip(hidden, numbers, strict=True) if h]
    for place in range(places):
        if 0 < own[place] < min_cell:
            assert len({c[place] for c in possible}) > 1


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        hide_small(counts(1), count="m", min_cell=5)
