"""Many commands in one call: each caller hears of its own only, whatever becomes of the others, the server or the token."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from grants.budget_ledger.v1 import budget_ledger_pb2_grpc

from services.demo.sink import free_port
from services.kernel.entry import Entry
from services.runtime import gathering
from services.runtime.batch import Answer
from services.runtime.client import Client, RejectedError, UnreachableError
from services.runtime.gathering import GatheringClient
from services.runtime.tls import PLAIN
from services.runtime.tokens import LocalIssuer, TokenError, Tokens
from services.runtime.wire import MAX_COMMANDS, Codec
from tests.runtime.serving import AUDITOR, LEDGER, OFFICER, TREASURER, Serving, open_envelope, process, refusal, serving

LOG = "budget_ledger/0"
Outcome = Answer | BaseException


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("gathering"), ["budget_ledger"]) as host:
        yield host


@asynccontextmanager
async def gathered(address: str, token: Callable[[], str], patience_seconds: float = 60) -> AsyncGenerator[GatheringClient]:
    client = GatheringClient(address, LEDGER, token, patience_seconds=patience_seconds)
    try:
        yield client
    finally:
        await client.close()


def given(running: Serving, commands: Sequence[tuple[str, object]], token: Callable[[], str] | None = None) -> list[Outcome]:
    """What each of those who gave commands at the same moment is told."""

    async def all_at_once() -> list[Outcome]:
        async with gathered(running.address, token or (lambda: running.issuer.token(TREASURER))) as client:
            return await asyncio.gather(*(client.execute(*command) for command in commands), return_exceptions=True)

    return asyncio.run(all_at_once())


def many(name: str, count: int) -> list[tuple[str, object]]:
    return [(f"{name}-{n}", open_envelope(f"{name}-{n}")) for n in range(count)]


def recorded(client: Client, name: str) -> list[str]:
    """The ids of commands that the log has, of those that begin with `name`."""
    ids = [Entry.from_bytes(stored.value).command_id for stored in client.entries(LOG, 0)]
    return [command_id for command_id in ids if command_id.startswith(f"{name}-")]


def raw(running: Serving, commands: Sequence[tuple[str, object]]) -> Any:
    """One call that carries exactly these commands."""
    metadata = (("authorization", f"Bearer {running.issuer.token(TREASURER)}"),)
    with PLAIN.channel(running.address) as channel:
        stub: Any = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)
        return stub.ExecuteMany(Codec(LEDGER).request_of_many(commands), metadata=metadata, timeout=60)


# One malformed command among many


def test_a_malformed_command_is_named_by_its_place_and_field_and_nothing_is_recorded(running: Serving) -> None:
    commands = many("named", 5)
    commands[3] = ("named-3", open_envelope("named-3", budget_cents=-1))
    code, words = refusal(lambda: raw(running, commands))
    assert code == "INVALID_ARGUMENT"
    assert words.startswith("requests[3].budgetCents: ")
    commands[3] = ("not an id", open_envelope("named-3"))
    _, words = refusal(lambda: raw(running, commands))
    assert words.startswith("requests[3].commandId: ")
    assert recorded(running.client(AUDITOR), "named") == []


@pytest.mark.parametrize("place", [0, 7, 19])
def test_only_who_gave_the_malformed_command_hears_of_it(running: Serving, place: int) -> None:
    name = f"neighbours{place}"
    commands = many(name, 20)
    commands[place] = (f"{name}-{place}", open_envelope(f"{name}-{place}", budget_cents=-1))
    outcomes = given(running, commands)
    wrong = outcomes.pop(place)
    assert isinstance(wrong, RejectedError)
    assert "INVALID_ARGUMENT: " in str(wrong)
    assert "budgetCents: " in str(wrong)
    opened = [o.events[0]["envelopeId"] for o in outcomes if isinstance(o, Answer)]
    assert opened == [f"{name}-{n}" for n in range(20) if n != place]
    assert sorted(recorded(running.client(AUDITOR), name)) == sorted(opened)


def test_who_gives_up_waiting_takes_no_answer_from_the_others(running: Serving) -> None:
    async def one_gives_up() -> list[Outcome]:
        async with gathered(running.address, lambda: running.issuer.token(TREASURER)) as client:
            tasks = [asyncio.ensure_future(client.execute(*command)) for command in many("patient", 6)]
            await asyncio.sleep(0)  # all are on their way
            tasks[2].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(one_gives_up())
    assert [type(outcome) for outcome in outcomes] == [Answer, Answer, asyncio.CancelledError, Answer, Answer, Answer]
    found = sorted(recorded(running.client(AUDITOR), "patient"))  # two calls are under way at a time, and either may come first
    assert found == [f"patient-{n}" for n in range(6)], "a command is not taken back"


# Too many


def test_more_than_a_call_may_carry_is_refused_and_nothing_is_recorded(running: Serving) -> None:
    code, words = refusal(lambda: raw(running, many("much", MAX_COMMANDS + 1)))
    assert (code, words) == ("INVALID_ARGUMENT", "requests: 257 commands; allowed: 1 to 256")
    assert refusal(lambda: raw(running, []))[1] == "requests: 0 commands; allowed: 1 to 256"
    assert recorded(running.client(AUDITOR), "much") == []
    assert len(raw(running, many("much", MAX_COMMANDS)).responses) == MAX_COMMANDS


def test_the_client_shares_them_out(running: Serving) -> None:
    outcomes = given(running, many("shared", 3 * MAX_COMMANDS + 1))
    assert [o.events[0]["envelopeId"] for o in outcomes if isinstance(o, Answer)] == [f"shared-{n}" for n in range(len(outcomes))]


# A server that dies


def test_a_server_killed_in_the_middle_answers_all_and_nothing_is_doubled(tmp_path: Path) -> None:
    address, issuer, count = f"127.0.0.1:{free_port()}", LocalIssuer(tmp_path / "issuer"), 700
    settings = {"listen": address, "log_level": "error"}

    async def killed() -> list[Answer]:
        first = process(tmp_path, **settings)
        async with gathered(address, lambda: issuer.token(TREASURER)) as client:
            tasks = [asyncio.ensure_future(client.execute(*command)) for command in many("killed", count)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            first.kill()
            first.communicate()
            assert not all(task.done() for task in tasks)
            second = process(tmp_path, **settings)
            try:
                return await asyncio.gather(*tasks)
            finally:
                seen.extend(await asyncio.to_thread(in_log))
                second.kill()
                second.communicate()

    def in_log() -> list[str]:
        client = Client(address, lambda: issuer.token(AUDITOR))
        with contextlib.closing(client):
            return recorded(client, "killed")

    seen: list[str] = []
    answers = asyncio.run(killed())
    assert [answer.events[0]["envelopeId"] for answer in answers] == [f"killed-{n}" for n in range(count)]
    assert sorted(seen) == sorted(f"killed-{n}" for n in range(count))
    assert len({answer.index for answer in answers}) == count


def test_a_server_that_stays_away_is_told_to_each_when_patience_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_AGAIN_SECONDS", 0.01)

    async def nobody() -> list[Outcome]:
        async with gathered(f"127.0.0.1:{free_port()}", lambda: "", patience_seconds=0.1) as client:
            return await asyncio.gather(*(client.execute(*command) for command in many("away", 3)), return_exceptions=True)

    assert [type(outcome) for outcome in asyncio.run(nobody())] == [UnreachableError] * 3


# Tokens


def test_an_expired_token_is_told_to_each_and_a_fresh_one_is_asked_for(running: Serving) -> None:
    expired = running.issuer.token(TREASURER, hours=0)
    outcomes = given(running, many("expired", 3), token=lambda: expired)
    assert [type(outcome) for outcome in outcomes] == [RejectedError] * 3
    assert all("UNAUTHENTICATED: authorization: Signature has expired" in str(outcome) for outcome in outcomes)
    assert recorded(running.client(AUDITOR), "expired") == []


def test_each_call_asks_for_a_token(running: Serving) -> None:
    tokens = iter([running.issuer.token(TREASURER, hours=-1), running.issuer.token(TREASURER)])

    async def twice() -> Answer:
        async with gathered(running.address, lambda: next(tokens)) as client:
            with pytest.raises(RejectedError, match="UNAUTHENTICATED"):
                await client.execute(*many("renewed", 1)[0])
            return await client.execute(*many("renewed", 1)[0])

    assert not asyncio.run(twice()).repeated


class Seconds:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def tokens(tmp_path: Path, clock: Seconds) -> Tokens:
    return Tokens(f"file:{tmp_path / 'issuer'}", "oproep", clock)


def bearer(directory: Path, clock: Seconds, *, seconds: float) -> str:
    """A token of the officer's that ends after so many seconds by that clock."""
    issuer = LocalIssuer(directory / "issuer")
    claims = jwt.decode(issuer.token(OFFICER), options={"verify_signature": False}) | {"exp": clock.now + seconds}
    return f"Bearer {jwt.encode(claims, issuer._key, algorithm='EdDSA')}"  # pyright: ignore[reportPrivateUsage]


def test_a_proof_is_trusted_for_a_minute_and_then_asked_for_again(tokens: Tokens, clock: Seconds, tmp_path: Path) -> None:
    header = bearer(tmp_path, clock, seconds=3600)
    assert tokens.known(header) is None
    assert tokens.actor(header) == OFFICER
    began = clock.now
    clock.now = began + 59.9
    assert tokens.known(header) == OFFICER
    clock.now = began + 60
    assert tokens.known(header) is None
    assert tokens.actor(header) == OFFICER
    clock.now = began + 119
    assert tokens.known(header) == OFFICER


def test_no_proof_outlives_its_token(tokens: Tokens, clock: Seconds, tmp_path: Path) -> None:
    header = bearer(tmp_path, clock, seconds=50)
    began = clock.now
    assert tokens.actor(header) == OFFICER
    clock.now = began + 48
    assert tokens.known(header) == OFFICER
    clock.now = began + 51
    assert tokens.known(header) is None


def test_only_what_was_proven_is_trusted(tokens: Tokens, clock: Seconds, tmp_path: Path) -> None:
    header = bearer(tmp_path, clock, seconds=3600)
    tokens.actor(header)
    for other in (None, "", header[:-1], header.replace("Bearer", "bearer"), f"{header} "):
        assert tokens.known(other) is None
    spoiled = header[:-2] + ("AA" if not header.endswith("AA") else "BB")
    with pytest.raises(TokenError):
        tokens.actor(spoiled)
    assert tokens.known(spoiled) is None
