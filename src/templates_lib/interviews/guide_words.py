"""The interview guide's texts in English and Finnish."""

from __future__ import annotations

TITLE = {"en": "Interview guide", "fi": "Haastattelurunko"}
HOW_TITLE = {"en": "Before and during the call", "fi": "Ennen puhelua ja sen aikana"}
WHY = {"en": "Why we ask", "fi": "Miksi kysymme"}
GROUPS = {
    "en": {
        "all": "Ask everyone",
        "best": "The best and most active",
        "newly_lost": "Newly lost customers",
        "promoters": "Those who recommend us",
        "detractors": "Those who gave a low score",
        "decision_makers": "Companies: those who decide",
        "users": "Companies: those who use",
        "end": "To end with",
    },
    "fi": {
        "all": "Kysy kaikilta",
        "best": "Parhaat ja aktiivisimmat asiakkaat",
        "newly_lost": "Äskettäin menetetyt asiakkaat",
        "promoters": "Suosittelijat",
        "detractors": "Matalan arvosanan antaneet",
        "decision_makers": "Yritykset: päättäjät",
        "users": "Yritykset: käyttäjät",
        "end": "Lopuksi",
    },
}
HOW = {
    "en": (
        "Say who you are, what the call is for and how long it takes, and ask whether now is a "
        "good time. Ask for permission before recording.",
        "Let them tell what happened, in order, one real purchase at a time. What people would do "
        "is a guess; what they did is a fact.",
        "Ask open questions: what, how, when, who. Never “was it because …?”.",
        "Stay silent for a while after an answer. The next sentence is often the important one.",
        "Do not explain, defend or sell. If something is to be mended, note it and return to it "
        "after the interview.",
        "Write down their own words, not your summary. One thought is one row of the template.",
        "Mark at once whether a row may be quoted without the name.",
    ),
    "fi": (
        "Kerro, kuka olet, mistä puhelussa on kyse ja kauanko se kestää, ja kysy, sopiiko hetki. "
        "Pyydä lupa ennen kuin nauhoitat.",
        "Anna asiakkaan kertoa, mitä tapahtui, yksi todellinen ostos kerrallaan ja järjestyksessä. "
        "Se, mitä ihminen tekisi, on arvaus; se, mitä hän teki, on tieto.",
        "Kysy avoimesti: mitä, miten, milloin, kuka. Älä koskaan kysy ”johtuiko se siitä, että …”.",
        "Odota hetki vastauksen jälkeen. Tärkein lause tulee usein vasta sitten.",
        "Älä selitä, puolustele äläkä myy. Jos jotain pitää korjata, kirjaa se ja palaa asiaan "
        "haastattelun jälkeen.",
        "Kirjoita asiakkaan omat sanat, älä tiivistelmääsi. Yksi ajatus on yksi rivi pohjassa.",
        "Merkitse saman tien, saako riviä lainata nimettömänä.",
    ),
}
QUESTIONS = {
    "last_purchase": (
        "all",
        "Tell me about the last time you bought something like this. Where did it begin?",
        "Kerro viimeisestä kerrasta, kun ostit jotain tällaista. Mistä se lähti liikkeelle?",
    ),
    "trigger": (
        "all",
        "What had happened that made it a matter for that very day?",
        "Mitä oli tapahtunut, kun asia tuli ajankohtaiseksi juuri silloin?",
    ),
    "alternatives": (
        "all",
        "What else did you consider, and how did you compare?",
        "Mitä muita vaihtoehtoja mietit, ja miten vertasit niitä?",
    ),
    "hesitation": (
        "all",
        "At which point did you hesitate, or think of leaving it? What happened then?",
        "Missä kohdassa epäröit tai ajattelit jättää ostamatta? Mitä silloin tapahtui?",
    ),
    "first_use": (
        "all",
        "Think of the first thing you bought from us. What happened after it arrived?",
        "Muistele ensimmäistä ostostasi meiltä. Mitä tapahtui sen jälkeen, kun se tuli perille?",
    ),
    "told_others": (
        "all",
        "When did you last speak of us to somebody? What did you say?",
        "Milloin viimeksi puhuit meistä jollekulle? Mitä sanoit?",
    ),
    "stays": (
        "best",
        "Tell me about a time when you were about to buy it somewhere else. What happened?",
        "Kerro kerrasta, jolloin olit ostaa saman jostain muualta. Miten siinä kävi?",
    ),
    "gone": (
        "best",
        "Imagine that the shop had closed yesterday. What would you do the next time?",
        "Kuvittele, että kauppa olisi lopettanut eilen. Mitä teet seuraavalla kerralla?",
    ),
    "last_here": (
        "newly_lost",
        "Tell me about your last purchase from us, and what happened after it.",
        "Kerro viimeisestä ostoksestasi meiltä ja siitä, mitä sen jälkeen tapahtui.",
    ),
    "since": (
        "newly_lost",
        "How have you managed since then? Where do you get the same now?",
        "Miten olet pärjännyt sen jälkeen? Mistä hankit saman nyt?",
    ),
    "recommends": (
        "promoters",
        "Whom did you last tell about us? How did it come up, and what did you say?",
        "Kenelle viimeksi kerroit meistä? Miten se tuli puheeksi, ja mitä sanoit?",
    ),
    "went_wrong": (
        "detractors",
        "What had happened before you gave your score?",
        "Mitä oli tapahtunut, ennen kuin annoit arvosanan?",
    ),
    "put_right": (
        "detractors",
        "At which moment could it still have been put right, and how?",
        "Missä vaiheessa asian olisi vielä voinut korjata, ja miten?",
    ),
    "chosen": (
        "decision_makers",
        "Tell me how the present supplier was chosen. Who took part, and at which point?",
        "Kerro, miten nykyinen toimittaja aikanaan valittiin. Ketkä olivat mukana ja missä "
        "vaiheessa?",
    ),
    "compared": (
        "decision_makers",
        "What did you compare, and what decided in the end?",
        "Mitä vertailitte, ja mikä lopulta ratkaisi?",
    ),
    "answers_for": (
        "decision_makers",
        "What do you have to answer for to others when you buy this?",
        "Mistä joudut vastaamaan muille, kun ostatte tätä?",
    ),
    "a_day": (
        "users",
        "Tell me about yesterday: where was it used, by whom, and what was in the way?",
        "Kerro eilisestä: missä tuotetta käytettiin, kuka käytti ja mikä oli tiellä?",
    ),
    "passes_on": (
        "users",
        "What did you last pass on to the person who decides? What came of it?",
        "Mitä viimeksi veit eteenpäin sille, joka päättää ostoista? Mitä siitä seurasi?",
    ),
    "not_asked": (
        "end",
        "What should I have asked and did not?",
        "Mitä minun olisi pitänyt kysyä, mutta en kysynyt?",
    ),
    "may_quote": (
        "end",
        "May we use your words without your name?",
        "Saammeko käyttää sanojasi ilman nimeäsi?",
    ),
}
"""Question: whom it is for, in English, in Finnish; in the order asked."""
ALWAYS = tuple(name for name in QUESTIONS if name not in ("first_use", "told_others"))
REASONS = {
    "competitor": (
        "Of 100 buyers who answered, {share} (very likely {low}–{high}) also looked at "
        "“{option}”; how they compared is not in the data.",
        "Sadasta vastanneesta ostajasta {share} (hyvin todennäköisesti {low}–{high}) katsoi myös "
        "vaihtoehtoa ”{option}”; miten he vertasivat, ei näy aineistosta.",
    ),
    "nearly_stopped": (
        "Of 100 buyers who answered, {share} (very likely {low}–{high}) name “{option}” as what "
        "nearly stopped them; what it was like, and what helped, is not in the data.",
        "Sadasta vastanneesta ostajasta {share} (hyvin todennäköisesti {low}–{high}) kertoo, että "
        "ostamisen oli vähällä estää ”{option}”; millainen hetki oli ja mikä auttoi, ei näy "
        "aineistosta.",
    ),
    "detractor_reason": (
        "Of 100 low scores with a reason, {share} (very likely {low}–{high}) are about "
        "“{option}”; what happened before is not in the data.",
        "Sadasta perustellusta matalasta arvosanasta {share} (hyvin todennäköisesti {low}–{high}) "
        "koskee aihetta ”{option}”; mitä sitä ennen tapahtui, ei näy aineistosta.",
    ),
    "first_purchase": (
        "Of 100 who begin with “{option}”, {share} (very likely {low}–{high}) come back within a "
        "year; of those who begin with “{other}”, {other_share}. Why is not in the data.",
        "Sadasta, joiden ensimmäinen ostos on ”{option}”, {share} (hyvin todennäköisesti "
        "{low}–{high}) palaa vuoden kuluessa; niistä, jotka aloittavat ostoksella ”{other}”, "
        "{other_share}. Syy ei näy aineistosta.",
    ),
    "no_motive": (
        "Too few have been asked yet why they buy: so far it is known from these talks alone.",
        "Ostamisen syytä on kysytty vasta harvoilta: toistaiseksi se selviää vain näistä "
        "keskusteluista.",
    ),
    "no_exit": (
        "Too few of those who leave without buying have been asked why.",
        "Ostamatta lähteneiltä ei ole vielä kysytty syytä riittävän monelta.",
    ),
    "no_score": (
        "Too few have been asked yet whether they would recommend the shop.",
        "Suosittelua on kysytty vasta harvoilta.",
    ),
}
"""What the data left open: in English, in Finnish."""
