"""What a process tells about its logs: entries in pages and as they come, heads, state, and what was set aside."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from services.kernel import canonical
from services.kernel.entry import Entry
from services.kernel.form import MalformedError
from services.kernel.ports import Outgoing
from services.runtime import log_servicer
from services.runtime.client import Client, RejectedError
from services.runtime.facts import Fact
from services.runtime.local_bus import LocalBus
from services.runtime.relay import DEAD_LETTERS, outgoing
from services.standalone.registry import SPECS
from tests import strategies
from tests.runtime.serving import AUDITOR, LEDGER, NOON, OFFICER, OPERATOR, Serving, open_envelope, serving

LOG = "budget_ledger/0"
LONG = 7


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("logs")) as host:
        client = host.client()
        for number in range(LONG):
            client.execute(LEDGER, f"open-{number}", open_envelope(f"envelope-{number}"))
        yield host


@pytest.fixture(scope="module")
def auditor(running: Serving) -> Client:
    return running.client(AUDITOR)


def until(what: Callable[[], Any]) -> Any:
    """Ask until there is something."""
    end = monotonic() + 60
    while not (found := what()):
        assert monotonic() < end, "nothing came"
    return found


def test_entries_come_in_order_with_their_bytes(auditor: Client) -> None:
    found = list(auditor.entries(LOG, 0))
    assert [stored.index for stored in found] == list(range(LONG))
    for stored in found:
        entry = Entry.from_bytes(stored.value)
        assert canonical.leaf(stored.value) == stored.leaf
        assert (entry.log, entry.index, entry.stream, entry.time) == (LOG, stored.index, stored.stream, NOON)


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_pages_join_without_a_seam(auditor: Client, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(log_servicer, "_PAGE", page)
    for start in (0, 1, LONG - 1, LONG, LONG + 5):
        for limit in (0, 1, 3, LONG + 5):
            wanted = list(range(LONG))[start : start + limit if limit else None]
            assert [stored.index for stored in auditor.entries(LOG, start, limit)] == wanted


def test_who_follows_gets_what_is_there_and_what_comes(tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"]) as host:
        client = host.client()
        client.execute(LEDGER, "open-0", open_envelope("envelope-0"))
        following = host.client(AUDITOR).entries(LOG, 0, 3, follow=True)
        assert next(following).index == 0
        with ThreadPoolExecutor(1) as pool:
            rest: Future[list[int]] = pool.submit(lambda: [stored.index for stored in following])
            client.execute(LEDGER, "open-1", open_envelope("envelope-1"))
            client.execute(LEDGER, "open-2", open_envelope("envelope-2"))
            assert rest.result(60) == [1, 2]


def test_many_who_follow_hold_nobody_up(running: Serving, auditor: Client) -> None:
    following = [running.client(AUDITOR).entries(LOG, 0, follow=True) for _ in range(20)]
    for stream in following:
        assert [next(stream).index for _ in range(LONG)] == list(range(LONG))
    begun = monotonic()
    for _ in range(5):
        auditor.heads()
    assert monotonic() - begun < 20


@pytest.mark.parametrize(("log", "start", "limit"), [("other/0", 0, 0), ("", 0, 0), (LOG, -1, 0), (LOG, 0, -1)])
def test_what_is_no_log_and_no_place_in_it_is_malformed(auditor: Client, log: str, start: int, limit: int) -> None:
    with pytest.raises(RejectedError, match="INVALID_ARGUMENT"):
        list(auditor.entries(log, start, limit))


def test_heads_tell_where_each_log_stands(auditor: Client) -> None:
    heads = until(lambda: _at_rest(auditor))
    assert sorted(heads) == ["budget_ledger/0", "intake/0"]
    head = heads[LOG]
    assert (head.length, head.relayed, head.parked, head.pending) == (LONG, LONG, 0, 0)
    assert head.last_time.ToDatetime().replace(tzinfo=NOON.tzinfo) == NOON
    assert head.swept_at.ToDatetime().replace(tzinfo=NOON.tzinfo) == NOON
    assert {source.log: source.next_index for source in head.sources} == {"intake/0": 0, "awarding/0": 0, "reporting/0": 0}
    assert not heads["intake/0"].HasField("last_time")


def _at_rest(auditor: Client) -> dict[str, Any]:
    heads = {head.log: head for head in auditor.heads()}
    return heads if heads[LOG].relayed == LONG and all(head.HasField("swept_at") for head in heads.values()) else {}


def test_state_is_read_by_kind_and_prefix(auditor: Client) -> None:
    rows = auditor.state(LOG, "Envelope")
    assert [row.key for row in rows] == [f"envelope-{number}" for number in range(LONG)]
    assert all(canonical.decode(row.body.encode())["budgetCents"] == "100" for row in rows)
    assert [row.key for row in auditor.state(LOG, "Envelope", "envelope-3")] == ["envelope-3"]
    assert {row.kind for row in auditor.state(LOG)} >= {"Envelope"}
    assert auditor.state(LOG, "Nothing") == []


@pytest.fixture
def choosy(tmp_path: Path) -> Generator[tuple[Serving, set[str]]]:
    """A ledger that cannot yet read the events of some calls, beside the intake that publishes them."""
    unreadable = {"call-a"}

    def reactions(fact: Fact) -> Iterable[Any]:
        call_id = str(getattr(fact.message, "call_id", ""))
        if call_id in unreadable:
            raise MalformedError("callId", f"{call_id!r} is beyond this version", "other calls")
        return LEDGER.reactions(fact)

    catalog = {**SPECS, "budget_ledger": replace(LEDGER, reactions=reactions)}
    with serving(tmp_path, catalog=catalog) as host:
        yield host, unreadable


def _publish(client: Client, call_id: str) -> None:
    from services.intake.model import PublishCall  # noqa: PLC0415 - only here

    rules = strategies.rules(call_id=call_id, envelope=replace(strategies.rules().envelope, envelope_id=f"envelope-{call_id}"))
    document = client.upload(b"call file")
    answer = client.execute(SPECS["intake"], f"publish-{call_id}", PublishCall(call_id=call_id, rules=rules, call_file=document))
    assert [event["type"] for event in answer.events] == ["CallPublished"]


def test_what_cannot_be_read_is_listed_and_taken_in_again(choosy: tuple[Serving, set[str]]) -> None:
    host, unreadable = choosy
    operator = host.client(OPERATOR)
    for call_id in ("call-a", "call-b"):
        _publish(host.client(OFFICER), call_id)
    (letter,) = until(operator.dead_letters)
    assert (letter.log, letter.source, letter.index, letter.stream) == (LOG, "intake/0", 0, "call-a")
    assert letter.reason == "callId: 'call-a' is beyond this version; allowed: other calls"
    until(lambda: operator.state(LOG, "Envelope", "envelope-call-b"))  # the other stream goes on
    outcome = operator.replay_dead_letters(LOG, "intake/0", "call-a")
    assert (outcome.replayed, outcome.left) == (0, 1)
    unreadable.clear()
    outcome = operator.replay_dead_letters(LOG, "intake/0", "call-a")
    assert (outcome.replayed, outcome.left) == (1, 0)
    assert operator.dead_letters() == []
    assert len(operator.state(LOG, "Envelope", "envelope-call-a")) == 1
    with pytest.raises(RejectedError, match="NOT_FOUND: source: budget_ledger/0 does not read 'scoring/0'"):
        operator.replay_dead_letters(LOG, "scoring/0", "call-a")
    with pytest.raises(RejectedError, match="INVALID_ARGUMENT: log: 'other/0'"):
        operator.replay_dead_letters("other/0", "intake/0", "call-a")


def test_a_record_that_is_no_entry_is_a_dead_letter(tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"]) as host:
        bus = LocalBus(tmp_path / "bus.db")
        publisher = bus.publisher()
        publisher.publish([Outgoing("grants.intake.v1", 0, b"call-a", b"no entry", (("log", b"intake/0"), ("index", b"0")))])
        (letter,) = until(host.client(OPERATOR).dead_letters)
        publisher.close()
        assert (letter.log, letter.source, letter.index) == (LOG, "intake/0", -1)
        subscription = bus.subscribe(DEAD_LETTERS, 0, 0)
        (message,) = until(lambda: subscription.poll(0.1))
        subscription.close()
        assert (message.value, message.header("origin")) == (b"no entry", "grants.intake.v1/0/0")


@pytest.mark.parametrize("audience", ["oproep", "elsewhere"])
def test_a_gap_is_fetched_from_the_owner(tmp_path: Path, audience: str) -> None:
    """The bus lost the first entries; the ledger asks the intake for them."""
    with serving(tmp_path / "intake", ["intake"], audience=audience) as owner:
        clerk = owner.client(token=lambda: owner.issuer.token(OFFICER, audience=audience))
        for call_id in ("call-a", "call-b", "call-c"):
            _publish(clerk, call_id)
        (last,) = clerk.entries("intake/0", 2)
        shared: dict[str, Any] = {
            "peers": f"intake={owner.address}",
            "issuer": f"file:{owner.directory / 'issuer'}",
            "log_key": f"file:{owner.directory / 'log-key.pem'}",
            "audience": audience,
        }
        with serving(tmp_path / "ledger", ["budget_ledger"], **shared) as host:
            publisher = LocalBus(host.directory / "bus.db").publisher()
            publisher.publish([outgoing("intake/0", last)])
            publisher.close()
            reader = host.client(token=lambda: owner.issuer.token(AUDITOR, audience=audience))
            until(lambda: len(reader.state(LOG, "Envelope")) == 3)
