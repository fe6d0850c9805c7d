"""Commands over gRPC: decided once, refused on the record, malformed without a trace."""

import threading
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from grants.budget_ledger.v1 import budget_ledger_pb2 as pb
from grants.budget_ledger.v1 import budget_ledger_pb2_grpc
from grants.intake.v1 import intake_pb2, intake_pb2_grpc

from services.intake.model import PublishCall
from services.kernel.people import Actor
from services.kernel.ports import FencedError
from services.runtime.client import RejectedError, UnreachableError
from services.runtime.tls import PLAIN
from services.standalone.registry import SPECS
from tests import strategies
from tests.runtime.serving import LEDGER, NOON, OFFICER, TREASURER, Serving, open_envelope, refusal, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("commands")) as host:
        yield host


@pytest.fixture(scope="module")
def ledger(running: Serving) -> Generator[Any]:
    with PLAIN.channel(running.address) as channel:
        yield budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)


def terms(running: Serving, actor: Actor = TREASURER) -> dict[str, Any]:
    return {"metadata": (("authorization", f"Bearer {running.issuer.token(actor)}"),), "timeout": 60}


def wire(**changes: Any) -> pb.OpenEnvelope:
    """A good command as its message, with some fields replaced."""
    fields: dict[str, Any] = {"envelope_id": "e-1", "budget_year": 2021, "budget_cents": 100, "currency": "EUR", **changes}
    return pb.OpenEnvelope(**fields)


def kinds(events: Iterable[Any]) -> list[str]:
    return [str(event["type"]) for event in events]


def test_the_answer_says_what_was_recorded_and_where(running: Serving) -> None:
    answer = running.client().execute(LEDGER, "open-1", open_envelope("answer"))
    (stored,) = running.client(OFFICER).entries("budget_ledger/0", answer.index, 1)
    assert (answer.log, answer.leaf, answer.repeated) == ("budget_ledger/0", stored.leaf, False)
    assert (stored.index, stored.stream) == (answer.index, "answer")
    assert answer.time.utcoffset() is not None
    assert kinds(answer.events) == ["EnvelopeOpened"]


def test_a_wrong_role_is_a_refusal_on_the_record(running: Serving) -> None:
    before = running.length("budget_ledger/0")
    answer = running.client(OFFICER).execute(LEDGER, "role-1", open_envelope("role"))
    assert (answer.events[0]["type"], answer.events[0]["code"]) == ("Refused", "not_authorised")
    assert running.length("budget_ledger/0") == before + 1
    assert running.client(OFFICER).state("budget_ledger/0", "Envelope", "role") == []


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ExecuteRequest(command_id="m-1"), "command: missing"),
        (pb.ExecuteRequest(open_envelope=wire()), "commandId: '' does not fit"),
        (pb.ExecuteRequest(command_id="intake/0/1/0/0", open_envelope=wire()), "commandId: 'intake/0/1/0/0'"),
        (pb.ExecuteRequest(command_id="m-1", open_envelope=wire(budget_cents=0)), "budgetCents: 0"),
        (pb.ExecuteRequest(command_id="m-1", open_envelope=wire(budget_cents=-(2**63))), "budgetCents: "),
        (pb.ExecuteRequest(command_id="m-1", open_envelope=wire(currency="eur")), "currency: 'eur'"),
        (pb.ExecuteRequest(command_id="m-1", open_envelope=wire(envelope_id="a b")), "envelopeId: 'a b'"),
        (pb.ExecuteRequest(command_id="m-1", open_envelope=pb.OpenEnvelope()), "envelopeId: ''"),
    ],
)
def test_malformed_is_told_by_field_and_leaves_no_trace(running: Serving, ledger: Any, request_: Any, field: str) -> None:
    before = running.length("budget_ledger/0")
    code, words = refusal(lambda: ledger.Execute(request_, **terms(running)))
    assert code == "INVALID_ARGUMENT"
    assert words.startswith(field)
    assert "allowed: " in words
    assert running.length("budget_ledger/0") == before


def test_an_instant_beyond_the_calendar_is_malformed(running: Serving) -> None:
    command = intake_pb2.MoveDeadline(call_id="call-1", reason="late")
    command.deadline.seconds = 10**15
    with PLAIN.channel(running.address) as channel:
        stub = intake_pb2_grpc.IntakeServiceStub(channel)
        request = intake_pb2.ExecuteRequest(command_id="m-2", move_deadline=command)
        code, words = refusal(lambda: stub.Execute(request, **terms(running, OFFICER)))
    assert code == "INVALID_ARGUMENT"
    assert "deadline" in words


def test_a_document_that_was_never_uploaded_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, ["intake"]) as running:
        client = running.client(OFFICER)
        command = PublishCall(call_id=strategies.CALL_ID, rules=strategies.rules(), call_file="f" * 64)
        with pytest.raises(RejectedError, match="INVALID_ARGUMENT: document: " + "f" * 64 + " is not kept here"):
            client.execute(SPECS["intake"], "publish-1", command)
        assert running.length("intake/0") == 0
        known = client.upload(b"the call file")
        answer = client.execute(SPECS["intake"], "publish-1", replace(command, call_file=known))
        assert (answer.index, kinds(answer.events)) == (0, ["CallPublished"])


def test_a_command_id_once_more_gives_the_recorded_answer(running: Serving) -> None:
    client = running.client()
    first = client.execute(LEDGER, "again-1", open_envelope("again"))
    length = running.length("budget_ledger/0")
    again = client.execute(LEDGER, "again-1", open_envelope("again"))
    assert again == replace(first, repeated=True)
    assert running.length("budget_ledger/0") == length


def test_a_command_id_for_something_else_is_refused(running: Serving) -> None:
    client = running.client()
    client.execute(LEDGER, "reused-1", open_envelope("reused"))
    length = running.length("budget_ledger/0")
    other = client.execute(LEDGER, "reused-1", open_envelope("reused", budget_cents=101))
    hand = running.client(replace(TREASURER, id="treasurer-2")).execute(LEDGER, "reused-1", open_envelope("reused"))
    for answer in (other, hand):
        assert (kinds(answer.events), answer.events[0]["code"]) == (["Refused"], "id_reused")
    assert running.length("budget_ledger/0") == length


def test_the_same_id_at_the_same_time_takes_effect_once(running: Serving) -> None:
    client = running.client()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: client.execute(LEDGER, "race-1", open_envelope("race")), range(8)))
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 7
    assert {answer.index for answer in answers} == {answers[0].index}


def test_a_cancelled_call_still_takes_effect_once(running: Serving, ledger: Any) -> None:
    request = pb.ExecuteRequest(command_id="cancel-1", open_envelope=wire(envelope_id="cancelled"))
    held, reached = threading.Event(), threading.Event()
    host: Any = running.host
    writer = host._writers["budget_ledger/0"]
    clock = writer._clock

    class Standing:
        def now(self) -> datetime:
            reached.set()
            assert held.wait(60)
            return NOON

    writer._clock = Standing()  # the transaction of this command stands still here
    call = ledger.Execute.future(request, **terms(running))
    assert reached.wait(60)
    call.cancel()
    assert call.cancelled()
    writer._clock = clock
    held.set()
    answer = running.client().execute(LEDGER, "cancel-1", open_envelope("cancelled"))
    assert answer.repeated
    assert kinds(answer.events) == ["EnvelopeOpened"]


def test_a_shard_of_another_process_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        serving(tmp_path_factory.mktemp("shards"), ["budget_ledger"], shards=64, owned="7") as running,
        pytest.raises(RejectedError, match=r"FAILED_PRECONDITION: budget_ledger/\d+ is written by another process"),
    ):
        running.client().execute(LEDGER, "shard-1", open_envelope("envelope-1"))


def test_a_log_that_is_no_longer_written_asks_to_try_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("fenced")
    with serving(directory, ["budget_ledger"]) as running, serving(directory, ["budget_ledger"]):
        for number in range(2):
            with pytest.raises(UnreachableError, match="stopped writing; nothing of this was recorded"):
                running.client(patience_seconds=0).execute(LEDGER, f"late-{number}", open_envelope())
        assert running.host.wait(60)
        assert isinstance(running.host.failure, FencedError)
