"""What changed since the last report: each planted change is called what it is."""

from __future__ import annotations

import json
import random
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.report import changes, findings, inputs, notebooks, ready, run
from templates_lib.report.changes import State, compared, difference, subject
from templates_lib.report.notebooks import templates
from templates_lib.staging.staging import open_staged
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.words import Words

SHOPS = 1000
MOST, FEWEST = stats.binom.isf(0.0005, SHOPS, 0.05), stats.binom.ppf(0.0005, SHOPS, 0.05)


def finding(name, estimate, low, high, *, headline="Of 100, {n} return", unit="share", topic="own"):
    return {
        "id": f"{topic}.{name}", "notebook": topic, "headline": headline.format(n=estimate),
        "estimate": float(estimate), "low": float(low), "high": float(high), "unit": unit,
    }  # fmt: skip


def share(name, k, n, **more):
    low, high = wilson(k, n)
    return finding(name, k / n, low, high, **more)


def rows(before, now, cause="customers"):
    return compared({"own": [State(before, "customers"), State(now, cause)]})


# The interval of a change


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_of_shares_it_is_newcombes(now, before, low, high):
    found = difference(share("a", *before), share("a", *now))
    assert_allclose(found, (now[0] / now[1] - before[0] / before[1], low, high), atol=5e-5)
    assert_allclose(found[1:], newcombe(*now, *before))


def test_a_figure_without_a_range_gets_none():
    _, low, high = difference(finding("a", 7, 7, 7), finding("a", 9, 8, 10))
    assert np.isnan([low, high]).all()


# What is a change, and what not


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
def test_a_shop_that_stays_as_it_is_is_called_changed_no_oftener_than_stated(kept):
    """1,000 shops whose customers return with the same chance always. ``kept``: how many of the
    first report's customers are in the second too; with none in common the rate is exact."""
    rng = np.random.default_rng(1)
    n, p = 400, 0.35
    common = round(kept * n)
    first = rng.random((SHOPS, n)) < p
    later = np.hstack([first[:, n - common :], rng.random((SHOPS, n - common + 100)) < p])
    called = 0
    for one, other in zip(first.sum(axis=1), later.sum(axis=1), strict=True):
        (row,) = rows([share("a", one, n)], [share("a", other, later.shape[1])])
        called += row["low"] > 0 or row["high"] < 0
    assert called <= MOST
    assert kept or called >= FEWEST


def test_the_first_page_names_a_change_in_one_unchanged_shop_of_twenty_at_most():
    """Twenty findings each, half of them skewed sums of money; no customers in common."""
    rng = np.random.default_rng(2)
    n, named = 500, 0
    for _ in range(SHOPS):
        reports = []
        for _ in range(2):
            back, money = rng.binomial(n, 0.2, 10), rng.lognormal(3, 1, (10, n))
            mean, half = money.mean(axis=1), 1.96 * money.std(axis=1, ddof=1) / n**0.5
            shares = zip(back / n, *wilson(back, n), strict=True)
            means = zip(mean, mean - half, mean + half, strict=True)
            reports.append([finding(f"f{i}", *one) for i, one in enumerate([*shares, *means])])
        named += any(row["is_named"] for row in rows(*reports))
    assert named <= MOST


def test_a_real_change_is_named_among_many_that_are_none():
    before = [share(f"s{i}", 100, 500) for i in range(40)] + [share("real", 100, 500)]
    now = [share(f"s{i}", 103, 500) for i in range(40)] + [share("real", 170, 500)]
    assert [row["finding"] for row in rows(before, now) if row["is_named"]] == ["own.real"]


def test_the_clearest_three_stand_on_the_first_page():
    before = [share(name, 100, 500) for name in "abcd"]
    now = [share(n, k, 500) for n, k in zip("abcd", (160, 40, 200, 170), strict=True)]
    table = pd.DataFrame(rows(before, now))
    assert list(changes.greatest(table)["finding"]) == ["own.c", "own.b", "own.d"]


# What is the same finding


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Of 100, 19 (very likely 17–21) return", "Of 100, 7 (very likely 5–9) return", True),
        ("The score is -3, very likely -10 to 4", "The score is 12, very likely 7 to 17", True),
        ("A customer brings €1,092 by month 12", "A customer brings €92 by month 12", True),
        ("A customer brings 1 092,50 € in all", "A customer brings 92 € in all", True),
        ("Of 100, 5 are “35-44”; of all, 3", "Of 100, 5 are “45-54”; of all, 3", False),
        ("More buy than before: 41, after 33", "Fewer buy than before: 3, after 9", False),
    ],
)  # fmt: skip
def test_a_finding_is_the_same_where_only_its_numbers_differ(one, other, is_same):
    assert (subject(one) == subject(other)) is is_same


def test_a_finding_of_something_else_has_vanished_and_is_new():
    before = [share("top", 90, 100, headline="Of 100, {n} begin with “Tea”")]
    now = [share("top", 10, 100, headline="Of 100, {n} begin with “Coffee”")]
    assert [(r["kind"], r["headline_before"], r["headline_now"]) for r in rows(before, now)] == [
        ("vanished", "Of 100, 0.9 begin with “Tea”", None),
        ("new", None, "Of 100, 0.1 begin with “Coffee”"),
    ]


def test_what_came_and_went():
    found = rows([share("gone", 5, 50)], [share("come", 6, 50)])
    assert [(r["finding"], r["kind"]) for r in found] == [
        ("own.come", "new"),
        ("own.gone", "vanished"),
    ]
    assert np.isnan([found[0]["before"], found[1]["now"], found[0]["difference"]]).all()


def test_a_definition_has_no_chance_in_it_and_stands_only_where_it_makes_a_difference():
    before = [share("a", 50, 500), share("b", 60, 500)]
    (row,) = rows(before, [share("a", 50, 500), share("b", 61, 500)], "definition")
    assert (row["finding"], row["kind"], row["is_named"]) == ("own.b", "definition", False)
    assert np.isnan([row["low"], row["high"]]).all()


# Two reports of a shop


FIRST, SECOND = date(2025, 6, 30), date(2025, 12, 31)
PARAMS = f"""
client: {{name: Acme, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}}
as_of: {SECOND}
sources:
  orders:
    format: table
    path: exports/orders.csv
    columns: {{order_id: order, customer_id: customer, ordered_at: when, line_amount: amount,
               refund: back}}
    vat: excluded
repeat_purchase: {{horizon_days: 60}}
"""
SHORT = PARAMS.replace("horizon_days: 60", "horizon_days: 30") + "cohorts: {horizon: 6}\n"
RAN: list[tuple[str, str]] = []
FAILS: set[tuple[str, str]] = set()
GONE = ("cohorts.odd", "vanished")
SAME = [("cohorts.worth", "customers"), ("repeat_purchase.returned", "customers")]


def orders(*, return_later: float = 0.3) -> pd.DataFrame:
    """Three customers a day; of 100, 30 buy again, after 20 days or after 40; of those who come
    after the first report, the share ``return_later``."""
    chance = random.Random(3)
    made = []
    for number in range(3 * (SECOND - date(2025, 1, 1)).days):
        day = datetime(2025, 1, 1, 12) + timedelta(number // 3)
        again = chance.random() < (0.3 if day.date() <= FIRST else return_later)
        for when in [day, day + timedelta(chance.choice((20, 40)))] if again else [day]:
            amount = round(chance.uniform(10, 90), 2)
            made.append([f"o{number}-{when:%j}", f"c{number}", when, amount, 0.0])
    return pd.DataFrame(made, columns=["order", "customer", "when", "amount", "back"])


def until_first(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["when"] < pd.Timestamp(FIRST) + timedelta(1)]


def late(frame: pd.DataFrame) -> pd.DataFrame:
    """One in ten of the orders up to the first report, given back in part after it."""
    back = frame["when"].lt(pd.Timestamp(FIRST)) & (np.arange(len(frame)) % 10 == 0)
    return frame.assign(back=(frame["amount"] / 2).round(2).where(back, 0.0))


def execute(now, mine, work, jobs, progress):
    """In the place of the kernels: findings from the staged tables and a parameter each."""
    for notebook in mine:
        RAN.append((notebook.topic, now.params.as_of.isoformat()))
        findings.begin(notebook.topic, Words("en", "EUR"), work / notebook.topic)
        connection, _ = open_staged(now.staged)
        bought = connection.table("orders").to_pandas()
        connection.disconnect()
        if notebook.topic == "repeat_purchase":
            days = pd.to_datetime(bought["ordered_on"])
            age = (days - days.groupby(bought["customer_id"]).transform("min")).dt.days
            soon = age.between(1, now.params.repeat_purchase.horizon_days)
            k, n = soon.groupby(bought["customer_id"]).any().sum(), bought["customer_id"].nunique()
            low, high = wilson(k, n)
            hand_on("returned", k / n, low, high, "share")
        if notebook.topic == "cohorts":
            net = bought["net_sales"].astype(float) * now.params.cohorts.horizon
            half = 1.96 * net.std() / len(net) ** 0.5
            hand_on("worth", net.mean(), net.mean() - half, net.mean() + half, "money")
            if now.params.as_of == FIRST:
                hand_on("odd", 0.4, 0.3, 0.5, "share")
        if notebook.topic == "summary" and (handed := work / changes.FILE).is_file():
            shutil.copy2(handed, now.folders.reports.parent)
        shutil.copy2(notebook.path, work)
        progress.done(notebook.name, 0.0, failed=False)
    day = now.params.as_of.isoformat()
    failed = {n for n in mine if (n.topic, day) in FAILS}
    return [(n, 0.0, run.Failure(n.name, "", "boom") if n in failed else None) for n in mine]


def hand_on(name, estimate, low, high, unit):
    headline = f"The {name} is {estimate:.3f}"
    findings.finding(name, headline, "", estimate=estimate, low=low, high=high, n=100, unit=unit)


class Acme:
    """A client in a workspace of its own."""

    def __init__(self, workspace: Path, like: Acme | None = None) -> None:
        self.workspace = workspace
        if like is not None:
            shutil.copytree(like.workspace, workspace, symlinks=True)

    def report(self, frame: pd.DataFrame, as_of: date, params: str = PARAMS) -> pd.DataFrame:
        """Makes the report of a day from these orders; returns the changes that it handed on."""
        exports = self.workspace / "data" / "acme" / "exports"
        for folder in (exports, self.workspace / "params"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.workspace / "params" / "acme.yml").write_text(params, encoding="utf-8")
        (exports / "orders.csv").write_text(frame.to_csv(index=False), encoding="utf-8")
        handed = self.workspace / "reports" / changes.FILE
        handed.unlink(missing_ok=True)
        RAN.clear()
        topics = ("repeat_purchase", "cohorts", "summary")
        mine = [n for n in templates() if n.topic in topics]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WORKSPACE", str(self.workspace))
            patch.setattr(run, "_execute", execute)
            patch.setattr(ready, "of_client", lambda _: mine)
            patch.setattr(run.publish, "page", lambda *_: "")
            patch.setattr(run.publish, "write_forms", lambda *_, **__: [])
            patch.setattr(findings, "display", lambda *_: None)
            patch.setattr(findings, "_now", None)
            for module in (inputs, notebooks, run.publish):  # not to change while they are tested
                patch.setattr(module, "package_digest", lambda: "code")
            run.report("acme", as_of=as_of.isoformat(), jobs=1)
        read = json.loads(handed.read_text("utf-8"))["changes"] if handed.is_file() else []
        return pd.DataFrame(read, columns=[*changes.COLUMNS, "is_named"])


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Acme:
    """With the first report, of whose kind there was none before."""
    made = Acme(tmp_path_factory.mktemp("first") / "workspace")
    assert not len(made.report(until_first(orders()), FIRST))
    assert [(topic, f"{FIRST}") for topic in ("repeat_purchase", "cohorts", "summary")] == RAN
    return made


@pytest.fixture(scope="module")
def second(first, tmp_path_factory) -> tuple[Acme, pd.DataFrame]:
    """With a second report, from an export that has grown by half a year of the same."""
    made = Acme(tmp_path_factory.mktemp("second") / "workspace", first)
    return made, made.report(orders(), SECOND)


@pytest.fixture(scope="module")
def second_late(first, tmp_path_factory) -> tuple[Acme, pd.DataFrame]:
    """With a second report, whose export has refunds of the first one's time too."""
    made = Acme(tmp_path_factory.mktemp("late") / "workspace", first)
    return made, made.report(late(orders()), SECOND)


def told(table: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted((row.finding, row.kind) for row in table.itertuples())


def kinds_of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["finding"] == name].set_index("kind")


def test_more_of_the_same_is_no_change(second):
    """Nothing came late, nothing is named; that a finding has vanished is said."""
    _, found = second
    assert told(found) == sorted([GONE, *SAME])
    assert not found["is_named"].any()


def test_customers_who_return_more_often_are_a_change_of_customers(first, tmp_path):
    found = Acme(tmp_path / "workspace", first).report(orders(return_later=0.9), SECOND)
    assert told(found) == sorted([GONE, *SAME])
    named = found[found["is_named"]]
    assert list(named["finding"]) == ["repeat_purchase.returned"]
    assert named["before"].item() == pytest.approx(0.3, abs=0.06)
    assert named["now"].item() == pytest.approx(0.6, abs=0.06)


def test_late_refunds_are_late_data(second_late):
    """Half of one order in ten is less by a twentieth."""
    _, found = second_late
    assert told(found) == sorted([GONE, *SAME, ("cohorts.worth", "late_data")])
    row = kinds_of(found, "cohorts.worth").loc["late_data"]
    assert row["now"] == pytest.approx(0.95 * row["before"], rel=0.01)
    assert np.isnan(row["low"])


def test_a_changed_parameter_is_a_definition(second, tmp_path):
    """Half of those who return do so within 30 days."""
    found = Acme(tmp_path / "workspace", second[0]).report(orders(), SECOND, SHORT)
    changed = [("cohorts.worth", "definition"), ("repeat_purchase.returned", "definition")]
    assert told(found) == sorted([GONE, *SAME, *changed])
    row = kinds_of(found, "repeat_purchase.returned").loc["definition"]
    assert row["now"] == pytest.approx(row["before"] / 2, rel=0.2)


def test_a_changed_parameter_and_late_data_are_told_apart(second_late, tmp_path):
    """By computing the first day with the parameters of then too."""
    made = Acme(tmp_path / "workspace", second_late[0])
    found = made.report(late(orders()), SECOND, SHORT)
    steps = kinds_of(found, "cohorts.worth")
    assert list(steps.index) == ["late_data", "definition", "customers"]
    then, given_back, redefined = steps["before"]
    assert given_back == pytest.approx(0.95 * then, rel=0.01)
    assert redefined == pytest.approx(given_back / 2)  # six months for twelve
    assert list(steps["now"][:2]) == [given_back, redefined]
    assert list(kinds_of(found, "repeat_purchase.returned").index) == ["definition", "customers"]


@pytest.mark.parametrize(
    ("fixture", "kind"), [("second", "definition"), ("second_late", "definition_or_late_data")]
)
def test_changed_code_is_a_definition_unless_data_came_late_too(fixture, kind, tmp_path, request):
    """The code of then cannot run any more: it gave twice the figures of today's."""
    made = Acme(tmp_path / "workspace", request.getfixturevalue(fixture)[0])
    internal = made.workspace / "reports" / "acme" / f"{FIRST}" / "en" / "internal"
    manifest = json.loads((internal / "manifest.json").read_text("utf-8"))
    manifest["made_from"]["code"] = dict.fromkeys(manifest["made_from"]["code"], "other code")
    (internal / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    published = json.loads((internal / "findings.json").read_text("utf-8"))
    doubled = [{**f, "estimate": 2 * f["estimate"]} for f in published]
    (internal / "findings.json").write_text(json.dumps(doubled), encoding="utf-8")
    frame = late(orders()) if fixture == "second_late" else orders()
    found = made.report(frame, SECOND)
    for name in ("cohorts.worth", "repeat_purchase.returned"):
        assert list(kinds_of(found, name).index) == [kind, "customers"]


def test_a_second_run_computes_nothing_again(second, tmp_path):
    made = Acme(tmp_path / "workspace", second[0])
    made.report(orders(), SECOND)
    assert RAN == []
    assert not list((made.workspace / "reports" / "acme" / ".runs").glob("*.partial"))


def test_another_report_of_the_first_day_lets_only_the_summary_run_again(second, tmp_path):
    made = Acme(tmp_path / "workspace", second[0])
    made.report(late(until_first(orders())), FIRST)
    found = made.report(orders(), SECOND)
    assert [("summary", f"{SECOND}")] == RAN
    assert ("cohorts.worth", "late_data") in told(found)


def test_a_notebook_that_fails_on_the_first_day_only_is_not_compared(
    second, tmp_path, monkeypatch, capsys
):
    made = Acme(tmp_path / "workspace", second[0])
    shutil.rmtree(made.workspace / "build" / "acme" / "again")
    monkeypatch.setattr(sys.modules[__name__], "FAILS", {("cohorts", f"{FIRST}")})
    assert told(made.report(orders(), SECOND)) == [("repeat_purchase.returned", "customers")]
    handed = json.loads((made.workspace / "reports" / changes.FILE).read_text("utf-8"))
    assert handed["unknown"] == ["cohorts"]
    assert f"its changes since {FIRST} cannot be told: 04_cohorts: boom" in capsys.readouterr().out


def test_outside_a_run_nothing_is_said(monkeypatch):
    monkeypatch.delenv(changes.RUN_FOLDER, raising=False)
    assert changes.of_run() is None


def test_the_first_page_tells_the_greatest_what_is_gone_and_what_came_late(tmp_path, monkeypatch):
    before = [share("a", 100, 500), share("gone", 5, 50, headline="<b>Of 50, {n}</b>")]
    between = [share("a", 110, 500), before[1]]
    states = [State(before, "customers"), State(between, "late_data"),
              State([share("a", 200, 500)], "customers")]  # fmt: skip
    made = compared({"own": states})
    changes.write(made, tmp_path, since=FIRST, report=Path("reports/acme"), unknown=["icp"])
    monkeypatch.setenv(changes.RUN_FOLDER, str(tmp_path))
    found = changes.of_run()
    assert (found.since, found.unknown) == (FIRST, ("icp",))
    assert list(found.table["kind"]) == ["late_data", "customers", "vanished"]
    shown = []
    monkeypatch.setattr(changes, "display", lambda html: shown.append(html.data))
    words = Words("en", "EUR")
    changes.tell(found, words)
    changes.show(found, words)
    assert (
        "<strong>Of 100, 0.4 return.</strong> On 30 Jun 2025: Of 100, 0.22 return.</li>" in shown[0]
    )
    assert "No longer said: &lt;b&gt;Of 50, 0.1&lt;/b&gt;." in shown[0]
    assert "because data of that time came in later: 1." in shown[0]
    assert "customers changed" in shown[1]
