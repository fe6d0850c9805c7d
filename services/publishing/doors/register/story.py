"""What a call or an award went through: its events in words, and where the proof of each is."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, cast
from zoneinfo import ZoneInfo

from services.kernel.form import parse_instant
from services.publishing.doors.register.grids import Cell, Grid, columns, money
from services.publishing.doors.register.totals import AMOUNTS
from services.publishing.doors.register.words import Words
from services.publishing.feed import PublicEvent
from services.publishing.records import Call
from services.publishing.terms import Ground


def of_award(say: Words, events: Sequence[PublicEvent], call: Call) -> Grid:
    """The events of an award: what, why and when, the event's own amount, and the four sums after it."""
    rows = [
        [
            Cell(text=say.code("event", event.type), note=_why(say, _data(event), call)),
            Cell(text=say.day(happened(event, call.zone))),
            *(_sum(say, _data(event), f"{name}Cents", call) for name in ("amount", *AMOUNTS)),
        ]
        for event in events
    ]
    shown = columns(say, ("event", "happened"), ("amount", *(f"{name}_after" for name in AMOUNTS)))
    return Grid(name="history", caption=say("award.history_caption"), columns=shown, rows=rows)


def of_call(say: Words, events: Sequence[PublicEvent], call: Call) -> Grid:
    """The events of a call."""
    rows = [
        [
            Cell(text=say.code("event", event.type)),
            Cell(text=say.day(happened(event, call.zone))),
            Cell(text=_what(say, _data(event), event.type, call)),
        ]
        for event in events
    ]
    shown = columns(say, ("event", "happened", "what"))
    return Grid(name="history", caption=say("call.history_caption"), columns=shown, rows=rows)


def proofs(say: Words, events: Sequence[PublicEvent]) -> Grid:
    """Where the proof of each event is: the entry that it tells of, and the entry of the feed that tells it."""
    rows = [
        [
            Cell(text=say("proof.event", number=event.sequence, event=say.code("event", event.type))),
            Cell(text=say("proof.place", log=event.source.log, index=event.source.index)),
            Cell(text=event.source.leaf, code=True),
            Cell(text=say("proof.place", log=event.entry.log, index=event.entry.index)),
            Cell(text=event.entry.leaf, code=True),
            Cell(text=say("proof.proof", number=event.sequence), href=f"/v1/events/{event.sequence}/proof"),
        ]
        for event in events
    ]
    shown = columns(say, ("event", "source_place", "source_leaf", "feed_place", "feed_leaf", "proof"))
    return Grid(name="proofs", caption=say("proof.caption"), columns=shown, rows=rows)


def ground(say: Words, why: Ground) -> str:
    """Why, in words, with the place and the score if they are told."""
    rank = "" if why.rank is None else say("award.rank", rank=say.number(why.rank))
    total = "" if why.total is None else say("award.total", total=say.share(why.total))
    return "; ".join(part for part in (say.code("ground", why.code), rank, total) if part)


def happened(event: PublicEvent, zone: str) -> date:
    """The day on which it happened, by the clocks of a zone."""
    return parse_instant(event.data["occurredAt"], "occurredAt").astimezone(ZoneInfo(zone)).date()


def _why(say: Words, data: Mapping[str, Any], call: Call) -> str:
    told = data["ground"]
    total = Fraction(told["total"]) if "total" in told else None
    parts = [
        ground(say, Ground(code=told["code"], rule=told["rule"], rank=int(told["rank"]) if "rank" in told else None, total=total))
    ]
    if told["code"] == "merger":
        parts.append(say("award.holder", name=data["organisation"]["name"]))
    if "limit" in data:
        parts.append(say("award.accepted", amount=say.money(int(data["acceptedCents"]), call.currency)))
        parts.append(say.code("limit", data["limit"]))
    due = [(name, int(data.get(f"{name}Cents", "0"))) for name in ("balance", "recovery")]
    parts += [say(f"award.{name}", amount=say.money(cents, call.currency)) for name, cents in due if cents]
    return "; ".join(parts)


def _what(say: Words, data: Mapping[str, Any], kind: str, call: Call) -> str:
    def at(name: str) -> str:
        value: datetime = parse_instant(data[name], name)
        return say.instant(value, call.zone)

    match kind:
        case "CallPublished":
            return say("call.published", deadline=at("deadline"))
        case "DeadlineMoved":
            return say("call.moved", before=at("before"), deadline=at("deadline"))
        case "CallClosed":
            return say("call.closed", applications=say.number(int(data["applications"])))
        case "RankingPublished":
            minimum = say.share(Fraction(data["minimumTotal"]))
            return say("call.ranked", version=data["version"], ranked=say.number(int(data["ranked"])), minimum=minimum)
        case _:
            return ""


def _sum(say: Words, data: Mapping[str, Any], name: str, call: Call) -> Cell:
    return money(say, int(data[name]) if name in data else None, call.currency)


def _data(event: PublicEvent) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", event.data)
