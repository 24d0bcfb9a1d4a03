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
    "cost_of": Column("Cost of", "text", "Goods, fulfilment, payment or service."),
    "share_of": Column("Share of", "text", "What the shares of the row are shares of."),
    "from_files": Column("From the files", "share", "Share for which the files hold the cost."),
    "from_assumptions": Column(
        "Assumed", "share", "Share for which a declared assumption stands for the cost."
    ),
    "not_counted": Column("Not counted", "share", "Share for which no cost is counted."),
    "customer_id": Column("Customer", "text", "Pseudonym of the customer."),
    "customers": Column("Customers", "count", "Known customers."),
    "customers_median_days": Column("Median follow-up", "days", "Half are observed so long."),
    "date_from": Column("From", "date", "First day with a row."),
    "date_to": Column("To", "date", "Last day with a row."),
    "days": Column("Days", "days", "Days since the purchase from which the clock runs."),
    "days_from": Column("From day", "days", "First day of the interval since the purchase."),
    "days_since": Column("Days since", "days", "Days from the last purchase to the last day."),
    "days_to": Column("Before day", "days", "Day at which the interval ends."),
    "difference": Column("Difference", "number", "The one figure less that compared with."),
    "difference_share": Column("Difference", "share", "Difference / the shop's figure."),
    "encoding": Column("Encoding", "text", "How the file's text was read."),
    "file": Column("File", "text", "File or table read."),
    "finding": Column("Finding", "text", "The headline, as in its chapter."),
    "group": Column("Group", "code", "Value of the attribute; `all` is everyone."),
    "group_1": Column("Group", "code", "The one group."),
    "group_2": Column("Compared with", "code", "The other group."),
    "high": Column("High", "as the column before", "Upper end of the 95 % interval."),
    "last_on": Column("Last purchase", "date", "Day of the last purchase."),
    "low": Column("Low", "as the column before", "Lower end of the 95 % interval."),
    "mean_days_away": Column(
        "Days without a return", "number", "Mean days until the return within the time compared."
    ),
    "measure": Column("Measure", "code", "What is measured."),
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
    "p_value": Column("p", "p_value", "p-value of the comparison."),
    "per_customer": Column("Per customer", "number", "Sum / customers of the cohort."),
    "period": Column(
        "Period", "text", "Calendar period, or its first and last day, that the row is of."
    ),
    "purchase_number": Column("After purchase", "text", "Number of the purchase so far."),
    "purchases": Column("Purchases", "count", "Purchase occasions so far."),
    "renewal_rate": Column(
        "Return per day", "share", "Returns / days on which a customer could return."
    ),
    "repair": Column("What was seen", "code", "What the data had that needed a decision."),
    "repeated": Column("Back again", "count", "Customers with a second purchase."),
    "retention": Column("Active share", "share", "Active customers / customers of the cohort."),
    "returned": Column(
        "Returned", "share", "Share with a next purchase by that day (1 − Kaplan–Meier)."
    ),
    "returning_net_sales": Column("From returning", "money", "Net sales of later purchases."),
    "returns": Column("Returns", "count", "Next purchases within the interval."),
    "rows": Column("Rows", "count", "Rows of the files."),
    "rule": Column("Rule", "code", "By which customers are counted, or told apart."),
    "share": Column("Share", "share", "What is counted / all that it could be."),
    "shop": Column("Shop's figure", "number", "The figure on the shop's own screen."),
    "source": Column("Source", "code", "Name of the source in the parameter file."),
    "split": Column("Split by", "code", "Attribute that splits the customers; `all` is no split."),
    "state": Column("State", "code", "Where the customer stands by the usual time to return."),
    "step": Column("Step", "code", "What was done; each row is what remains after it."),
    "strength": Column("Evidence", "code", "How narrow the interval is."),
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
        "code",
        "`rows`; `empty` between the first and the last row; `outside` of them: not observed.",
    ),
    "files": Column("Files", "count", "Files of the source."),
    "format": Column("Format", "text", "What the files are."),
    "found": Column("Found", "text", "Share of the rows that are found, with its interval."),
    "gap": Column(
        "Difference", "number", "Those who answer less all buyers, in the measure's own unit."
    ),
    "join": Column("What is joined", "text", "Rows of one source that are found in another."),
    "kind": Column("Kind", "code", "Score, rating, choice or open question."),
    "lacks": Column("What it would take", "text", "What is lacking; empty where it is enough."),
    "left_out": Column("Left out", "count", "Rows that are none of the table, as declared."),
    "matched": Column("Found", "count", "Rows of them that are found in the other source."),
    "month_from": Column("From", "text", "First month without a row."),
    "month_to": Column("To", "text", "Last month without a row."),
    "months": Column(
        "Months", "count", "Months without a row; of a margin, months of 30 days that it covers."
    ),
    "part": Column("Of", "code", "The survey or channel; empty where there are none."),
    "respondents": Column(
        "Who answers", "number", "Mean, or share, of the buyers who answered the survey."
    ),
    "superseded": Column("Repeated", "count", "Rows that a later export repeats, left out."),
    "survey": Column("Survey", "code", "What the survey is."),
    "topic": Column("Chapter", "code", "The analysis."),
    "when_low": Column("When few are found", "text", "What a low share usually means."),
    "who_answers": Column("Who answers", "text", "Mean, or share, of the buyers who answered."),
    "who_buys": Column("Who buys", "text", "Mean, or share, of all buyers of the survey's time."),
    "with_any": Column("With an answer", "count", "Those in which any question is answered."),
    "with_score": Column("With a score", "count", "Those with a score; empty if none is asked."),
    "without_identity": Column("No customer", "count", "Answers that name no customer."),
    "alpha": Column(
        "Agreement", "number", "Krippendorff's alpha of two people who coded the same answers."
    ),
    "code": Column("Code", "code", "What an open answer is about, by the codebook."),
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
    "status": Column("Status", "code", "How firm the code is, by the agreement of two people."),
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
    "channel": Column("Channel", "text", "Channel, by the last click unless said otherwise."),
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
    "class": Column("Class", "code", "Promoters give 9 or 10, passives 7 or 8, detractors 0 to 6."),
    "coefficient": Column(
        "Coefficient", "number", "Standardised coefficient of the rating beside all others."
    ),
    "coefficient_high": Column("Coefficient, high", "number", "Upper end of its interval."),
    "coefficient_low": Column("Coefficient, low", "number", "Lower end of its interval."),
    "correlation": Column("Correlation", "number", "Of the rating with the score, by itself."),
    "detractors": Column("Detractors", "count", "Answers that give 0 to 6."),
    "driver": Column("Driver", "code", "Rating given beside the score, or group of ratings."),
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
    "decile": Column(
        "Group",
        "count",
        "Tenth of the customers by value, 1 is the best; a fifth under 200 customers.",
    ),
    "margin_share": Column(
        "Share",
        "share",
        "Contribution margin of the group / of all; net sales where costs are not known.",
    ),
    "orders_per_customer": Column("Orders each", "number", "Orders / customers."),
    "contribution_margin": Column(
        "Contribution margin",
        "money",
        "Net sales and freight charged, less the costs that are known or declared.",
    ),
    "percentile": Column(
        "Best customers", "share", "Customers up to here, the best first / all customers."
    ),
    "cumulative_value": Column("Together", "money", "What the customers up to here bring."),
    "cumulative_share": Column(
        "Share so far", "share", "What the customers up to here bring / what all bring."
    ),
    "cause": Column(
        "Main cause",
        "code",
        "The cost most above what the other customers pay of it, per unit of gross sales.",
    ),
    "lost_value": Column("Lost", "money", "What these customers cost more than they bring."),
    "lost_low": Column("Lost, low", "money", "Lower end of its 95 % interval."),
    "lost_high": Column("Lost, high", "money", "Upper end of its 95 % interval."),
    "excess_value": Column(
        "Above the ordinary",
        "money",
        "What the cause costs above its ordinary rate, of these customers.",
    ),
    "mended": Column(
        "Mended", "count", "Customers who would lose no money with the cause at its ordinary rate."
    ),
    "rate": Column(
        "Of gross sales",
        "share",
        "The cost / gross sales without VAT, of the customers who lose money.",
    ),
    "others_rate": Column("Of gross sales, others", "share", "The same of all other customers."),
    "others_low": Column("Others, low", "share", "Lower end of its 95 % interval."),
    "others_high": Column("Others, high", "share", "Upper end of its 95 % interval."),
    "others_n": Column("Others", "count", "Those in none of the group compared."),
    "from_group": Column(
        "From", "code", "Group in the earlier window; `new` or `back` who did not buy in it."
    ),
    "to_group": Column(
        "To", "code", "Group in the later window; `no_purchase` who did not buy in it."
    ),
    "movement": Column("Step", "code", "Who made the difference between two windows."),
    "amount": Column("Amount", "money", "Money of the step, in the client's currency."),
    "mean_before": Column("Each, before", "money", "Mean of the group in the earlier window."),
    "mean_after": Column(
        "Each, after",
        "money",
        "Mean of the same customers in the later window, without a purchase 0.",
    ),
    "bought_again": Column(
        "Bought again", "count", "Customers of the group with a purchase in the later window."
    ),
    "best_again": Column(
        "Among the best again",
        "count",
        "Customers of the group in the best one when the same customers are ranked later.",
    ),
    "best_again_low": Column(
        "Best again, low", "share", "Lower end of the 95 % interval of their share."
    ),
    "best_again_high": Column(
        "Best again, high", "share", "Upper end of the 95 % interval of their share."
    ),
    "attribute": Column("Attribute", "text", "Question, or what is known of a customer."),
    "value": Column(
        "Value", "text", "Answer, value of the attribute, or what a customer has brought."
    ),
    "n_target": Column(
        "n, target", "count", "Units of the target group of whom the attribute is known."
    ),
    "n_base": Column(
        "n, all",
        "count",
        "All units compared of whom the attribute is known.",
    ),
    "share_target": Column(
        "Target", "share", "Share of the target group; of a rule, share of its units in the target."
    ),
    "share_base": Column(
        "All", "share", "The same share of all who are compared, the target among them."
    ),
    "lift": Column("Lift", "number", "Share of the target group / share of all who are compared."),
    "q_value": Column(
        "q",
        "p_value",
        "Benjamini–Hochberg: share of false ones among all at most so large.",
    ),
    "dimension": Column(
        "Dimension", "code", "Motives, pains, habits, first purchase, or demographics."
    ),
    "people_target": Column("In target", "count", "Units of the target group that have the value."),
    "people_base": Column("In all", "count", "Units compared that have the value."),
    "target_low": Column("Target, low", "share", "Lower end of the 95 % interval."),
    "target_high": Column("Target, high", "share", "Upper end of the 95 % interval."),
    "base_low": Column("All, low", "share", "Lower end of the 95 % interval."),
    "base_high": Column("All, high", "share", "Upper end of the 95 % interval."),
    "is_different": Column(
        "Different", "flag", "Whether the target differs, by the share of false ones allowed."
    ),
    "share_low": Column("Share, low", "share", "Lower end of the 95 % interval of the share."),
    "share_high": Column("Share, high", "share", "Upper end of the 95 % interval of the share."),
    "predicted_share": Column(
        "Expected", "share", "Mean score of the group: the share expected in the target."
    ),
    "observed_share": Column("Observed", "share", "Share of the group that is in the target."),
    "bin": Column("Group", "count", "Units of a like score; 1 has the highest."),
    "about": Column("About", "text", "What the line is about."),
    "line": Column("Line", "text", "What is said."),
    "numbers": Column("Numbers", "text", "The numbers behind it, with their range."),
    "evidence": Column("Rests on", "code", "Orders with the client's own files, or a survey."),
    "chance": Column(
        "Chance", "share", "Chance to come to be of the target, by what the first day tells."
    ),
    "in_base": Column("Compared", "flag", "Whether it is known if it is of the target."),
    "target": Column("Target", "flag", "Whether it is of the target group."),
    "company_id": Column("Company", "text", "Pseudonym of the company."),
    "units": Column("Units", "count", "Customers, companies, visitors or people."),
    "spend": Column("Cost", "money", "Cost of marketing on the days of the row."),
    "cos": Column("COS", "share", "Cost of marketing / net sales of the same days."),
    "cac": Column("CAC", "money", "Cost of marketing / new customers of the same days."),
    "attributed_romi": Column(
        "Attributed ROMI",
        "share",
        "(Contribution margin of the orders with that last click − cost) / cost.",
    ),
    "payback_months": Column(
        "Payback",
        "count",
        "First month in which the margin per new customer covers CAC; empty if not yet.",
    ),
    "ltv_cac": Column(
        "LTV:CAC",
        "number",
        "Discounted margin per new customer in the months covered / CAC; nothing is projected.",
    ),
    "cos_low": Column("COS, low", "share", "Lower end of its 95 % interval."),
    "cos_high": Column("COS, high", "share", "Upper end of its 95 % interval."),
    "cac_low": Column("CAC, low", "money", "Lower end of its 95 % interval."),
    "cac_high": Column("CAC, high", "money", "Upper end of its 95 % interval."),
    "attributed_romi_low": Column(
        "Attributed ROMI, low", "share", "Lower end of its 95 % interval."
    ),
    "attributed_romi_high": Column(
        "Attributed ROMI, high", "share", "Upper end of its 95 % interval."
    ),
    "payback_months_low": Column("Payback, low", "count", "Lower end of its 95 % interval."),
    "payback_months_high": Column("Payback, high", "count", "Upper end of its 95 % interval."),
    "ltv_cac_low": Column("LTV:CAC, low", "number", "Lower end of its 95 % interval."),
    "ltv_cac_high": Column("LTV:CAC, high", "number", "Upper end of its 95 % interval."),
    "followed": Column(
        "Followed", "count", "Customers observed for all the months that the margin covers."
    ),
    "is_paid_back": Column(
        "Paid back", "flag", "Whether the margin covers CAC in the months covered."
    ),
    "is_whole": Column(
        "All the days", "flag", "Whether the row is of all the days known, not of one period."
    ),
    "spread_share": Column(
        "Spread", "share", "Share of the cost that was spread over the days of a longer total."
    ),
    "regions": Column("Regions", "count", "Rows of the arm that saw it, a region each."),
    "regions_held_out": Column("Regions held out", "count", "Rows of the arm that did not see it."),
    "units_held_out": Column("Units held out", "count", "People of the arm that did not see it."),
    "sales_per_unit": Column(
        "Sales each", "money", "Net sales / people, of the arm that saw the advertising."
    ),
    "sales_per_unit_held_out": Column(
        "Sales each, held out", "money", "Net sales / people, of the arm that did not see it."
    ),
    "added_per_unit": Column("Added each", "money", "Sales each of the one arm less the other."),
    "added_per_unit_low": Column("Added each, low", "money", "Lower end of its 95 % interval."),
    "added_per_unit_high": Column("Added each, high", "money", "Upper end of its 95 % interval."),
    "incremental_sales": Column(
        "Added sales", "money", "Added each, times the people who saw the advertising."
    ),
    "incremental_sales_low": Column("Added sales, low", "money", "Lower end of its 95 % interval."),
    "incremental_sales_high": Column(
        "Added sales, high", "money", "Upper end of its 95 % interval."
    ),
    "margin_of_sales": Column(
        "Margin of sales", "share", "Contribution margin / net sales of the orders of these days."
    ),
    "incremental_margin": Column("Added margin", "money", "Added sales, times margin of sales."),
    "incremental_margin_low": Column(
        "Added margin, low", "money", "Lower end of its 95 % interval."
    ),
    "incremental_margin_high": Column(
        "Added margin, high", "money", "Upper end of its 95 % interval."
    ),
    "romi": Column(
        "ROMI", "share", "(Added margin − cost) / cost, by a test that left people out."
    ),
    "romi_low": Column("ROMI, low", "share", "Lower end of its 95 % interval."),
    "romi_high": Column("ROMI, high", "share", "Upper end of its 95 % interval."),
    "break_even_per_unit": Column(
        "Needed each", "money", "Added sales each at which their margin is the cost."
    ),
    "regions_needed": Column(
        "Regions needed", "count", "An arm, to see in 4 of 5 tests a channel that just pays."
    ),
    "tested": Column("Tested", "code", "Whether a test was run, and left the question open."),
    "weekly_cost": Column("Cost a week", "money", "Mean of the last 13 weeks."),
    "weekly_sales": Column("Sales a week", "money", "Mean net sales of the last 52 weeks."),
    "weekly_sales_sd": Column(
        "Swing a week", "money", "Standard deviation of net sales by week, without season or trend."
    ),
    "break_even_sales": Column(
        "Needed a week", "money", "Net sales a week that the channel must add to cover its cost."
    ),
    "weeks_needed": Column(
        "Weeks needed", "count", "By which a channel that just pays shows in 4 of 5 tests."
    ),
    "weeks_needed_low": Column(
        "Weeks needed, low", "count", "By the lower end of the swing's 95 % interval."
    ),
    "weeks_needed_high": Column(
        "Weeks needed, high", "count", "By the upper end of the swing's 95 % interval."
    ),
    "orders_needed": Column("Orders needed", "count", "Of all channels, an arm, in these weeks."),
    "cost_for_short_test": Column(
        "For 8 weeks", "money", "Cost a week at which a test of eight weeks is enough."
    ),
    "n_others": Column("n, others", "count", "Customers of the others, of the same months."),
    "others_margin": Column(
        "Margin, others", "money", "The same of all other channels, of the same months."
    ),
    "margin_gap": Column("Difference", "money", "Margin each less that of the others."),
    "others_returned": Column(
        "Came back, others", "share", "The same of all other channels, of the same months."
    ),
    "target_value": Column("Target", "number", "Of the parameter file, in the measure's unit."),
    "verdict": Column(
        "Verdict", "code", "On which side of the target the whole interval lies, if on one."
    ),
    "campaign": Column("Campaign", "text", "Campaign as the costs call it."),
    "is_brand": Column("Brand", "flag", "Whether it answers searches for the shop's own name."),
    "days_with_row": Column("Days with a row", "days", "Days that have a row of their own."),
    "days_spread": Column("Days in totals", "days", "Days that only a longer total holds."),
    "days_missing": Column("Days missing", "days", "Days between first and last without a row."),
    "margin": Column(
        "Margin each", "money", "Contribution margin per new customer so far, all of them counted."
    ),
    "margin_low": Column("Margin each, low", "money", "Lower end of its 95 % interval."),
    "margin_high": Column("Margin each, high", "money", "Upper end of its 95 % interval."),
    "discounted": Column("Discounted", "money", "The same margin, discounted to the first day."),
    "discounted_low": Column("Discounted, low", "money", "Lower end of its 95 % interval."),
    "discounted_high": Column("Discounted, high", "money", "Upper end of its 95 % interval."),
    "mean_purchases": Column("Purchases", "number", "Mean purchases in the first days."),
    "item": Column("Level", "text", "Whether categories or products are told of."),
    "first": Column(
        "First bought",
        "text",
        "What the first purchase was, by its highest net sales.",
    ),
    "next": Column(
        "Bought second",
        "text",
        "What the second purchase was; `other` holds what is bought rarely.",
    ),
    "is_same": Column(
        "The same again",
        "flag",
        "Whether the second purchase is of what the first one was.",
    ),
    "base_n": Column("Others", "count", "Customers or purchases compared with."),
    "base_share": Column("Share of others", "share", "The same share, of those compared with."),
    "gap_share_low": Column("Difference, low", "share", "Lower end of its 95 % interval."),
    "gap_share_high": Column("Difference, high", "share", "Upper end of its 95 % interval."),
    "ratio": Column("Times as often", "number", "The one share / the other."),
    "ratio_low": Column("Times, low", "number", "Lower end of its 95 % interval."),
    "ratio_high": Column("Times, high", "number", "Upper end of its 95 % interval."),
    "first_value": Column("First purchase", "money", "Mean value of the first purchase."),
    "later_value": Column(
        "Later value",
        "money",
        "Mean of what a customer brings after the day of the first purchase, in the time followed.",
    ),
    "share_returned": Column(
        "Came back",
        "share",
        "Customers with a later purchase in the time followed / all of them.",
    ),
    "returned_low": Column("Came back, low", "share", "Lower end of its 95 % interval."),
    "returned_high": Column("Came back, high", "share", "Upper end of its 95 % interval."),
    "week": Column("Week from", "date", "First day of the week."),
    "predicted": Column("Predicted", "number", "What the model says, fitted on the time before."),
    "actual": Column("Came", "number", "What came in that time."),
    "off": Column("Off by", "share", "Predicted / what came, less 1."),
    "value_group": Column(
        "Fifth",
        "text",
        "Fifth of the customers by what they have brought so far, 1 the most.",
    ),
    "living": Column(
        "Still customers",
        "count",
        "Customers, each counted by the chance of not having stopped.",
    ),
    "alive": Column("Still a customer", "share", "Chance of not having stopped."),
    "expected_purchases": Column(
        "Purchases to come",
        "number",
        "Purchases expected within the horizon.",
    ),
    "purchases_low": Column("Purchases, low", "number", "Lower end of its 95 % interval."),
    "purchases_high": Column("Purchases, high", "number", "Upper end of its 95 % interval."),
    "expected_value": Column("Value to come", "money", "Expected within the horizon, discounted."),
    "answered_soft_lead": Column(
        "Soft lead", "flag", "A person answered as a soft lead in the last 90 days."
    ),
    "companies": Column("Companies", "count", "Companies; empty where too few to be shown."),
    "duration": Column("Days", "days", "Days since the beginning."),
    "earns_from": Column("Earns from", "text", "What the company earns from."),
    "events": Column("Events", "count", "How many it happened to on that day."),
    "expected_share": Column(
        "Fit", "share", "Expected share won by what is known of the company alone."
    ),
    "first_on": Column("First order", "date", "Day of the first order."),
    "fit": Column(
        "Fit", "text", "How like those that were won, by what is known of the company alone."
    ),
    "goal": Column("Goal", "text", "The goal of the company."),
    "incidence": Column(
        "Share so far", "share", "Share that has ended so by then (Aalen-Johansen)."
    ),
    "industry": Column("Industry", "text", "Industry of the company."),
    "intent": Column(
        "Signs of intent", "count", "How many of the signs the company has shown lately."
    ),
    "intent_class": Column("Intent", "text", "High from two signs on."),
    "lead_value": Column("Value", "money", "Sum of the values of the offers."),
    "lost": Column("Lost", "count", "Offers lost."),
    "lost_leads": Column("Lost offers", "count", "Offers to the company that were lost."),
    "lost_reason": Column("Reason", "text", "Why the offer was lost, as written in the register."),
    "open": Column("Open", "count", "Offers not decided yet, in no share."),
    "open_lead": Column("Open offer", "flag", "Whether the company has an undecided offer."),
    "open_leads": Column("Open offers", "count", "Offers to the company that are not decided."),
    "ordered_lately": Column("Ordered", "flag", "A person ordered in the last 90 days."),
    "others_share": Column("Others", "share", "The same share of all others."),
    "persons": Column("Persons", "count", "Persons of the company in the customer file."),
    "persons_mean": Column("Persons", "number", "Mean number of persons of an account."),
    "role": Column("Role", "text", "Role of the person in the company."),
    "roles": Column("Roles", "text", "Roles of the persons known in the account."),
    "size": Column("Size", "text", "Size of the company, as the file has it."),
    "top": Column("Largest", "count", "So many of the largest accounts."),
    "value_chain_stage": Column("Stage", "text", "Stage of the value chain."),
    "value_mean": Column("Mean", "money", "Mean of an account in the window."),
    "visited": Column("Visited", "flag", "A person was in the shop in the last 30 days."),
    "visited_often": Column(
        "Visited often", "flag", "A person was in the shop on two of the last 90 days."
    ),
    "window_contribution_margin": Column(
        "Margin, window", "money", "Contribution margin in the last window."
    ),
    "window_net_sales": Column("Sales, window", "money", "Net sales in the last window."),
    "window_orders": Column("Orders, window", "count", "Orders in the last window."),
    "won": Column("Won", "count", "Offers won."),
    "won_leads": Column("Won offers", "count", "Offers to the company that were won."),
    "wrote": Column("Wrote", "flag", "A person wrote to the service in the last 90 days."),
    "page_group": Column(
        "Page", "code", "Pages taken together, or a step where the events have no pages."
    ),
    "next_page_group": Column("Next", "code", "What follows: another page, or the end."),
    "left": Column("Left there", "count", "Visits that ended there without a purchase."),
    "left_share": Column("Leave there", "share", "Visits that ended there / that were there."),
    "left_from": Column("Went on from", "count", "How often visits went on from there, or ended."),
    "sequence": Column("One after another", "text", "Pages in this order, with none between."),
    "places": Column("Pages", "count", "Pages, or steps, of the sequence."),
    "place": Column("Place", "count", "Which page of the visit it is, from 1."),
    "bought_share": Column("Of those who buy", "share", "Of the visits with a purchase."),
    "bought_low": Column("Buy, low", "share", "Lower end of its 95 % interval."),
    "bought_high": Column("Buy, high", "share", "Upper end of its 95 % interval."),
    "bought_n": Column("Visits that buy", "count", "All visits with a purchase."),
    "mean": Column("Mean", "number", "Mean; of yes and no the share."),
    "others_mean": Column("Others, mean", "number", "The same of those compared with."),
    "diff_low": Column("Difference, low", "number", "Lower end of its 95 % interval."),
    "diff_high": Column("Difference, high", "number", "Upper end of its 95 % interval."),
    "those": Column("Those", "text", "Mean of those who gave the answer, with its interval."),
    "others": Column("Others", "text", "Mean of those who gave another answer."),
    "way": Column("Joined by", "code", "How the answer and the visit were found to be one."),
    "counted": Column("Of", "code", "What of the visit is counted."),
    "out_of_time": Column(
        "Other time", "count", "Answers whose visit was not going on at their time."
    ),
    "outcome": Column("Outcome", "text", "How it ended."),
    "person_high": Column("Per person, high", "money", "Upper end of its 95 % interval."),
    "person_low": Column("Per person, low", "money", "Lower end of its 95 % interval."),
    "person_mean": Column("Per person", "money", "Of an account, divided by its persons; mean."),
    "segment": Column(
        "Segment",
        "text",
        "Group compared; by answers `no_segment` holds those not found again.",
    ),
    "stability": Column(
        "Found again",
        "number",
        "Mean Jaccard similarity to the groups of people drawn anew; 1 is always the same.",
    ),
    "says": Column(
        "What sets it apart", "text", "Answers given more often than by all who were asked."
    ),
    "probability": Column(
        "Probability", "share", "Probability to belong to the group, given the answers."
    ),
    "classes": Column("Groups", "count", "Number of groups tried."),
    "log_likelihood": Column(
        "Log-likelihood", "number", "Logarithm of the likelihood at the best start."
    ),
    "estimated": Column("Parameters", "count", "Numbers that the model estimates."),
    "bic": Column("BIC", "number", "Bayesian information criterion; the lowest is chosen."),
    "starts_alike": Column("Starts alike", "count", "Random starts that led to the same solution."),
    "entropy_r2": Column(
        "Told apart", "number", "How well the answers tell the groups apart: 1 is without doubt."
    ),
    "value_per_customer": Column(
        "Value each", "money", "Mean value over the first days, of those observed so long."
    ),
    "comparison": Column(
        "Who",
        "code",
        "Who is compared: with those who looked nowhere else, or the best with the rest.",
    ),
    "n_rest": Column("Others", "count", "People on the other side of the comparison."),
    "share_rest": Column("Share, others", "share", "Share of the people on the other side."),
    "market_share": Column(
        "In the market", "share", "Share of the market, as the client gives it."
    ),
    "reach": Column(
        "Against the market",
        "number",
        "Share among the customers / share in the market; 1 is alike.",
    ),
    "reach_low": Column("Against the market, low", "number", "Lower end of its 95 % interval."),
    "reach_high": Column("Against the market, high", "number", "Upper end of its 95 % interval."),
    "n_valued": Column(
        "With a value",
        "count",
        "Of the group, those observed for the days that value is counted over.",
    ),
    "value_low": Column("Value, low", "money", "Lower end of its 95 % interval."),
    "value_high": Column("Value, high", "money", "Upper end of its 95 % interval."),
    "difference_value": Column(
        "Against others", "money", "Mean value less that of all others of whom it is known."
    ),
    "difference_low": Column("Against others, low", "money", "Lower end of its 95 % interval."),
    "difference_high": Column("Against others, high", "money", "Upper end of its 95 % interval."),
    "persona": Column("Kind of customer", "text", "A segment by its answers, or a rule."),
    "unknown": Column("Not known", "text", "What is not known of it."),
    "unit": Column("Unit", "text", "What is counted: customers or companies."),
    "stage": Column("Step", "code", "Step or stage of the path."),
    "entered": Column("At the step before", "count", "Visitors who took the step before."),
    "converted": Column("Went on", "count", "Of those, how many took this step, or bought."),
    "conversion": Column("Share that did", "share", "Who went on, or bought / all who could."),
    "median_days": Column(
        "Median time", "number", "Days in which half take the step; empty where fewer do."
    ),
    "of_all": Column("Of all", "share", "Those who took the step / all who took the first one."),
    "of_all_low": Column("Of all, low", "share", "Lower end of its 95 % interval."),
    "of_all_high": Column("Of all, high", "share", "Upper end of its 95 % interval."),
    "open_entered": Column(
        "Step before, at any time", "count", "Visitors with the step before, in any order."
    ),
    "open_converted": Column("At any time", "count", "Visitors with this step, in any order."),
    "others_conversion": Column("Of the others", "share", "The same share of all others."),
    "n_before": Column("n before", "count", "Visitors of the period before."),
    "conversion_before": Column("Before", "share", "The same share in the period before."),
    "component": Column("Part", "code", "The change, or the part of it that has one reason."),
    "benchmark": Column("Held against", "code", "The best comparable group, or the target."),
    "benchmark_conversion": Column("Goes on there", "share", "The same share there."),
    "gained": Column(
        "Purchases gained", "count", "More purchases a year if the step were as there."
    ),
    "gained_low": Column("Gained, low", "count", "Lower end of its 95 % interval."),
    "gained_high": Column("Gained, high", "count", "Upper end of its 95 % interval."),
    "worth": Column("Worth", "money", "What they would bring in a year."),
    "worth_low": Column("Worth, low", "money", "Lower end of its 95 % interval."),
    "worth_high": Column("Worth, high", "money", "Upper end of its 95 % interval."),
    "what": Column("What", "code", "What is counted."),
    "sessions": Column("Visits", "count", "Visits to the shop."),
    "case": Column("Case", "code", "What is assumed of those who are not seen."),
    "contacts": Column("Contacts", "count", "Service contacts."),
    "contacts_per_100": Column("Per 100 orders", "number", "Service contacts / orders × 100."),
    "unresolved": Column("Unresolved", "count", "Contacts not resolved by the last day."),
    "median_hours": Column("Median hours", "number", "Half are resolved in so many hours."),
    "per_doubling": Column(
        "Per doubling", "number", "Points of the rating for each doubling of the hours."
    ),
    "opted_out": Column("Opted out", "count", "Of them, those who want no messages."),
    "overdue": Column("Overdue", "count", "Customers past the usual day of the next purchase."),
    "lapsed": Column("Long gone", "count", "Customers past the horizon without a purchase."),
    "closed": Column("Closed", "count", "Customers with a closed account."),
    "reason": Column("Reason", "text", "Why to contact the customer, or to ask."),
    "population": Column("Of whom", "code", "The people that the share is of."),
    "would_suit": Column("Would it suit", "code", "Whether so few are worth as much as others."),
    "rest_low": Column("Others, low", "share", "Lower end of its 95 % interval."),
    "rest_high": Column("Others, high", "share", "Upper end of its 95 % interval."),
    "from_customers": Column("From in all", "count", "Customers of the group that they come from."),
    "to_customers": Column("To in all", "count", "Customers of the group that they go to."),
    "stratum": Column("Whom", "code", "Group of customers that is called for a reason of its own."),
    "wanted": Column("Wanted", "count", "Customers to call in the group."),
    "available": Column(
        "May be called", "count", "Customers of the group who may be called and were not before."
    ),
    "selected": Column("Drawn", "count", "Customers drawn at random, nobody in two groups."),
    "theme": Column("Theme", "code", "What was told, by the codebook or the notes."),
    "interviews": Column("Interviews", "count", "Interviews so far, or that tell the theme."),
    "alpha_low": Column("Agreement, low", "number", "Lower end of its 95 % interval."),
    "alpha_high": Column("Agreement, high", "number", "Upper end of its 95 % interval."),
    "new_themes": Column("New themes", "count", "Themes that no interview before had told."),
    "base_themes": Column("Themes of the base", "count", "Themes of the first interviews."),
    "new_share": Column("New", "share", "New themes of the run / themes of the base."),
    "expected": Column("Expected", "number", "Mean of the themes over all orders of interviews."),
    "interview_share": Column(
        "In interviews", "share", "Excerpts about the theme / all excerpts with a theme."
    ),
    "survey_share": Column(
        "In surveys", "share", "Open answers about the theme / all open answers with a theme."
    ),
    "interview_low": Column("Interviews, low", "share", "Lower end of its 95 % interval."),
    "interview_high": Column("Interviews, high", "share", "Upper end of its 95 % interval."),
    "survey_low": Column("Surveys, low", "share", "Lower end of its 95 % interval."),
    "survey_high": Column("Surveys, high", "share", "Upper end of its 95 % interval."),
    "survey_n": Column("n, surveys", "count", "Open answers of surveys that have a theme."),
    "may_quote": Column("May be quoted", "flag", "Whether the customer lets us quote it."),
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
