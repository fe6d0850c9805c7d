"""Events of other services, as the generated protobuf messages: what a service's `codec.reactions` is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from services.kernel.form import from_json
from services.kernel.people import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event of another service's log, with where it stands and who was behind it."""

    source: str
    index: int
    leaf: str
    time: datetime
    actor: Actor
    message: Message


def domain(kind: type[T], message: Message) -> T:
    """Read a protobuf message into the dataclass that mirrors it.

    Raises:
        MalformedError: if a value breaks a limit of the dataclass.
    """
    return from_json(kind, json_format.MessageToDict(message, always_print_fields_with_no_presence=True))
