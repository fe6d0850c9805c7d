"""The words of our Linked Data: what each name in a tree means. JSON-LD gets them as its context, Turtle is written by them.

Names of OSLO-Subsidie and its application profile are those of the government's own context. Where that says nothing, they are
English.
"""

from dataclasses import dataclass
from typing import Any

Tree = dict[str, Any]
"""A node of a graph as JSON-LD writes it: names of this module, texts, and nodes in nodes."""

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "ldes": "https://w3id.org/ldes#",
    "m8g": "http://data.europa.eu/m8g/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rov": "http://www.w3.org/ns/regorg#",
    "sat": "http://data.europa.eu/stateaidtransparency/sat#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "subsidie": "https://data.vlaanderen.be/ns/subsidie#",
    "transactie": "https://data.vlaanderen.be/ns/transactie#",
    "tree": "https://w3id.org/tree#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
OURS = "oproep"
"""The prefix of what no vocabulary has a word for; `vocabulary` says what each of those means."""

CLASSES = {
    "PubliekeDienstverlening": "cpsv:PublicService",
    "PubliekeOrganisatie": "m8g:PublicOrganisation",
    "GeregistreerdeOrganisatie": "rov:RegisteredOrganization",
    "Agent": "dct:Agent",
    "Participatie": "m8g:Participation",
    "Dossier": "https://lod.milieuinfo.be/ns/dossier",
    "FinancieelVoordeel": "subsidie:FinancieelVoordeel",
    "RechtsgrondToekenningSubsidie": "subsidie:RechtsgrondToekenningSubsidie",
    "Periode": "dct:PeriodOfTime",
    "Identificator": "adms:Identifier",
    "Concept": "skos:Concept",
    "Activity": "prov:Activity",
    "Class": "rdfs:Class",
    "Property": "rdf:Property",
    "Ontology": "owl:Ontology",
    "EventStream": "ldes:EventStream",
    "Node": "tree:Node",
    "AtOrAfter": "tree:GreaterThanOrEqualToRelation",
    "AtOrBefore": "tree:LessThanOrEqualToRelation",
}

LINK, TEXT, WORDS = "link", "text", "words"
"""What a property holds besides values of a datatype: other things, plain text, and the same words by language."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a name means: a property, and what it holds (`LINK`, `TEXT`, `WORDS` or a datatype)."""

    means: str
    holds: str = LINK


TERMS = {
    # OSLO-Subsidie and its application profile
    "heeftVerantwoordelijke": Term("m8g:hasCompetentAuthority"),
    "begrotingsartikel": Term("subsidie:begrotingsartikel", "rdfs:Literal"),
    "subsidieInstrument": Term("sat:aidInstrument"),
    "isInstantieVan": Term("transactie:isInstantieVan"),
    "isGedocumenteerdDoor": Term("transactie:isGedocumenteerdDoor"),
    "heeftParticiperende": Term("m8g:hasParticipation"),
    "speeltRol": Term("m8g:playsRole"),
    "rol": Term("m8g:role"),
    "heeftRechtsgrond": Term("subsidie:heeftRechtsgrond"),
    "gesubsidieerdePeriode": Term("subsidie:gesubsidieerdePeriode"),
    "toegekendBedrag": Term("subsidie:toegekendBedrag", "xsd:decimal"),
    "vastgelegdBedrag": Term("subsidie:vastgelegdBedrag", "xsd:decimal"),
    "produceert": Term("cpsv:produces"),
    "uitgekeerdBedrag": Term("subsidie:uitgekeerdBedrag", "xsd:decimal"),
    "datumLaatsteBetaling": Term("dct:date", "xsd:date"),
    "beschrijving": Term("dct:description", WORDS),
    "referentie": Term("adms:identifier"),
    "identificator": Term("skos:notation", "rdfs:Literal"),
    "toegekendDoorString": Term("adms:schemaAgency", TEXT),
    "ondernemingsnummer": Term("rov:registration"),
    "wettelijkeNaam": Term("rov:legalName", WORDS),
    # Of others
    "title": Term("dct:title", WORDS),
    "identifier": Term("dct:identifier", TEXT),
    "prefLabel": Term("skos:prefLabel", WORDS),
    "label": Term("rdfs:label", WORDS),
    "isDefinedBy": Term("rdfs:isDefinedBy"),
    "seeAlso": Term("rdfs:seeAlso"),
    "spatial": Term("dct:spatial"),
    "startDate": Term("dcat:startDate", "xsd:date"),
    "endDate": Term("dcat:endDate", "xsd:date"),
    "isVersionOf": Term("dct:isVersionOf"),
    "generatedAtTime": Term("prov:generatedAtTime", "xsd:dateTime"),
    "wasGeneratedBy": Term("prov:wasGeneratedBy"),
    "endedAtTime": Term("prov:endedAtTime", "xsd:dateTime"),
    # Pages of a stream
    "view": Term("tree:view"),
    "member": Term("tree:member"),
    "relation": Term("tree:relation"),
    "node": Term("tree:node"),
    "path": Term("tree:path"),
    "value": Term("tree:value", "xsd:dateTime"),
    "timestampPath": Term("ldes:timestampPath"),
    "sequencePath": Term("ldes:sequencePath"),
    "versionOfPath": Term("ldes:versionOfPath"),
    "pollingInterval": Term("ldes:pollingInterval", "xsd:integer"),
    "immutable": Term("ldes:immutable", "xsd:boolean"),
    # Ours, for money
    "currency": Term("oproep:currency", TEXT),
    "budget": Term("oproep:budget", "xsd:decimal"),
    "cap": Term("oproep:cap", "xsd:decimal"),
    "requested": Term("oproep:requested", "xsd:decimal"),
    "recovered": Term("oproep:recovered", "xsd:decimal"),
    "amount": Term("oproep:amount", "xsd:decimal"),
    "accepted": Term("oproep:accepted", "xsd:decimal"),
    "balanceDue": Term("oproep:balanceDue", "xsd:decimal"),
    "recoveryDue": Term("oproep:recoveryDue", "xsd:decimal"),
    "payment": Term("oproep:payment"),
    # Ours, for calls, awards and what happened to them
    "sequence": Term("oproep:sequence", "xsd:integer"),
    "call": Term("oproep:call"),
    "beneficiary": Term("oproep:beneficiary"),
    "partner": Term("oproep:partner"),
    "purpose": Term("oproep:purpose"),
    "legalBasis": Term("oproep:legalBasis", WORDS),
    "opensAt": Term("oproep:opensAt", "xsd:dateTime"),
    "deadline": Term("oproep:deadline", "xsd:dateTime"),
    "deadlineBefore": Term("oproep:deadlineBefore", "xsd:dateTime"),
    "closedAt": Term("oproep:closedAt", "xsd:dateTime"),
    "applications": Term("oproep:applications", "xsd:integer"),
    "ranked": Term("oproep:ranked", "xsd:integer"),
    "minimumTotal": Term("oproep:minimumTotal", TEXT),
    "decidedOn": Term("oproep:decidedOn", "xsd:date"),
    "ground": Term("oproep:ground"),
    "groundCode": Term("oproep:groundCode", TEXT),
    "groundRule": Term("oproep:groundRule", TEXT),
    "rank": Term("oproep:rank", "xsd:integer"),
    "total": Term("oproep:total", TEXT),
    "limit": Term("oproep:limit", TEXT),
    "source": Term("oproep:source"),
    "entry": Term("oproep:entry"),
    "log": Term("oproep:log", TEXT),
    "index": Term("oproep:index", "xsd:integer"),
    "leaf": Term("oproep:leaf", TEXT),
}


def ours(base: str) -> str:
    """The namespace of our own words, at a public address of the feed."""
    return f"{base}/v1/rdf/terms#"


def context(base: str) -> Tree:
    """The JSON-LD context: everything that a reader needs to know of the names, in the document itself."""
    said: Tree = {**PREFIXES, OURS: ours(base), **CLASSES}
    for name, term in TERMS.items():
        if term.holds == TEXT:
            said[name] = term.means
        elif term.holds == WORDS:
            said[name] = {"@id": term.means, "@container": "@language"}
        else:
            said[name] = {"@id": term.means, "@type": "@id" if term.holds == LINK else term.holds}
    return said
