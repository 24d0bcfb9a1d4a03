"""Statistics on counts and sums: no business words, no rounding, no clock.

Each function says its formula, its limits and its source. The estimators and where they stand:

=========================================================  =====================================
Kaplan–Meier, Nelson–Aalen                                 survival
log-rank test, restricted mean survival time               comparison
Aalen–Johansen                                             competing_risks
Cox with Efron's ties, strata, cluster-robust gap times    cox
Schoenfeld test of proportional hazards                    proportionality
grouped complementary log-log model                        grouped_hazard
accelerated failure time (Weibull, log-normal)             accelerated
mixture cure models and the test of follow-up              cure
Wilson, Newcombe, Holm, Benjamini–Hochberg                 intervals
bootstrap                                                  resampling, customer_bootstrap
BG/NBD and MBG/NBD; Pareto/NBD                             bg_nbd; pareto_nbd
shifted-beta-geometric, beta-discrete-Weibull              contracts
Gamma-Gamma; shrinkage of customers' means                 gamma_gamma; shrinkage
the score (NPS), its tests and sample sizes                net_score, net_score_design
shares of explained variance (LMG)                         variance_shares, importance
=========================================================  =====================================
"""
