"""Deliveries on a clock that is moved by hand: the table, what endpoints answer, and who is told."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook

from services.demo.sink import free_port
from services.kernel import canonical
from services.publishing.doors.webhooks.endpoints import State, Why
from services.publishing.doors.webhooks.keys import Scheme
from services.publishing.doors.webhooks.payload import Payload
from services.publishing.doors.webhooks.schedule import TABLE
from services.publishing.doors.webhooks.transport import Reason
from services.runtime.clock import SystemClock
from tests.services.publishing.webhooks.conftest import Yards
from tests.services.publishing.webhooks.test_keys import verify_ed25519
from tests.services.publishing.webhooks.yard import BASE, OWNER, Receiver, Reply, Yard


def test_every_event_comes_once_in_order_and_proves_itself(each_yard: Yard, receiver: Receiver) -> None:
    each_yard.clock.at = SystemClock().now()  # the library holds a delivery against the real time
    key = each_yard.add(receiver.url)
    each_yard.steps()
    assert receiver.sequences() == list(range(each_yard.feed.length()))
    assert [request.id for request in receiver.requests] == [event.id for event in each_yard.feed.events(None, 1000)]
    for request in receiver.requests:
        told = Webhook(key).verify(request.body, request.headers)
        assert request.headers["content-type"] == "application/json"
        assert told["link"] == f"{BASE}/v1/events/{told['sequence']}"
    assert not each_yard.step(), "there is nothing left to do"
    assert {delivery.outcome.reason for delivery in each_yard.log()} == {Reason.DELIVERED}


def test_a_thin_payload_has_ids_and_a_full_one_everything(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url, "thin", types=("AwardGranted",))
    yard.add(receiver.url, "full", types=("AwardGranted",), payload=Payload.FULL)
    yard.steps("thin")
    yard.steps("full")
    half = len(receiver.requests) // 2
    thin, full = receiver.requests[0], receiver.requests[half]
    said, event = json.loads(thin.body), yard.feed.event(thin.sequence)
    assert said == {
        "type": "grants.awards.v1.AwardGranted",
        "timestamp": event.time.isoformat().replace("+00:00", "Z"),
        "id": event.id,
        "sequence": str(event.sequence),
        "subject": event.subject,
        "link": f"{BASE}/v1/events/{event.sequence}",
        "data": {name: event.data[name] for name in ("callId", "applicationId", "awardId")},
    }
    assert json.loads(full.body) == {**said, "data": event.data}
    assert thin.body == canonical.encode(said), "no space, sorted: the same bytes at each attempt"
    assert max(len(request.body) for request in receiver.requests) < 20_000


def test_types_and_calls_are_chosen(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url, "some", types=("AwardGranted", "AwardSettled"))
    yard.add(receiver.url, "none", calls=("another-call",))
    assert yard.steps("none") == 1, "a page without a wanted event is passed over at once"
    yard.steps("some")
    wanted = [e.sequence for e in yard.feed.events(None, 1000) if e.type in ("AwardGranted", "AwardSettled")]
    assert receiver.sequences() == wanted
    assert yard.endpoint("none").next == yard.endpoint("some").next == yard.feed.length()


def test_the_whole_table_then_disabled(each_yard: Yard, receiver: Receiver) -> None:
    each_yard.add(receiver.url)
    receiver.statuses(500)
    start, waits = each_yard.clock.at, list[timedelta]()
    while each_yard.endpoint().state is State.ACTIVE:
        waits.append(each_yard.until_due())
        assert each_yard.step()
        assert not each_yard.step(), "not before it is due"
    assert len(waits) == len(TABLE) == len(receiver.requests)
    assert all(planned <= wait <= planned * 1.1 for planned, wait in zip(TABLE, waits, strict=True))
    assert timedelta(hours=75) < each_yard.clock.at - start < timedelta(hours=84)
    assert {request.id for request in receiver.requests} == {each_yard.feed.event(0).id}, "the id stays"
    assert len({request.body for request in receiver.requests}) == 1
    assert len({request.headers["webhook-timestamp"] for request in receiver.requests}) == len(TABLE), "the time does not"
    assert [delivery.attempt for delivery in each_yard.log()] == list(range(1, 11))
    endpoint = each_yard.endpoint()
    assert (endpoint.why, endpoint.next, endpoint.mail_due) == (Why.EXHAUSTED, 0, each_yard.clock.at)
    assert not each_yard.step()

    receiver.statuses(200)
    each_yard.admin.resume("books", "", by="operator-1")
    each_yard.steps(limit=3)
    assert receiver.sequences()[len(TABLE) :] == [0, 1, 2], "nothing was lost"


def test_a_success_starts_the_table_anew(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    receiver.statuses(500, 502, 200, 504, 200)
    for _ in range(5):
        yard.until_due()
        yard.step()
    assert receiver.sequences() == [0, 0, 0, 1, 1]
    assert [delivery.attempt for delivery in yard.log()] == [1, 2, 3, 1, 2]


def test_410_disables_at_once(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    receiver.statuses(200, 410)
    yard.steps()
    assert receiver.sequences() == [0, 1]
    endpoint = yard.endpoint()
    assert (endpoint.state, endpoint.why, endpoint.next) == (State.DISABLED, Why.GONE, 1)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "least"),
    [
        ("90", timedelta(seconds=90)),
        ("Tue, 10 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("1", timedelta(seconds=5)),
        ("99999999", timedelta(hours=24)),
    ],
)
def test_retry_after_is_honoured(yard: Yard, receiver: Receiver, status: int, value: str, least: timedelta) -> None:
    yard.add(receiver.url)
    receiver.answer = lambda _request: Reply(status, [("Retry-After", value)])
    yard.step()
    assert least <= yard.until_due() <= least * 1.1
    receiver.statuses(200)
    yard.step()
    assert receiver.sequences() == [0, 0]


def test_a_key_is_rotated_without_a_gap(yard: Yard, receiver: Receiver) -> None:
    yard.clock.at = SystemClock().now()
    old = yard.add(receiver.url)
    yard.step()
    new = yard.admin.rotate("books", overlap=timedelta(hours=24), scheme=None, owner="", by="operator-1")
    yard.step()
    both = receiver.requests[-1]
    for key in (old, new):
        assert Webhook(key).verify(both.body, both.headers)["sequence"] == "1"
    public = yard.admin.rotate("books", overlap=timedelta(hours=24), scheme=Scheme.ED25519, owner="", by="operator-1")
    yard.step()
    last = receiver.requests[-1]
    verify_ed25519(public, last.headers, last.body)
    assert Webhook(new).verify(last.body, last.headers)["sequence"] == "2"
    assert len(last.headers["webhook-signature"].split()) == 2, "of two old keys, the older one has ended"
    yard.pass_time(timedelta(hours=24))
    yard.step()
    assert len(receiver.requests[-1].headers["webhook-signature"].split()) == 1
    yard.admin.rotate("books", overlap=timedelta(0), scheme=None, owner="", by="operator-1")
    yard.step()
    (only,) = receiver.requests[-1].headers["webhook-signature"].split()
    assert only.startswith("v1a,"), "the scheme stays unless another is named"


def test_nothing_readable_lies_in_the_database(yard: Yard, receiver: Receiver) -> None:
    key = yard.add(receiver.url)
    yard.store.close()
    kept = b"".join(file.read_bytes() for file in yard.directory.glob("webhooks.db*"))
    assert key.removeprefix("whsec_").encode() not in kept
    assert OWNER.encode() not in kept
    assert (yard.directory / "webhook.key").stat().st_mode & 0o777 == 0o600


def test_without_its_key_an_endpoint_is_disabled_and_can_be_given_another(yard: Yard, yards: Yards, receiver: Receiver) -> None:
    yard.add(receiver.url)
    (yard.directory / "webhook.key").unlink()
    yard.step()
    assert (yard.endpoint().why, receiver.requests) == (Why.NO_KEY, [])
    key = yard.admin.rotate("books", overlap=timedelta(hours=1), scheme=None, owner=OWNER, by="operator-1")
    yard.admin.resume("books", "", by="operator-1")
    yard.step()
    assert (key[:6], receiver.sequences()) == ("whsec_", [0])


class Post:
    """An SMTP server that keeps what it takes; the first `deferred` mails it defers."""

    def __init__(self, deferred: int = 0) -> None:
        self.deferred, self.mails = deferred, list[tuple[list[str], bytes]]()

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - named by aiosmtpd
        if self.deferred:
            self.deferred -= 1
            return "451 later"
        self.mails.append((envelope.rcpt_tos, envelope.content))  # type: ignore[attr-defined] # the library has no types
        return "250 OK"


def test_the_owner_hears_that_it_is_disabled(yard: Yard, receiver: Receiver, capfd: pytest.CaptureFixture[str]) -> None:
    yard.add(receiver.url)
    receiver.statuses(410)
    yard.step()
    post, port = Post(deferred=1), free_port()
    mailer = yard.mailer(f"127.0.0.1:{port}")
    asyncio.run(mailer.send_owed())
    assert yard.until_due_mail() == timedelta(minutes=5), "nobody was there"
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        asyncio.run(mailer.send_owed())
        assert (post.mails, yard.until_due_mail()) == ([], timedelta(minutes=5)), "not now"
        asyncio.run(mailer.send_owed())
        asyncio.run(mailer.send_owed())
    finally:
        controller.stop()
    ((recipients, content),) = post.mails
    assert recipients == [OWNER]
    text = content.decode()
    assert "books" in text
    assert "410 Gone" in text
    assert receiver.url not in text
    assert yard.endpoint().mail_due is None
    said = capfd.readouterr()
    assert "webhook.owner_told" in said.out + said.err
    assert OWNER not in said.out + said.err
