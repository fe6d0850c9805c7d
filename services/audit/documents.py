"""Which documents a command names, from its JSON alone; a test holds this against what each service says of its own commands."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.kernel.entry import Entry

_MEMBERS: Mapping[str, frozenset[str]] = {
    "PublishCall": frozenset({"callFile"}),
    "SaveDraft": frozenset({"document"}),
    "Amend": frozenset({"document"}),
    "Assess": frozenset({"note"}),
    "AcceptAgreement": frozenset({"agreement"}),
    "FileReport": frozenset({"descriptionRef", "document"}),
}
"""By command: the members, at any depth, that hold a document's hash."""


def documents(entry: Entry) -> list[str]:
    """The hashes of the documents that an entry's command names, each once."""
    members = _MEMBERS.get(str(entry.command["type"]))
    return [] if members is None else list(dict.fromkeys(_found(entry.command, members)))


def call_files(entry: Entry) -> list[str]:
    """The hashes of the call files that an entry publishes: of the intake, whose word others pass on."""
    mine = entry.log.startswith("intake/")
    return [str(event["callFile"]) for event in entry.events if mine and event["type"] == "CallPublished"]


def _found(value: Any, members: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name in members and isinstance(member, str):
                yield member
            else:
                yield from _found(member, members)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, members)
