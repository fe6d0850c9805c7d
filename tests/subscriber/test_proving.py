"""An event is used only if the feed's log says the same, under a key that the reader has from elsewhere."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

import httpx
import pytest

from services.subscriber.event import Event
from services.subscriber.following import follow
from services.subscriber.ledger import Nowhere
from services.subscriber.pages import Pages
from services.subscriber.proving import ForkError, ProofError, Prover, Signed
from services.subscriber.web import Web
from services.tlog.notes import Checkpoint, SigningKey, VerifierKey, origin, sign
from tests.services.publishing.http.serving import BASE, Open
from tests.subscriber.network import Network
from tests.subscriber.telling import KEY


class Forger(httpx.BaseTransport):
    """The network, with something on the way that alters answers."""

    def __init__(self, url: str, forge: Callable[[str, bytes], bytes | None]) -> None:
        self._network, self._forge = Network(url), forge

    def close(self) -> None:
        self._network.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._network.handle_request(request)
        answer.read()
        forged = self._forge(str(request.url.path), answer.content)
        if forged is None:
            return httpx.Response(403, json={"detail": "its call publishes less"})
        return httpx.Response(answer.status_code, content=forged)


def untouched(_path: str, content: bytes) -> bytes:
    return content


Forge = Callable[[str, bytes], bytes | None]
Proving = Callable[..., Prover]


@pytest.fixture
def prover(signed: Open, key: VerifierKey) -> Iterator[Proving]:
    """Makes provers, over a network on which somebody may sit."""
    with ExitStack() as held:

        def made(forge: Forge = untouched, *, entries: bool = False, known: VerifierKey = key) -> Prover:
            return held.enter_context(closing(Prover(Web(BASE, transport=Forger(signed.url, forge)), [known], entries=entries)))

        yield made


def test_every_event_of_the_feed_is_proven(prover: Proving, signed: Open, events: Sequence[Event]) -> None:
    found: list[Event] = []
    proving = prover()
    with closing(Pages(Web(BASE, transport=Network(signed.url)))) as door:
        follow(door, Nowhere(), found.append, check=proving.check)
    assert found == list(events)
    assert proving.leaf_only < len(events) // 2


def altered(event: Event, **members: str) -> Event:
    return replace(event, data={**event.data, **members})


def test_an_event_that_is_not_what_its_entry_says(prover: Proving, key: VerifierKey, events: Sequence[Event]) -> None:
    proving = prover()
    granted = next(event for event in events if event.type == "AwardGranted")
    proving.check(granted)
    wrong = [
        altered(granted, amountCents="1"),
        replace(granted, attributes={**granted.attributes, "type": "grants.awards.v1.AwardAmended"}),
        replace(granted, attributes={**granted.attributes, "time": "2020-01-01T00:00:00Z"}),
        replace(granted, attributes={**granted.attributes, "feedleaf": events[0].attributes["feedleaf"]}),
        replace(granted, attributes={**granted.attributes, "feedleaf": "no hash"}),
        replace(granted, attributes={**granted.attributes, "feedindex": "1"}),
        replace(granted, attributes={**granted.attributes, "source": "/other/publishing/0"}),
    ]
    for event in wrong:
        with pytest.raises(ProofError):
            proving.check(event)


def test_another_key_proves_nothing(prover: Proving, events: Sequence[Event]) -> None:
    other = SigningKey(origin("demo", "publishing/0"), bytes(32)).verifier
    with pytest.raises(ProofError, match="not signed by a known key"):
        prover(known=other).check(events[0])


def test_a_signature_or_hash_that_was_touched(prover: Proving, key: VerifierKey, events: Sequence[Event]) -> None:
    def spoiled(place: int) -> Callable[[str, bytes], bytes]:
        def spoil(path: str, content: bytes) -> bytes:
            if not path.endswith("/proof"):
                return content
            lines = content.split(b"\n")
            at = max(n for n, line in enumerate(lines) if line) if place < 0 else place
            old = lines[at][-10:-9]
            lines[at] = lines[at][:-10] + (b"A" if old != b"A" else b"B") + lines[at][-9:]
            return b"\n".join(lines)

        return spoil

    for place in (2, 5, -1):
        with pytest.raises(ProofError):
            prover(spoiled(place)).check(events[0])


@pytest.mark.parametrize("text", ["", "no proof at all", "c2sp.org/tlog-proof@v1\nindex x\n\nnote", "c2sp.org/tlog-proof@v1\n\n"])
def test_what_is_no_proof(prover: Proving, key: VerifierKey, events: Sequence[Event], text: str) -> None:
    with pytest.raises(ProofError, match="no proof"):
        prover(lambda _path, _content: text.encode()).check(events[0])


def signed_as(checkpoint: Checkpoint) -> Signed:
    return Signed(checkpoint, sign(checkpoint, [KEY]))


def test_a_log_that_shows_two_faces(prover: Proving, key: VerifierKey, events: Sequence[Event]) -> None:
    """Both checkpoints are signed by the log's own key, so each holds by itself."""
    lone = events[0]

    def other_face(path: str, content: bytes) -> bytes:
        if not path.endswith("/proof"):
            return content
        size = int(content.decode().split("\n\n")[1].split("\n")[1])
        other = sign(Checkpoint(key.name, size, bytes(32)), [KEY])
        return content.split(b"\n\n")[0] + b"\n\n" + other.encode()

    with pytest.raises(ProofError, match="is not entry"):
        prover(other_face).check(lone)
    proving = prover()
    proving.check(lone)
    assert proving.largest is not None
    size = proving.largest.checkpoint.size
    for other, fault in ((size, "has two roots"), (1, "has not only grown"), (size + 1, f"the log has {size} entries")):
        with pytest.raises(ForkError, match=fault):
            proving.same_log(signed_as(Checkpoint(key.name, other, bytes(32))))


def test_an_entry_that_is_kept_back(prover: Proving, key: VerifierKey, events: Sequence[Event]) -> None:
    def kept(path: str, content: bytes) -> bytes | None:
        return None if path.endswith("/entry") else content

    proving = prover(kept)
    proving.check(events[0])
    assert proving.leaf_only == 1
    with pytest.raises(ProofError, match="its call publishes less"):
        prover(kept, entries=True).check(events[0])


def test_an_entry_that_was_touched(prover: Proving, key: VerifierKey, events: Sequence[Event]) -> None:
    def touched(path: str, content: bytes) -> bytes:
        if not path.endswith("/entry"):
            return content
        return json.dumps({**json.loads(content), "subject": "other"}).encode()

    with pytest.raises(ProofError, match="another hash"):
        prover(touched).check(events[0])
