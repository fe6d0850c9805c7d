"""An event as a subscriber gets it, whichever door it came by: a CloudEvent with its place in the feed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.kernel import canonical

_ID = re.compile(r"([0-9a-f]{16})/(0|[1-9][0-9]{0,15})", re.ASCII)


class FeedError(RuntimeError):
    """The feed is not what it was, or not what it should be: going on would miss or mix something up. A person must look."""


class CutError(RuntimeError):
    """The connection ended, or the other side is busy: try again from the last place, after `wait_seconds` if it said so.

    `code` is its word for what is the matter, such as `not_begun`; empty if it said none.
    """

    def __init__(self, words: str, wait_seconds: float | None = None, code: str = "") -> None:
        super().__init__(words)
        self.wait_seconds, self.code = wait_seconds, code


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a feed: the history, and the sequence in it. As text: what events have as their id."""

    feed_id: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.feed_id}/{self.sequence}"

    @classmethod
    def parse(cls, text: object) -> "Place":
        """Read a place.

        Raises:
            FeedError: if it is none.
        """
        match = _ID.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise FeedError(f"{str(text)[:100]!r} is no place of a feed, such as 4c9be2215822bc08/7")
        return cls(match[1], int(match[2]))


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `attributes` are those of CloudEvents, `data` is its JSON."""

    place: Place
    attributes: Mapping[str, str]
    data: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The type without what stands before all of them."""
        return self.attributes["type"].rpartition(".")[2]

    def line(self) -> str:
        """The CloudEvent as one line of canonical JSON: the same for an event by whichever door it came."""
        return canonical.encode({**self.attributes, "data": dict(self.data)}).decode()


def structured(document: Any) -> Event:
    """An event out of structured mode.

    Raises:
        FeedError: if it is no CloudEvent of a feed.
    """
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise FeedError(f"no CloudEvent with JSON: {str(document)[:200]}")
    return made({name: value for name, value in document.items() if name != "data"}, document["data"])


def made(attributes: Mapping[str, Any], data: Mapping[str, Any]) -> Event:
    """An event out of its parts.

    Raises:
        FeedError: if the parts are not those of a CloudEvent of a feed.
    """
    place = Place.parse(attributes.get("id"))
    sequence = attributes.get("sequence")
    if attributes.get("specversion") != "1.0" or not all(isinstance(value, str) for value in attributes.values()):
        raise FeedError(f"{place} is no CloudEvent 1.0")
    if "type" not in attributes or sequence != f"{place.sequence:020d}" or data.get("sequence") != str(place.sequence):
        raise FeedError(f"{place} says that it is at {sequence}, and in its data at {data.get('sequence')}")
    return Event(place, attributes, data)
