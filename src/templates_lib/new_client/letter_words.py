"""The words of the letter to the merchant, in both languages: templates, no logic."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "fi"]
WORDS: dict[Language, dict[str, str]] = {
    "fi": {
        "title": "Aineistopyyntö",
        "greeting": "Hei,",
        "opening_some": "kiitos lähettämistänne tiedostoista. Niistä löytyi:",
        "opening_none": "selvitämme, miksi asiakkaanne ostavat ja palaavat. Siihen tarvitsemme "
        "teiltä muutaman tiedoston.",
        "asking": "Jotta voimme vastata kysymyksiinne kunnolla, pyydämme vielä seuraavat:",
        "nothing": "Kaikki tarvittava on jo meillä – nyt ei tarvitse lähettää muuta.",
        "where": "Löytyy täältä",
        "gives": "Mitä saatte",
        "some_titles": "tilaukset|tuotteet|asiakkaat|kyselyt|mainoskulut|sivuston tapahtumat|"
        "haastattelut|yritykset|asiakaspalvelun yhteydenotot",
        "rows": "{title} ({files})",
        "orders": "Kaikki tilaukset riveineen koko verkkokaupan historian ajalta",
        "orders_gives": "kuka palaa ostamaan, milloin ja minkä ensioston jälkeen (uusintaosto)",
        "products": "Tuotteet, joista näkyvät tuoteryhmä ja hankintahinta ilman arvonlisäveroa",
        "products_gives": "kate asiakkaittain ja tuoteryhmittäin, ei pelkkä myynti",
        "cost": "Tuotteiden hankintahinta (kappaleelta, ilman arvonlisäveroa)",
        "cost_gives": "kate: ketkä asiakkaat tuottavat ja ketkä maksavat enemmän kuin tuovat",
        "control": "Yhden kuukauden nettomyynti ja tilausten määrä kauppanne omasta raportista "
        "(ilman arvonlisäveroa ja toimituskuluja, alennusten ja palautusten jälkeen)",
        "control_where": "verkkokaupan myyntiraportti, kuukausi valittuna (kuvakaappaus riittää)",
        "control_shopify": "Analytiikka → Raportit → Myynti ajan mukaan, luku ”Nettomyynti”",
        "control_woocommerce": "Analytiikka → Tulot, luku ”Nettomyynti”",
        "control_gives": "voimme varmistaa, että lukumme täsmäävät teidän lukuihinne",
        "responses": "Asiakaskyselyjen vastaukset (esimerkiksi NPS tai oston jälkeinen kysely)",
        "responses_gives": "miksi asiakkaat ostavat ja mikä oli estää ostamisen, omin sanoin",
        "linked": "Kyselyyn (tiedosto {file}) piilokenttä, johon tilausnumero siirtyy linkistä "
        "(esimerkiksi order_id)",
        "linked_where": "kyselyn asetukset → piilokentät (hidden fields)",
        "linked_gives": "näemme, ostavatko tyytyväiset todella uudelleen ja kuinka paljon",
        "spend": "Mainoskulut päivittäin ja kampanjoittain",
        "spend_gives": "mitä uuden asiakkaan hankinta maksaa ja milloin se maksaa itsensä takaisin",
        "days": "Mainoskulut uudelleen päivittäin eriteltyinä (tiedostossa {file} ei ole päiviä)",
        "events": "Google Analytics 4:n tapahtumat BigQueryn kautta",
        "events_gives": "missä kohdassa ostopolku katkeaa ja montako tilausta siinä menetetään",
        "companies": "Yritysasiakkaista toimiala ja koko sekä se, mitä he tavoittelevat",
        "companies_gives": "millaiset yritykset ovat teille parhaita asiakkaita ja miksi",
        "interviews": "Haastattelumuistiinpanot, jos yritysasiakkaita on haastateltu",
        "interviews_gives": "ostamisen syyt ja esteet niin kuin asiakas ne itse kertoo",
        "generic_where": "verkkokaupan hallinta tai taloushallinnon ohjelma; CSV tai Excel käy",
        "known": "{title}: {menu}",
        "cost_where": "tuotelistauksen vienti, sarake ”Cost per item” tai vastaava; Excel käy",
        "companies_where": "asiakasrekisteri tai CRM; pelkkä Excel-taulukko riittää",
        "interviews_where": "omat muistiinpanonne sellaisinaan",
        "safe_title": "Näin lähetätte aineiston turvallisesti",
        "safe": "Lähettäkää tiedostot suojatulla tiedostonsiirrolla tai jaetussa kansiossa, johon "
        "vain nimetyillä henkilöillä on pääsy – ei tavallisena sähköpostin liitteenä. Tiedostoja "
        "ei tarvitse muokata eikä avata Excelissä ennen lähettämistä.",
        "privacy_title": "Mitä henkilötiedoille tapahtuu",
        "privacy": "Nimiä, puhelinnumeroita ja osoitteita emme lue analyysiin. Sähköpostiosoite "
        "muutetaan heti tunnisteeksi, josta henkilöä ei voi päätellä ilman erikseen säilytettävää "
        "avainta. Raportissa ei ole yksittäisiä ihmisiä, eikä alle {min_cell} hengen ryhmiä "
        "näytetä. Käsittelemme tietoja teidän lukuunne, ja siitä sovitaan kirjallisesti ennen "
        "aineiston lähettämistä.",
        "closing": "Jos jokin kohta on epäselvä, autamme mielellämme puhelimessa – useimmat "
        "näistä ovat muutaman minuutin työ.",
        "regards": "Ystävällisin terveisin",
        "signature": "[nimi ja puhelinnumero]",
    },
    "en": {
        "title": "What we need from you",
        "greeting": "Hello,",
        "opening_some": "Thank you for the files that you sent. We found in them:",
        "opening_none": "To understand your customers we need the files that are listed below.",
        "asking": "To answer your questions properly we ask for the following as well:",
        "nothing": "We have everything that is needed: there is nothing more to send.",
        "where": "Where it is",
        "gives": "What it gives you",
        "some_titles": "orders|products|customers|surveys|cost of advertising|events of the site|"
        "interviews|companies|service contacts",
        "rows": "{title} ({files})",
        "orders": "All orders with their lines, from the day the shop opened",
        "orders_gives": "who comes back, when, and after which first purchase",
        "products": "Products with their category and what they cost you, without VAT",
        "products_gives": "margin by customer and by category, not only sales",
        "cost": "What each product costs you (a piece, without VAT)",
        "cost_gives": "margin: which customers earn you money and which cost more than they bring",
        "control": "One month's net sales and number of orders from your shop's own report "
        "(without VAT and freight, after discounts and refunds)",
        "control_where": "the shop's sales report for the month (a screenshot will do)",
        "control_shopify": "Analytics → Reports → Sales over time, the figure “Net sales”",
        "control_woocommerce": "Analytics → Revenue, the figure “Net sales”",
        "control_gives": "we can make sure that our figures agree with yours",
        "responses": "The answers to your customer surveys (such as NPS, or after a purchase)",
        "responses_gives": "why customers buy and what nearly stopped them, in their own words",
        "linked": "A hidden field in the survey {file}, filled by the link with the order's number "
        "(such as order_id)",
        "linked_where": "the survey's settings → hidden fields",
        "linked_gives": "we see whether the satisfied do buy again, and how much",
        "spend": "Cost of advertising by day and campaign",
        "spend_gives": "what a new customer costs, and when that has paid itself back",
        "days": "Cost of advertising once more, by day (the file {file} holds no days)",
        "events": "Events of Google Analytics 4, through BigQuery",
        "events_gives": "where the path to a purchase breaks, and how many orders are lost there",
        "companies": "Of companies that buy: their industry, size, and what they want to reach",
        "companies_gives": "which companies are your best customers, and why",
        "interviews": "Notes of interviews, if companies have been interviewed",
        "interviews_gives": "reasons and obstacles to buy as customers tell them",
        "generic_where": "the shop's administration or accounting; CSV or Excel will do",
        "known": "{title}: {menu}",
        "cost_where": "the export of products, column “Cost per item” or the like; Excel will do",
        "companies_where": "your CRM or list of customers; an Excel sheet will do",
        "interviews_where": "your own notes as they are",
        "safe_title": "How to send the files safely",
        "safe": "Please use a secure file transfer, or a shared folder that only named people can "
        "open, and not a plain e-mail attachment. The files need no editing; there is no need to "
        "open them in Excel first.",
        "privacy_title": "What happens with personal data",
        "privacy": "Names, telephone numbers and addresses are not read into the analysis. An "
        "e-mail address becomes at once a code that leads to nobody without a key that is kept "
        "apart. The report shows no single person, and no group of fewer than {min_cell}. We "
        "process the data on your behalf, under a written agreement made before you send them.",
        "closing": "If anything is unclear we are glad to help by phone: most of this is a few "
        "minutes' work.",
        "regards": "Kind regards",
        "signature": "[name and telephone number]",
    },
}
TABLES = ("orders", "products", "customers", "responses", "spend", "events", "interviews",
          "companies", "touchpoints")  # fmt: skip
