"""How the ledger says no: by name, with what the other side needs to go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.budget_ledger.events import Refused
from services.budget_ledger.model import RefusalCode, ReservationStatus
from services.budget_ledger.records import Reservation
from services.kernel.decider import State

_OVER: Mapping[ReservationStatus, RefusalCode] = {
    ReservationStatus.COMMITTED: RefusalCode.ALREADY_COMMITTED,
    ReservationStatus.RELEASED: RefusalCode.ALREADY_RELEASED,
    ReservationStatus.EXPIRED: RefusalCode.ALREADY_EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What would have fitted: in the envelope, and under the cap of every body that counts."""

    available_cents: int
    cap_left_cents: int


def refuse(
    command: Any,
    code: RefusalCode,
    detail: str,
    *,
    about: Reservation | None = None,
    left: Left | None = None,
) -> Refused:
    """A refusal of `command`. `about` names the file where the command does not; `left` is what a Reserve is told besides."""
    said = command if about is None else about
    return Refused(
        envelope_id=command.envelope_id,
        call_id=getattr(said, "call_id", None),
        application_id=getattr(said, "application_id", None),
        reservation_id=getattr(command, "reservation_id", None),
        command=type(command).__name__,
        code=code,
        detail=detail,
        available_cents=None if left is None else left.available_cents,
        cap_left_cents=None if left is None else left.cap_left_cents,
    )


def resolved(command: Any, reservation: Reservation) -> Refused:
    """The refusal of a command that came after the reservation had left `reserved`."""
    status = reservation.status
    return refuse(command, _OVER[status], f"the reservation is {status} already", about=reservation)


def committed(state: State, command: Any) -> Reservation | Refused:
    """The reservation that a command is about, if it is committed; else why the command cannot be carried out."""
    reservation = state.get(Reservation, command.envelope_id, command.reservation_id)
    if reservation is None:
        return refuse(command, RefusalCode.UNKNOWN_RESERVATION, "no such reservation in this envelope")
    if reservation.status is not ReservationStatus.COMMITTED:
        return refuse(command, RefusalCode.NOT_COMMITTED, f"the reservation is {reservation.status}", about=reservation)
    return reservation
