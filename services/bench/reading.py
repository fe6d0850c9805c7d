"""What readers of the feed do, each in a process of its own; it prints lines of JSON, which `readers.Reader` takes.

    python -m services.bench.reading follow DOOR WHERE                    a line for each event as it comes
    python -m services.bench.reading catch-up DOOR WHERE LENGTH SECONDS   one line: how far it came through a feed of that length

Times are of the clock that all processes of a machine share. A door that has to be asked (`pages`, `atom`, `ldes`) is asked again
and again while an event is awaited, whose sequence comes on standard input.
"""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any

import httpx

from services.kernel.entry import Entry
from services.publishing.doors.kafka.records import PARTITION, PREFIX, TOPIC
from services.runtime.client import Client
from services.runtime.shards import system_actor
from services.runtime.tokens import LocalIssuer
from services.subscriber.stream import Stream
from services.subscriber.web import Web

_PAGE = 1_000
_LOOK_SECONDS = 0.002
_POLL_MILLISECONDS = 500
_TIMEOUT_SECONDS = 60.0
_ATOM = re.compile(r"<id>[^<]+/v1/events/[0-9a-f]{16}/(\d+)</id>")
_STREAMED = re.compile(rb"^id: [0-9a-f]{16}/(\d+)\ndata: .*\n\n", re.MULTILINE)
_NODE = re.compile(r"tree:node <([^>]+)>")
_MEMBER = re.compile(r'oproep:sequence "(\d+)"')


def say(**members: object) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


def streamed(held: bytearray) -> Iterator[int]:
    """Take the sequences of the whole events out of what has come over a stream so far; what is not whole stays."""
    if (end := held.rfind(b"\n\n") + 2) > 1:
        whole = bytes(held[:end])
        del held[:end]
        yield from (int(found) for found in _STREAMED.findall(whole))


# Following


def _follow(sequences: Iterable[int]) -> None:
    for sequence in sequences:
        say(sequence=sequence, at=perf_counter())


def _asking(look: Callable[[httpx.Client, int], Iterable[int]], where: str) -> Iterator[int]:
    """Ask, while an event is awaited, until it is there."""
    pause = threading.Event()
    with httpx.Client(base_url=where, timeout=_TIMEOUT_SECONDS) as client:
        say(ready=True)
        for awaited in map(int, sys.stdin):
            while awaited not in look(client, awaited):
                pause.wait(_LOOK_SECONDS)
            yield awaited


def _in_page(client: httpx.Client, awaited: int) -> list[int]:
    after: dict[str, int] = {"after": awaited - 1} if awaited else {}
    return [int(event["sequence"]) for event in _asked(client, "/v1/events", after).json()]


def _in_atom(client: httpx.Client, _awaited: int) -> list[int]:
    return list(map(int, _ATOM.findall(_asked(client, "/v1/atom").text)))


def _in_ldes(client: httpx.Client, _awaited: int) -> list[int]:
    """From the root to the last part to the last page, as all three may have grown."""
    address = "/v1/ldes"
    while nodes := _NODE.findall(text := _asked(client, address).text):
        address = nodes[-1]
    return list(map(int, _MEMBER.findall(text)))


def _asked(client: httpx.Client, address: str, query: dict[str, int] | None = None) -> httpx.Response:
    answer = client.get(address, params=query)
    answer.raise_for_status()
    return answer


def _live(where: str) -> Iterator[int]:
    say(ready=True)
    return (event.place.sequence for event in Stream(Web(where)).events(None))


def _subscribed(where: str) -> Iterator[int]:
    """`oproep subscribe`, as anybody would run it, and what it prints."""
    command = [sys.executable, "-m", "services.cli", "subscribe", "--from", where, "--by", "stream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stdout is not None  # noqa: S101 - asked for
        say(ready=True)
        try:
            for line in process.stdout:
                yield int(json.loads(line)["sequence"])
        finally:
            process.terminate()


def _received(_where: str) -> Iterator[int]:
    """A receiver of webhooks; says its port."""
    came: SimpleQueue[int] = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            came.put(int(body["sequence"]))

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Nothing: what came is told on standard output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(ready=True, port=server.server_port)
    while True:
        yield came.get()


def _recorded(where: str) -> Iterator[int]:
    """The topic, from its first record on."""
    kafka: Any = import_module("kafka")  # the type stubs that checkers carry are of an older version
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=where.split(","), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    partition = kafka.TopicPartition(TOPIC, PARTITION)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    say(ready=True)
    while True:
        for record in consumer.poll(timeout_ms=_POLL_MILLISECONDS, max_records=_PAGE).get(partition, []):
            yield int(dict(record.headers)[f"{PREFIX}sequence"])


def _logged(where: str) -> Iterator[int]:
    """The log that holds the feed, over gRPC: what no door has a part in. `where` is `ADDRESS,ISSUER'S DIRECTORY`."""
    address, _, issuer = where.partition(",")
    token = LocalIssuer(Path(issuer)).token(system_actor("bench"))
    say(ready=True)
    for stored in Client(address, lambda: token).entries("publishing/0", 0, follow=True):
        yield from (int(str(event["sequence"])) for event in Entry.from_bytes(stored.value).events if "sequence" in event)


_FOLLOWED: dict[str, Callable[[str], Iterator[int]]] = {
    "log": _logged,
    "pages": lambda where: _asking(_in_page, where),
    "stream": _live,
    "atom": lambda where: _asking(_in_atom, where),
    "ldes": lambda where: _asking(_in_ldes, where),
    "topic": _recorded,
    "webhook": _received,
    "subscribe": _subscribed,
}


# Catching up


def _catch_up(sequences: Iterator[int], length: int, seconds: float) -> None:
    """Read the whole feed, or as far as one comes in that time; an event that is missing ends it."""
    began, read = perf_counter(), 0
    for sequence in sequences:
        if sequence > read:
            raise RuntimeError(f"event {sequence} came where {read} is next")
        read += sequence == read
        if read == length or perf_counter() - began > seconds:
            break
    say(events=read, seconds=round(perf_counter() - began, 2), whole=read == length)


def _all_pages(where: str) -> Iterator[int]:
    address = f"{where}/v1/events?limit={_PAGE}"
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client:
        while events := (answer := _asked(client, address)).json():
            yield from (int(event["sequence"]) for event in events)
            address = answer.links["next"]["url"]


def _all_streamed(where: str) -> Iterator[int]:
    held = bytearray()
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client, client.stream("GET", f"{where}/v1/stream") as answer:
        for piece in answer.iter_bytes():
            held += piece
            yield from streamed(held)


def _all_members(where: str) -> Iterator[int]:
    """From the root down, each part and each page once. The text is searched and not read as RDF: that is the reader's own time."""
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client:
        for part in _nodes(client, f"{where}/v1/ldes"):
            for page in _nodes(client, part):
                yield from map(int, _MEMBER.findall(_asked(client, page).text))


def _nodes(client: httpx.Client, address: str) -> list[str]:
    """What a node leads to, each once, in order."""
    return list(dict.fromkeys(_NODE.findall(_asked(client, address).text)))


_CAUGHT_UP: dict[str, Callable[[str], Iterator[int]]] = {
    "pages": _all_pages,
    "stream": _all_streamed,
    "ldes": _all_members,
    "topic": _recorded,
}


def main(how: str, door: str, where: str, *sizes: str) -> None:
    """Follow, or catch up."""
    if how == "follow":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what it has started is ended with it
        _follow(_FOLLOWED[door](where))
    else:
        _catch_up(_CAUGHT_UP[door](where), int(sizes[0]), float(sizes[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
