"""What comes in before there is anything to decide: the rules, the ranking, mergers of applicants."""

from services.awarding.answers import acts_for, refused
from services.awarding.events import CallRegistered, Event, MergerNoted, PlaceNoted, RankingNoted
from services.awarding.model import NoteMerger, NoteRanked, NoteRanking, RegisterCall
from services.awarding.records import Call, File, Merger, Proposal, Ranking
from services.awarding.terms import RefusalCode
from services.kernel.decider import State


def register(command: RegisterCall, state: State) -> tuple[Event, ...]:
    """Learn the rules of a call."""
    known = state.get(Call, command.call_id)
    if known is None:
        return (CallRegistered(call_id=command.call_id, rules=command.rules),)
    return () if known.rules == command.rules else (refused(command, RefusalCode.CALL_EXISTS, "known with other rules"),)


def note_ranked(command: NoteRanked, state: State) -> tuple[Event, ...]:
    """Take in a place of the latest version. A version that comes once proposals have begun is refused as a whole, at its end."""
    ranking = state.get(Ranking, command.call_id)
    if ranking is not None and command.version < ranking.version:
        return ()
    event = PlaceNoted(
        call_id=command.call_id,
        application_id=command.application_id,
        applicant=command.applicant,
        version=command.version,
        rank=command.rank,
        partners=command.partners,
        requested_cents=command.requested_cents,
        eligible=command.eligible,
        fails=command.fails,
    )
    known = state.get(File, command.call_id, command.application_id)
    if known is not None and known.version == command.version:
        same = place(known) == event
        return () if same else (refused(command, RefusalCode.PLACE_EXISTS, "this version has the file in another place"),)
    return () if _closed(state, command.call_id) else (event,)


def note_ranking(command: NoteRanking, state: State) -> tuple[Event, ...]:
    """Take in how many places a version has."""
    ranking = state.get(Ranking, command.call_id)
    if ranking is not None and command.version < ranking.version:
        return ()
    if ranking is not None and command.version == ranking.version and ranking.ranked is not None:
        same = command.ranked == ranking.ranked
        return () if same else (refused(command, RefusalCode.RANKING_EXISTS, f"this version has {ranking.ranked} places"),)
    if _closed(state, command.call_id):
        return (refused(command, RefusalCode.RANKING_CLOSED, "decisions have been proposed by an earlier version"),)
    return (RankingNoted(call_id=command.call_id, version=command.version, ranked=command.ranked),)


def note_merger(command: NoteMerger, state: State) -> tuple[Event, ...]:
    """Take in who acts for a body that is no more."""
    known = state.get(Merger, command.call_id, command.from_body)
    if known is not None and known.into_body == command.into_body:
        return ()
    if known is not None or acts_for(state, command.call_id, command.into_body) == command.from_body:
        return (refused(command, RefusalCode.MERGER_DIFFERS, "it contradicts an earlier merger"),)
    return (MergerNoted(call_id=command.call_id, from_body=command.from_body, into_body=command.into_body),)


def place(file: File) -> PlaceNoted:
    """The place of a file as it was noted."""
    return PlaceNoted(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        version=file.version,
        rank=file.rank,
        partners=file.partners,
        requested_cents=file.requested_cents,
        eligible=file.eligible,
        fails=file.fails,
    )


def _closed(state: State, call_id: str) -> bool:
    return state.get(Proposal, call_id) is not None
