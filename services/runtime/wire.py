"""Commands and answers between protobuf messages and the domain. The one place where a gRPC request is checked for form."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.kernel.canonical import MAX_COMMAND_BYTES, encode
from services.kernel.form import Id, MalformedError, from_json, to_json
from services.kernel.people import Actor
from services.runtime.spec import Spec
from services.runtime.writer import Answer, Order


class Codec:
    """Reads and writes one service's `ExecuteRequest` and `ExecuteResponse`."""

    def __init__(self, spec: Spec) -> None:
        self._commands = {kind.__name__: kind for kind in spec.decider.commands}
        self._request, self._response = spec.wire.service.ExecuteRequest, spec.wire.service.ExecuteResponse

    def order(self, request: Any, actor: Actor) -> Order:
        """The command in a request.

        Raises:
            MalformedError: naming the field at fault.
        """
        command_id = from_json(Id, request.command_id, "commandId")  # pyright: ignore[reportArgumentType]  # a type with limits
        chosen = request.WhichOneof("command")
        if chosen is None:
            raise MalformedError("command", "missing", ", ".join(sorted(self._commands)))
        message: Message = getattr(request, chosen)
        try:
            body = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
        except json_format.SerializeToJsonError as error:  # such as an instant after the year 9999
            raise MalformedError("command", str(error), "values that have a JSON form") from error
        command: Any = from_json(self._commands[message.DESCRIPTOR.name], body)
        size = len(encode(to_json(command)))
        if size > MAX_COMMAND_BYTES:
            raise MalformedError("command", f"{size} bytes as canonical JSON", f"at most {MAX_COMMAND_BYTES}")
        return Order(command_id=command_id, command=command, actor=actor)

    def request(self, command_id: str, command: object) -> Any:
        """A request that carries `command`."""
        body = {"commandId": command_id, _member(type(command).__name__): to_json(command)}
        return json_format.ParseDict(body, self._request())

    def response(self, answer: Answer) -> Any:
        """An answer as a response."""
        events = [{_member(str(event["type"])): _untagged(event)} for event in answer.events]
        response = json_format.ParseDict({"events": events}, self._response())
        response.log, response.index, response.leaf, response.repeated = answer.log, answer.index, answer.leaf, answer.repeated
        time = Timestamp()
        time.FromDatetime(answer.time)
        response.time.CopyFrom(time)
        return response

    def answer(self, response: Any) -> Answer:
        """The answer in a response, with its events as tagged JSON."""
        events = []
        for event in response.events:
            message: Message = getattr(event, event.WhichOneof("event"))
            body = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
            events.append({"type": message.DESCRIPTOR.name, **body})
        time = response.time.ToDatetime(UTC)
        return Answer(response.log, response.index, response.leaf, time, response.repeated, tuple(events))


def _untagged(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "type"}


def _member(type_name: str) -> str:
    """The oneof member of a type: `OpenEnvelope` stands under `openEnvelope`."""
    return type_name[0].lower() + type_name[1:]
