"""What every column of every table means: one place for the report, the workbook and the docs."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column of a table: its heading, unit and definition with the denominator."""

    heading: str
    unit: str
    meaning: str


COLUMNS = {
    "active": Column("Active", "count", "Customers of the cohort with a purchase in the period."),
    "age": Column("Age", "count", "Periods or windows since the first purchase; 0 is the first."),
    "agrees": Column("Agrees", "flag", "Whether the difference is within the tolerance."),
    "at_risk": Column(
        "Not yet back", "count", "Customers observed on that day who had not returned before it."
    ),
    "at_risk_days": Column("Customer days", "count", "Days on which a customer could return."),
    "chi2": Column("Chi-square", "number", "Log-rank statistic over all groups."),
    "cohort": Column("Cohort", "text", "Calendar period of the first purchase."),
    "cohort_size": Column("Customers", "count", "Customers whose first purchase is in the cohort."),
    "cohorts": Column("Cohorts", "count", "Complete cohorts that enter the average."),
    "complete": Column(
        "Complete", "flag", "Whether the last joiner of the cohort has had the whole period."
    ),
    "count": Column("How many", "count", "Rows or orders concerned."),
    "customer_id": Column("Customer", "text", "Pseudonym of the customer."),
    "customers": Column("Customers", "count", "Known customers."),
    "customers_median_days": Column("Median follow-up", "days", "Half are observed so long."),
    "date_from": Column("From", "date", "First day with a row."),
    "date_to": Column("To", "date", "Last day with a row."),
    "days": Column("Days", "days", "Days since the purchase from which the clock runs."),
    "days_from": Column("From day", "days", "First day of the interval since the purchase."),
    "days_since": Column("Days since", "days", "Days from the last purchase to the last day."),
    "days_to": Column("Before day", "days", "Day at which the interval ends."),
    "difference": Column("Difference", "money", "This report's figure less the shop's."),
    "difference_share": Column("Difference", "share", "Difference / the shop's figure."),
    "encoding": Column("Encoding", "text", "How the file's text was read."),
    "file": Column("File", "text", "File or table read."),
    "finding": Column("Finding", "text", "The headline, as in its chapter."),
    "group": Column("Group", "text", "Value of the attribute; `all` is everyone."),
    "group_1": Column("Group", "text", "The one group."),
    "group_2": Column("Compared with", "text", "The other group."),
    "high": Column("High", "as the column before", "Upper end of the 95 % interval."),
    "last_on": Column("Last purchase", "date", "Day of the last purchase."),
    "low": Column("Low", "as the column before", "Lower end of the 95 % interval."),
    "mean_days_away": Column(
        "Days without a return", "number", "Mean days until the return within the time compared."
    ),
    "measure": Column("Measure", "text", "What is measured."),
    "method": Column("Method", "text", "How the estimate was made."),
    "month": Column("Month", "text", "Calendar month in the client's time zone."),
    "n": Column("n", "count", "Customers or answers that the estimate rests on."),
    "naive": Column(
        "Share so far", "share", "Customers with a second purchase / all customers, however new."
    ),
    "net_sales": Column(
        "Net sales", "money", "Goods ex VAT, after discounts and refunds, without freight."
    ),
    "new_customers": Column("New customers", "count", "Customers whose first purchase it was."),
    "new_net_sales": Column("From new", "money", "Net sales of first purchases."),
    "orders": Column("Orders", "count", "Counted orders; at the last step purchase occasions."),
    "average": Column("Average", "number", "Σ over complete cohorts / Σ of their customers."),
    "before": Column("A year before", "number", "The same months a year before."),
    "beyond_chance": Column(
        "Beyond chance", "flag", "Whether the change's 95 % interval excludes no change."
    ),
    "change": Column("Change", "number", "Now less a year before."),
    "change_high": Column("Change, high", "number", "Upper end of the change's interval."),
    "change_low": Column("Change, low", "number", "Lower end of the change's interval."),
    "days_with_orders": Column("Days with orders", "count", "Days of the month with an order."),
    "enough": Column("Enough", "flag", "Whether the data suffice for the question."),
    "estimate": Column("Estimate", "number", "The estimate, in the measure's own unit."),
    "has": Column("Has", "text", "What the data hold."),
    "needs": Column("Needs", "text", "The least data for an answer."),
    "question": Column("Question", "text", "What is asked."),
    "unknown_net_sales": Column("Unknown buyer", "money", "Net sales without a known customer."),
    "ours": Column("This report", "number", "The figure of this report."),
    "p_holm": Column("p (Holm)", "p_value", "p-value after Holm's correction."),
    "p_value": Column("p", "p_value", "p-value of the log-rank test."),
    "per_customer": Column("Per customer", "number", "Sum / customers of the cohort."),
    "period": Column("Month or year", "text", "Period of the control total."),
    "purchase_number": Column("After purchase", "text", "Number of the purchase so far."),
    "purchases": Column("Purchases", "count", "Purchase occasions so far."),
    "renewal_rate": Column(
        "Return per day", "share", "Returns / days on which a customer could return."
    ),
    "repair": Column("What was seen", "text", "What the data had that needed a decision."),
    "repeated": Column("Back again", "count", "Customers with a second purchase."),
    "retention": Column("Active share", "share", "Active customers / customers of the cohort."),
    "returned": Column(
        "Returned", "share", "Share with a next purchase by that day (1 − Kaplan–Meier)."
    ),
    "returning_net_sales": Column("From returning", "money", "Net sales of later purchases."),
    "returns": Column("Returns", "count", "Next purchases within the interval."),
    "rows": Column("Rows", "count", "Rows of the files."),
    "rule": Column("A wholly refunded first order", "text", "Whether it acquires a customer."),
    "share": Column("Share", "share", "What is counted / all that it could be."),
    "shop": Column("Shop's figure", "number", "The figure on the shop's own screen."),
    "source": Column("Source", "text", "Name of the source in the parameter file."),
    "split": Column("Split by", "text", "Attribute that splits the customers; `all` is no split."),
    "state": Column("State", "text", "Where the customer stands by the usual time to return."),
    "step": Column("Step", "text", "What was done; each row is what remains after it."),
    "strength": Column("Evidence", "text", "How narrow the interval is."),
    "total": Column("Sum", "number", "Sum over the cohort."),
    "undefined_bytes": Column(
        "Unreadable characters", "count", "Characters that the encoding does not know."
    ),
    "window_high": Column("Latest end", "days", "Upper end of the interval of the last day."),
    "year_before": Column("A year before", "money", "Net sales of the same month a year before."),
    "allows": Column("What it makes possible", "text", "What can be told where the rows join."),
    "answered": Column("Answered", "count", "Answers in which the question has an answer."),
    "answers": Column("Answers", "count", "Questionnaires sent in, however much they hold."),
    "apart": Column("Difference", "text", "Those who answer less all buyers, with its interval."),
    "asked": Column("Asked", "count", "Answers in which the question was put."),
    "buyers": Column("Who buys", "number", "Mean, or share, of all buyers of the survey's time."),
    "buyers_n": Column("Buyers", "count", "All buyers of the survey's time."),
    "coverage": Column(
        "Coverage",
        "text",
        "`rows`; `empty` between the first and the last row; `outside` of them: not observed.",
    ),
    "files": Column("Files", "count", "Files of the source."),
    "format": Column("Format", "text", "What the files are."),
    "found": Column("Found", "text", "Share of the rows that are found, with its interval."),
    "gap": Column(
        "Difference", "number", "Those who answer less all buyers, in the measure's own unit."
    ),
    "join": Column("What is joined", "text", "Rows of one source that are found in another."),
    "kind": Column("Kind", "text", "Score, rating, choice or open question."),
    "lacks": Column("What it would take", "text", "What is lacking; empty where it is enough."),
    "left_out": Column("Left out", "count", "Rows that are none of the table, as declared."),
    "matched": Column("Found", "count", "Rows of them that are found in the other source."),
    "month_from": Column("From", "text", "First month without a row."),
    "month_to": Column("To", "text", "Last month without a row."),
    "months": Column("Months", "count", "Months without a row."),
    "part": Column("Of", "text", "The survey or channel; empty where there are none."),
    "respondents": Column(
        "Who answers", "number", "Mean, or share, of the buyers who answered the survey."
    ),
    "superseded": Column("Repeated", "count", "Rows that a later export repeats, left out."),
    "survey": Column("Survey", "text", "What the survey is."),
    "topic": Column("Chapter", "text", "The analysis."),
    "when_low": Column("When few are found", "text", "What a low share usually means."),
    "who_answers": Column("Who answers", "text", "Mean, or share, of the buyers who answered."),
    "who_buys": Column("Who buys", "text", "Mean, or share, of all buyers of the survey's time."),
    "with_any": Column("With an answer", "count", "Those in which any question is answered."),
    "with_score": Column("With a score", "count", "Those with a score; empty if none is asked."),
    "without_identity": Column("No customer", "count", "Answers that name no customer."),
    "alpha": Column(
        "Agreement", "number", "Krippendorff's alpha of two people who coded the same answers."
    ),
    "code": Column("Code", "text", "What an open answer is about, by the codebook."),
    "coded": Column("Coded", "count", "Answers with a text that have a code."),
    "coders": Column("Coders", "count", "People who coded by hand."),
    "examples": Column("Examples", "text", "Ids of up to two answers that hold the term."),
    "how": Column("Coded by", "text", "Terms of the codebook, or a person, who takes precedence."),
    "language": Column("Language", "text", "The likeliest language; `unknown` is none of those."),
    "language_unknown": Column(
        "Language not known", "count", "Answers with a text in none of the languages read."
    ),
    "mentions": Column("Mentions", "count", "Answers that mention it."),
    "n_used": Column("Used", "count", "Answers coded twice to which anybody gave the code."),
    "not_coded": Column("Not coded", "count", "Of the answers, those without any code."),
    "status": Column("Status", "text", "How firm the code is, by the agreement of two people."),
    "term": Column("Term", "text", "A basic form or two neighbouring words that no term covers."),
    "texts": Column("With a text", "count", "Answers to an open question that hold a text."),
    "words": Column("Words", "count", "Words of the term."),
    "text": Column("In their own words", "text", "The answer as it was written, masked."),
    "response_id": Column("Answer", "text", "Pseudonym of the answer."),
    "option": Column(
        "Answer", "text", "The given answer; `other` holds those too small to be shown."
    ),
    "people": Column("People", "count", "People who gave the answer."),
    "weighted_share": Column(
        "Weighted",
        "share",
        "The same share with weights that make the respondents like all buyers.",
    ),
    "weighted_low": Column(
        "Weighted, low", "share", "Lower end of the 95 % interval of the weighted share."
    ),
    "weighted_high": Column(
        "Weighted, high", "share", "Upper end of the 95 % interval of the weighted share."
    ),
    "respondents_share": Column(
        "Who answers", "share", "Respondents of the class / all respondents among the buyers."
    ),
    "buyers_share": Column(
        "Who buys", "share", "Buyers of the class / all buyers of the survey's time."
    ),
    "gap_share": Column("Difference", "share", "The one share less the other, of the same whole."),
    "per_answer": Column(
        "Per answer", "number", "Options of a choice, words of an open answer, per answer given."
    ),
    "base": Column("Of", "text", "What the share is of."),
    "early_share": Column("Early", "share", "Of the half that answered soonest after the order."),
    "late_share": Column("Late", "share", "Of the half that answered later."),
    "competitor": Column("Looked at", "text", "Competitor that the buyers looked at."),
    "said": Column("Said", "text", "Where customers say they first heard of the shop."),
    "clicked": Column("Last click", "text", "Channel of the last click before the order."),
    "channel": Column("Channel", "text", "Channel under the name that both sides share."),
    "said_share": Column(
        "Said", "share", "People who say that they first heard of the shop there / all compared."
    ),
    "said_low": Column("Said, low", "share", "Lower end of the 95 % interval."),
    "said_high": Column("Said, high", "share", "Upper end of the 95 % interval."),
    "clicked_share": Column(
        "Last click", "share", "People whose order has this last click / all compared."
    ),
    "clicked_low": Column("Last click, low", "share", "Lower end of the 95 % interval."),
    "clicked_high": Column("Last click, high", "share", "Upper end of the 95 % interval."),
    "mean_value": Column(
        "Mean", "money", "Mean per person of what was bought in the time up to the answer."
    ),
    "median_value": Column("Median", "money", "Half bought for more in the time up to the answer."),
    "effective_n": Column(
        "Count like", "number", "Answers of equal weight that would be as sure (Kish)."
    ),
    "design_effect": Column(
        "Design effect", "number", "Answers / answers of equal weight that would be as sure."
    ),
    "smallest_weight": Column(
        "Smallest weight", "number", "Smallest weight of a respondent; the mean is 1."
    ),
    "largest_weight": Column(
        "Largest weight", "number", "Largest weight of a respondent; the mean is 1."
    ),
    "has_converged": Column(
        "Reached", "flag", "Whether the weights reach the shares of all buyers."
    ),
    "kappa": Column("Kappa", "number", "Agreement beyond chance: 1 is all, 0 none (Cohen)."),
    "kappa_low": Column("Kappa, low", "number", "Lower end of the 95 % interval of kappa."),
    "kappa_high": Column("Kappa, high", "number", "Upper end of the 95 % interval of kappa."),
    "adjusted_nps": Column(
        "NPS, same mix", "number", "NPS of the wave as if all waves had the same mix of customers."
    ),
    "class": Column("Class", "text", "Promoters give 9 or 10, passives 7 or 8, detractors 0 to 6."),
    "coefficient": Column(
        "Coefficient", "number", "Standardised coefficient of the rating beside all others."
    ),
    "coefficient_high": Column("Coefficient, high", "number", "Upper end of its interval."),
    "coefficient_low": Column("Coefficient, low", "number", "Lower end of its interval."),
    "correlation": Column("Correlation", "number", "Of the rating with the score, by itself."),
    "detractors": Column("Detractors", "count", "Answers that give 0 to 6."),
    "driver": Column("Driver", "text", "Rating given beside the score, or group of ratings."),
    "gap_high": Column("Difference, high", "number", "Upper end of its 95 % interval."),
    "gap_low": Column("Difference, low", "number", "Lower end of its 95 % interval."),
    "is_above_noise": Column(
        "Above noise", "flag", "Whether the share is beyond that of a driver of pure chance."
    ),
    "is_small": Column("Few", "flag", "10 to 29 answers: shown, never ranked."),
    "is_suppressor": Column(
        "Suppressor", "flag", "Its share is credit for what it takes away from other drivers."
    ),
    "is_used": Column("Used", "flag", "Whether it has the ratings to be taken as a driver."),
    "listwise_high": Column("Whole, high", "share", "Upper end of its 95 % interval."),
    "listwise_low": Column("Whole, low", "share", "Lower end of its 95 % interval."),
    "listwise_n": Column("Whole answers", "count", "Answers with every rating."),
    "listwise_share": Column(
        "Share, whole answers", "share", "Share of the driver, of answers with every rating only."
    ),
    "mean_rating": Column("Mean rating", "number", "Mean of those who rated it, on its own scale."),
    "mean_score": Column("Mean score", "number", "Mean of the scores from 0 to 10."),
    "not_answered": Column("Not answered", "count", "Asked, and left out."),
    "not_asked": Column("Not asked", "count", "Scores in whose survey it was not asked."),
    "nps": Column(
        "NPS", "number", "100 × (promoters − detractors) / answers with a score, points."
    ),
    "nps_1": Column("NPS", "number", "NPS of the group."),
    "nps_2": Column("NPS, compared", "number", "NPS of what it is compared with."),
    "odds_ratio": Column(
        "Odds ratio", "number", "Odds of a higher score for one point more of the rating."
    ),
    "others_rating": Column(
        "Others' rating", "number", "Mean rating of those who gave another reason."
    ),
    "passives": Column("Passives", "count", "Answers that give 7 or 8."),
    "per_respondent": Column(
        "Per customer", "money", "Bought in the time followed / customers followed for all of it."
    ),
    "points": Column("Difference", "number", "NPS of the group less that compared with, points."),
    "points_high": Column("Difference, high", "number", "Upper end of its 95 % interval."),
    "points_low": Column("Difference, low", "number", "Lower end of its 95 % interval."),
    "promoters": Column("Promoters", "count", "Answers that give 9 or 10."),
    "rank": Column("Rank", "count", "By the share, 1 is the largest; empty where none holds."),
    "rank_high": Column("Rank, to", "count", "Last rank of its 95 % interval."),
    "rank_low": Column("Rank, from", "count", "First rank of its 95 % interval."),
    "rating_gap": Column("Difference", "number", "Mean rating less that of the others."),
    "rating_high": Column("Rating, high", "number", "Upper end of the mean's 95 % interval."),
    "rating_low": Column("Rating, low", "number", "Lower end of the mean's 95 % interval."),
    "returned_1": Column("Returned", "share", "Share of the group with a next purchase."),
    "returned_2": Column("Returned, compared", "share", "Share of the other group."),
    "returned_gap": Column("Difference", "share", "The one share less the other."),
    "score": Column("Score", "count", "Answer from 0 to 10."),
    "vif": Column("Inflation", "number", "Variance inflation of the driver by the others."),
    "wave": Column("Wave", "text", "Wave of the survey, or period of the answer."),
    "weight": Column(
        "Weight",
        "number",
        "Share who mention it × difference: points that the score gains or loses with it.",
    ),
}


def column(name: str) -> Column:
    """The definition of a column; one of an own notebook is shown under its own name."""
    return COLUMNS.get(name, Column(name.replace("_", " ").capitalize(), "text", ""))


def reference() -> str:
    """``docs/definitions.md``: every column of the tables with its unit and meaning."""
    rows = [
        "# Definitions",
        "",
        "Generated from `src/templates_lib/definitions.py` by `make docs`: the columns of "
        "`internal/tables/*.csv` and of `tables.xlsx`.",
        "",
        "| column | unit | meaning |",
        "|---|---|---|",
    ]
    rows += [f"| `{name}` | {one.unit} | {one.meaning} |" for name, one in sorted(COLUMNS.items())]
    return "\n".join(rows) + "\n"
