"""Logs and state in a form that two runs of a scenario share, however their services were interleaved.

Between two runs only this may differ: how entries of different streams lie between each other in one log, and so every
index, every leaf hash, and every id that names an index. Each entry is therefore told as its stream, its place in that
stream, and all its bytes but those; a cause is told as the stream and place of the entry that it pins.

The publishing service tells facts of five logs in the order in which it hears of them, and that order is its own. Of its log two
runs share which facts it heard, and the public events: those of one award in their order, and each without its place in the feed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from services.kernel import canonical
from services.kernel.entry import Entry
from services.kernel.form import Json, instant, to_json
from services.kernel.ports import Stored

_UNORDERED = frozenset({"notification"})
"""Services whose streams mix two sources: mails are sent by a worker while further notices come in."""
_FEED = "publishing"
_PLACES = frozenset({"sequence", "events", "latest"})
"""What says where in the feed, or after which entry, something was told."""

Log = list[str]


def logs(stored: Mapping[str, Iterable[Stored]]) -> dict[str, Log]:
    """Each log as sorted lines, one an entry; equal for two runs exactly if they recorded the same."""
    entries = {name: [Entry.from_bytes(s.value) for s in log] for name, log in stored.items()}
    places = {name: _places(log) for name, log in entries.items()}
    return {name: sorted(_told(log, places) if _is_feed(name) else _lines(log, places)) for name, log in entries.items()}


def state(service: str, rows: Mapping[tuple[str, str], bytes]) -> Log:
    """The state of a service as sorted lines, one a row."""
    lines: Log = []
    for (kind, key), body in sorted(rows.items()):
        shared = body if service != _FEED else canonical.encode(_placeless(canonical.decode(body), {}))
        lines.append(f"{kind} {key} {shared.decode()}")
    return lines


def difference(left: Mapping[str, Iterable[str]], right: Mapping[str, Iterable[str]], *, most: int = 5) -> list[str]:
    """What one side has and the other has not, in words; empty if they are equal."""
    found: list[str] = []
    for name in sorted({*left, *right}):
        ours, theirs = Counter(left.get(name, ())), Counter(right.get(name, ()))
        for side, rest in (("only first", ours - theirs), ("only second", theirs - ours)):
            found += [f"{name}: {side}: {line[:400]}" for line in sorted(rest)[:most]]
    return found


def _places(log: Iterable[Entry]) -> list[str]:
    counts: dict[str, int] = defaultdict(int)
    places: list[str] = []
    for entry in log:
        service = entry.log.partition("/")[0]
        number = "?" if service in _UNORDERED else f"{counts[entry.stream]:05d}"
        places.append(f"{entry.stream}#{number}")
        counts[entry.stream] += 1
    return places


def _is_feed(log: str) -> bool:
    return log.partition("/")[0] == _FEED


def _lines(log: Iterable[Entry], places: Mapping[str, list[str]]) -> Iterator[str]:
    return (_line(entry, places) for entry in log)


def _told(log: Iterable[Entry], places: Mapping[str, list[str]]) -> Iterator[str]:
    """The facts that the feed heard, and what it told: of one award in order."""
    counts: dict[str, int] = defaultdict(int)
    for entry in log:
        if entry.part is None or entry.part.number == 1:
            yield f"heard {canonical.encode(_placeless(dict(entry.command), places)).decode()}"
        for event in entry.events:
            if "sequence" in event:
                award = str(event.get("awardId", ""))
                number = f" {award}#{counts[award]:03d}" if award else ""
                counts[award] += 1
                yield f"told{number} {canonical.encode(_placeless(dict(event), places)).decode()}"


def _placeless(value: Json, places: Mapping[str, list[str]]) -> Json:
    """A value without places in the feed; an entry that it names is told as its stream and its place there, if that is known."""
    if isinstance(value, list):
        return [_placeless(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"log", "index", "leaf"}:
        log = str(value["log"])
        return f"{log} {places[log][int(str(value['index']))]}" if log in places else log
    return {name: _placeless(member, places) for name, member in value.items() if name not in _PLACES}


def _line(entry: Entry, places: Mapping[str, list[str]]) -> str:
    told: dict[str, Json] = {
        "actor": to_json(entry.actor),
        "command": dict(entry.command),
        "events": [dict(event) for event in entry.events],
        "time": instant(entry.time),
    }
    if entry.part is not None:
        told["part"] = to_json(entry.part)
    if entry.cause is not None:
        told["cause"] = f"{entry.cause.log} {places[entry.cause.log][entry.cause.index]}"
    if re.fullmatch(r"demo-\d+", entry.command_id):
        told["commandId"] = entry.command_id
    return f"{places[entry.log][entry.index]} {canonical.encode(told).decode()}"
