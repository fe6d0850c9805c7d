"""What a writer promises to those who give it commands."""

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.kernel.canonical import MAX_ENTRY_BYTES, leaf
from services.kernel.decider import At, State
from services.kernel.entry import Entry
from services.kernel.people import Actor, Role
from services.runtime.batch import Answer, Order
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.writer import Writer
from tests.runtime.tiny import CHECK, DECIDER, NOON, OFFICER, SYSTEM, Added, Put, SetClock

WAIT_SECONDS = 60


class HeldStore(SqlStore):
    """A store whose commit can be held up. `begun` is set when a transaction has begun."""

    def __init__(self, store: SqlStore) -> None:
        self.__dict__.update(store.__dict__)
        self.begun, self.may_commit = threading.Event(), threading.Event()
        self.transactions = 0
        self.may_commit.set()

    @contextmanager
    def transaction(self, epoch: int) -> Generator[Any]:
        with super().transaction(epoch) as tx:
            self.transactions += 1
            self.begun.set()
            yield tx
            assert self.may_commit.wait(WAIT_SECONDS)


class Desk:
    """A writer with its store, clock and the reasons why it stopped."""

    def __init__(self, directory: Path) -> None:
        self.url = f"sqlite:///{directory}"
        self.clock = SetClock()
        self.decider = DECIDER
        self.reasons: list[BaseException] = []
        self.open()

    def open(self) -> None:
        self.store = HeldStore(open_store(self.url, "tiny/0", (CHECK,)))
        self.writer = Writer(
            deployment="test", name="tiny/0", decider=self.decider, store=self.store, clock=self.clock, stopped=self.reasons.append
        )
        self.writer.start()

    def close(self) -> None:
        self.writer.stop()
        self.store.close()

    def submit(self, command_id: str, command: Any, actor: Actor = OFFICER) -> "Future[Answer]":
        return self.writer.submit(Order(command_id=command_id, command=command, actor=actor))

    def answer(self, command_id: str, command: Any, actor: Actor = OFFICER) -> Answer:
        return self.submit(command_id, command, actor).result(WAIT_SECONDS)

    def entries(self) -> list[Entry]:
        with self.store.read() as reads:
            return [Entry.from_bytes(stored.value) for stored in reads.entries(0, 1_000)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def put(amount: int, box: str = "a", **more: Any) -> Put:
    return Put(box=box, amount=amount, **more)


def codes(answer: Answer) -> list[str]:
    return [event.get("code", event["type"]) for event in answer.events]


def test_a_command_is_answered_with_what_is_recorded(desk: Desk) -> None:
    answer = desk.answer("c1", put(60))
    assert (answer.log, answer.index, answer.time, answer.repeated) == ("tiny/0", 0, NOON, False)
    (entry,) = desk.entries()
    assert (entry.command_id, entry.stream, entry.time, entry.actor) == ("c1", "a", NOON, OFFICER)
    assert entry.events == answer.events
    with desk.store.read() as reads:
        assert answer.leaf == leaf(reads.entries(0, 1)[0].value)


def test_the_same_id_gets_the_same_answer_and_happens_once(desk: Desk) -> None:
    first = desk.answer("c1", put(60))
    again = desk.answer("c1", put(60))
    desk.close()
    desk.open()
    later = desk.answer("c1", put(60))
    assert again.repeated
    assert later.repeated
    assert first.events == again.events == later.events
    assert (first.index, first.leaf, first.time) == (later.index, later.leaf, later.time)
    assert len(desk.entries()) == 1


@pytest.mark.parametrize(
    ("command", "actor"),
    [(put(61), OFFICER), (put(60, box="b"), OFFICER), (put(60), Actor(id="b", organisation="x", roles=(Role.OFFICER,)))],
)
def test_the_same_id_for_something_else_is_refused(desk: Desk, command: Put, actor: Actor) -> None:
    desk.answer("c1", put(60))
    assert codes(desk.answer("c1", command, actor)) == ["id_reused"]
    assert len(desk.entries()) == 1


def test_a_repetition_within_one_batch_is_one_command(desk: Desk) -> None:
    desk.store.may_commit.clear()
    held = desk.submit("c0", put(1))
    assert desk.store.begun.wait(WAIT_SECONDS)
    twins = [desk.submit("c1", put(60)) for _ in range(3)]
    desk.store.may_commit.set()
    answers = [twin.result(WAIT_SECONDS) for twin in twins]
    assert [a.repeated for a in answers] == [False, True, True]
    assert {a.index for a in answers} == {held.result().index + 1}


def test_a_refusal_is_recorded_like_any_answer(desk: Desk) -> None:
    desk.answer("c1", put(60))
    assert codes(desk.answer("c2", put(60))) == ["full"]
    assert codes(desk.answer("c3", put(1), Actor(id="x", organisation="x", roles=(Role.ASSESSOR,)))) == ["not_authorised"]
    assert len(desk.entries()) == 3
    assert desk.answer("c2", put(60)).repeated


def test_nothing_is_answered_before_the_commit_and_waiting_commands_share_one(desk: Desk) -> None:
    desk.store.may_commit.clear()
    first = desk.submit("c0", put(1))
    assert desk.store.begun.wait(WAIT_SECONDS)
    others = [desk.submit(f"c{n}", put(1)) for n in range(1, 50)]
    assert not first.done()
    with desk.store.read() as reads:
        assert reads.head().length == 0
    desk.store.may_commit.set()
    assert [other.result(WAIT_SECONDS).index for other in others] == list(range(1, 50))
    assert desk.store.transactions == 2


def test_a_long_answer_is_cut_into_parts_and_put_together_again(desk: Desk) -> None:
    command = put(90, pieces=40, note="x" * 15_000)
    answer = desk.answer("long", command)
    after = desk.answer("c2", put(1))
    entries = desk.entries()
    parts = [entry.part for entry in entries[:-1]]
    assert len(parts) > 5
    assert [(p.number, p.of) for p in parts if p] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert all(len(entry.to_bytes()) <= MAX_ENTRY_BYTES for entry in entries)
    assert tuple(event for entry in entries[:-1] for event in entry.events) == answer.events
    assert after.index == len(parts)
    again = desk.answer("long", command)
    assert (again.repeated, again.events, again.index) == (True, answer.events, 0)


def test_the_clock_of_a_log_never_goes_back(desk: Desk) -> None:
    desk.answer("c1", put(1))
    desk.clock.time = NOON - timedelta(hours=1)
    assert desk.answer("c2", put(1)).time == NOON
    desk.close()
    desk.open()
    assert desk.answer("c3", put(1)).time == NOON
    desk.clock.time = NOON + timedelta(seconds=1)
    assert desk.answer("c4", put(1)).time == NOON + timedelta(seconds=1)


def test_what_time_makes_due_happens_once(desk: Desk) -> None:
    desk.answer("c1", put(1, box="a"))
    desk.answer("c2", put(1, box="b"))
    assert desk.writer.sweep(SYSTEM).result(WAIT_SECONDS) == NOON
    assert len(desk.entries()) == 2
    desk.clock.time = NOON + timedelta(hours=1)
    for _ in range(2):
        assert desk.writer.sweep(SYSTEM).result(WAIT_SECONDS) == desk.clock.time
    closed = [(entry.command_id, entry.stream) for entry in desk.entries()[2:]]
    assert closed == [("a.close", "a"), ("b.close", "b")]


def test_state_and_log_are_one(desk: Desk) -> None:
    for n in range(5):
        desk.answer(f"c{n}", put(30))
    added = sum(int(str(event["amount"])) for entry in desk.entries() for event in entry.events if event["type"] == "Added")
    with desk.store.read() as reads:
        row = reads.row("Box", "a")
    assert added == 90
    assert row is not None
    assert b'"total":"90"' in row


def test_a_fenced_writer_stops_and_says_so_to_all_who_wait(desk: Desk) -> None:
    desk.answer("c1", put(1))
    desk.store.take_over()
    with pytest.raises(RuntimeError, match="nothing of this was recorded"):
        desk.answer("c2", put(1))
    with pytest.raises(RuntimeError, match="nothing of this was recorded"):
        desk.answer("c3", put(1))
    desk.writer.stop()
    assert [type(reason).__name__ for reason in desk.reasons] == ["FencedError"]
    assert len(desk.entries()) == 1


def generous(command: Any, _state: State, at: At) -> tuple[Any, ...]:
    """A faulty core: it knows no limit."""
    return (Added(box=command.box, amount=command.amount, piece=0, at=at.now),)


def test_a_core_that_breaks_an_invariant_stops_the_writer_and_records_nothing(desk: Desk) -> None:
    desk.answer("c1", put(100))
    desk.close()
    desk.decider = replace(DECIDER, decide=generous)
    desk.open()
    known: list[int] = []
    unwritten = desk.submit("c2", put(1))
    unwritten.add_done_callback(lambda _: known.append(len(desk.reasons)))
    with pytest.raises(RuntimeError, match="nothing of this was recorded"):
        unwritten.result(WAIT_SECONDS)
    desk.writer.stop()
    assert len(desk.entries()) == 1
    assert len(desk.reasons) == 1
    assert known == [1], "the owner hears the reason before those who wait hear what follows from it"
    with desk.store.read() as reads:
        row = reads.row("Box", "a")
    assert row is not None
    assert b'"total":"100"' in row


def test_a_client_that_goes_away_takes_nothing_back(desk: Desk) -> None:
    desk.store.may_commit.clear()
    desk.submit("c0", put(1))
    assert desk.store.begun.wait(WAIT_SECONDS)
    left = desk.submit("c1", put(1))
    assert not left.cancel()
    desk.store.may_commit.set()
    assert desk.answer("c2", put(1)).index == 2
    assert desk.reasons == []


def test_a_stopped_writer_answers_at_once(desk: Desk) -> None:
    desk.writer.stop()
    with pytest.raises(RuntimeError, match="nothing of this was recorded"):
        desk.answer("c1", put(1))
    desk.open()
