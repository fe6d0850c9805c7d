"""What the reporting service promises: every cent of an award is accounted for, once, and in the end it comes out even.

- A report is asked for 30 days before it is due and reminded of the day after, each once, by the days of the call's zone.
- What counts is what was filed and not rejected; costs that the call bars or does not know are rejected on filing.
- Nobody approves what he filed. Reports are approved in the order in which they fall due.
- The final report settles the award: paid + balance - recovery = final grant, and the final grant is at most the award.
"""

from collections.abc import Mapping
from typing import Any, assert_never, get_args

from services.kernel.decider import At, Decider, State
from services.kernel.people import Role
from services.reporting import accounts, checking, filing
from services.reporting.effects import evolve
from services.reporting.events import Event, Refused
from services.reporting.model import (
    ApproveReport,
    Command,
    FileReport,
    NoteMerger,
    NotePaid,
    NoteRecovered,
    OpenAccount,
    RefusalCode,
    RegisterCall,
    RejectCost,
    RemindReport,
    RequestReport,
    ReturnReport,
)
from services.reporting.records import Account, Call, Merger, Payment, Recovery, Report
from services.reporting.refusing import refuse

AUTHORITY: Mapping[type, frozenset[Role]] = {
    RegisterCall: frozenset({Role.SYSTEM}),
    OpenAccount: frozenset({Role.SYSTEM}),
    NotePaid: frozenset({Role.SYSTEM}),
    NoteRecovered: frozenset({Role.SYSTEM}),
    RequestReport: frozenset({Role.SYSTEM}),
    RemindReport: frozenset({Role.SYSTEM}),
    FileReport: frozenset({Role.APPLICANT}),
    RejectCost: frozenset({Role.OFFICER}),
    ReturnReport: frozenset({Role.OFFICER}),
    ApproveReport: frozenset({Role.OFFICER}),
    NoteMerger: frozenset({Role.SYSTEM}),
}


def decide(command: Command, state: State, at: At) -> tuple[Event, ...]:  # noqa: C901, PLR0911 - one case a command
    """What a command leads to; nothing if it tells what is known already."""
    match command:
        case RegisterCall():
            return accounts.register_call(command, state)
        case OpenAccount():
            return accounts.open_account(command, state)
        case NotePaid():
            return accounts.note_paid(command, state)
        case NoteRecovered():
            return accounts.note_recovered(command, state)
        case NoteMerger():
            return accounts.note_merger(command, state)
        case RequestReport():
            return filing.request(command, state, at.now)
        case RemindReport():
            return filing.remind(command, state, at.now)
        case FileReport():
            return filing.file_report(command, state, at)
        case RejectCost():
            return checking.reject_cost(command, state)
        case ReturnReport():
            return checking.return_report(command, state)
        case ApproveReport():
            return checking.approve(command, state, at)
        case _:
            assert_never(command)


def _refused(command: Command, code: str, detail: str) -> Refused:
    return refuse(command, RefusalCode(code), detail)


def _stream(command: Any) -> str:
    """One award, or the call where no award is meant."""
    subject: str = getattr(command, "award_id", command.call_id)
    return subject


def _shard(command: Any) -> str:
    call_id: str = command.call_id
    return call_id


DECIDER = Decider(
    service="reporting",
    commands=get_args(Command),
    events=get_args(Event),
    records=(Call, Account, Payment, Recovery, Report, Merger),
    decide=decide,
    evolve=evolve,
    stream=_stream,
    shard=_shard,
    authority=AUTHORITY,
    refused=_refused,
    due=filing.due,
)
