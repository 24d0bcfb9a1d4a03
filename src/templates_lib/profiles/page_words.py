"""What the open profile says to a customer, in English and Finnish: plain, without judgement."""

from __future__ import annotations

PAGE = {
    "en": {
        "title": "Your profile at {shop}",
        "hello": "Hello {name}",
        "hello_nobody": "Hello",
        "opening": "This is what {shop} knows and assumes about you as a customer, and how each "
        "thing was reached. You agreed to see it. Every line has a number: if one is wrong or you "
        "do not want it kept, tell us the number. As known on {day}.",
        "assumed": "What we assume matters to you",
        "assumed_intro": "Customers fall into groups by what they tell us of their reasons to buy. "
        "You seem to be close to a group whose people have this in common:",
        "answered": "How we reached this: your own answers to our surveys are like theirs. The "
        "group fits your answers with a probability of {share} in 100.",
        "first_day": "How we reached this: you have not told us. Customers whose first order was "
        "like yours belong to this group about {share} times in 100. It is a guess and may well "
        "be wrong.",
        "rule": "How we reached this: from your first order alone.",
        "corrected_profile": "How we reached this: you told us so yourself.",
        "told": "What you have told us",
        "orders": "What we see from your first order",
        "file": "What stands in your customer details",
        "by_survey": "your answer to our survey",
        "by_order": "your first order",
        "by_file": "your customer details",
        "by_you": "you corrected it",
        "reached": "From",
        "nothing": "Nothing.",
        "answer": "To “{question}” you answered “{answer}”.",
        "tick": "You ticked “{answer}”.",
        "their_answer": "To “{question}” they answer “{answer}”.",
        "their_tick": "They tick “{answer}”.",
        "own": "{name}: {answer}.",
        "not_used": "What is not here",
        "not_used_text": "We make no assumption about your health, religion, origin, political "
        "opinion, sexuality or trade union membership, and put nothing about them on this page.",
        "correct": "If something is wrong",
        "correct_text": "Tell us the number of the line and what is true instead. From then on "
        "your word holds, and not what we assumed. You need to give no reason.",
        "rights": "Your rights",
        "see": "You may see everything that we hold about you, not only this page: ask for a copy. "
        "It is free of charge and comes within a month (GDPR, article 15).",
        "mend": "You may have what is wrong corrected and what is missing added (article 16).",
        "object": "You may object to this profile at any time. To marketing you may say no without "
        "giving a reason; we then stop using the profile for it (article 21).",
        "withdraw": "You may take back your consent to see this page and be asked about it. We "
        "then remove it.",
        "complain": "If you think that we have acted wrongly, you may complain to the data "
        "protection authority of your country.",
        "complain_fi": "If you think that we have acted wrongly, you may complain to the Office of "
        "the Data Protection Ombudsman (tietosuoja.fi).",
        "contact": "Whom to turn to: {contact}",
        "notice": "Our privacy notice: {notice}",
    },
    "fi": {
        "title": "Sinun profiilisi: {shop}",
        "hello": "Hei {name}",
        "hello_nobody": "Hei",
        "opening": "Tällä sivulla on, mitä {shop} tietää ja olettaa sinusta asiakkaana ja mihin "
        "mikäkin tieto perustuu. Olet antanut luvan siihen, että näytämme tämän sinulle. "
        "Jokaisella rivillä on numero. Jos jokin on väärin tai et halua, että säilytämme sen, "
        "kerro meille rivin numero. Tiedot ovat päivältä {day}.",
        "assumed": "Mitä oletamme sinun pitävän tärkeänä",
        "assumed_intro": "Asiakkaamme jakautuvat ryhmiin sen mukaan, miksi he kertovat ostavansa. "
        "Sinä näytät olevan lähellä ryhmää, jota yhdistää tämä:",
        "answered": "Mihin tämä perustuu: omat vastauksesi kyselyihimme muistuttavat tämän ryhmän "
        "vastauksia. Ryhmä sopii vastauksiisi {share} prosentin todennäköisyydellä.",
        "first_day": "Mihin tämä perustuu: et ole kertonut tästä meille. Asiakkaista, joiden "
        "ensimmäinen tilaus oli samanlainen kuin sinun, noin {share} sadasta kuuluu tähän ryhmään. "
        "Tämä on arvaus ja voi hyvinkin olla väärä.",
        "rule": "Mihin tämä perustuu: vain ensimmäiseen tilaukseesi.",
        "corrected_profile": "Mihin tämä perustuu: kerroit sen meille itse.",
        "told": "Mitä olet itse kertonut",
        "orders": "Mitä näemme ensimmäisestä tilauksestasi",
        "file": "Mitä asiakastiedoissasi lukee",
        "by_survey": "vastauksesi kyselyymme",
        "by_order": "ensimmäinen tilauksesi",
        "by_file": "asiakastietosi",
        "by_you": "korjasit tiedon itse",
        "reached": "Lähde",
        "nothing": "Ei mitään.",
        "answer": "Kysyimme: ”{question}” Vastasit: ”{answer}”.",
        "tick": "Valitsit vaihtoehdon ”{answer}”.",
        "their_answer": "Kysymykseen ”{question}” he vastaavat ”{answer}”.",
        "their_tick": "He valitsevat vaihtoehdon ”{answer}”.",
        "own": "{name}: {answer}.",
        "not_used": "Mitä täällä ei ole",
        "not_used_text": "Emme oleta mitään terveydestäsi, uskonnostasi, alkuperästäsi, "
        "poliittisista mielipiteistäsi, seksuaalisuudestasi tai ammattiliiton jäsenyydestäsi, eikä "
        "tällä sivulla ole niistä mitään.",
        "correct": "Jos jokin on väärin",
        "correct_text": "Kerro meille rivin numero ja se, miten asia oikeasti on. Siitä lähtien "
        "pätee sinun sanasi eikä oletuksemme. Sinun ei tarvitse perustella.",
        "rights": "Oikeutesi",
        "see": "Voit pyytää nähtäväksesi kaikki tiedot, joita meillä on sinusta, etkä vain tätä "
        "sivua. Jäljennös on maksuton, ja saat sen kuukauden kuluessa (tietosuoja-asetuksen 15 "
        "artikla).",
        "mend": "Voit pyytää, että väärä tieto oikaistaan ja puuttuva lisätään (16 artikla).",
        "object": "Voit milloin tahansa vastustaa tätä profiilia. Markkinoinnin voit kieltää "
        "perustelematta, ja silloin lopetamme profiilin käytön siihen (21 artikla).",
        "withdraw": "Voit perua suostumuksesi siihen, että näytämme tämän sivun ja kysymme siitä. "
        "Silloin poistamme sivun.",
        "complain": "Jos olet sitä mieltä, että olemme toimineet väärin, voit tehdä valituksen "
        "maasi tietosuojaviranomaiselle.",
        "complain_fi": "Jos olet sitä mieltä, että olemme toimineet väärin, voit tehdä valituksen "
        "tietosuojavaltuutetun toimistoon (tietosuoja.fi).",
        "contact": "Keneen voit ottaa yhteyttä: {contact}",
        "notice": "Tietosuojaselosteemme: {notice}",
    },
}
"""The texts of the page; in braces what is filled in, escaped."""

FIRST_ORDER = {
    "en": {
        "first_category": "Your first order was mostly from “{answer}”.",
        "first_product": "The main product of your first order was “{answer}”.",
        "first_channel": "You came to your first order by “{answer}”.",
        "first_country": "Your first order went to {answer}.",
        "first_device": "You made your first order on this device: {answer}.",
        "first_discounted": {"yes": "Your first order had a discount.",
                             "no": "Your first order had no discount."},
        "first_is_b2b": {"yes": "You ordered for a company.", "no": "You ordered for yourself."},
        "first_weekday": {"working_day": "You made your first order on a working day.",
                          "weekend": "You made your first order at a weekend."},
        "first_time": {"night": "You made your first order at night.",
                       "morning": "You made your first order in the morning.",
                       "afternoon": "You made your first order in the afternoon.",
                       "evening": "You made your first order in the evening."},
    },
    "fi": {
        "first_category": "Ensimmäisessä tilauksessasi oli eniten tuoteryhmää ”{answer}”.",
        "first_product": "Ensimmäisen tilauksesi päätuote oli ”{answer}”.",
        "first_channel": "Tulit tekemään ensimmäisen tilauksesi tätä kautta: ”{answer}”.",
        "first_country": "Ensimmäisen tilauksesi toimitusmaa oli {answer}.",
        "first_device": "Teit ensimmäisen tilauksesi tällä laitteella: {answer}.",
        "first_discounted": {"yes": "Ensimmäisessä tilauksessasi oli alennus.",
                             "no": "Ensimmäisessä tilauksessasi ei ollut alennusta."},
        "first_is_b2b": {"yes": "Tilasit yritykselle.", "no": "Tilasit itsellesi."},
        "first_weekday": {"working_day": "Teit ensimmäisen tilauksesi arkipäivänä.",
                          "weekend": "Teit ensimmäisen tilauksesi viikonloppuna."},
        "first_time": {"night": "Teit ensimmäisen tilauksesi yöllä.",
                       "morning": "Teit ensimmäisen tilauksesi aamulla tai aamupäivällä.",
                       "afternoon": "Teit ensimmäisen tilauksesi iltapäivällä.",
                       "evening": "Teit ensimmäisen tilauksesi illalla."},
    },
}  # fmt: skip
"""What is seen from the first order; its value is not told, for it would be a judgement."""

THEIR_FIRST_ORDER = {
    "en": {"first_category": "Their first order is mostly from “{answer}”.",
           "first_product": "The main product of their first order is “{answer}”."},
    "fi": {"first_category": "Heidän ensimmäisessä tilauksessaan on eniten tuoteryhmää ”{answer}”.",
           "first_product": "Heidän ensimmäisen tilauksensa päätuote on ”{answer}”."},
}  # fmt: skip

OWN = {
    "en": {"role": "Role in the company"},
    "fi": {"city": "Paikkakunta", "country": "Maa", "language": "Kieli", "age": "Ikä",
           "age_group": "Ikäryhmä", "gender": "Sukupuoli", "household": "Kotitalous",
           "role": "Rooli yrityksessä", "industry": "Toimiala", "size": "Yrityksen koko",
           "goal": "Yrityksen tavoite", "earns_from": "Mistä yritys saa tulonsa",
           "value_chain_stage": "Vaihe arvoketjussa"},
}  # fmt: skip
"""What usual attributes are called; any other by its name in the parameter file."""

FORM = {
    "en": {
        "describes_me": "Here is a description of one kind of our customers. It may fit you or "
        "not. How well does it describe you? (1 = not at all, 5 = very well)",
        "describes_best": "Which of these describes you best?",
        "what_is_wrong": "What is wrong in the description, or missing from it?",
        "correct": "If we have this wrong, what is true? {question}",
        "how": (
            "Ask first, show the open profile afterwards: who has seen it answers otherwise.",
            "Set the questions up in your survey tool under the names in the first column. Show "
            "each person the description of the profile in profile_shown, without its name.",
            "Pass arm and profile_shown on as hidden fields, so that they come back as columns of "
            "the answers. Nobody who is asked may see them.",
            "The answers come back as sources.responses with survey: profile.",
        ),
    },
    "fi": {
        "describes_me": "Tässä kuvataan yhtä asiakasryhmäämme. Kuvaus voi sopia sinuun tai olla "
        "sopimatta. Kuinka hyvin se kuvaa sinua? (1 = ei lainkaan, 5 = erittäin hyvin)",
        "describes_best": "Mikä näistä kuvaa sinua parhaiten?",
        "what_is_wrong": "Mikä kuvauksessa on väärin, tai mitä siitä puuttuu?",
        "correct": "Jos meillä on tässä väärä tieto, mikä on oikea? {question}",
        "how": (
            "Kysy ensin ja näytä avoin profiili vasta sitten: sen nähnyt vastaa toisin.",
            "Tee kysymykset kyselytyökaluun ensimmäisen sarakkeen nimillä. Näytä kullekin sen "
            "profiilin kuvaus, joka on sarakkeessa profile_shown, ilman profiilin nimeä.",
            "Välitä arm ja profile_shown piilokenttinä, jotta ne palaavat vastausten sarakkeina. "
            "Vastaaja ei saa nähdä niitä.",
            "Vastaukset palaavat kohtaan sources.responses arvolla survey: profile.",
        ),
    },
}
