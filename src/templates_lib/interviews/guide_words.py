"""The interview guide's texts."""

from __future__ import annotations

from templates_lib.language import N_

GROUPS = {
    "all": N_("Ask everyone"),
    "best": N_("The best and most active"),
    "newly_lost": N_("Newly lost customers"),
    "promoters": N_("Those who recommend us"),
    "detractors": N_("Those who gave a low score"),
    "decision_makers": N_("Companies: those who decide"),
    "users": N_("Companies: those who use"),
    "end": N_("To end with"),
}
HOW = (
    N_(
        "Say who you are, what the call is for and how long it takes, and ask whether now is a "
        "good time. Ask for permission before recording."
    ),
    N_(
        "Let them tell what happened, in order, one real purchase at a time. What people would "
        "do is a guess; what they did is a fact."
    ),
    N_("Ask open questions: what, how, when, who. Never “was it because …?”."),
    N_("Stay silent for a while after an answer. The next sentence is often the important one."),
    N_(
        "Do not explain, defend or sell. If something is to be mended, note it and return to it "
        "after the interview."
    ),
    N_("Write down their own words, not your summary. One thought is one row of the template."),
    N_("Mark at once whether a row may be quoted without the name."),
)
QUESTIONS = {
    "last_purchase": (
        "all",
        N_("Tell me about the last time you bought something like this. Where did it begin?"),
    ),
    "trigger": (
        "all",
        N_("What had happened that made it a matter for that very day?"),
    ),
    "alternatives": (
        "all",
        N_("What else did you consider, and how did you compare?"),
    ),
    "hesitation": (
        "all",
        N_("At which point did you hesitate, or think of leaving it? What happened then?"),
    ),
    "first_use": (
        "all",
        N_("Think of the first thing you bought from us. What happened after it arrived?"),
    ),
    "told_others": (
        "all",
        N_("When did you last speak of us to somebody? What did you say?"),
    ),
    "stays": (
        "best",
        N_("Tell me about a time when you were about to buy it somewhere else. What happened?"),
    ),
    "gone": (
        "best",
        N_("Imagine that the shop had closed yesterday. What would you do the next time?"),
    ),
    "last_here": (
        "newly_lost",
        N_("Tell me about your last purchase from us, and what happened after it."),
    ),
    "since": (
        "newly_lost",
        N_("How have you managed since then? Where do you get the same now?"),
    ),
    "recommends": (
        "promoters",
        N_("Whom did you last tell about us? How did it come up, and what did you say?"),
    ),
    "went_wrong": (
        "detractors",
        N_("What had happened before you gave your score?"),
    ),
    "put_right": (
        "detractors",
        N_("At which moment could it still have been put right, and how?"),
    ),
    "chosen": (
        "decision_makers",
        N_("Tell me how the present supplier was chosen. Who took part, and at which point?"),
    ),
    "compared": (
        "decision_makers",
        N_("What did you compare, and what decided in the end?"),
    ),
    "answers_for": (
        "decision_makers",
        N_("What do you have to answer for to others when you buy this?"),
    ),
    "a_day": (
        "users",
        N_("Tell me about yesterday: where was it used, by whom, and what was in the way?"),
    ),
    "passes_on": (
        "users",
        N_("What did you last pass on to the person who decides? What came of it?"),
    ),
    "not_asked": (
        "end",
        N_("What should I have asked and did not?"),
    ),
    "may_quote": (
        "end",
        N_("May we use your words without your name?"),
    ),
}
"""Question: whom it is for, and what is asked; in the order asked."""
ALWAYS = tuple(name for name in QUESTIONS if name not in ("first_use", "told_others"))
REASONS = {
    "competitor": N_(
        "Of 100 buyers who answered, {share} (very likely {low}–{high}) also looked at "
        "“{option}”; how they compared is not in the data."
    ),
    "nearly_stopped": N_(
        "Of 100 buyers who answered, {share} (very likely {low}–{high}) name “{option}” as what "
        "nearly stopped them; what it was like, and what helped, is not in the data."
    ),
    "detractor_reason": N_(
        "Of 100 low scores with a reason, {share} (very likely {low}–{high}) are about "
        "“{option}”; what happened before is not in the data."
    ),
    "first_purchase": N_(
        "Of 100 who begin with “{option}”, {share} (very likely {low}–{high}) come back within a "
        "year; of those who begin with “{other}”, {other_share}. Why is not in the data."
    ),
    "no_motive": N_(
        "Too few have been asked yet why they buy: so far it is known from these talks alone."
    ),
    "no_exit": N_("Too few of those who leave without buying have been asked why."),
    "no_score": N_("Too few have been asked yet whether they would recommend the shop."),
}
"""What the data left open."""
