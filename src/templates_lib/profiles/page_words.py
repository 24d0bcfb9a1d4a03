"""What the open profile says to a customer: plain, without judgement."""

from __future__ import annotations

from templates_lib.language import N_

PAGE = {
    "title": N_("Your profile at {shop}"),
    "hello": N_("Hello {name}"),
    "hello_nobody": N_("Hello"),
    "opening": N_(
        "This is what {shop} knows and assumes about you as a customer, and how each thing was "
        "reached. You agreed to see it. Every line has a number: if one is wrong or you do not "
        "want it kept, tell us the number. As known on {day}."
    ),
    "assumed": N_("What we assume matters to you"),
    "assumed_intro": N_(
        "Customers fall into groups by what they tell us of their reasons to buy. You seem to be "
        "close to a group whose people have this in common:"
    ),
    "answered": N_(
        "How we reached this: your own answers to our surveys are like theirs. The group fits "
        "your answers with a probability of {share} in 100."
    ),
    "first_day": N_(
        "How we reached this: you have not told us. Customers whose first order was like yours "
        "belong to this group about {share} times in 100. It is a guess and may well be wrong."
    ),
    "rule": N_("How we reached this: from your first order alone."),
    "corrected_profile": N_("How we reached this: you told us so yourself."),
    "told": N_("What you have told us"),
    "orders": N_("What we see from your first order"),
    "file": N_("What stands in your customer details"),
    "by_survey": N_("From: your answer to our survey"),
    "by_order": N_("From: your first order"),
    "by_file": N_("From: your customer details"),
    "by_you": N_("From: you corrected it"),
    "nothing": N_("Nothing."),
    "answer": N_("To “{question}” you answered “{answer}”."),
    "tick": N_("You ticked “{answer}”."),
    "their_answer": N_("To “{question}” they answer “{answer}”."),
    "their_tick": N_("They tick “{answer}”."),
    "not_used": N_("What is not here"),
    "not_used_text": N_(
        "We make no assumption about your health, religion, origin, political opinion, sexuality "
        "or trade union membership, and put nothing about them on this page."
    ),
    "correct": N_("If something is wrong"),
    "correct_text": N_(
        "Tell us the number of the line and what is true instead. From then on your word holds, "
        "and not what we assumed. You need to give no reason."
    ),
    "rights": N_("Your rights"),
    "see": N_(
        "You may see everything that we hold about you, not only this page: ask for a copy. It is "
        "free of charge and comes within a month (GDPR, article 15)."
    ),
    "mend": N_("You may have what is wrong corrected and what is missing added (article 16)."),
    "object": N_(
        "You may object to this profile at any time. To marketing you may say no without giving a "
        "reason; we then stop using the profile for it (article 21)."
    ),
    "withdraw": N_(
        "You may take back your consent to see this page and be asked about it. We then remove it."
    ),
    "complain": N_(
        "If you think that we have acted wrongly, you may complain to the data protection "
        "authority of your country."
    ),
    "complain_fi": N_(
        "If you think that we have acted wrongly, you may complain to the Office of the Data "
        "Protection Ombudsman (tietosuoja.fi)."
    ),
    "contact": N_("Whom to turn to: {contact}"),
    "notice": N_("Our privacy notice: {notice}"),
}
"""The texts of the page; in braces what is filled in, escaped."""

FIRST_ORDER = {
    "first_category": N_("Your first order was mostly from “{answer}”."),
    "first_product": N_("The main product of your first order was “{answer}”."),
    "first_channel": N_("You came to your first order by “{answer}”."),
    "first_country": N_("Your first order went to {answer}."),
    "first_device": N_("You made your first order on this device: {answer}."),
}
FIRST_ORDER_BY_VALUE = {
    "first_discounted": {
        "yes": N_("Your first order had a discount."),
        "no": N_("Your first order had no discount."),
    },
    "first_is_b2b": {
        "yes": N_("You ordered for a company."),
        "no": N_("You ordered for yourself."),
    },
    "first_weekday": {
        "working_day": N_("You made your first order on a working day."),
        "weekend": N_("You made your first order at a weekend."),
    },
    "first_time": {
        "night": N_("You made your first order at night."),
        "morning": N_("You made your first order in the morning."),
        "afternoon": N_("You made your first order in the afternoon."),
        "evening": N_("You made your first order in the evening."),
    },
}
"""What is seen from the first order; its value is not told, for it would be a judgement."""

THEIR_FIRST_ORDER = {
    "first_category": N_("Their first order is mostly from “{answer}”."),
    "first_product": N_("The main product of their first order is “{answer}”."),
}

COMPANY = {
    "size": N_("Size of the company"),
    "earns_from": N_("What the company earns from"),
}
"""What attributes of a company are called whose label does not say that they are of one."""

FORM = {
    "describes_me": N_(
        "Here is a description of one kind of our customers. It may fit you or not. How well does "
        "it describe you? (1 = not at all, 5 = very well)"
    ),
    "describes_best": N_("Which of these describes you best?"),
    "what_is_wrong": N_("What is wrong in the description, or missing from it?"),
    "correct": N_("If we have this wrong, what is true? {question}"),
}
"""The questions of the survey tool."""

HOW = (
    N_("Ask first, show the open profile afterwards: who has seen it answers otherwise."),
    N_(
        "Set the questions up in your survey tool under the names in the first column. Show each "
        "person the description of the profile in profile_shown, without its name."
    ),
    N_(
        "Pass arm and profile_shown on as hidden fields, so that they come back as columns of the "
        "answers. Nobody who is asked may see them."
    ),
    N_("The answers come back as sources.responses with survey: profile."),
)
"""How to ask them."""
