"""Trees as bytes: JSON-LD, which they are nearly already, and Turtle. The same trees give the same bytes, and both say the same.

Written here rather than by a library: one that holds a graph as a set writes it in another order each time, or sorts it at a price,
and loses the order that the TREE profile wants: what is said of the page first, then each member's triples together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from services.kernel import canonical
from services.publishing.doors.rdf.terms import CLASSES, LINK, OURS, PREFIXES, TERMS, TEXT, WORDS, Term, Tree, context, ours

TURTLE = "text/turtle"
JSON_LD = "application/ld+json"
WRITTEN = (TURTLE, JSON_LD)
"""The media types, the one for who has no preference first."""
SUFFIXES = {".ttl": TURTLE, ".jsonld": JSON_LD}

_APART = "member"
"""The property whose values are each written with their own triples right after them."""
_NEXT = " ;\n    "
_ESCAPED = {code: f"\\u{code:04X}" for code in (*range(32), 127)} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    10: "\\n",
    13: "\\r",
    9: "\\t",
}


def written(trees: Iterable[Tree], base: str, media_type: str) -> bytes:
    """Those trees in one of the media types."""
    return _WRITERS[media_type](trees, base)


def jsonld(trees: Iterable[Tree], base: str) -> bytes:
    """Those trees as JSON-LD, with its context in it."""
    return canonical.encode({"@context": context(base), "@graph": list(trees)})


def turtle(trees: Iterable[Tree], base: str) -> bytes:
    """Those trees as Turtle.

    A node without an `@id` stands where it is used; one with more than its `@id` gets a paragraph of its own, after the one that
    names it.
    """
    prefixes = {**PREFIXES, OURS: ours(base)}
    parts = [f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in sorted(prefixes.items())]
    for tree in trees:
        parts.extend(_paragraphs(tree))
    return "".join(parts).encode()


_WRITERS: Mapping[str, Callable[[Iterable[Tree], str], bytes]] = {TURTLE: turtle, JSON_LD: jsonld}


def _paragraphs(node: Tree) -> Iterator[str]:
    """What is said of a node that has a name, then of the nodes named in it."""
    name, later = _name(str(node["@id"])), list[Tree]()
    if said := list(_said(node, later)):
        yield f"\n{name} {_NEXT.join(said)} .\n"
    for member in _listed(node.get(_APART, [])):
        yield f"\n{name} {TERMS[_APART].means} {_object(TERMS[_APART], member, later)} .\n"
        if later:
            yield from _paragraphs(later.pop())
    for named in later:
        yield from _paragraphs(named)


def _said(node: Tree, later: list[Tree]) -> Iterator[str]:
    """Each property of a node with its objects. Nodes that need a paragraph of their own are put to `later`."""
    for name, value in node.items():
        if name == "@type":
            yield f"a {', '.join(_name(CLASSES.get(str(kind), str(kind))) for kind in _listed(value))}"
        elif name not in {"@id", _APART}:
            term = TERMS[name]
            values = _listed(value) if term.holds != WORDS else _words(value)
            yield f"{term.means} {', '.join(_object(term, one, later) for one in values)}"


def _object(term: Term, value: Any, later: list[Tree]) -> str:
    if term.holds == WORDS:
        language, text = value
        return f"{_quoted(text)}@{language}"
    if term.holds == LINK:
        if not isinstance(value, dict):
            return _name(str(value))
        if "@id" not in value:
            return f"[ {' ; '.join(_said(value, later))} ]"
        if len(value) > 1:
            later.append(value)
        return _name(str(value["@id"]))
    return _quoted(str(value)) if term.holds == TEXT else f"{_quoted(str(value))}^^{term.holds}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _words(value: dict[str, str]) -> list[tuple[str, str]]:
    """Language and text, by language."""
    return sorted(value.items())


def _name(name: str) -> str:
    """A name as Turtle writes it: a label of a blank node, a word of a vocabulary, or an address."""
    prefix, colon, _ = name.partition(":")
    return name if colon and (prefix in {"_", OURS} or prefix in PREFIXES) else f"<{name}>"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"'
