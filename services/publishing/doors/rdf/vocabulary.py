"""What our own words mean, for people and for programs: the document at `/v1/rdf/terms`."""

from services.publishing.doors.rdf.terms import OURS, Tree

Words = tuple[str, str]
"""English and Dutch."""

CLASSES: dict[str, Words] = {
    "CallPublished": ("A call was published", "Een oproep werd gepubliceerd"),
    "DeadlineMoved": ("A call's deadline was moved", "De uiterste datum van een oproep werd verplaatst"),
    "CallClosed": ("A call takes no more applications", "Een oproep is afgesloten"),
    "RankingPublished": ("The ranking of a call was established", "De rangschikking van een oproep werd vastgesteld"),
    "AwardGranted": ("An award was granted and committed", "Een subsidie werd toegekend en vastgelegd"),
    "AwardRefused": ("An application was refused", "Een aanvraag werd geweigerd"),
    "AwardAmended": ("The amount or a term of an award changed", "Het bedrag of een voorwaarde van een toekenning wijzigde"),
    "AwardWithdrawn": ("An award was given back before anything was paid", "Een toekenning verviel voor er betaald werd"),
    "PaymentMade": ("A payment was made on an award", "Op een toekenning werd betaald"),
    "AwardSettled": ("What an award comes to was settled on its reports", "Een toekenning werd afgerekend op haar verslagen"),
    "AwardRecovered": ("Money was recovered from a beneficiary", "Geld werd teruggevorderd van een begunstigde"),
    "Recovery": ("Money that came back", "Teruggevorderd geld"),
    "Entry": ("An entry of a log, from which a proof may start", "Een regel van een logboek, vanwaar een bewijs kan vertrekken"),
}
CONCEPTS: dict[str, Words] = {
    "Beneficiary": ("Beneficiary: files, receives and accounts for the money", "Begunstigde: dient in, ontvangt en verantwoordt"),
    "Partner": ("Partner of the beneficiary in the project", "Partner van de begunstigde in het project"),
}
PROPERTIES: dict[str, Words] = {
    "currency": ("ISO 4217 code of the currency of all amounts of this thing", "ISO 4217-code van de munt van alle bedragen"),
    "budget": ("Budget of the call's envelope", "Budget van de enveloppe van de oproep"),
    "cap": ("Most that one applicant may hold in a budget year", "Meest dat een aanvrager per begrotingsjaar kan krijgen"),
    "requested": ("Amount asked for", "Gevraagd bedrag"),
    "recovered": ("Amount recovered so far", "Tot nu toe teruggevorderd bedrag"),
    "amount": ("Amount of the event itself; negative for less committed", "Bedrag van de gebeurtenis zelf; negatief als vrijgave"),
    "accepted": ("Costs accepted in the final report", "Aanvaarde kosten in het eindverslag"),
    "balanceDue": ("Balance still to be paid by the settlement", "Saldo dat volgens de afrekening nog betaald wordt"),
    "recoveryDue": ("Amount to be recovered by the settlement", "Bedrag dat volgens de afrekening teruggevorderd wordt"),
    "payment": ("A payment or a recovery", "Een betaling of een terugvordering"),
    "sequence": ("Place in the feed: 0, 1, 2 and so on without a gap", "Plaats in de stroom: 0, 1, 2 enzovoort zonder gat"),
    "call": ("The call that an application was filed in", "De oproep waarin een aanvraag werd ingediend"),
    "beneficiary": (
        "The body that files and receives, as it was called then",
        "Het bestuur dat indient en ontvangt, met zijn naam toen",
    ),
    "partner": ("A body that takes part besides the beneficiary", "Een bestuur dat naast de begunstigde deelneemt"),
    "purpose": ("What the money is for", "Waarvoor het geld dient"),
    "legalBasis": ("The law that the call rests on", "De regelgeving waarop de oproep steunt"),
    "opensAt": ("When the call opens", "Wanneer de oproep opent"),
    "deadline": ("When applications are due", "Wanneer aanvragen ingediend moeten zijn"),
    "deadlineBefore": ("When applications were due before", "Wanneer aanvragen voordien ingediend moesten zijn"),
    "closedAt": ("When the call was closed", "Wanneer de oproep werd afgesloten"),
    "applications": ("How many applications came in", "Hoeveel aanvragen er kwamen"),
    "ranked": ("How many applications were ranked", "Hoeveel aanvragen gerangschikt werden"),
    "minimumTotal": ("Least score for an award, as a fraction", "Minste score voor een toekenning, als breuk"),
    "decidedOn": ("Day of the decision", "Dag van de beslissing"),
    "ground": ("Why it is so", "Waarom het zo is"),
    "groundCode": ("The ground as a code", "De grond als code"),
    "groundRule": ("The rule of the call file that it follows from", "De regel van het oproepbestand waaruit dit volgt"),
    "rank": ("Place in the ranking", "Plaats in de rangschikking"),
    "total": ("Score, as an exact fraction from 0 to 1", "Score, als exacte breuk van 0 tot 1"),
    "limit": ("What set the final amount", "Wat het eindbedrag bepaalde"),
    "source": ("The entry that an event tells of", "De regel waarover een gebeurtenis bericht"),
    "entry": ("The entry that tells of it in the feed", "De regel die het in de stroom bericht"),
    "log": ("Name of a log", "Naam van een logboek"),
    "index": ("Place in a log", "Plaats in een logboek"),
    "leaf": ("Leaf hash of an entry, SHA-256 in hexadecimal", "Bladhash van een regel, SHA-256 in hexadecimaal"),
}


def vocabulary(base: str) -> list[Tree]:
    """Our words as trees."""
    about = f"{base}/v1/rdf/terms"
    title = {"en": "Words of the award feed", "nl": "Begrippen van de stroom van toekenningen"}
    trees: list[Tree] = [{"@id": about, "@type": "Ontology", "title": {**title}}]
    for kind, words in (("Class", CLASSES), ("Concept", CONCEPTS), ("Property", PROPERTIES)):
        label = "prefLabel" if kind == "Concept" else "label"
        trees += [
            {"@id": f"{OURS}:{name}", "@type": kind, label: {"en": english, "nl": dutch}, "isDefinedBy": about}
            for name, (english, dutch) in words.items()
        ]
    return trees
