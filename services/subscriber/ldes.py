"""The door of the Linked Data Event Stream: by its relations down to the pages that can hold something new, and to their events.

A member of the stream describes what an event made, in the words of OSLO-Subsidie; that is not all that the event says. So the
stream tells which events there are and in what order, and each is had from the address that its id names; it must then be what its
member says of it. A page that is full is never asked for again, and one whose last time lies before that of the place never at all.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

from services.subscriber.event import CutError, Event, FeedError, Place, structured
from services.subscriber.nodes import Member, Node, alone, node
from services.subscriber.web import Web

_ROOT = "/v1/ldes"
_JSON_LD = "application/ld+json"
_BATCH = "application/cloudevents-batch+json"
_KEPT = 32
"""Pages kept: those on the way to the end, which are looked at again and again, and full ones of the last event's time."""


class LinkedData:
    """Reads `/v1/ldes`. `limit`: events that are asked for at a time."""

    live = False

    def __init__(self, web: Web, *, limit: int = 500) -> None:
        self._web, self._limit = web, limit
        self._kept: OrderedDict[str, tuple[str, Node]] = OrderedDict()
        """By address: the ETag, and the page."""

    def events(self, after: Place | None) -> Iterator[Event]:
        """What there is after that place."""
        since = None if after is None else self._time(after)
        way, seen = [f"{self._web.base}{_ROOT}"], set[str]()
        while way:
            address = way.pop()
            if address in seen:
                raise FeedError(f"{address}: its relations lead in a circle")
            seen.add(address)
            try:
                found = self._node(address)
            except CutError as error:
                if error.code == "not_begun" and after is None:
                    return
                raise
            if after is not None and found.feed_id != after.feed_id:
                raise FeedError(f"{address} is of another history than {after}: the feed was lost and begun anew")
            yield from self._told(found, after)
            way += [lead.address for lead in reversed(found.leads) if since is None or lead.may_hold(since)]

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def _told(self, found: Node, after: Place | None) -> Iterator[Event]:
        """The events of a page after that place."""
        members = [member for member in found.members if after is None or member.place.sequence > after.sequence]
        for start in range(0, len(members), self._limit):
            yield from self._events(members[start : start + self._limit])

    def _events(self, members: list[Member]) -> Iterator[Event]:
        """The events of members, which follow each other."""
        first = members[0].place
        after = f"&after={Place(first.feed_id, first.sequence - 1)}" if first.sequence else ""
        documents = _json(self._web.get(f"/v1/events?limit={len(members)}{after}", _BATCH).content, f"the events from {first} on")
        if not isinstance(documents, list) or len(documents) != len(members):
            raise CutError(f"the stream has {len(members)} events from {first} on, and as many do not come")
        for member, document in zip(members, documents, strict=True):
            event = structured(document)
            member.hold(event)
            yield event

    def _time(self, place: Place) -> datetime:
        """When the event at a place was told. Also makes sure that the feed still has it."""
        address = f"{_ROOT}/{place.feed_id}/members/{place.sequence}"
        return alone(_json(self._web.get(address, _JSON_LD).content, address), self._web.base + address).time

    def _node(self, address: str) -> Node:
        tag, kept = self._kept.get(address, ("", None))
        if kept is None or not kept.closed:
            answer = self._web.get(address, _JSON_LD, {"If-None-Match": tag} if kept else None)
            if kept is None or answer.status_code != HTTPStatus.NOT_MODIFIED:
                tag, kept = answer.headers.get("etag", ""), node(_json(answer.content, address), address)
        self._kept[address] = tag, kept
        self._kept.move_to_end(address)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept


def _json(content: bytes, what: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise CutError(f"{what}: no whole document: {error}") from error
