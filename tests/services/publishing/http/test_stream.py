"""The stream over a real socket: from any place, live, chosen; a reader that stands still holds up nobody."""

import asyncio
import json
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.publishing.cloudevent import structured, structured_bytes
from services.publishing.doors import DoorContext
from services.publishing.doors.http import stream
from services.publishing.doors.http.places import Choice
from services.publishing.feed import Feed, PublicEvent
from services.publishing.views import Views
from services.runtime.writer import Writer
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing
from tests.services.publishing.http import serving
from tests.services.publishing.http.serving import Open, Reader, every_id, messages, opened, streamed


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_reader_that_is_cut_off_anywhere_misses_none_and_sees_none_twice(door: Open, data: st.DataObject) -> None:
    every = every_id(door.feed)
    seen: list[str] = []
    while len(seen) < len(every):
        left = len(every) - len(seen)
        count = data.draw(st.integers(min(20, left), left))
        headers = {"last_event_id": seen[-1]} if seen else {}
        came = streamed(door, count, **headers)
        assert [json.loads(sent.data)["id"] for sent in came] == [sent.id for sent in came]
        seen += [sent.id for sent in came]
    assert seen == every


def test_an_event_is_the_one_of_every_door(door: Open, life: Filled) -> None:
    (sent,) = streamed(door, 1, "/v1/stream?after=6")
    assert json.loads(sent.data) == structured(life.feed.event(7), source=life.feed.source)


def test_the_place_in_the_header_goes_before_the_one_in_the_address(door: Open, life: Filled) -> None:
    (sent,) = streamed(door, 1, "/v1/stream?after=6", last_event_id=f"{life.feed.feed_id}/40")
    assert sent.id == f"{life.feed.feed_id}/41"


def test_a_choice_is_sent_and_what_was_passed_over_moves_the_place(door: Open, life: Filled) -> None:
    wanted = [event.id for event in life.feed.events(None, 999) if event.type in {"CallPublished", "DeadlineMoved"}]
    with door.client.stream("GET", f"{door.url}/v1/stream?type=CallPublished&type=DeadlineMoved") as response:
        found: list[str] = []
        for sent in messages(response.iter_lines()):
            if not sent.data and sent.id == f"{life.feed.feed_id}/{life.feed.length() - 1}":
                break
            found += [sent.id] if sent.data else []
    assert found == wanted


def test_it_begins_with_when_to_come_back_and_is_kept_by_nobody(door: Open) -> None:
    with door.client.stream("GET", f"{door.url}/v1/stream") as response:
        assert next(response.iter_lines()) == "retry: 3000"
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["access-control-allow-origin"] == "*"
    assert door.client.head(f"{door.url}/v1/stream").content == b""


@contextmanager
def growing(directory: Path) -> Generator[tuple[Open, Writer, Hands, list[tuple[str, Stored]]]]:
    """An open door to a feed of few events, its writer, and the rest of the history."""
    history = list(in_time(recorded()))
    clock = Hands(Entry.from_bytes(history[0][1].value).time)
    with writing(directory, clock) as writer:
        take_in(writer, clock, history[:40])
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        with opened(feed, Views(feed)) as door:
            yield door, writer, clock, history[40:]


def test_readers_hear_of_what_is_told_while_they_listen(tmp_path: Path) -> None:
    with growing(tmp_path) as (door, writer, clock, rest):
        before = door.feed.length()
        readers = [Reader(door, before + 5, f"/v1/stream?{choice}") for choice in ("", "", "call=radicalisation-2021")]
        for reader in readers:
            reader.start()
            assert reader.here.wait(20)
        for number in range(0, len(rest), 30):
            take_in(writer, clock, rest[number : number + 30])
            door.feed.refresh()
        for reader in readers:
            reader.join(20)
            assert [sent.id for sent in reader.found] == every_id(door.feed)[: before + 5]


def test_a_reader_that_stands_still_holds_up_nobody(door: Open) -> None:
    """It asks for everything and reads nothing: the server fills that connection's buffers and waits there, and only there."""
    with socket.socket() as still:
        still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        still.connect(("127.0.0.1", door.door.port))
        still.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert still.recv(12) == b"HTTP/1.1 200"
        assert [sent.id for sent in streamed(door, door.feed.length())] == every_id(door.feed)
        assert len(door.get("/v1/events").json()) == 100


def test_the_end_of_the_server_is_the_end_of_its_streams(life: Filled) -> None:
    with opened(life.feed, life.views) as door:
        reader = Reader(door, 10_000)
        reader.start()
        assert reader.here.wait(20)
    reader.join(20)
    assert not reader.is_alive()
    assert [sent.id for sent in reader.found if sent.data] == every_id(life.feed)[: len(reader.found)]


def test_what_many_readers_want_is_read_and_written_out_once(life: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand readers of everything: each event is written out once, and a reader holds nothing but its place."""
    written: list[str] = []

    def once(event: PublicEvent, source: str) -> bytes:
        written.append(event.id)
        return structured_bytes(event, source=source)

    monkeypatch.setattr("services.publishing.doors.http.stream.structured_bytes", once)

    async def read() -> list[int]:
        context = DoorContext(feed=life.feed, views=life.views, settings=serving.settings(), stopped=lambda _: None)
        live = stream.Stream(context)
        live.open()

        async def one() -> int:
            found = 0
            async for piece in live.told(-1, Choice()):
                found += piece.count(b"data: ")
                if found == life.feed.length():
                    break
            return found

        counts = await asyncio.gather(*(one() for _ in range(1000)))
        live.close()
        return counts

    assert asyncio.run(read()) == [life.feed.length()] * 1000
    assert written == every_id(life.feed)


def test_a_reader_is_woken_by_what_is_told(tmp_path: Path) -> None:
    """Not by the next sign of life, which is an hour away here."""
    history = list(in_time(recorded()))
    clock = Hands(Entry.from_bytes(history[0][1].value).time)

    async def read(writer: Writer) -> bytes:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        context = DoorContext(feed=feed, views=Views(feed), settings=serving.settings(), stopped=lambda _: None)
        live = stream.Stream(context, heartbeat_seconds=3600)
        live.open()
        pieces = live.told(-1, Choice())
        await anext(pieces)
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.wait([waiting], timeout=0)  # it is on its way to wait
        await asyncio.to_thread(take_in, writer, clock, history[:1])
        await asyncio.to_thread(feed.refresh)
        told = await asyncio.wait_for(waiting, 20)
        live.close()
        return told

    with writing(tmp_path, clock) as writer:
        assert b'"grants.awards.v1.CallPublished"' in asyncio.run(read(writer))


def test_a_reader_without_news_hears_that_the_line_is_open(life: Filled) -> None:
    async def read() -> list[bytes]:
        context = DoorContext(feed=life.feed, views=life.views, settings=serving.settings(), stopped=lambda _: None)
        live = stream.Stream(context, heartbeat_seconds=0.001)
        live.open()
        pieces = live.told(life.feed.length() - 1, Choice())
        found = [await anext(pieces) for _ in range(3)]
        live.close()
        return found

    assert asyncio.run(read()) == [b"retry: 3000\n\n", b": nothing new\n\n", b": nothing new\n\n"]
