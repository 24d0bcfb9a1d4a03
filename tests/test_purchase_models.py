"""BG/NBD, Gamma-Gamma and shrinkage against published values, R and quadrature."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from templates_lib.stats import bg_nbd, gamma_gamma, purchase_models, shrinkage
from templates_lib.stats.bg_nbd import BgNbd, Histories
from templates_lib.stats.likelihood import Fit
from templates_lib.stats.purchase_models import Models

LIFETIMES = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """2,357 customers of CDNOW until the end of September 1997, in weeks."""
    table = pd.read_csv(LIFETIMES / "cdnow_customers_summary.csv")
    names = {"frequency": "x", "recency": "last", "T": "observed"}
    return bg_nbd.histories(table.rename(columns=names))


@pytest.fixture
def golden(shared):
    table = pd.read_csv(shared / "golden" / "golden.csv")
    return table[(table["analysis"] == "D") & table["data"].str.startswith("cdnow")]


def within(golden: pd.DataFrame, quantity: str, found: float) -> bool:
    row = golden[golden["quantity"] == quantity].iloc[0]
    assert abs(found - float(row["value"])) <= float(row["tolerance"]), quantity
    return True


def one(x: float, last: float, observed: float) -> Histories:
    return Histories(*(np.array([float(v)]) for v in (x, last, observed, 1)))


def model(r: float, alpha: float, a: float, b: float, *, modified: bool = False) -> BgNbd:
    return BgNbd(
        Fit(tuple(bg_nbd.LIMITS), np.log([r, alpha, a, b]), 0.0, np.eye(4), np.eye(4), 1), modified
    )


def test_bg_nbd_reproduces_the_published_fit(cdnow, golden):
    fitted = bg_nbd.fit(cdnow)
    for name, value in zip(fitted.fit.names, fitted.fit.parameters, strict=True):
        assert within(golden, f"BG/NBD {name}", value)
    assert within(golden, "BG/NBD LL", fitted.fit.log_likelihood)
    assert within(golden, "BG/NBD E[X(52)] new customer", bg_nbd.new_customer(fitted, 52))
    best = one(26, 30.857, 31)
    name = "BG/NBD cust 1516 x=26 tx=30.857 T=31 t=52"
    assert within(golden, f"{name} E", bg_nbd.expected(fitted, best, 52)[0])
    assert within(golden, f"{name} P(alive)", bg_nbd.alive(fitted, best)[0])
    two = bg_nbd.expected(fitted, one(2, 30.43, 38.86), 39)[0]
    assert within(golden, "BG/NBD E[Y(39)|x=2,tx=30.43,T=38.86]", two)


def test_the_modified_form_reproduces_lifetimes(cdnow, golden):
    fitted = bg_nbd.fit(cdnow, modified=True)
    for name, value in zip(fitted.fit.names, fitted.fit.parameters, strict=True):
        assert within(golden, f"MBG/NBD {name}", value)
    assert bg_nbd.alive(fitted, one(0, 0, 38))[0] < 0.5


def standard_errors(fit):
    """Of the parameters themselves, from the Hessian."""
    return fit.parameters * np.sqrt(np.diag(np.linalg.inv(fit.information)))


def test_equal_histories_together_are_the_same_as_apart(cdnow):
    table = pd.DataFrame(cdnow._asdict()).groupby(["x", "last", "observed"], as_index=False)
    together = bg_nbd.histories(table["weight"].sum().rename(columns={"weight": "customers"}))
    assert len(together.x) < len(cdnow.x)
    apart, joint = bg_nbd.fit(cdnow).fit, bg_nbd.fit(together).fit
    np.testing.assert_allclose(joint.parameters, apart.parameters, rtol=1e-4)
    np.testing.assert_allclose(standard_errors(joint), standard_errors(apart), rtol=1e-3)
    assert joint.n == apart.n == 2357


# R 4: nll <- function(l) {p <- exp(l); r <- p[1]; al <- p[2]; a <- p[3]; b <- p[4]
#   g <- ifelse(x > 0, a / (b + pmax(x, 1) - 1) * ((al + T) / (al + tx))^(r + x), 0)
#   -sum(lgamma(r + x) - lgamma(r) + r * log(al) + lbeta(a, b + x) - lbeta(a, b)
#        - (r + x) * log(al + T) + log(1 + g))}
# o <- optim(log(c(.243, 4.414, .793, 2.426)), nll, method = "BFGS", hessian = TRUE)
# exp(o$par) * sqrt(diag(solve(o$hessian)))
R_ERRORS = [0.0125573, 0.3782211, 0.1857189, 0.7053446]


def test_standard_errors_are_those_of_r(cdnow):
    np.testing.assert_allclose(standard_errors(bg_nbd.fit(cdnow).fit), R_ERRORS, rtol=1e-4)


@settings(max_examples=60, deadline=None)
@example(logs=(1.0, 0.0, 1.0, 1.0), x=200, observed=1.0, horizon=19.0, modified=False)
@given(
    logs=st.tuples(*(st.floats(low, high) for low, high in ((-3, 3), (0, 6), (-3, 4.9), (-3, 6)))),
    x=st.sampled_from([0, 1, 2, 5, 30, 200, 1000]),
    observed=st.floats(1, 200),
    horizon=st.floats(1, 200),
    modified=st.booleans(),
)
def test_expected_purchases_are_the_integral_over_stopping(logs, x, observed, horizon, modified):
    fitted = model(*np.exp(logs), modified=modified)
    r, alpha, a, b = np.exp(logs)
    seen = one(x, 0.8 * observed if x else 0, observed)
    stop = stats.beta(a, b + x + modified)

    def per_quantile(u: float) -> float:
        p = max(stop.ppf(u), 1e-300)
        return -np.expm1(-(r + x) * np.log1p(p * horizon / (alpha + observed))) / p

    integral = integrate.quad(per_quantile, 0, 1, limit=400, epsabs=0, epsrel=1e-8)[0]
    found = bg_nbd.expected(fitted, seen, horizon)[0] / bg_nbd.alive(fitted, seen)[0]
    assert found == pytest.approx(integral, rel=1e-4)


def test_where_the_published_form_has_a_pole():
    near = [bg_nbd.expected(model(0.5, 4, a, 2), one(3, 20, 30), 26)[0] for a in (0.999, 1, 1.001)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-5)


def test_drawn_futures_have_the_expected_mean():
    fitted = model(0.6, 9, 0.8, 2.4, modified=True)
    seen = one(3, 20, 30)
    many = Histories(*(np.repeat(field, 40_000) for field in seen))
    row, time = bg_nbd.draw_times(fitted, many, 52, np.random.default_rng(1))
    assert time.min() > 0
    assert time.max() < 52
    counts = np.bincount(row, minlength=40_000)
    error = counts.std() / 200
    assert abs(counts.mean() - bg_nbd.expected(fitted, seen, 52)[0]) < 4 * error


def test_histories_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="last <= observed"):
        bg_nbd.histories(pd.DataFrame({"x": [1], "last": [5], "observed": [4]}))
    with pytest.raises(ValueError, match="repeat purchase"):
        bg_nbd.fit(one(0, 0, 10))


def test_gamma_gamma_reproduces_the_published_fit(golden):
    table = pd.read_csv(LIFETIMES / "cdnow_customers_summary_with_transactions.csv")
    own = table[table["x"] > 0]
    assert len(own) == 946
    fitted = gamma_gamma.fit(own["x"], own["zbar"])
    for name, value in zip(fitted.fit.names, fitted.fit.parameters, strict=True):
        assert within(golden, f"Gamma-Gamma {name}", value)
    assert within(golden, "Gamma-Gamma LL", fitted.fit.log_likelihood)
    assert within(golden, "Gamma-Gamma mean spend", fitted.mean)
    assert within(golden, "Gamma-Gamma E[M|x=2,m=40]", float(fitted.expected(2, 40)))
    assert within(golden, "Gamma-Gamma corr(freq,spend)", own["x"].corr(own["zbar"]))
    assert float(fitted.expected(0, np.nan)) == pytest.approx(fitted.mean)
    with pytest.raises(ValueError, match="above 0"):
        gamma_gamma.fit([1, 2], [3.0, 0.0])


# R 4, nlme 3.1 (Pinheiro & Bates 2000, section 1.1: sigma_b 24.805, sigma 4.0208, mean 66.5):
# f <- lme(travel ~ 1, random = ~ 1 | Rail, data = Rail); VarCorr(f); coef(f)
RAIL = [[55, 53, 54], [26, 37, 32], [78, 91, 85], [92, 100, 96], [49, 51, 50], [80, 85, 83]]
RAIL_MEANS = [54.10852, 31.96909, 84.50894, 95.74388, 50.14325, 82.52631]


def fit_rows(rows: list[list[float]]) -> shrinkage.Shrinkage:
    sums = [(len(v), 1, sum(v), sum(x * x for x in v), sum(v) ** 2) for v in rows]
    return shrinkage.fit(*zip(*sums, strict=True))


def test_a_step_far_beyond_what_the_data_say_stays_a_number():
    fit = Fit(tuple(gamma_gamma.LIMITS), np.log([6.0, 4.0, 15.0]), 0.0, np.eye(3), np.eye(3), 1)
    model = gamma_gamma.GammaGamma(fit)
    for step in ([900.0, 0.0, 900.0], [-900.0, 900.0, -900.0]):
        far = model.at(model.vector + np.array(step))
        assert np.isfinite(far.expected([0, 3], [0.0, 40.0])).all()


def test_shrinkage_reproduces_the_rails_of_nlme():
    fitted = fit_rows(RAIL)
    assert fitted.mean == pytest.approx(66.5)
    assert fitted.se == pytest.approx(10.1710373, rel=1e-6)
    assert fitted.between == pytest.approx(615.31111, rel=1e-5)
    assert fitted.within == pytest.approx(16.16667, rel=1e-5)
    found = fitted.expected(3, np.array([np.mean(v) for v in RAIL]))
    np.testing.assert_allclose(found, RAIL_MEANS, rtol=1e-6)


def test_shrinkage_of_unequal_counts_finds_what_was_drawn_and_keeps_losses():
    rng = np.random.default_rng(3)
    own = rng.normal(-2, 3, 20_000)
    counts = rng.integers(1, 9, 20_000)
    rows = [rng.normal(m, 8, k).tolist() for m, k in zip(own, counts, strict=True)]
    fitted = fit_rows(rows)
    assert fitted.mean == pytest.approx(-2, abs=4 * fitted.se)
    assert np.sqrt(fitted.between) == pytest.approx(3, rel=0.03)
    assert np.sqrt(fitted.within) == pytest.approx(8, rel=0.02)
    assert fitted.expected(5, -10.0) < fitted.expected(1, -10.0) < fitted.mean
    assert fitted.expected(0, np.nan) == fitted.mean


def test_shrinkage_without_differences_between_customers():
    fitted = fit_rows([[1, 3], [3, 1], [2, 2]])
    assert fitted.between == 0
    assert fitted.expected(2, 100.0) == fitted.mean
    with pytest.raises(ValueError, match="one with several"):
        fit_rows([[1], [2]])


def simulated(rng: np.random.Generator, n: int) -> tuple[Histories, np.ndarray]:
    """Customers of the model itself, and what each buys in the 26 weeks after it was seen."""
    rate, stop = rng.gamma(0.6, 1 / 6, n), rng.beta(0.8, 2.5, n)
    observed = rng.uniform(20, 60, n)
    rows = []
    for i in range(n):
        time, times = 0.0, []
        while time < observed[i] + 26:
            time += rng.exponential(1 / rate[i])
            times.append(time)
            if rng.random() < stop[i]:
                break
        seen = [t for t in times if t <= observed[i]]
        later = sum(observed[i] < t <= observed[i] + 26 for t in times)
        rows.append((len(seen), seen[-1] if seen else 0.0, observed[i], later))
    x, last, observed, later = np.array(rows).T
    return Histories(x, last, observed, np.ones(n)), later


def test_the_interval_of_what_will_be_bought_covers_what_is():
    covered, off = 0, []
    for seed in range(40):
        seen, later = simulated(np.random.default_rng(seed), 500)
        fitted = bg_nbd.fit(seen)
        values = shrinkage.Shrinkage(1.0, 0.0, 0.0, 0.0, 500)

        def total(at: BgNbd, seen: Histories = seen) -> np.ndarray:
            return bg_nbd.expected(at, seen, 26).sum(keepdims=True)

        models = Models(fitted, values)
        drawn = purchase_models.futures(models, seen, seen.x * 0, horizon=26, draws=20, seed=1)
        nothing = np.zeros(len(drawn.row), int)
        chance = purchase_models.chance_variance(drawn, seen.weight, nothing + 1.0, nothing, 1)
        spread = np.sqrt(purchase_models.error_variance(fitted, total) + chance)
        off.append((total(fitted)[0] - later.sum()) / spread[0])
        covered += abs(off[-1]) <= 1.96
    assert covered >= 34  # of 40, 38 expected; fewer in 1 of 500 cases
    assert abs(np.mean(off)) < 0.6
