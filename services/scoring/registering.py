"""Calls and applications come from intake; a call must be such that it can be ranked."""

from services.kernel.decider import At, State
from services.scoring import model as m
from services.scoring import ranking, records
from services.scoring.answers import refused
from services.scoring.effects import same_content
from services.scoring.panel import conflicts_of_new_parties
from services.scoring.records import Application


def register_call(command: m.RegisterCall, state: State) -> tuple[m.Event, ...]:
    """Learn the rules of a call; rules by which nothing could be ranked are refused now and not on the day of the ranking."""
    known = state.get(records.Call, command.call_id)
    if known is not None:
        same = known.rules == command.rules
        return () if same else (refused(command, m.RefusalCode.CALL_EXISTS, "the call is known with other rules"),)
    if (fault := ranking.fault(command.rules.scoring)) is not None:
        return (refused(command, m.RefusalCode.RULES_UNUSABLE, fault),)
    return (m.CallRegistered(call_id=command.call_id, rules=command.rules),)


def register_application(command: m.RegisterApplication, state: State, at: At) -> tuple[m.Event, ...]:
    """Take in an application; the call itself need not be known yet.

    An application that was reopened and amended is declared admissible anew, with other content: it is scored again.
    """
    known = state.get(Application, command.call_id, command.application_id)
    if known is not None and known.applicant != command.applicant:
        return (refused(command, m.RefusalCode.APPLICATION_EXISTS, "the application is known as that of another applicant"),)
    registered = m.ApplicationRegistered(
        call_id=command.call_id,
        application_id=command.application_id,
        applicant=command.applicant,
        partners=command.partners,
        requested_cents=command.requested_cents,
        submitted_at=command.submitted_at,
    )
    if known is None:
        return (registered,)
    if not known.dropped and same_content(known, registered):
        return ()
    return (registered, *conflicts_of_new_parties(known, command.partners, state, at))


def drop_application(command: m.DropApplication, state: State) -> tuple[m.Event, ...]:
    """Leave an application out. One that is not known was never admissible: there is nothing to leave out."""
    known = state.get(Application, command.call_id, command.application_id)
    if known is None or known.dropped:
        return ()
    return (m.ApplicationDropped(call_id=command.call_id, application_id=command.application_id, applicant=known.applicant),)
