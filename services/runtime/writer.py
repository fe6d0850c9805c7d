"""The one writer of a log: commands in, a batch at a time, through the one transaction (see `docs/explanation/architecture.md`).

    fence -> inbox -> command id -> decide -> append -> state -> offset -> tree, checkpoint -> COMMIT -> answer

Waiting commands share a commit. Nothing is answered, relayed or published before it is durable.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from services.kernel.decider import Decider
from services.kernel.people import Actor
from services.kernel.ports import Clock, Parked, Store
from services.runtime import metrics
from services.runtime.batch import Answer, Arrival, Batch, Order
from services.runtime.checkpoints import Checkpoints
from services.runtime.ending import last_words
from services.runtime.intact import check_end
from services.runtime.state import RowState
from services.runtime.tracing import Followed
from services.tlog.notes import SigningKey, origin

_BATCH = 256
_NOTHING = "nothing of this was recorded"
_PERHAPS = "whether this was recorded is known to who asks again with the same id"
"""A COMMIT may have happened though its answer was lost."""


_Job = tuple[Callable[[Batch], Any], Future[Any]]


class Writer:
    """Runs one log's commands, one after the other, in one thread. `keys` sign its checkpoints; without one there are none.

    `stopped` is called once, with the reason, when the log can no longer be written: fenced, corrupt, or the store is gone.
    """

    def __init__(
        self,
        *,
        deployment: str,
        name: str,
        decider: Decider,
        store: Store,
        clock: Clock,
        stopped: Callable[[BaseException], None],
        keys: Sequence[SigningKey] = (),
    ) -> None:
        self.name = name
        self.store, self.keys = store, keys
        self._deployment, self._decider, self._clock, self._stopped = deployment, decider, clock, stopped
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._known = _NOTHING
        self._door = threading.Lock()
        self._ended = False
        self.followed = Followed(name)
        self._state = RowState()
        self._checkpoints = Checkpoints(origin(deployment, name), keys)
        self._epoch = store.take_over()
        with store.read() as reads:
            self.length = check_end(reads, name)
        """Entries that are durable; `committed` is notified when it grows."""
        self.committed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"writer {name}", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end."""
        self._queue.put(None)
        self._thread.join()

    def submit(self, order: Order) -> "Future[Answer]":
        """Queue a command; the answer comes after the commit. Cancelling the future does not cancel the command."""
        return self._enqueue(lambda batch: batch.execute(order))

    def submit_all(self, orders: Sequence[Order]) -> "Future[list[Answer]]":
        """Queue commands that came together, to be decided in this order; the answers come after one commit."""
        return self._enqueue(lambda batch: batch.execute_all(orders))

    def receive(self, arrivals: Sequence[Arrival]) -> "Future[None]":
        """Queue entries of another log, in order without a gap; done when they and their effects are durable."""
        return self._enqueue(lambda batch: batch.receive_all(arrivals))

    def park(self, parked: Parked, next_position: int) -> "Future[None]":
        """Queue a record that belongs to no log, to be set aside for good."""
        return self._enqueue(lambda batch: batch.park(parked, next_position))

    def replay(self, source: str, stream: str, read: Callable[[Parked], Arrival]) -> "Future[int]":
        """Queue another try of a stream's parked records; gives the number taken in. It ends at the first that still fails."""
        return self._enqueue(lambda batch: batch.replay(source, stream, read))

    def sweep(self, actor: Actor) -> "Future[datetime]":
        """Queue all commands that time has made due; gives the time by which they were."""
        return self._enqueue(lambda batch: batch.sweep(actor))

    def _enqueue(self, work: Callable[[Batch], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # it cannot be cancelled: what may be committed cannot be taken back
        with self._door:
            if self._ended:
                future.set_exception(self._too_late())
            else:
                self._queue.put((work, future))
        return future

    def _run(self) -> None:
        jobs: list[_Job] = []

        def stopped(error: BaseException) -> None:
            self._stopped(error)  # before the answers: the owner hears the reason first, then what follows from it
            self._give_up(jobs, error)

        try:
            with last_words(stopped, "writer.stopped", log=self.name):
                while (first := self._queue.get()) is not None:
                    jobs = [first, *self._waiting(_BATCH - 1)]
                    self._commit(jobs)
        finally:
            self._end()

    def _give_up(self, jobs: Sequence[_Job], error: BaseException) -> None:
        """Answer those whose batch failed with what is known of it."""
        for _, future in jobs:
            if not future.done():
                future.set_exception(RuntimeError(f"{self.name} stopped writing; {self._known}: {error!r}"))

    def _waiting(self, most: int) -> list[_Job]:
        """What waits in the queue already, up to where the end is asked for."""
        jobs: list[_Job] = []
        while len(jobs) < most and not self._queue.empty():
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs

    def _end(self) -> None:
        """Answer what came too late: nobody may wait for ever."""
        with self._door:
            self._ended = True
        while not self._queue.empty():
            if (job := self._queue.get_nowait()) is not None:
                job[1].set_exception(self._too_late())

    def _too_late(self) -> RuntimeError:
        return RuntimeError(f"{self.name} has stopped writing; nothing of this was recorded")

    def _commit(self, jobs: list[_Job]) -> None:
        self._known = _NOTHING
        try:
            with metrics.commit_seconds.labels(self.name).time(), self.store.transaction(self._epoch) as tx:
                self._state.enter(tx)
                self._checkpoints.enter(tx)
                batch = Batch(
                    deployment=self._deployment,
                    name=self.name,
                    decider=self._decider,
                    tx=tx,
                    state=self._state,
                    checkpoints=self._checkpoints,
                    clock=self._clock,
                    followed=self.followed,
                )
                answers = [work(batch) for work, _ in jobs]
                batch.finish()
                self._known = _PERHAPS
        except BaseException:
            self._state.forget()
            self._checkpoints.forget()
            raise
        for (_, future), answer in zip(jobs, answers, strict=True):
            future.set_result(answer)
        batch.count()
        with self.committed:
            self.length = batch.length
            self.committed.notify_all()

    def wait_beyond(self, length: int, timeout_seconds: float, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until the log is longer than `length`, or `unless` holds when `committed` is notified; at most that long."""
        with self.committed:
            self.committed.wait_for(lambda: self.length > length or unless(), timeout_seconds)
