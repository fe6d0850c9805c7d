"""Turtle and JSON-LD of any text say the same, and the order of a page is the one that streaming readers want."""

from hypothesis import given
from hypothesis import strategies as st
from rdflib import Literal, URIRef

from services.publishing.doors.rdf.terms import Tree
from services.publishing.doors.rdf.writing import jsonld, turtle
from tests.services.publishing.feeding import Filled
from tests.services.publishing.ldes.serving import BASE, bytes_of, graph, grounded, stream

texts = st.text(st.characters(codec="utf-8"), max_size=40)


@given(texts, texts)
def test_any_text_comes_back_as_it_was(plain: str, words: str) -> None:
    tree: Tree = {"@id": f"{BASE}/a", "identifier": plain, "title": {"nl": words}, "isInstantieVan": {"identifier": words}}
    said = graph(turtle([tree], BASE))
    assert said.value(URIRef(f"{BASE}/a"), URIRef("http://purl.org/dc/terms/identifier")) == Literal(plain)
    assert said.value(URIRef(f"{BASE}/a"), URIRef("http://purl.org/dc/terms/title")) == Literal(words, lang="nl")
    assert grounded(said) == grounded(graph(jsonld([tree], BASE), "application/ld+json"))


def test_a_page_says_what_it_is_first_and_then_each_member_together(life: Filled) -> None:
    """The order of the TREE profile: `tree:member` starts a member, whose triples all come before the next one."""
    made = stream(life.feed, life.views)
    head, *blocks = bytes_of(made.page(3)).decode().split(f"<{made.address}> tree:member ")
    assert f"<{made.address}/pages/3> a tree:Node" in head
    assert len(blocks) == 10
    for number, block in enumerate(blocks, start=30):
        assert block.startswith(f"<{made.address}/members/{number}> .\n\n<{made.address}/members/{number}> a ")
        labels = {word.rstrip(" ;,.") for word in block.split() if word.startswith("_:")}
        assert {label.startswith(f"_:v{number}") for label in labels} == {True}
        assert "a tree:Node" not in block
