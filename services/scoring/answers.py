"""How this service says no, and what most commands must find first."""

from collections.abc import Sequence

from services.kernel.decider import State
from services.kernel.rules import Scoring
from services.scoring.model import (
    Assess,
    Command,
    DeclareConflict,
    DropApplication,
    Moderate,
    RefusalCode,
    Refused,
    RegisterApplication,
)
from services.scoring.records import Application, Call

_SHOWN = 4
"""How many ids a detail names: with the rest of the words they fit its 500 characters."""

AboutApplication = RegisterApplication | DropApplication | DeclareConflict | Assess | Moderate


def refused(command: Command, code: str, detail: str, application_id: str | None = None) -> Refused:
    """The refusal of a command, about the application that it names unless another is given."""
    if application_id is None and isinstance(command, AboutApplication):
        application_id = command.application_id
    return Refused(
        call_id=command.call_id,
        application_id=application_id,
        command=type(command).__name__,
        code=RefusalCode(code),
        detail=detail,
    )


def known_call(command: Command, state: State) -> Call | Refused:
    """The call of a command."""
    call = state.get(Call, command.call_id)
    return call or refused(command, RefusalCode.UNKNOWN_CALL, f"no call {command.call_id} is known here")


def known_application(command: AboutApplication, state: State) -> Application | Refused:
    """The application of a command, dropped or not."""
    application = state.get(Application, command.call_id, command.application_id)
    return application or refused(command, RefusalCode.UNKNOWN_APPLICATION, "not declared admissible in this call")


def scored_application(command: Assess | Moderate, state: State) -> tuple[Scoring, Application] | Refused:
    """How and what a command scores: an application that still takes part."""
    call = known_call(command, state)
    if isinstance(call, Refused):
        return call
    application = known_application(command, state)
    if isinstance(application, Refused):
        return application
    if application.dropped:
        return refused(command, RefusalCode.APPLICATION_DROPPED, "withdrawn or declared inadmissible")
    return call.rules.scoring, application


def named(ids: Sequence[str]) -> str:
    """Some ids in words, however many there are."""
    more = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
