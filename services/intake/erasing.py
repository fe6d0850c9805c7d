"""What a subject may ask for, and what partners share under professional secrecy: the log's side of both.

The log says first what is void and who reads; only then do vault and document store act on it.
"""

from services.intake.calling import Outcome
from services.intake.custody import EraseSubject, NoteOpened, NoteSealed, OpenNote, SealNote, SubjectErased
from services.intake.records import Erasure, Note
from services.intake.values import Fault, RefusalCode
from services.kernel.decider import At, State
from services.kernel.form import instant

EVERY_GROUP = "*"
"""All groups of a subject's keys."""


def erase(command: EraseSubject, at: At) -> Outcome:
    """Erase a subject. A second erasure is no repetition: it takes in what was kept since the first."""
    return (
        SubjectErased(
            call_id=command.call_id,
            subject=command.subject,
            ground=command.ground,
            documents=command.documents,
            erased_at=at.now,
            erased_by=at.actor.id,
        ),
    )


def seal(command: SealNote, state: State, at: At) -> Outcome:
    """Announce a note; nobody writes one that he may not read."""
    if state.get(Note, command.call_id, command.note_id) is not None:
        return Fault(RefusalCode.NOTE_EXISTS, command.note_id)
    if at.actor.organisation not in command.organisations:
        return Fault(RefusalCode.NOT_A_PARTY, f"organisations: {at.actor.organisation} is not among them")
    return (
        NoteSealed(
            call_id=command.call_id,
            note_id=command.note_id,
            subject=command.subject,
            organisations=command.organisations,
            sealed_at=at.now,
            sealed_by=at.actor.id,
        ),
    )


def open_note(command: OpenNote, state: State, at: At) -> Outcome:
    """Let a party read a note. Each reading is an event of its own."""
    note = state.get(Note, command.call_id, command.note_id)
    if note is None:
        return Fault(RefusalCode.UNKNOWN_NOTE, command.note_id)
    if at.actor.organisation not in note.organisations:
        return Fault(RefusalCode.NOT_A_PARTY, f"{at.actor.organisation} is no party to {command.note_id}")
    for erasure in state.all(Erasure, note.subject, EVERY_GROUP):
        if note.sealed_at <= erasure.until:
            return Fault(RefusalCode.ERASED, f"its subject was erased at {instant(erasure.until)}")
    return (
        NoteOpened(
            call_id=command.call_id,
            note_id=command.note_id,
            subject=note.subject,
            organisation=at.actor.organisation,
            opened_at=at.now,
            opened_by=at.actor.id,
        ),
    )
