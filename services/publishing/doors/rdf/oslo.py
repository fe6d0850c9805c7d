"""Calls, awards, commitments and payments in OSLO-Subsidie, after the application profile of the Flemish register of subsidies.

| here | there |
| --- | --- |
| a call | `cpsv:PublicService`: the scheme on offer |
| an award | `cpsv:PublicService`: an instance of that scheme |
| what it grants | `subsidie:RechtsgrondToekenningSubsidie`, with its one period (`toegekendBedrag`) |
| the commitment | `dossier`, the file (`vastgelegdBedrag`) |
| what was paid | `subsidie:FinancieelVoordeel`, of the award in all and of each payment (`uitgekeerdBedrag`) |
| the beneficiary | `rov:RegisteredOrganization` with its enterprise number, taking part as `Beneficiary` or `Partner` |

A sum that a call does not publish is not there. The profile takes one description, in one language: ours is Dutch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.kernel.form import instant
from services.publishing.doors.rdf.facts import Standing
from services.publishing.doors.rdf.terms import OURS, Tree
from services.publishing.records import Call

_CBE = "Kruispuntbank van Ondernemingen"
Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """The addresses of what stands now, under the public address of the feed."""

    base: str

    def call(self, call_id: str) -> str:
        """Of a call."""
        return f"{self.base}/v1/rdf/calls/{call_id}"

    def application(self, call_id: str, application_id: str) -> str:
        """Of the file of an application."""
        return f"{self.call(call_id)}#application.{application_id}"

    def award(self, award_id: str) -> str:
        """Of an award."""
        return f"{self.base}/v1/rdf/awards/{award_id}"

    def organisation(self, kbo: str) -> str:
        """Of a body, as the federal government names it."""
        return f"https://org.belgif.be/id/CbeRegisteredEntity/{kbo}"

    def authority(self, about: Call) -> str:
        """Of the authority of a call: as the Flemish government names it if the call states its number, else an address of ours."""
        if about.authority_id is None:
            return f"{self.call(about.call_id)}#authority"
        return f"https://data.vlaanderen.be/id/organisatie/{about.authority_id}"

    def place(self, nis: str) -> str:
        """Of a municipality."""
        return f"http://vocab.belgif.be/auth/refnis2019/{nis}"


@dataclass(frozen=True, slots=True)
class Naming:
    """How the nodes of a description are named: what stands now has addresses, what stood once does not.

    A version is one node, and what belongs to it is blank, so that a reader who takes it out of its page has all of it; each part
    says what it is a version of. `version` is the version's place in the feed; None for what stands now.
    """

    version: int | None = None

    def node(self, address: str, *types: str, shared: str = "") -> Tree:
        """A node for that. `shared` is a label, if the description names the node more than once."""
        kinds = list(types)
        if self.version is None:
            return {"@id": address, "@type": kinds}
        if shared:
            return {"@id": f"_:v{self.version}{shared}", "@type": kinds, "isVersionOf": address}
        return {"@type": kinds, "isVersionOf": address}


def call(names: Names, naming: Naming, standing: Standing) -> Tree:
    """A call as it stood."""
    about = standing.call
    tree = _scheme(names, naming, about)
    tree |= {
        "subsidieInstrument": {
            "@type": "Concept",
            "identificator": "Grant",
            "prefLabel": {"en": "Grant", "nl": "Subsidie"},
        },
        "heeftRechtsgrond": _right(names.call(about.call_id), naming, about, about.project_start, about.project_end),
        "currency": about.currency,
        "budget": euros(about.budget_cents),
        "cap": euros(about.cap_cents),
        "purpose": [_purpose(naming, names.call(about.call_id), about, purpose.code) for purpose in about.purposes],
        "opensAt": instant(about.opens_at),
        "deadline": instant(standing.deadline),
    }
    later = {
        "closedAt": standing.closed_at,
        "applications": standing.applications,
        "ranked": standing.ranked,
        "minimumTotal": standing.minimum_total,
    }
    return tree | {name: value for name, value in later.items() if value is not None}


def award(names: Names, naming: Naming, data: Data, about: Call, paid_on: date | None) -> Tree:
    """An award as it stood after an event; `data` is that event's, `paid_on` the day of the last payment up to it."""
    address = names.award(data["awardId"])
    scheme = _scheme(names, naming, about)
    tree: Tree = {
        "@id": address,
        "@type": "PubliekeDienstverlening",
        "identifier": data["awardId"],
        "heeftVerantwoordelijke": _again(scheme["heeftVerantwoordelijke"]),
        "begrotingsartikel": scheme["begrotingsartikel"],
        "isInstantieVan": scheme,
        **_parties(names, naming, data, address),
        **_purposes(names, naming, data, about),
        "currency": data["currency"],
    }
    if "requestedCents" in data:
        tree["requested"] = euros(data["requestedCents"])
    if "decidedOn" in data:
        tree["decidedOn"] = data["decidedOn"]
    start, end = data.get("projectStart", about.project_start), data.get("projectEnd", about.project_end)
    tree["heeftRechtsgrond"] = _right(address, naming, about, start, end) | {"toegekendBedrag": euros(data["awardedCents"])}
    tree["isGedocumenteerdDoor"] = file(names, naming, data, int(data["committedCents"]))
    if paid_on is not None:
        benefit = naming.node(f"{address}#benefit", "FinancieelVoordeel") | {"referentie": _identifier(data["awardId"])}
        tree["produceert"] = benefit | {"uitgekeerdBedrag": euros(data["paidCents"]), "datumLaatsteBetaling": paid_on.isoformat()}
    if int(data.get("recoveredCents", 0)):
        tree["recovered"] = euros(data["recoveredCents"])
    return tree


def file(names: Names, naming: Naming, data: Data, committed_cents: int) -> Tree:
    """The file of an application, with what is committed for it."""
    address = names.application(data["callId"], data["applicationId"])
    sums: Tree = {"referentie": _identifier(data["applicationId"]), "vastgelegdBedrag": euros(committed_cents)}
    return naming.node(address, "Dossier") | sums


def refusal(names: Names, naming: Naming, data: Data, about: Call) -> Tree:
    """The file of an application that was refused: nothing is committed for it."""
    tree: Tree = {
        **file(names, naming, data, 0),
        "@id": names.application(data["callId"], data["applicationId"]),
        "call": names.call(data["callId"]),
        **_parties(names, naming, data, names.application(data["callId"], data["applicationId"])),
        **_purposes(names, naming, data, about),
    }
    said = {"requested": _maybe_euros(data.get("requestedCents")), "decidedOn": data.get("decidedOn")}
    return tree | {name: value for name, value in said.items() if value is not None}


def payment(names: Names, naming: Naming, data: Data, day: date) -> Tree:
    """One payment."""
    paid = naming.node(f"{names.award(data['awardId'])}#payment.{data['paymentId']}", "FinancieelVoordeel")
    return paid | _move(data["paymentId"], day) | {"uitgekeerdBedrag": euros(data["amountCents"])}


def recovery(names: Names, naming: Naming, data: Data, day: date) -> Tree:
    """One recovery: no benefit, so of a class of ours."""
    back = naming.node(f"{names.award(data['awardId'])}#recovery.{data['recoveryId']}", f"{OURS}:Recovery")
    return back | _move(data["recoveryId"], day) | {"amount": euros(data["amountCents"])}


def euros(cents: int | str) -> str:
    """Cents as euros with two decimals, exactly."""
    whole, rest = divmod(abs(int(cents)), 100)
    return f"{'-' if int(cents) < 0 else ''}{whole}.{rest:02d}"


def _maybe_euros(cents: str | None) -> str | None:
    return None if cents is None else euros(cents)


def _scheme(names: Names, naming: Naming, about: Call) -> Tree:
    """What every description says of the call: what never changes of it.

    The article here is the lowest level of the budget that the call states: without an article, its envelope.
    """
    address = names.call(about.call_id)
    authority = naming.node(names.authority(about), "PubliekeOrganisatie", shared="authority")
    return naming.node(address, "PubliekeDienstverlening") | {
        "identifier": about.call_id,
        "title": {**about.title},
        "heeftVerantwoordelijke": authority | {"prefLabel": dict(about.authority)},
        "begrotingsartikel": about.budget_article or about.envelope_id,
    }


def _right(address: str, naming: Naming, about: Call, start: date | str, end: date | str) -> Tree:
    """The right that a call or an award rests on, with its period."""
    period = naming.node(f"{address}#period", "Periode") | {"startDate": str(start), "endDate": str(end)}
    return naming.node(f"{address}#right", "RechtsgrondToekenningSubsidie") | {
        "legalBasis": {"nl": about.legal_basis},
        "gesubsidieerdePeriode": period,
    }


def _parties(names: Names, naming: Naming, data: Data, address: str) -> Tree:
    """The beneficiary and its partners, each with its part in it."""
    lead, *partners = (
        _party(names, naming, body, naming.node(f"{address}#part.{body['kbo']}", "Participatie", shared=f"part{number}"))
        for number, body in enumerate((data["organisation"], *data["partners"]))
    )
    for party in (lead, *partners):
        party["speeltRol"]["rol"] = f"{OURS}:{'Beneficiary' if party is lead else 'Partner'}"
    parties: Tree = {"beneficiary": lead, "heeftParticiperende": [_again(party["speeltRol"]) for party in (lead, *partners)]}
    return parties | {"partner": partners} if partners else parties


def _party(names: Names, naming: Naming, body: Data, part: Tree) -> Tree:
    return naming.node(names.organisation(body["kbo"]), "GeregistreerdeOrganisatie", "Agent") | {
        "wettelijkeNaam": {"nl": body["name"]},
        "ondernemingsnummer": _identifier(body["kbo"]) | {"toegekendDoorString": _CBE},
        "spatial": names.place(body["nis"]),
        "speeltRol": part,
    }


def _purposes(names: Names, naming: Naming, data: Data, about: Call) -> Tree:
    """What the money is for, and that in words."""
    if not data["purposes"]:
        return {}
    found = [_purpose(naming, names.call(about.call_id), about, code) for code in data["purposes"]]
    words = {purpose.code: purpose.label["nl"] for purpose in about.purposes}
    return {"purpose": found, "beschrijving": {"nl": ", ".join(words[code] for code in data["purposes"])}}


def _purpose(naming: Naming, address: str, about: Call, code: str) -> Tree:
    label = next(purpose.label for purpose in about.purposes if purpose.code == code)
    return naming.node(f"{address}#purpose.{code}", "Concept") | {"identificator": code, "prefLabel": dict(label)}


def _identifier(text: str) -> Tree:
    return {"@type": "Identificator", "identificator": text}


def _move(number: str, day: date) -> Tree:
    return {"referentie": _identifier(number), "datumLaatsteBetaling": day.isoformat()}


def _again(node: Tree) -> str:
    """The name of a node that is described elsewhere in the same description."""
    return str(node["@id"])
