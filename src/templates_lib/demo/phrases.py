"""What people say in the demo shop: invented sentences, by what they are about."""

from __future__ import annotations

ORDER_NOTES = (
    "Jättäkää ovelle, kiitos!",
    'Kortin teksti: "Hyvää syntymäpäivää, Mummi"',
    "Soita ennen toimitusta,\nnumero on tilauksessa.",
    "Ovikoodi puuttuu; ota yhteyttä, niin avaan.",
    "Onko mahdollista saada jauhettuna, pressopannulle?",
    "Please leave the parcel at the reception.",
)
# why the score: experience -> good or bad -> sentences; the fifth is in English
REASONS = {
    "delivery": {
        "good": (
            "Toimitus oli nopea, paketti tuli jo seuraavana päivänä.",
            "Paketti saapui ajallaan ja ehjänä.",
            "Nopea toimitus ja hyvä seuranta.",
            "Tilaus tuli perille nopeammin kuin luvattiin.",
            "Fast delivery, well packed.",
        ),
        "bad": (
            "Paketti oli myöhässä yli viikon eikä kukaan kertonut missä se on.",
            "Toimitus kesti aivan liian kauan.",
            "Lähetys vietiin väärään noutopisteeseen.",
            "Paketti oli rikki, kahvia oli pitkin laatikkoa.",
            "Delivery was late and the tracking did not work.",
        ),
    },
    "taste": {
        "good": (
            "Kahvin maku on paras mitä olen juonut.",
            "Tuore paahto maistuu, pavut olivat viikon vanhoja.",
            "Ihana tuoksu ja pehmeä maku.",
            "Maku on tasainen pussista toiseen.",
            "Great taste, really fresh beans.",
        ),
        "bad": (
            "Kahvi oli liian hapanta minun makuuni.",
            "Maku ei vastannut kuvausta, paahto oli kitkerä.",
            "Pavut maistuivat vanhoilta.",
            "Odotin täyteläisempää makua.",
            "The coffee tasted too sour.",
        ),
    },
    "price": {
        "good": (
            "Hinta on kohdallaan laatuun nähden.",
            "Hyvä hinta kilon pussille.",
            "Edullinen verrattuna muihin pienpaahtimoihin.",
            "Tarjous oli hyvä ja toimituskulut kuuluivat hintaan.",
            "Good value for money.",
        ),
        "bad": (
            "Liian kallista arkikahviksi.",
            "Hinnat ovat nousseet paljon vuodessa.",
            "Toimituskulut tekevät pienestä tilauksesta kalliin.",
            "Samanlaista saa kaupasta halvemmalla.",
            "Too expensive for everyday coffee.",
        ),
    },
    "site": {
        "good": (
            "Tilaaminen verkkokaupasta oli helppoa.",
            "Sivusto on selkeä ja valinta oli nopea tehdä.",
            "Löysin heti oikean jauhatuksen.",
            "Kassa toimi puhelimella hyvin.",
            "Easy to order.",
        ),
        "bad": (
            "Sivusto oli sekava, en löytänyt suodattimia.",
            "Kassa jumitti puhelimella kahdesti.",
            "Liian monta vaihtoehtoa, vaikea valita.",
            "Toimitustavan valinta ei toiminut.",
            "The checkout was confusing.",
        ),
    },
    "service": {
        "good": (
            "Asiakaspalvelu vastasi heti ja ystävällisesti.",
            "Sain hyvän neuvon jauhatukseen.",
            "Virhe korjattiin saman päivän aikana.",
            "Mukava palvelu, tuntuu että välitetään.",
            "Friendly service.",
        ),
        "bad": (
            "Asiakaspalvelu ei vastannut viestiini.",
            "Vastausta sai odottaa viikon.",
            "Palautuksen kanssa sai taistella.",
            "Sain kolme eri vastausta samaan asiaan.",
            "Nobody answered my e-mail.",
        ),
    },
}
VALUES = {  # what matters in coffee, by motive
    "freshness": "Tuoreus",
    "convenience": "Helppous",
    "gift": "Lahjaksi sopiva",
    "price": "Edullisuus",
    "ethics": "Eettisyys",
}
# what is wrong with a profile, by the one that was shown
NOT_ME = {
    "Tuoreus": ("En katso paahtopäivää.", "Ostan kerralla kuukausiksi, tuoreus ei ratkaise."),
    "Helppous": ("Vertailen kyllä ennen kuin tilaan.", "Käyn mielelläni myymälässä."),
    "Lahjaksi sopiva": ("Ostan kahvin itselleni.", "Lahjaksi ostin vain kerran."),
    "Edullisuus": ("En odota tarjouksia.", "Maksan hyvästä kahvista mielelläni."),
    "Eettisyys": ("Maku ratkaisee, ei alkuperä.", "En ole perehtynyt viljelijöihin."),
}
# the options of the purchase survey; some hold a comma, as real ones do
WHY_TODAY = {
    "freshness": "Tuoreus: paahdettu, pakattu ja postitettu samalla viikolla",
    "convenience": "Kahvi loppui, tarvitsin lisää",
    "gift": "Lahjaksi",
    "price": "Hinta tai tarjous",
    "ethics": "Eettisyys, suora kauppa",
}
FIRST_HEARD = {
    "word_of_mouth": "Ystävältä tai tutulta",
    "search": "Hakukoneesta",
    "meta": "Instagramista tai Facebookista",
    "press": "Lehdestä tai podcastista",
    "event": "Messuilta tai kahvilasta",
}
NEARLY_STOPPED = {
    "none": "Ei mikään",
    "freight": "Toimituskulut",
    "delivery_time": "Toimitusaika",
    "complicated": "Valinta näytti monimutkaiselta",
    "price": "Hinta",
    "payment": "Maksutapa puuttui",
    "browsing": "Katselin vain",
}
OWN_WORDS = {
    "freshness": (
        "Haluan kahvin, joka on paahdettu tällä viikolla.",
        "Tuoreet pavut maistuvat aivan eri tavalla.",
        "Kaupan kahvi on seissyt hyllyssä kuukausia.",
    ),
    "convenience": (
        "Pavut loppuivat aamulla, tilasin puhelimella bussissa.",
        "En jaksa kantaa painavia pusseja kaupasta.",
        "Tilaan aina saman, se käy hetkessä.",
    ),
    "gift": (
        "Tämä menee isälle lahjaksi.",
        "Kollega jää eläkkeelle ja pitää kahvista.",
        "Tarvitsin tuliaisen, joka ei jää hyllyyn.",
    ),
    "price": (
        "Vertasin hintoja ja täällä oli tarjous.",
        "Kilon pussi tulee edullisemmaksi.",
        "Alennuskoodi ratkaisi.",
    ),
    "ethics": (
        "Minulle on tärkeää, että viljelijä saa reilun korvauksen.",
        "Tiedän mistä kahvi tulee.",
        "Haluan tukea pientä paahtimoa enkä ketjua.",
    ),
}
MISSED = {
    "freight": (
        "Ilmainen toimitus jo pienemmästä tilauksesta.",
        "Toimituskulut selvisivät vasta kassalla.",
    ),
    "delivery_time": (
        "Tieto siitä, minä päivänä paketti tulee.",
        "Nopeampi toimitus, kahvi on loppu nyt.",
    ),
    "complicated": (
        "Apua valintaan, vaihtoehtoja on liikaa.",
        "En tiennyt mikä jauhatus minun pitäisi valita.",
    ),
    "price": ("Edullisempi isompi pakkaus.", "Näytepussi ennen kuin ostan kalliin."),
    "browsing": ("", "Vertailen vielä."),
}
SERVICE_TOPICS = {
    "Toimitus": "Hei, tilaukseni {order} ei ole vielä tullut. Missä paketti on?",
    "Palautus": "Haluaisin palauttaa tilauksen {order}, miten toimin?",
    "Tuote": "Mikä jauhatus sopii mutteripannuun? Tilasin {order}.",
    "Maksu": "Tilaus {order} veloitettiin kahdesti, voitteko tarkistaa?",
}
SATISFIED = ("Asia hoitui heti.", "Kiitos nopeasta avusta!", "Helppoa.")
DISSATISFIED = ("Jouduin kysymään kolmesti.", "Vastaus ei auttanut.", "Liian hidasta.")
QUESTIONS = (
    "Kerro viimeisestä kerrasta, kun ostit kahvia.",
    "Mikä sai sinut valitsemaan juuri meidät?",
    "Mitä muuta harkitsit?",
    "Mikä oli hankalaa?",
)
# motive -> code and what is said of it in an interview
THEMES = {
    "freshness": (
        "tuoreus",
        (
            "Avasin pussin ja koko keittiö tuoksui. Kaupan kahvi ei tuoksu enää.",
            "Katson aina paahtopäivän, kuukauden vanhaa en osta.",
        ),
    ),
    "convenience": (
        "helppous",
        (
            "En halua miettiä kahvia, haluan että sitä on kaapissa.",
            "Tilaan matkalla töihin, kaksi painallusta.",
        ),
    ),
    "gift": (
        "lahja",
        (
            "Siskolla on kaikkea, mutta tämä oli varma valinta.",
            "Joulun alla en ehtinyt kauppoihin, laatikko pelasti minut.",
        ),
    ),
    "price": (
        "hinta",
        (
            "Katson aina kilohinnan ja ostan ison pussin tarjouksesta.",
            "Jos toimitus maksaa, odotan että tarvitsen enemmän.",
        ),
    ),
    "ethics": (
        "eettisyys",
        (
            "Tiedän kuka kahvin on viljellyt, siitä maksan mielelläni.",
            "Lapset kysyvät mistä ruoka tulee, haluan osata vastata.",
        ),
    ),
}
PAINS = {
    "toimitus": (
        "Kerran paketti seisoi viikon lajittelussa, se harmitti.",
        "Noutopiste vaihtui kesken matkan eikä kukaan kertonut.",
    ),
    "valinta": (
        "Aluksi en tiennyt mitä eroa näillä on, suljin sivun kahdesti.",
        "Puhelimella toimitustavan valinta oli niin pieni etten osunut.",
    ),
}
