"""What is said is OSLO-Subsidie: the government's own shapes hold of pages, of each member by itself, and of what stands now."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyshacl
import pytest
from rdflib import RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from services.publishing.doors.rdf.oslo import Names, euros
from services.publishing.doors.rdf.terms import CLASSES, OURS, TERMS
from services.publishing.doors.rdf.vocabulary import CLASSES as OUR_CLASSES
from services.publishing.doors.rdf.vocabulary import CONCEPTS, PROPERTIES
from services.publishing.events import PUBLIC
from services.publishing.records import Award
from tests.services.publishing.feeding import filled, in_time, recorded, stating
from tests.services.publishing.ldes.serving import TIME, Served, extracted, grounded, members, serving

OFFICIAL = Graph().parse(Path(__file__).parent / "official" / "subsidieregister-SHACL.ttl")
SUBSIDIE = Namespace("https://data.vlaanderen.be/ns/subsidie#")
M8G, CPSV, DCT = (
    Namespace("http://data.europa.eu/m8g/"),
    Namespace("http://purl.org/vocab/cpsv#"),
    Namespace("http://purl.org/dc/terms/"),
)
TRANSACTIE, PROV = Namespace("https://data.vlaanderen.be/ns/transactie#"), Namespace("http://www.w3.org/ns/prov#")
DOSSIER = URIRef("https://lod.milieuinfo.be/ns/dossier")
AWARD = "radicalisation-2021.03.1"


def faults(graph: Graph) -> list[str]:
    """The paths at which the official shapes find a fault."""
    _, report, _ = pyshacl.validate(graph, shacl_graph=OFFICIAL)
    assert isinstance(report, Graph)
    return sorted(str(path) for path in report.objects(None, URIRef("http://www.w3.org/ns/shacl#resultPath")))


@pytest.fixture(scope="module")
def pages(served: Served) -> list[Graph]:
    return [served.graph(f"{served.history}/pages/{number}") for number in range(13)]


def test_pages_hold_all_events_and_conform(served: Served, pages: list[Graph]) -> None:
    everything, count = Graph(), 0
    for page in pages:
        everything += page
        count += len(members(page))
    assert count == served.feed.length()
    assert faults(everything) == []
    for kind in (CPSV.PublicService, SUBSIDIE.FinancieelVoordeel, SUBSIDIE.RechtsgrondToekenningSubsidie, DOSSIER):
        assert (None, RDF.type, kind) in everything, "shapes without a target would hold of anything"


def test_each_kind_of_member_conforms_by_itself(served: Served, pages: list[Graph]) -> None:
    """As a client extracts it: nothing that it needs lies outside of it."""
    namespace, seen = Namespace(f"{served.base}/v1/rdf/terms#"), dict[str, Graph]()
    for page in pages:
        for member in members(page):
            alone = extracted(page, member)
            activity = alone.value(member, PROV.wasGeneratedBy)
            kind = next(name for name in PUBLIC if (activity, RDF.type, namespace[name]) in alone)
            seen.setdefault(kind, alone)
            (at,) = alone.objects(member, URIRef(TIME))
            assert isinstance(at, Literal)
            assert at.datatype == XSD.dateTime
            assert at.value.tzinfo is not None
            assert len(set(alone.objects(member, DCT.isVersionOf))) == 1
    assert seen.keys() == set(PUBLIC)
    for alone in seen.values():
        assert faults(alone) == []


def test_what_stands_now_conforms_in_one_graph(served: Served) -> None:
    now = served.graph("/v1/rdf/calls")
    for award_id in [AWARD, "radicalisation-2021.01.1", "radicalisation-2021-round2.03.1"]:
        now += served.graph(f"/v1/rdf/awards/{award_id}")
    assert faults(now) == []
    for service in now.subjects(RDF.type, CPSV.PublicService):
        (authority,) = now.objects(service, M8G.hasCompetentAuthority)
        assert (authority, RDF.type, M8G.PublicOrganisation) in now
        assert len(list(now.objects(service, SUBSIDIE.begrotingsartikel))) == 1


def test_the_article_and_the_authority_are_those_that_a_call_file_states(tmp_path: Path, served: Served) -> None:
    article, known = Literal("AB0-1CD2EF-WT", datatype=RDFS.Literal), URIRef("https://data.vlaanderen.be/id/organisatie/OVO123456")
    history = stating(in_time(recorded()), authority_id="OVO123456", budget_article=str(article))
    with filled(tmp_path, history) as life, serving(life.feed, life.views) as stated:
        now = stated.graph("/v1/rdf/calls") + stated.graph(f"/v1/rdf/awards/{AWARD}")
        page = stated.graph(f"{stated.history}/pages/7")
    assert faults(now) == faults(page) == []
    for graph in (now, page):
        assert set(graph.objects(None, SUBSIDIE.begrotingsartikel)) == {article}
    assert set(now.subjects(RDF.type, M8G.PublicOrganisation)) == {known}
    assert set(now.objects(None, M8G.hasCompetentAuthority)) == {known}
    authorities = set(page.subjects(RDF.type, M8G.PublicOrganisation))
    assert {page.value(authority, DCT.isVersionOf) for authority in authorities} == {known}

    call = f"{served.base}/v1/rdf/calls/radicalisation-2021"
    silent = served.graph("/v1/rdf/calls/radicalisation-2021")
    assert silent.value(URIRef(call), SUBSIDIE.begrotingsartikel) == Literal("radicalisation-2021", datatype=RDFS.Literal)
    assert silent.value(URIRef(call), M8G.hasCompetentAuthority) == URIRef(f"{call}#authority")


def without(path: URIRef) -> Callable[[Graph], object]:
    return lambda graph: graph.remove((None, path, None))


def with_another(path: URIRef, value: Literal) -> Callable[[Graph], object]:
    """One more value where there is one."""
    return lambda graph: graph.add((next(graph.subjects(path)), path, value))


MOMENT = Literal("2021-06-21T00:00:00Z", datatype=XSD.dateTime)
PLANTED: dict[str, tuple[Callable[[Graph], object], URIRef]] = {
    "no authority in the file": (lambda graph: graph.remove((None, RDF.type, M8G.PublicOrganisation)), M8G.hasCompetentAuthority),
    "no budget article": (without(SUBSIDIE.begrotingsartikel), SUBSIDIE.begrotingsartikel),
    "no period": (without(SUBSIDIE.gesubsidieerdePeriode), SUBSIDIE.gesubsidieerdePeriode),
    "no commitment": (without(SUBSIDIE.vastgelegdBedrag), SUBSIDIE.vastgelegdBedrag),
    "two amounts granted": (with_another(SUBSIDIE.toegekendBedrag, Literal("1")), SUBSIDIE.toegekendBedrag),
    "a payment's day as a moment": (lambda graph: graph.set((next(graph.subjects(DCT.date)), DCT.date, MOMENT)), DCT.date),
    "words without a language": (
        lambda graph: graph.set((next(graph.subjects(DCT.description)), DCT.description, Literal("tekst"))),
        DCT.description,
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(served: Served, fault: str) -> None:
    graph = served.graph(f"/v1/rdf/awards/{AWARD}")
    assert faults(graph) == []
    plant, path = PLANTED[fault]
    plant(graph)
    assert str(path) in faults(graph)


def test_both_forms_say_the_same(served: Served, pages: list[Graph]) -> None:
    for number in (0, 5, 7, 12):
        assert grounded(pages[number]) == grounded(served.graph(f"{served.history}/pages/{number}", "application/ld+json"))
    paths = [f"{served.history}/members/71", "/v1/ldes", "/v1/rdf/calls", f"/v1/rdf/awards/{AWARD}", "/v1/rdf/terms"]
    for path in paths:
        assert isomorphic(served.graph(path), served.graph(path, "application/ld+json")), path


def money(graph: Graph, award: URIRef, *path: URIRef) -> Decimal:
    """The amount at the end of that path."""
    node = award
    for step in path:
        (found,) = graph.objects(node, step)
        node = found  # type: ignore[assignment]
    assert isinstance(node, Literal)
    assert node.datatype == XSD.decimal
    return Decimal(str(node))


def test_granted_committed_and_paid_stand_apart_and_are_the_feeds_own_sums(served: Served, life_awards: list[Award]) -> None:
    for award in life_awards:
        address = Names(served.base).award(award.award_id)
        graph, node = served.graph(address.removeprefix(served.base)), URIRef(address)
        granted = money(graph, node, SUBSIDIE.heeftRechtsgrond, SUBSIDIE.toegekendBedrag)
        committed = money(graph, node, TRANSACTIE.isGedocumenteerdDoor, SUBSIDIE.vastgelegdBedrag)
        assert [int(granted * 100), int(committed * 100)] == [award.awarded_cents, award.committed_cents]
        payments = [
            one
            for one in graph.objects(node, URIRef(f"{served.base}/v1/rdf/terms#payment"))
            if (one, RDF.type, SUBSIDIE.FinancieelVoordeel) in graph
        ]
        assert sum(money(graph, URIRef(str(one)), SUBSIDIE.uitgekeerdBedrag) for one in payments) * 100 == award.paid_cents
        if award.paid_cents:
            assert money(graph, node, CPSV.produces, SUBSIDIE.uitgekeerdBedrag) * 100 == award.paid_cents
            last = max(str(graph.value(one, DCT.date)) for one in payments)
            assert str(graph.value(graph.value(node, CPSV.produces), DCT.date)) == last
        else:
            assert (node, CPSV.produces, None) not in graph


def test_a_call_that_tells_little_tells_little_here_too(tmp_path: Path) -> None:
    with filled(tmp_path, published=("applicant", "amount", "outcome")) as life, serving(life.feed, life.views) as served:
        everything = served.graph("/v1/rdf/calls")
        for number in range(-(-life.feed.length() // 10)):
            everything += served.graph(f"{served.history}/pages/{number}")
        for award in life.views.awards():
            everything += served.graph(f"/v1/rdf/awards/{award.award_id}")
        assert faults(everything) == []
        hidden = [
            CPSV.produces,
            SUBSIDIE.uitgekeerdBedrag,
            *(URIRef(f"{served.base}/v1/rdf/terms#{name}") for name in ("rank", "total", "partner")),
        ]
        for path in hidden:
            assert (None, path, None) not in everything


def test_every_word_of_ours_is_explained(served: Served) -> None:
    used = {term.means.removeprefix(f"{OURS}:") for term in TERMS.values() if term.means.startswith(f"{OURS}:")}
    assert used == PROPERTIES.keys()
    assert {*PUBLIC} < OUR_CLASSES.keys()
    told = served.graph("/v1/rdf/terms")
    for name in (*PROPERTIES, *OUR_CLASSES, *CONCEPTS):
        assert {
            word.language for word in told.objects(URIRef(f"{served.base}/v1/rdf/terms#{name}"), None) if isinstance(word, Literal)
        } == {"en", "nl"}
    assert not CLASSES.keys() & TERMS.keys(), "one name, one meaning"


def test_cents_become_euros_exactly() -> None:
    assert [euros(cents) for cents in (0, 5, -5, 100, -1999, "9007199254740991")] == [
        "0.00",
        "0.05",
        "-0.05",
        "1.00",
        "-19.99",
        "90071992547409.91",
    ]
