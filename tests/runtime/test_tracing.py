"""A caller's trace is found in what is logged, here and in the services that act on it, and in no entry."""

import json
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from grants.budget_ledger.v1 import budget_ledger_pb2 as pb
from grants.budget_ledger.v1 import budget_ledger_pb2_grpc
from structlog.testing import capture_logs

from services.demo.sink import free_port
from services.intake.model import PublishCall
from services.kernel.ports import Stored
from services.runtime import tracing
from services.runtime.batch import Order
from services.runtime.local_bus import LocalBus
from services.runtime.sql_store import open_store
from services.runtime.tls import PLAIN
from services.runtime.tokens import LocalIssuer
from services.runtime.tracing import Followed
from services.runtime.writer import Writer
from services.standalone.registry import SPECS
from tests import strategies
from tests.runtime.serving import AUDITOR, OFFICER, TREASURER, process, refusal, serving
from tests.runtime.tiny import DECIDER, Put, SetClock
from tests.runtime.tiny import OFFICER as TINY

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
UNSAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-00"
MALFORMED = {
    "nothing": "",
    "another version": f"01-{TRACE_ID}-00f067aa0ba902b7-01",
    "the version that is none": f"ff-{TRACE_ID}-00f067aa0ba902b7-01",
    "a short id": "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    "no id": f"00-{'0' * 32}-00f067aa0ba902b7-01",
    "no parent": f"00-{TRACE_ID}-{'0' * 16}-01",
    "capitals": SAMPLED.upper(),
    "no flags": f"00-{TRACE_ID}-00f067aa0ba902b7",
    "more than there is": f"{SAMPLED}-00",
    "another line": f"{SAMPLED}\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_counts_as_not_there(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", MALFORMED[case])

    def entered() -> tuple[str, str]:
        tracing.enter([("traceparent", MALFORMED[case])])
        return tracing.followed(), tracing.onward()[1]

    followed, onward = copy_context().run(entered)
    assert (followed, tracing.followed(MALFORMED[case])) == ("", "")
    assert TRACE_ID not in onward


def test_two_traces_at_once_are_none() -> None:
    def entered() -> str:
        tracing.enter([("traceparent", SAMPLED), ("traceparent", SAMPLED)])
        return tracing.followed()

    assert copy_context().run(entered) == ""


def test_a_call_goes_on_with_the_trace_that_there_is_or_begins_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    begun = {tracing.onward() for _ in range(3)}
    assert len(begun) == 3
    assert {tracing.followed(trace) for _, trace in begun} == {""}  # nobody asked for it

    def entered(trace: str) -> str:
        tracing.enter([("traceparent", trace)])
        return tracing.onward()[1]

    assert all(copy_context().run(entered, trace) == trace for _, trace in begun)  # so each is well-formed, too
    monkeypatch.setenv("TRACEPARENT", SAMPLED)
    assert tracing.onward() == ("traceparent", SAMPLED)
    assert copy_context().run(entered, UNSAMPLED) == UNSAMPLED


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[dict[str, Any]]]:
    """What a ledger logs of calls with and without a trace."""
    place, address = tmp_path_factory.mktemp("traced"), f"127.0.0.1:{free_port()}"
    issuer = LocalIssuer(place / "issuer")

    def terms(*trace: str) -> dict[str, Any]:
        metadata = (("authorization", f"Bearer {issuer.token(TREASURER)}"), *(("traceparent", one) for one in trace))
        return {"metadata": metadata, "timeout": 60}

    def opened(name: str) -> pb.ExecuteRequest:
        command = pb.OpenEnvelope(envelope_id=name, budget_year=2021, budget_cents=100, currency="EUR")
        return pb.ExecuteRequest(command_id=name, open_envelope=command)

    with process(place, listen=address) as running:
        assert running.stderr is not None
        assert any("host.started" in line for line in running.stderr)
        with PLAIN.channel(address) as channel:
            ledger: Any = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)
            for given in (terms(UNSAMPLED), terms(), terms(MALFORMED["capitals"])):
                assert refusal(partial(ledger.Execute, pb.ExecuteRequest(), **given))[0] == "INVALID_ARGUMENT"
            ledger.Execute(opened("followed"), **terms(SAMPLED))
            ledger.Execute(opened("not-followed"), **terms(UNSAMPLED))
            ledger.Execute(opened("followed"), **terms(SAMPLED))
            ledger.Execute(opened("without"), **terms())
            ledger.ExecuteMany(pb.ExecuteManyRequest(requests=[opened("many-1"), opened("many-2")]), **terms(SAMPLED))
        running.terminate()
        yield [json.loads(line) for line in running.stderr]


def test_the_id_stands_in_what_is_logged_while_a_call_is_answered_and_no_longer(lines: list[dict[str, Any]]) -> None:
    assert [line.get("trace_id") for line in lines if line["event"] == "request.malformed"] == [TRACE_ID, None, None]


def test_a_command_that_is_followed_has_a_line_that_says_where_it_is(lines: list[dict[str, Any]]) -> None:
    told = [line for line in lines if line["event"] == "command.decided"]
    assert {(line["log"], line["command"], line["outcome"], line["trace_id"]) for line in told} == {
        ("budget_ledger/0", "OpenEnvelope", "accepted", TRACE_ID)
    }
    assert [(line["index"], line["repeated"]) for line in told] == [(0, False), (0, True), (3, False), (4, False)]


@contextmanager
def desk(directory: Path) -> Generator[Writer]:
    """A writer whose log nobody sends."""
    with closing(open_store(f"sqlite:///{directory}", "tiny/0")) as store:
        writer = Writer(
            deployment="test", name="tiny/0", decider=DECIDER, store=store, clock=SetClock(), stopped=lambda _reason: None
        )
        writer.start()
        yield writer
        writer.stop()


def published(place: Path) -> dict[str, list[Stored]]:
    """Both logs, after a call was published and the ledger has acted on it."""
    with serving(place) as running:
        client = running.client(OFFICER)
        command = PublishCall(call_id=strategies.CALL_ID, rules=strategies.rules(), call_file=client.upload(b"the call file"))
        client.execute(SPECS["intake"], "publish-1", command)
        end = time.monotonic() + 60
        while not running.length("budget_ledger/0") or any(head.relayed < head.length for head in running.client(AUDITOR).heads()):
            assert time.monotonic() < end, "the ledger does not act on it"
        auditor = running.client(AUDITOR)
        found = {log: list(auditor.entries(log, 0)) for log in ("intake/0", "budget_ledger/0")}
    for log, writer in running.host._writers.items():  # pyright: ignore[reportPrivateUsage]
        assert {writer.followed.of(stored.index) for stored in found[log]} == {""}  # what was sent is forgotten
    return found


def headers(place: Path, topic: str) -> list[str | None]:
    """The traces beside the records of a topic."""
    with closing(LocalBus(place / "bus.db").subscribe(topic, 0, 0)) as subscription:
        return [message.header("traceparent") for message in subscription.poll(1)]


def test_a_trace_goes_from_log_to_log_beside_the_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    with capture_logs() as logged:
        plain = published(tmp_path / "plain")
    assert "command.decided" not in [line["event"] for line in logged]
    monkeypatch.setenv("TRACEPARENT", SAMPLED)
    with capture_logs() as logged:
        traced = published(tmp_path / "traced")
    told = [(line["log"], line["index"], line["trace_id"]) for line in logged if line["event"] == "command.decided"]
    assert told == [
        ("intake/0", 0, TRACE_ID),
        *(("budget_ledger/0", stored.index, TRACE_ID) for stored in traced["budget_ledger/0"]),
    ]
    assert traced == plain
    for topic, log in (("grants.intake.v1", "intake/0"), ("grants.budget_ledger.v1", "budget_ledger/0")):
        assert headers(tmp_path / "plain", topic) == [None] * len(plain[log])
        assert headers(tmp_path / "traced", topic) == [SAMPLED] * len(traced[log])


def test_every_part_of_a_long_answer_is_followed(tmp_path: Path) -> None:
    with desk(tmp_path) as writer:
        order = Order(command_id="long", command=Put(box="a", amount=0, pieces=9, note="x" * 12_000), actor=TINY, trace=SAMPLED)
        writer.submit(order).result(60)
        with writer.store.read() as reads:
            length = reads.head().length
        assert length > 1
        assert [writer.followed.of(index) for index in range(length)] == [SAMPLED] * length
        writer.followed.sent(1)
        assert (writer.followed.of(0), writer.followed.of(1)) == ("", SAMPLED)


def test_while_the_bus_is_away_traces_do_not_fill_the_memory() -> None:
    followed = Followed("tiny/0")
    for index in range(20_000):
        followed.keep(index, SAMPLED)
    assert (followed.of(9_999), followed.of(10_000)) == (SAMPLED, "")
    followed.sent(20_000)
    followed.keep(20_000, SAMPLED)
    assert (followed.of(9_999), followed.of(20_000)) == ("", SAMPLED)
