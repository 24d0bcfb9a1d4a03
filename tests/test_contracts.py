"""How long customers under a contract stay: published values, closed forms, simulated cohorts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from templates_lib.stats import contracts
from templates_lib.stats.contracts import Contracts
from templates_lib.stats.likelihood import Fit


@pytest.fixture
def golden(shared):
    table = pd.read_csv(shared / "golden" / "golden.csv")
    return table[table["analysis"] == "D"]


@pytest.fixture
def counts(shared):
    return json.loads((shared / "golden" / "sbg_fader_hardie_2007.json").read_text())


def model(*parameters: float) -> Contracts:
    logs, n = np.log(parameters), len(parameters)
    return Contracts(Fit(("leave", "stay", "c")[:n], logs, 0.0, np.eye(n), np.eye(n), 1))


def within(golden: pd.DataFrame, data: str, found: dict[str, float]) -> None:
    rows = golden[golden["data"].str.startswith(data)]
    assert set(found) == set(rows["quantity"])
    for row in rows.itertuples():
        assert abs(found[row.quantity] - float(row.value)) <= float(row.tolerance), row.quantity


def test_the_shifted_beta_geometric_of_the_paper(golden, counts):
    fitted = contracts.fit(contracts.ends([counts["regular"][:8]]))
    leave, stay = fitted.fit.parameters
    found = {"alpha": leave, "beta": stay, "LL": fitted.fit.log_likelihood}
    within(golden, "sBG Regular 1000", found)
    shares = dict(enumerate(100 * contracts.survival(fitted, range(13))))
    projected = {f"projected S(t)% {year}": shares[year] for year in range(8, 13)}
    within(golden, "sBG Regular (7y fit)", projected)
    # Fader & Hardie (2007), table 2: High End
    high_end = contracts.fit(contracts.ends([counts["high_end"][:8]])).fit
    assert high_end.parameters == pytest.approx([0.668, 3.806], abs=5e-4)
    assert high_end.log_likelihood == pytest.approx(-1611.16, abs=0.005)


def test_what_became_of_the_customers_that_were_projected(counts):
    """The paper's point, figure 5: seven years tell the next five."""
    for name in counts:
        fitted = contracts.fit(contracts.ends([counts[name][:8]]))
        projected = 1000 * contracts.survival(fitted, range(8, 13))
        np.testing.assert_allclose(projected, counts[name][8:], rtol=0.05)


def test_the_closed_form(golden):
    survival = contracts.survival(model(1, 1), range(6))
    leaving = -np.diff(survival)
    within(golden, "sBG alpha=beta=1", {f"P(T=t) {t}": leaving[t - 1] for t in range(1, 6)})


def test_the_form_in_which_time_changes_a_customer(golden, counts):
    seen = contracts.ends([counts["regular"][:5]])
    fitted = contracts.fit(seen, changing=True)
    found = dict(zip(("gamma", "delta", "c"), fitted.fit.parameters, strict=True))
    within(golden, "BdW Regular", found | {"LL": fitted.fit.log_likelihood})
    assert contracts.likelier(seen).fit.names == ("leave", "stay")
    # High End customers tire: four years of sBG promise too much, BdW is nearer
    seen = contracts.ends([counts["high_end"][:5]])
    both = [contracts.fit(seen, changing=changing) for changing in (False, True)]
    off = [abs(1000 * contracts.survival(m, 12) - counts["high_end"][12]) for m in both]
    assert off[1] < off[0]
    assert contracts.likelier(seen).fit.names == ("leave", "stay", "c")


def test_cohorts_of_different_ages_together():
    seen = contracts.ends([[100, 60, 50, 45], [80, 50], [30]])
    assert seen.left.tolist() == [70, 10, 5]
    assert seen.still.tolist() == [50, 0, 45]
    with pytest.raises(ValueError, match="never rise"):
        contracts.ends([[100, 60, 61]])


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="expected 4 periods or more, not 3"):
        contracts.fit(contracts.ends([[100, 60, 50, 45]]))
    with pytest.raises(ValueError, match="some customers who left"):
        contracts.fit(contracts.ends([[100] * 6]))


parameters = st.floats(0.05, 30)


@given(leave=parameters, stay=parameters, c=st.floats(0.3, 2.5))
def test_survival_never_rises_and_retention_is_its_ratio(leave, stay, c):
    survival = contracts.survival(model(leave, stay, c), range(40))
    assert survival[0] == 1
    assert (np.diff(survival) <= 1e-12).all()
    kept = contracts.retention(model(leave, stay, c), range(1, 40))
    np.testing.assert_allclose(kept, survival[1:] / survival[:-1])
    if c <= 1:
        assert (np.diff(kept) >= -1e-9).all(), "who is likely to leave has left"


@given(leave=parameters, stay=parameters)
def test_retention_of_the_shifted_beta_geometric(leave, stay):
    ages = np.arange(1, 20)  # Fader & Hardie (2007), equation 8
    np.testing.assert_allclose(
        contracts.retention(model(leave, stay), ages), (stay + ages - 1) / (leave + stay + ages - 1)
    )


def test_the_time_that_is_left_is_that_of_the_closed_forms():
    # Fader & Hardie (2010), Marketing Science 29:85, equation 6: discounted, without an end
    leave, stay, rate, age = 0.7, 1.2, 0.1, 4
    form = special.hyp2f1(1, stay + age + 1, leave + stay + age + 1, 1 / (1 + rate))
    form *= (stay + age) / (leave + stay + age) / (1 + rate)
    found = contracts.residual_lifetime(model(leave, stay), age, horizon=400, rate=rate)
    assert found == pytest.approx(form, rel=1e-8)
    # the mean of a geometric time whose chance is beta: (leave + stay − 1) / (leave − 1), the
    # first period included
    found = contracts.residual_lifetime(model(5, 9), np.array([0.0]), horizon=100_000)
    assert 1 + found[0] == pytest.approx((5 + 9 - 1) / (5 - 1), rel=1e-8)


def test_drawn_cohorts_are_found_again_and_their_future_too():
    rng = np.random.default_rng(2)
    leave, stay = 0.8, 3.0
    inside = []
    for _ in range(12):
        cohorts, rest = [], 0
        for periods in range(3, 9):
            times = rng.geometric(rng.beta(leave, stay, 400))
            cohorts.append([int((times > t).sum()) for t in range(periods + 1)])
            rest += int((times > periods + 4).sum()) / 400 / 6
        fitted = contracts.fit(contracts.ends(cohorts))
        errors = np.sqrt(np.diag(fitted.covariance))
        inside.append(np.abs(fitted.vector - np.log([leave, stay])) < 1.96 * errors)
        told = np.mean([contracts.survival(fitted, p + 4) for p in range(3, 9)])
        assert told == pytest.approx(rest, abs=0.06)
    assert (np.mean(inside, axis=0) >= 0.75).all()
