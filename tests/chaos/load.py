"""Callers who never give up: a command whose answer was lost is sent again under its id, until there is one."""

import threading
from contextlib import suppress
from typing import Any

import grpc
from grants.budget_ledger.v1 import budget_ledger_pb2_grpc
from grants.log.v1 import log_pb2, log_pb2_grpc

from services.bench.ledger import SPEC, commands, registration
from services.runtime.shards import system_actor
from services.runtime.tls import PLAIN
from services.runtime.wire import Codec
from services.tlog.notes import Checkpoint, VerifierKey, verify
from tests.chaos.yard import LEDGER, Yard, until

_CALL_SECONDS = 2.0
_AGAIN_SECONDS = 0.1
_LOOK_SECONDS = 0.05
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class Load:
    """Concurrent callers on one envelope, and an observer of the log's checkpoints.

    `acknowledged` has each answered command's id with where it was said to stand, `heads` the signed heads that were shown,
    `keys` who signed them.
    """

    def __init__(self, yard: Yard, callers: int) -> None:
        self._yard, self._over, self._given_up = yard, threading.Event(), threading.Event()
        self.acknowledged: dict[str, tuple[int, str]] = {}
        self.heads: set[Checkpoint] = set()
        self.keys: set[str] = set()
        self.faults: list[str] = []
        self._codec = Codec(SPEC)
        self._metadata = (("authorization", f"Bearer {yard.issuer.token(system_actor('chaos'))}"),)
        self._do("register", registration(), {})
        self._threads = [threading.Thread(target=self._call, args=(f"k{n}",), daemon=True) for n in range(callers)]
        self._threads.append(threading.Thread(target=self._observe, daemon=True))
        for thread in self._threads:
            thread.start()

    def more(self) -> None:
        """Wait until callers are answered again."""
        before = len(self.acknowledged)
        until(lambda: len(self.acknowledged) > before + 20, "answers after the harm")

    def stop(self) -> None:
        """Let each caller get its last answer, then end."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def give_up(self) -> None:
        """End, although some may never be answered."""
        self._given_up.set()
        self.stop()

    def _call(self, caller: str) -> None:
        channels: dict[str, Any] = {}
        for command_id, command in commands(caller):
            if self._over.is_set():
                break
            self._do(command_id, command, channels)
        for channel in channels.values():
            channel.close()

    def _observe(self) -> None:
        """Look at the log's head over and over, whoever shows it."""
        channels: dict[str, Any] = {}
        while not self._over.wait(_LOOK_SECONDS):
            stub: Any = log_pb2_grpc.LogServiceStub(self._channel(channels))
            with suppress(grpc.RpcError):  # the callers say how long there may be no answer
                request = log_pb2.ReadCheckpointRequest(log=f"{LEDGER}/0")
                answer = stub.ReadCheckpoint(request, metadata=self._metadata, timeout=_CALL_SECONDS)
                self.heads.add(verify(answer.checkpoint, [VerifierKey.parse(key) for key in answer.keys]))
                self.keys.update(answer.keys)
        for channel in channels.values():
            channel.close()

    def _channel(self, channels: dict[str, Any]) -> Any:
        address = self._yard.ledger.address
        if address not in channels:
            channels[address] = PLAIN.channel(address, backoff_ms=200)
        return channels[address]

    def _do(self, command_id: str, command: object, channels: dict[str, Any]) -> None:
        request, pause = self._codec.request(command_id, command), threading.Event()
        while not self._given_up.is_set():
            stub: Any = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(self._channel(channels))
            try:
                answer = stub.Execute(request, metadata=self._metadata, timeout=_CALL_SECONDS)
            except grpc.RpcError as error:
                if error.code() not in _AGAIN:
                    self.faults.append(f"{command_id}: {error.code().name}: {error.details()}")
                    return
                pause.wait(_AGAIN_SECONDS)
                continue
            self.acknowledged[command_id] = (answer.index, answer.leaf)
            if answer.events[0].WhichOneof("event") == "refused":
                self.faults.append(f"{command_id}: {answer.events[0].refused.code}")
            return
