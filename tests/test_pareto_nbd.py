"""Pareto/NBD against published values, the published form, quadrature and simulated customers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from templates_lib.stats import bg_nbd, pareto_nbd
from templates_lib.stats.bg_nbd import Histories
from templates_lib.stats.likelihood import Fit
from templates_lib.stats.pareto_nbd import ParetoNbd

LIFETIMES = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"
PUBLISHED = (0.553, 10.578, 0.606, 11.669)


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """2,357 customers of CDNOW until the end of September 1997, in weeks."""
    table = pd.read_csv(LIFETIMES / "cdnow_customers_summary.csv")
    names = {"frequency": "x", "recency": "last", "T": "observed"}
    return bg_nbd.histories(table.rename(columns=names))


@pytest.fixture(scope="module")
def fitted(cdnow) -> ParetoNbd:
    return pareto_nbd.fit(cdnow)


def one(x: float, last: float, observed: float) -> Histories:
    return Histories(*(np.array([float(v)]) for v in (x, last, observed, 1)))


def model(r: float, alpha: float, s: float, beta: float) -> ParetoNbd:
    logs = np.log([r, alpha, s, beta])
    return ParetoNbd(Fit(tuple(pareto_nbd.LIMITS), logs, 0.0, np.eye(4), np.eye(4), 1))


def log_likelihood(parameters: tuple[float, ...], seen: Histories) -> np.ndarray:
    """As it is fitted: of each history."""
    return pareto_nbd._log_likelihood(np.log(parameters), seen)[0]


def test_the_published_fit(fitted, shared):
    golden = pd.read_csv(shared / "golden" / "golden.csv")
    golden = golden[golden["quantity"].str.startswith("Pareto/NBD")].set_index("quantity")
    best = one(26, 30.857, 31)
    found = dict(zip(fitted.fit.names, fitted.fit.parameters, strict=True))
    found |= {
        "LL": fitted.fit.log_likelihood,
        "E[X(52)]": pareto_nbd.new_customer(fitted, 52),
        "E[Y|x=26,tx=30.857,T=31,t=52]": pareto_nbd.expected(fitted, best, 52)[0],
    }
    assert {f"Pareto/NBD {name}" for name in found} == set(golden.index)
    for name, value in found.items():
        row = golden.loc[f"Pareto/NBD {name}"]
        assert abs(value - float(row["value"])) <= float(row["tolerance"]), name
    # BTYD's vignette: the probability that customer 1516 is alive
    assert pareto_nbd.alive(fitted, best)[0] == pytest.approx(0.9979, abs=5e-5)


def published_form(parameters: tuple[float, ...], x: float, last: float, observed: float) -> float:
    """Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model", equations 18 to 20, which
    hold where alpha >= beta and nothing overflows."""
    r, alpha, s, beta = parameters
    whole = r + s + x

    def part(time: float) -> float:
        ratio = (alpha - beta) / (alpha + time)
        return special.hyp2f1(whole, s + 1, whole + 1, ratio) / (alpha + time) ** whole

    start = special.gamma(r + x) / special.gamma(r) * alpha**r * beta**s
    still = 1 / ((alpha + observed) ** (r + x) * (beta + observed) ** s)
    return np.log(start * (still + s / whole * (part(last) - part(observed))))


@pytest.mark.parametrize("history", [(0, 0, 39), (1, 2, 39), (3, 20, 30), (8, 8, 30), (2, 0.2, 5)])
@pytest.mark.parametrize("parameters", [(0.6, 12, 0.7, 9), (2, 30, 1.5, 4), (0.3, 5, 0.2, 5)])
def test_the_likelihood_is_that_of_the_note(parameters, history):
    found = log_likelihood(parameters, one(*history))[0]
    assert found == pytest.approx(published_form(parameters, *history), rel=1e-8)


@settings(max_examples=80, deadline=None)
@example(logs=(-5.0, -5.0, -5.0, 8.0), x=1000, part=0.01, observed=200.0)
@example(logs=(0.0, 8.0, 0.0, -5.0), x=0, part=0.5, observed=200.0)
@given(
    logs=st.tuples(*(st.floats(low, high) for low, high in ((-4, 4), (-4, 7), (-4, 4), (-4, 7)))),
    x=st.sampled_from([0, 1, 2, 5, 30, 200, 1000]),
    part=st.floats(0, 1),
    observed=st.floats(0.1, 500),
)
def test_the_part_of_who_is_gone_is_its_integral(logs, x, part, observed):
    """By adaptive quadrature over the same time, cut where the integrand is steep."""
    r, alpha, s, beta = np.exp(logs)
    last = part * observed if x else 0.0

    def log_density(u: float) -> float:
        return -(r + x) * np.log(alpha + u) - (s + 1) * np.log(beta + u)

    top = log_density(last)
    cuts = last + (observed - last) * np.append(0, np.logspace(-9, 0, 40))
    whole = sum(
        integrate.quad(lambda u: np.exp(log_density(u) - top), low, high, epsabs=0, epsrel=1e-11)[0]
        for low, high in zip(cuts, cuts[1:], strict=False)
        if high > low
    )
    found, slopes = pareto_nbd._gone(np.log([r, alpha, s, beta]), one(x, last, observed))
    if whole > 0:
        assert found[0] - top == pytest.approx(np.log(s * whole), abs=1e-7)
        assert np.isfinite(slopes).all()


@settings(max_examples=40, deadline=None)
@given(
    logs=st.tuples(*(st.floats(-3, 3) for _ in range(4))),
    x=st.sampled_from([0, 1, 4, 40, 400]),
    part=st.floats(0, 0.99),
)
def test_its_derivatives_are_those_of_the_likelihood(logs, x, part):
    seen = one(x, 30 * part if x else 0.0, 30)
    _, slopes = pareto_nbd._log_likelihood(np.array(logs), seen)
    for place, shift in enumerate(1e-5 * np.eye(4)):
        up, down = (pareto_nbd._log_likelihood(logs + sign * shift, seen)[0] for sign in (1, -1))
        assert slopes[place][0] == pytest.approx((up - down)[0] / 2e-5, rel=1e-4, abs=1e-5)


def test_nothing_overflows_for_customers_of_many_purchases():
    found = log_likelihood(PUBLISHED, one(5000, 1999, 2000))
    assert np.isfinite(found).all()
    assert pareto_nbd.alive(model(*PUBLISHED), one(5000, 1999, 2000))[0] > 0.8
    assert pareto_nbd.alive(model(*PUBLISHED), one(5000, 500, 2000))[0] < 1e-200
    assert pareto_nbd.alive(model(*PUBLISHED), one(3, 30, 30))[0] == 1  # seen a moment ago
    assert pareto_nbd.expected(model(*PUBLISHED), one(5000, 1999, 2000), 52)[0] < 5000


def test_expected_purchases_of_a_new_customer_are_the_integral_over_stopping():
    r, alpha, s, beta = PUBLISHED
    integral = integrate.quad(lambda u: (beta / (beta + u)) ** s, 0, 52)[0]
    assert pareto_nbd.new_customer(model(*PUBLISHED), 52) == pytest.approx(r / alpha * integral)
    near = [pareto_nbd.new_customer(model(r, alpha, s, beta), 52) for s in (0.999, 1, 1.001)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-5)


def test_times_are_columns(fitted):
    seen = Histories(*(np.repeat(field, 2) for field in one(2, 20, 30)))
    found = pareto_nbd.expected(fitted, seen, np.array([0.0, 26, 52]))
    assert found.shape == (2, 3)
    assert found[0, 0] == 0
    assert found[1, 2] == pytest.approx(pareto_nbd.expected(fitted, seen, 52)[1])


def test_who_is_drawn_from_the_model_is_found_again():
    rng = np.random.default_rng(4)
    n, (r, alpha, s, beta) = 6000, (0.8, 8.0, 0.7, 15.0)
    rate, stop = rng.gamma(r, 1 / alpha, n), rng.exponential(1 / rng.gamma(s, 1 / beta, n))
    observed = rng.uniform(30, 80, n)

    def bought(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return rng.poisson(rate * np.maximum(np.minimum(end, stop) - start, 0))

    x = bought(np.zeros(n), observed)
    # the last of x purchases that fall at random over the time in which they can
    last = np.where(x > 0, np.minimum(observed, stop) * rng.random(n) ** (1 / np.maximum(x, 1)), 0)
    seen = Histories(x.astype(float), last, observed, np.ones(n))
    found = pareto_nbd.fit(seen)
    off = (found.vector - np.log([r, alpha, s, beta])) / np.sqrt(np.diag(found.covariance))
    assert np.abs(off).max() < 3
    later = bought(observed, observed + 26)
    predicted = pareto_nbd.expected(found, seen, 26).sum()
    assert predicted == pytest.approx(later.sum(), rel=0.06)
    assert pareto_nbd.alive(found, seen).mean() == pytest.approx((stop > observed).mean(), abs=0.03)


def test_it_agrees_with_bg_nbd_on_cdnow(cdnow, fitted):
    other = bg_nbd.fit(cdnow)
    both = [of.expected(m, cdnow, 39).sum() for of, m in ((pareto_nbd, fitted), (bg_nbd, other))]
    assert both[0] == pytest.approx(both[1], rel=0.05)


def test_nothing_can_be_told_without_a_repeat_purchase():
    with pytest.raises(ValueError, match="repeat purchase"):
        pareto_nbd.fit(one(0, 0, 10))
