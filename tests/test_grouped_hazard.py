"""The grouped complementary log-log model, and accelerated failure time, on counts against R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from templates_lib.stats import accelerated, cox, grouped_hazard


def test_person_periods_are_those_of_the_reference(shared, gehan):
    expected = pd.read_csv(shared / "golden" / "gehan_discrete_grouped.csv")
    cells = grouped_hazard.person_periods(gehan, covariates=["control"])
    assert (cells["control"] == (expected["treat"] == "control")).all()
    assert cells["period"].tolist() == expected["t"].tolist()
    assert cells["events"].tolist() == expected["y"].tolist()
    assert cells["at_risk"].tolist() == expected["n"].tolist()


def test_golden_values(shared, gehan):
    table = pd.read_csv(shared / "golden" / "golden.csv")
    rows = table[table["analysis"].eq("C") & table["quantity"].str.contains("cloglog")]
    log = grouped_hazard.fit(gehan, covariates=["control"])
    free = grouped_hazard.fit(gehan, covariates=["control"], baseline="free")
    own = log.coefficients.set_index("covariate")
    last = free.coefficients.set_index("covariate").loc["control"]
    found = {
        "discrete-time cloglog Intercept": own.loc["intercept", "coefficient"],
        "discrete-time cloglog log t": own.loc["log_period", "coefficient"],
        "discrete-time cloglog control": own.loc["control", "coefficient"],
        "discrete-time cloglog se control": own.loc["control", "se"],
        "discrete-time cloglog deviance": log.deviance,
        "discrete-time cloglog logLik(binomial counts)": log.log_likelihood,
        "discrete-time cloglog person-periods": log.person_periods,
        "discrete-time cloglog grouped rows": log.cells,
        "cloglog with one dummy per event week control": last["coefficient"],
        "cloglog with one dummy per event week se": last["se"],
    }
    assert set(rows["quantity"]) == set(found)
    for row in rows.itertuples():
        # R's glm stops at a relative change of 1e-8 in the deviance, which moves the 5th decimal:
        # with epsilon = 1e-14 the two of the free baseline are those of the next test.
        tolerance = max(float(row.tolerance), 2e-5)
        assert abs(found[row.quantity] - float(row.value)) <= tolerance, row.quantity


def test_a_free_baseline(gehan):
    # h: the rows of weeks with an event, treat with 6-MP first
    # glm(cbind(y, n - y) ~ factor(t) + treat, binomial("cloglog"), h,
    #     control = list(epsilon = 1e-14, maxit = 100)): 1.65866469373, se 0.418154523503
    fit = grouped_hazard.fit(gehan, covariates=["control"], baseline="free")
    last = fit.coefficients.iloc[-1]
    assert_allclose([last["coefficient"], last["se"]], [1.65866469373, 0.418154523503], rtol=1e-7)
    assert len(fit.coefficients) == 18


def test_it_nears_cox_where_ties_are_few():
    # As time is cut finer, the free baseline and Cox give one ratio: here 2, of 4,000 customers.
    rng = np.random.default_rng(2)
    x = rng.integers(0, 2, 4000)
    days = np.ceil(rng.exponential(50 / 2**x)).astype(int)
    rows = pd.DataFrame({"duration": np.minimum(days, 30), "event": days <= 30, "x": x})
    counts = rows.value_counts().rename("count").reset_index()
    grouped = grouped_hazard.fit(counts, covariates=["x"], baseline="free").coefficients.iloc[-1]
    whole = cox.fit(counts, covariates=["x"]).coefficients.iloc[0]
    assert_allclose(grouped["coefficient"], whole["coefficient"], atol=0.03)
    assert_allclose(grouped["se"], whole["se"], rtol=0.03)
    assert grouped["ratio_low"] < 2 < grouped["ratio_high"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": 0}, "periods are numbered from 1"),
        ({"event": False}, "no event"),
        ({"control": 1}, "does not vary"),
    ],
)
def test_what_has_no_answer_is_refused(gehan, change, message):
    with pytest.raises(ValueError, match=message):
        grouped_hazard.fit(gehan.assign(**change), covariates=["control"])


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        # f <- survreg(Surv(time, cens) ~ treat, gehan, dist = d), treat with 6-MP first;
        # coef(f), sqrt(diag(vcov(f)))[1:2], log(f$scale), f$loglik[2]
        ("weibull", ([3.515687, -1.267335], [0.251781, 0.310643], -0.311709, -106.579492)),
        ("log_normal", ([3.171969, -1.346846], [0.243981, 0.316498], -0.079180, -106.704622)),
    ],
)
def test_accelerated_on_counts(gehan, distribution, expected):
    model = accelerated.fit(gehan, covariates=["control"], distribution=distribution)
    table = model.coefficients
    assert_allclose(table["coefficient"], expected[0], atol=2e-5)
    assert_allclose(table["se"], expected[1], atol=2e-5)
    assert_allclose([np.log(model.scale), model.log_likelihood], expected[2:], atol=2e-5)
    assert (model.n, model.events) == (42, 30)
    # Cells of counts and single subjects are one and the same
    subjects = gehan.loc[gehan.index.repeat(gehan["count"])].assign(count=1)
    alone = accelerated.fit(subjects, covariates=["control"], distribution=distribution)
    assert_allclose(alone.coefficients["coefficient"], table["coefficient"], atol=1e-5)
    # A return on the first day has no logarithm and is left out.
    first = pd.DataFrame({"duration": [0], "event": [True], "control": [1], "count": [9]})
    again = accelerated.fit(
        pd.concat([gehan, first]), covariates=["control"], distribution=distribution
    )
    assert again.n == 42
    with pytest.raises(ValueError, match="no event"):
        accelerated.fit(
            gehan.assign(event=False), covariates=["control"], distribution=distribution
        )
