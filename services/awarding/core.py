"""The ranking advises, the decision is taken here, the money is the ledger's.

What the awarding service promises:

- No award without two hands: who proposes does not approve, and who did either does not judge the appeal.
- No award without money: a file is proposed for what the ledger has reserved, and granted when the ledger has committed.
- The order is the ranking's: files are put to the ledger one at a time, reopened ones first, then the reserve list; where the
  envelope does not carry a file, no smaller one behind it is served.
- Every decision has its ground, every ranked file gets one decision, and a decision once taken changes only by an event that
  says why: an appeal upheld, a reservation lost, an award declined, an application withdrawn.
- Answers of the ledger that are repeated or late change nothing.
"""

from typing import assert_never

from services.awarding import applicants, ledger, proposing, ranking
from services.awarding.answers import refused
from services.awarding.events import Event
from services.awarding.evolve import evolve
from services.awarding.model import (
    AcceptAgreement,
    Approve,
    Command,
    DecideAppeal,
    Decline,
    DropApplication,
    LodgeAppeal,
    NoteCommitted,
    NoteLedgerRefused,
    NoteMerger,
    NoteRanked,
    NoteRanking,
    NoteReleased,
    NoteReserved,
    Propose,
    RegisterCall,
)
from services.awarding.records import Call, File, Merger, Proposal, Ranking, Withdrawal
from services.kernel.decider import At, Decider, State
from services.kernel.people import Role


def decide(command: Command, state: State, at: At) -> tuple[Event, ...]:  # noqa: C901, PLR0911, PLR0912 - one case a command
    """What a command leads to."""
    match command:
        case RegisterCall():
            return ranking.register(command, state)
        case NoteRanked():
            return ranking.note_ranked(command, state)
        case NoteRanking():
            return ranking.note_ranking(command, state)
        case NoteMerger():
            return ranking.note_merger(command, state)
        case Propose():
            return proposing.propose(command, state, at)
        case Approve():
            return proposing.approve(command, state, at)
        case NoteReserved():
            return ledger.reserved(command, state, at)
        case NoteCommitted():
            return ledger.committed(command, state)
        case NoteReleased():
            return ledger.released(command, state)
        case NoteLedgerRefused():
            return ledger.ledger_refused(command, state, at)
        case Decline():
            return applicants.decline(command, state, at)
        case AcceptAgreement():
            return applicants.accept_agreement(command, state, at)
        case LodgeAppeal():
            return applicants.lodge_appeal(command, state, at)
        case DecideAppeal():
            return applicants.decide_appeal(command, state, at)
        case DropApplication():
            return applicants.drop(command, state, at)
        case _:
            assert_never(command)


_SYSTEM = frozenset({Role.SYSTEM})
_OFFICER = frozenset({Role.OFFICER})
_DECISION_MAKER = frozenset({Role.DECISION_MAKER})
_APPLICANT = frozenset({Role.APPLICANT})

AUTHORITY: dict[type, frozenset[Role]] = {
    RegisterCall: _SYSTEM,
    NoteRanked: _SYSTEM,
    NoteRanking: _SYSTEM,
    NoteMerger: _SYSTEM,
    NoteReserved: _SYSTEM,
    NoteCommitted: _SYSTEM,
    NoteReleased: _SYSTEM,
    NoteLedgerRefused: _SYSTEM,
    DropApplication: _SYSTEM,
    Propose: _OFFICER,
    Approve: _DECISION_MAKER,
    DecideAppeal: _DECISION_MAKER,
    Decline: _APPLICANT,
    LodgeAppeal: _APPLICANT,
    AcceptAgreement: _APPLICANT,
}


def _call_id(command: Command) -> str:
    return command.call_id


DECIDER = Decider(
    service="awarding",
    commands=Command.__args__,
    events=Event.__args__,
    records=(Call, Ranking, Proposal, File, Withdrawal, Merger),
    decide=decide,
    evolve=evolve,
    # One stream a call: its decisions share an order, so what holds back one of them must hold back all behind it.
    stream=_call_id,
    shard=_call_id,
    authority=AUTHORITY,
    refused=refused,
    checks=("kind <> 'File' OR (CAST(body ->> 'askedCents' AS BIGINT) <= CAST(body ->> 'requestedCents' AS BIGINT)) IS TRUE",),
)
