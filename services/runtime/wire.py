"""Commands and answers between protobuf messages and the domain. The one place where a gRPC request is checked for form."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from google.protobuf.message import Message

from services.kernel.canonical import MAX_COMMAND_BYTES
from services.kernel.form import Id, MalformedError, from_json, to_json
from services.kernel.people import Actor
from services.runtime.batch import Answer, Order
from services.runtime.convert import body, members, timestamp
from services.runtime.spec import Spec

MAX_COMMANDS = 256
"""The most that one request may carry."""


class Codec:
    """Reads and writes one service's `ExecuteRequest` and `ExecuteResponse`."""

    def __init__(self, spec: Spec) -> None:
        self._commands = {kind.__name__: kind for kind in spec.decider.commands}
        service = spec.wire.service
        self._request, self._response = service.ExecuteRequest, service.ExecuteResponse
        self._requests, self._responses = service.ExecuteManyRequest, service.ExecuteManyResponse

    def order(self, request: Any, actor: Actor, trace: str = "") -> Order:
        """The command in a request.

        Raises:
            MalformedError: naming the field at fault.
        """
        command_id = from_json(Id, request.command_id, "commandId")  # pyright: ignore[reportArgumentType]  # a type with limits
        chosen = request.WhichOneof("command")
        if chosen is None:
            raise MalformedError("command", "missing", ", ".join(sorted(self._commands)))
        message: Message = getattr(request, chosen)
        kind = self._commands[message.DESCRIPTOR.name]
        order = Order(command_id=command_id, command=from_json(kind, body(message)), actor=actor, trace=trace)
        size = len(order.encoded) - len(f'"type":"{kind.__name__}",')
        if size > MAX_COMMAND_BYTES:
            raise MalformedError("command", f"{size} bytes as canonical JSON", f"at most {MAX_COMMAND_BYTES}")
        return order

    def orders(self, requests: Any, actor: Actor, trace: str = "") -> list[Order]:
        """The commands in a request of many.

        Raises:
            MalformedError: naming the request and the field at fault.
        """
        many = requests.requests
        if not 1 <= len(many) <= MAX_COMMANDS:
            raise MalformedError("requests", f"{len(many)} commands", f"1 to {MAX_COMMANDS}")
        orders: list[Order] = []
        try:
            orders.extend(self.order(request, actor, trace) for request in many)
        except MalformedError as error:
            raise MalformedError(f"requests[{len(orders)}].{error.field}", error.fault, error.allowed) from error
        return orders

    def request_of_many(self, commands: Iterable[tuple[str, object]]) -> Any:
        """A request that carries all of `commands`, each with its id."""
        return self._requests(requests=[self.request(command_id, command) for command_id, command in commands])

    def many(self, answers: Iterable[Answer]) -> Any:
        """Answers as one response."""
        return self._responses(responses=[self.response(answer) for answer in answers])

    def answers(self, responses: Any) -> list[Answer]:
        """The answers in a response to many."""
        return [self.answer(response) for response in responses.responses]

    def request(self, command_id: str, command: object) -> Any:
        """A request that carries `command`."""
        said = {"commandId": command_id, _member(type(command).__name__): to_json(command)}
        return self._request(**members(self._request.DESCRIPTOR, said))

    def response(self, answer: Answer) -> Any:
        """An answer as a response."""
        said = {"events": [{_member(event["type"]): event} for event in answer.events]}
        return self._response(
            log=answer.log,
            index=answer.index,
            leaf=answer.leaf,
            time=timestamp(answer.time),
            repeated=answer.repeated,
            **members(self._response.DESCRIPTOR, said),
        )

    def answer(self, response: Any) -> Answer:
        """The answer in a response, with its events as tagged JSON."""
        events: list[Mapping[str, Any]] = []
        for event in response.events:
            message: Message = getattr(event, event.WhichOneof("event"))
            events.append({"type": message.DESCRIPTOR.name, **body(message)})
        time = response.time.ToDatetime(UTC)
        return Answer(response.log, response.index, response.leaf, time, response.repeated, tuple(events))


def _member(type_name: str) -> str:
    """The oneof member of a type: `OpenEnvelope` stands under `openEnvelope`."""
    return type_name[0].lower() + type_name[1:]
