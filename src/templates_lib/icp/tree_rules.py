"""Rules of a shallow tree: combinations of what is known on the first day that mark the target.

A tree always finds something. Its rules are therefore made of one half of the units and held
against the other half: what is told of a rule is what it did there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from babel.lists import format_list
from sklearn.tree import DecisionTreeClassifier

from templates_lib.icp.profile_attributes import NO, UNKNOWN, YES
from templates_lib.icp.wording import name_of, quoted
from templates_lib.language import LOCALES, in_use, tr
from templates_lib.stats import lift as lifts
from templates_lib.stats.intervals import benjamini_hochberg, wilson

RULES = ["rule", "n", "share_target", "lift", "low", "high", "share_low", "share_high", "q_value",
         "people_target", "n_base", "share_base"]  # fmt: skip
MAX_DEPTH, LEAST_LEAF, LEAST_LEAF_SHARE = 3, 30, 0.05
LEAST_KNOWN_SHARE, MOST_P = 0.8, 0.05  # of the units; of two leaves that stay apart
SEED = 20170831


class Design(NamedTuple):
    """What is known on the first day as columns of 0 and 1, one a value; by unit, those in the
    base, in the order of their first purchase. ``known`` are the columns' attributes and values."""

    x: pd.DataFrame
    target: pd.Series
    known: list[tuple[str, str]]


def design(units: pd.DataFrame, attributes: pd.DataFrame, *, everyone: bool = False) -> Design:
    """The table that rules and score are made of: attributes known on the first day only.

    An attribute that is not known of four in five is left out: that it is known of somebody may
    come of what they did later. ``unknown`` has no column; of yes and no, only yes has one. With
    ``everyone`` the units that are not in the base yet are there too.
    """
    wanted = units if everyone else units[units["in_base"]]
    target = wanted.set_index("unit_id")["target"]
    first = attributes[attributes["day_one"] & (attributes["value"] != UNKNOWN)]
    first = first[first["unit_id"].isin(target.index)]
    known = first.groupby("attribute")["unit_id"].transform("nunique")
    first = first[known >= LEAST_KNOWN_SHARE * len(target)]
    is_no = first["value"].eq(NO) & first.groupby("attribute")["value"].transform("max").eq(YES)
    first = first[~is_no]
    wide = pd.crosstab(first["unit_id"], [first["attribute"], first["value"]])
    wide = wide.reindex(target.index, fill_value=0).clip(upper=1)
    names = [(str(a), str(v)) for a, v in wide.columns]
    wide.columns = pd.Index([f"{a}={v}" for a, v in names], dtype="object")
    return Design(wide.astype("int8"), target, names)


def rules(
    made: Design, *, min_cell: int, false_discovery_share: float = 0.1, seed: int = SEED
) -> pd.DataFrame:
    """Rules of a tree (depth up to 3; leaves of 5 % and 30 units at least) that hold.

    Parameters
    ----------
    made : of ``design``
    seed : of the halves; both have the same share of the target

    Returns
    -------
    Columns: rule (in words), n (units of the other half to whom it applies), share_target (of them
    in the target), lift (against all of that half), low, high (of the lift), share_low, share_high
    (Wilson), q_value (Benjamini–Hochberg over all leaves of the tree), people_target, n_base,
    share_base (of that half). The highest lift first. A rule whose intervals include a lift of 1
    or the share of all, or whose q_value is above ``false_discovery_share``, is none; nor is one
    of fewer than ``min_cell`` people in the target, or outside.
    """
    is_test = _half(made.target.to_numpy(), seed)
    if not made.known or min(made.target[is_test].sum(), made.target[~is_test].sum()) < 2:
        return nothing()
    x, y = made.x.to_numpy(), made.target.to_numpy()
    tree = _grown(made, is_test)
    leaf, n_base, chosen = tree.apply(x[is_test]), int(is_test.sum()), int(y[is_test].sum())
    rows = []
    for each in _leaves(tree):
        here = np.isin(leaf, each.nodes)
        rows.append([in_words(each.path, made), here.sum(), y[is_test][here].sum()])
    table = pd.DataFrame(rows, columns=["rule", "n", "people_target"])
    table = table[table["n"] >= LEAST_LEAF].reset_index(drop=True)
    if len(table) < 2:
        return nothing()
    n, hits = table["n"].to_numpy(), table["people_target"].to_numpy()
    # lift of the target among those of the rule = lift of the rule among the target
    table["lift"], table["low"], table["high"] = lifts.lift(hits, n, chosen, n_base)
    table["share_target"], table["n_base"], table["share_base"] = hits / n, n_base, chosen / n_base
    table["share_low"], table["share_high"] = wilson(hits, n)
    table["q_value"] = benjamini_hochberg(lifts.mid_p(hits, n, chosen - hits, n_base - n))
    holds = (table["low"] > 1) & (table["share_low"] > table["share_base"])
    holds |= (table["high"] < 1) & (table["share_high"] < table["share_base"])
    holds &= table["people_target"].between(min_cell, table["n"] - min_cell)
    table = table[holds & (table["q_value"] <= false_discovery_share)]
    return table.sort_values(["lift", "rule"], ascending=[False, True], ignore_index=True)[RULES]


def members(
    made: Design, everyone: Design, rules: pd.DataFrame, *, seed: int = SEED
) -> pd.DataFrame:
    """To whom the rules apply, those not in the base yet among them: unit_id, rule.

    Parameters
    ----------
    made, seed : that ``rules`` was called with
    everyone : of ``design`` with ``everyone``
    rules : of ``rules``; a rule that this tree does not have applies to nobody
    """
    parts = [pd.DataFrame({"unit_id": [], "rule": []}, dtype="object")]
    if len(rules):
        tree = _grown(made, _half(made.target.to_numpy(), seed))
        x = everyone.x.reindex(columns=made.x.columns, fill_value=0)
        leaf = tree.apply(x.to_numpy())
        for each in _leaves(tree):
            rule = in_words(each.path, made)
            if (rules["rule"] == rule).any():
                here = x.index[np.isin(leaf, each.nodes)]
                parts.append(pd.DataFrame({"unit_id": here, "rule": rule}))
    return pd.concat(parts, ignore_index=True)


def nothing() -> pd.DataFrame:
    """No rules."""
    return pd.DataFrame(columns=RULES).astype(dict.fromkeys(RULES[1:], float))


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The rules for the eye: rule, share_target, low, high (of the share)."""
    own = table[["rule", "share_target", "share_low", "share_high"]]
    return own.rename(columns={"share_low": "low", "share_high": "high"})


def _grown(made: Design, is_test: np.ndarray) -> DecisionTreeClassifier:
    """The tree, of the half that is not for the test."""
    least = max(LEAST_LEAF, int(np.ceil(LEAST_LEAF_SHARE * (~is_test).sum())))
    tree = DecisionTreeClassifier(max_depth=MAX_DEPTH, min_samples_leaf=least, random_state=0)
    return tree.fit(made.x.to_numpy()[~is_test], made.target.to_numpy()[~is_test])


def _half(target: np.ndarray, seed: int) -> np.ndarray:
    """Half of the target and half of the rest, by chance."""
    rng = np.random.default_rng(seed)
    is_test = np.zeros(len(target), dtype=bool)
    for side in (True, False):
        places = np.flatnonzero(target == side)
        is_test[rng.permutation(places)[: len(places) // 2]] = True
    return is_test


class _Leaf(NamedTuple):
    """A leaf: the columns on the way to it and whether each holds; the nodes it is joined of; and
    of the half that the tree is made of, units in the target and all."""

    path: list[tuple[int, bool]]
    nodes: list[int]
    hits: int
    n: int


def _leaves(tree: DecisionTreeClassifier, node: int = 0, path: Sequence = ()) -> list[_Leaf]:
    """The leaves; two of one branch that do not differ beyond chance (p > 0.05) are one."""
    parts = tree.tree_
    n, left, right = (int(a[node]) for a in (parts.n_node_samples, parts.children_left,
                                             parts.children_right))  # fmt: skip
    hits = round(float(parts.value[node, 0, -1]) * n)
    if left == right:
        return [_Leaf([*path], [node], hits, n)]
    column = int(parts.feature[node])
    without = _leaves(tree, left, [*path, (column, False)])
    having = _leaves(tree, right, [*path, (column, True)])
    if len(without) == len(having) == 1:
        a, b = without[0], having[0]
        if float(lifts.mid_p(a.hits, a.n, b.hits, b.n)) > MOST_P:
            return [_Leaf([*path], [*a.nodes, *b.nodes], hits, n)]
    return without + having


def in_words(path: Sequence[tuple[int, bool]], made: Design) -> str:
    """A way through the tree in words: *first product is “Tea”, no business customer*.

    What an attribute is not is left out where the way says what it is.
    """
    is_value = {made.known[column][0]: made.known[column][1] for column, holds in path if holds}
    nots: dict[str, list[str]] = {}
    for column, holds in path:
        attribute, value = made.known[column]
        if not holds and attribute not in is_value:
            nots.setdefault(attribute, []).append(value)
    for attribute, values in nots.items():
        left = _only_one_left(made, attribute, values)
        if left is not None:
            is_value[attribute] = left
    said = []
    for attribute in dict.fromkeys(made.known[column][0] for column, _ in path):
        name = name_of(attribute)
        if attribute in is_value:
            value = is_value[attribute]
            is_yes = value == YES
            said.append(name if is_yes else tr("{name} is {value}", name=name, value=quoted(value)))
        elif nots[attribute] == [YES]:
            said.append(tr("no {name}", name=name))
        else:
            none = [quoted(value) for value in nots[attribute]]
            either = format_list(none, style="or", locale=LOCALES[in_use()])
            said.append(tr("{name} is not {values}", name=name, values=either))
    return ", ".join(said)


def _only_one_left(made: Design, attribute: str, nots: Sequence[str]) -> str | None:
    """The value that remains where everybody has one of them, and all others are none."""
    places = [i for i, (name, _) in enumerate(made.known) if name == attribute]
    left = [made.known[i][1] for i in places if made.known[i][1] not in nots]
    has_one = (made.x.iloc[:, places].sum(axis=1) == 1).all()
    return left[0] if len(left) == 1 and has_one else None
