"""Pages of a Linked Data Event Stream out of JSON-LD, read as JSON: their context is in them, so it is held to what is read by it.

Only what this reader goes by is looked at. A page may say more, and relations that are not known here are followed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from services.kernel.form import MalformedError, parse_instant
from services.subscriber.event import Event, FeedError, Place

_TIME = "prov:generatedAtTime"
_CONTEXT = {
    "tree": "https://w3id.org/tree#",
    "ldes": "https://w3id.org/ldes#",
    "prov": "http://www.w3.org/ns/prov#",
    "Node": "tree:Node",
    "EventStream": "ldes:EventStream",
    "AtOrAfter": "tree:GreaterThanOrEqualToRelation",
    "AtOrBefore": "tree:LessThanOrEqualToRelation",
    "immutable": "ldes:immutable",
    "relation": "tree:relation",
    "node": "tree:node",
    "path": "tree:path",
    "value": "tree:value",
    "member": "tree:member",
    "generatedAtTime": _TIME,
    "wasGeneratedBy": "prov:wasGeneratedBy",
    "sequence": "oproep:sequence",
    "source": "oproep:source",
    "entry": "oproep:entry",
    "log": "oproep:log",
    "index": "oproep:index",
    "leaf": "oproep:leaf",
}
"""What the names that are read here must mean."""
_STREAM = re.compile(r".*/([0-9a-f]{16})", re.ASCII)
_EVER = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a relation leads, and the first and last time of what lies there as far as it is bounded."""

    address: str
    first: datetime = _NEVER
    last: datetime = _EVER

    def may_hold(self, since: datetime) -> bool:
        """Whether something of that time or later may lie there."""
        return self.last >= since


@dataclass(frozen=True, slots=True)
class Member:
    """What a member says of its event: its place, when it was told, its type, and the entries that a proof starts from."""

    place: Place
    time: datetime
    told_at: str
    types: tuple[str, ...]
    source: tuple[str, str, str]
    entry: tuple[str, str]

    def hold(self, event: Event) -> None:
        """Hold an event to it.

        Raises:
            FeedError: if the event says something else.
        """
        said = event.attributes.get
        same = {
            "id": event.place == self.place,
            "type": f"oproep:{event.type}" in self.types,
            "time": said("time") == self.told_at,
            "source": (said("sourcelog"), said("sourceindex"), said("sourceleaf")) == self.source,
            "entry": (said("feedindex"), said("feedleaf")) == self.entry,
        }
        if others := ", ".join(name for name, alike in same.items() if not alike):
            raise FeedError(f"{self.place}: the stream and the event do not say the same of its {others}")


@dataclass(frozen=True, slots=True)
class Node:
    """A page: the history that it is of, where it leads (the earliest first), its members in order; `closed`: never to change."""

    feed_id: str
    leads: tuple[Lead, ...]
    members: tuple[Member, ...]
    closed: bool


def node(document: Any, address: str) -> Node:
    """A page out of its document.

    Raises:
        FeedError: naming the address and what is not as it must be.
    """
    said = _Said(address, document)
    trees = [said.tree(tree, "@graph") for tree in said.listed(said.context(), "@graph")]
    page = next((tree for tree in trees if tree.get("@type") == "Node"), {})
    if page.get("@id") != address:
        raise FeedError(f"{address}: is {str(page.get('@id'))[:200]!r} by its own words; allowed: the public address of the feed")
    stream = next((tree for tree in trees if tree.get("@type") == "EventStream"), {})
    name = said.text(stream, "@id")
    history = _STREAM.fullmatch(name)
    if history is None:
        raise FeedError(f"{address}: the stream is {name[:200]!r}; allowed: an address that ends with the name of a history")
    members = [said.member(member, name) for member in said.listed(stream, "member")]
    return Node(
        history[1],
        said.leads(said.listed(page, "relation")),
        tuple(sorted(members, key=lambda member: member.place.sequence)),
        page.get("immutable") == "true",
    )


def alone(document: Any, address: str) -> Member:
    """A member out of a document that has no other, at its own address.

    Raises:
        FeedError: naming the address and what is not as it must be.
    """
    said = _Said(address, document)
    tree = next(iter(said.listed(said.context(), "@graph")), None)
    member = said.member(tree, address.rpartition("/members/")[0])
    if not address.endswith(f"/{member.place.sequence}"):
        raise FeedError(f"{address}: says that it is {member.place}")
    return member


class _Said:
    """What a document says, taken out piece by piece; what is not there or of another form ends it, with its name and address."""

    def __init__(self, address: str, document: Any) -> None:
        self._address, self._document = address, document

    def context(self) -> Mapping[str, Any]:
        """The document, once it is known that its names mean what is read from them."""
        document = self.tree(self._document, "the document")
        context = self.tree(document.get("@context"), "@context")
        for name, wanted in _CONTEXT.items():
            means = context.get(name)
            means = means.get("@id") if isinstance(means, dict) else means
            if means != wanted:
                raise FeedError(f"{self._address}: {name} means {str(means)[:100]!r}; allowed: {wanted}")
        return document

    def tree(self, value: Any, name: str) -> Mapping[str, Any]:
        return value if isinstance(value, dict) else self._refuse(name, value, "an object")

    def listed(self, tree: Mapping[str, Any], name: str) -> list[Any]:
        value = tree.get(name, [])
        return value if isinstance(value, list) else self._refuse(name, value, "a list")

    def text(self, tree: Mapping[str, Any], name: str) -> str:
        value = tree.get(name)
        return value if isinstance(value, str) else self._refuse(name, value, "a text")

    def leads(self, relations: list[Any]) -> tuple[Lead, ...]:
        """Where relations lead, each place once, the earliest first; of those alike, in the order of the page."""
        found: dict[str, Lead] = {}
        for relation in (self.tree(relation, "relation") for relation in relations):
            before = found.get(address := self.text(relation, "node"), Lead(address))
            first, last = self._bounds(relation)
            found[address] = Lead(address, max(before.first, first), min(before.last, last))
        return tuple(sorted(found.values(), key=lambda lead: (lead.first, lead.last)))

    def member(self, value: Any, stream: str) -> Member:
        """A member of the stream with that address: its own is below it, and has its sequence."""
        tree = self.tree(value, "member")
        sequence, made = self.text(tree, "sequence"), self.tree(tree.get("wasGeneratedBy"), "wasGeneratedBy")
        if self.text(tree, "@id") != f"{stream}/members/{sequence}":
            self._refuse("@id", tree["@id"], f"{stream}/members/ and its sequence, which is {sequence[:20]!r}")
        source, entry = (self.tree(made.get(name), name) for name in ("source", "entry"))
        told_at = self.text(tree, "generatedAtTime")
        return Member(
            Place.parse(f"{stream.rpartition('/')[2]}/{sequence}"),
            self._time(told_at, "generatedAtTime"),
            told_at,
            tuple(map(str, self.listed(made, "@type"))),
            (self.text(source, "log"), self.text(source, "index"), self.text(source, "leaf")),
            (self.text(entry, "index"), self.text(entry, "leaf")),
        )

    def _bounds(self, relation: Mapping[str, Any]) -> Iterator[datetime]:
        """The first and the last time that a relation allows; one of another kind allows any."""
        kind, known = relation.get("@type"), relation.get("path") == _TIME
        for wanted, otherwise in (("AtOrAfter", _NEVER), ("AtOrBefore", _EVER)):
            yield self._time(self.text(relation, "value"), "value") if known and kind == wanted else otherwise

    def _time(self, text: str, name: str) -> datetime:
        try:
            return parse_instant(text, name)
        except MalformedError as error:
            raise FeedError(f"{self._address}: {error}") from error

    def _refuse(self, name: str, value: Any, allowed: str) -> NoReturn:
        raise FeedError(f"{self._address}: {name} is {str(value)[:100]!r}; allowed: {allowed}")
