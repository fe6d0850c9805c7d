"""Who holds an award in any call: to keep beneficiaries out where a call says so, and to show double funding.

An award may be noted before or after a file of the same body comes in; it is flagged either way, by whichever came second.
"""

from collections.abc import Iterator
from datetime import date

from services.intake.model import (
    BeneficiaryDropped,
    BeneficiaryNoted,
    DoubleFundingFlagged,
    DropBeneficiary,
    Event,
    NoteBeneficiary,
)
from services.intake.records import Award, Benefit, Call, Enrolled, File, Taking
from services.intake.values import Content, Fault, FileStatus, RefusalCode
from services.kernel.decider import State


def note(command: NoteBeneficiary, state: State) -> tuple[Event, ...] | Fault:
    """Note an award, and flag the live files of its bodies in other calls."""
    award = Award(
        of_call=command.of_call,
        application_id=command.application_id,
        bodies=command.bodies,
        project_start=command.project_start,
        project_end=command.project_end,
    )
    known = state.get(Award, command.of_call, command.application_id)
    if known == award:
        return ()
    if known is not None and known.live:
        return Fault(RefusalCode.ALREADY_NOTED, "noted with other bodies or another period")
    noted = BeneficiaryNoted(
        call_id=command.of_call,
        application_id=command.application_id,
        bodies=command.bodies,
        project_start=command.project_start,
        project_end=command.project_end,
    )
    return (noted, *(_flag(file, award) for file in _files_beside(award, state)))


def drop(command: DropBeneficiary, state: State) -> tuple[Event, ...]:
    """Note that an award is held no longer; nothing to say of one that was never noted."""
    known = state.get(Award, command.of_call, command.application_id)
    if known is None or not known.live:
        return ()
    return (BeneficiaryDropped(call_id=command.of_call, application_id=command.application_id),)


def awards_of(body: Enrolled, state: State) -> Iterator[Award]:
    """The awards that a body holds in any call, under any of its numbers."""
    for number in body.numbers:
        for benefit in tuple(state.all(Benefit, number)):
            award = state.get(Award, benefit.of_call, benefit.application_id)
            if award is not None and award.live and number in award.bodies:
                yield award


def flags(call_id: str, application_id: str, content: Content, state: State) -> tuple[DoubleFundingFlagged, ...]:
    """What may pay the project of a submitted file a second time: awards first, then subsidies that it declares itself."""
    file = File(
        call_id=call_id,
        application_id=application_id,
        applicant=content.applicant,
        project_start=content.project_start,
        project_end=content.project_end,
    )
    awards: dict[str, Award] = {}
    for number in (content.applicant, *content.partners):
        body = state.get(Enrolled, call_id, number)
        if body is not None:
            awards |= {award.key(): award for award in awards_of(body, state) if _doubles(award, file)}
    declared = (
        DoubleFundingFlagged(
            call_id=call_id,
            application_id=application_id,
            applicant=content.applicant,
            detail=f"declared subsidy for {subsidy.purpose} from {subsidy.source}",
        )
        for subsidy in content.other_subsidies
        if subsidy.purpose in content.purposes
    )
    return (*(_flag(file, award) for _, award in sorted(awards.items())), *declared)


def _files_beside(award: Award, state: State) -> list[File]:
    """The live files in other calls that a holder of the award takes part in, with an overlapping period."""
    found: dict[str, File] = {}
    for call in tuple(state.all(Call)):
        for number in award.bodies:
            for taking in tuple(state.all(Taking, call.call_id, _present(call.call_id, number, state))):
                file = state.get(File, call.call_id, taking.application_id)
                undecided = file is not None and file.status in (FileStatus.SUBMITTED, FileStatus.ADMISSIBLE)
                if file is not None and taking.live and undecided and _doubles(award, file):
                    found[file.key()] = file
    return [file for _, file in sorted(found.items())]


def _present(call_id: str, number: str, state: State) -> str:
    """The number of the body that this one has gone over into, if it has."""
    body = state.get(Enrolled, call_id, number)
    while body is not None and body.merged_into is not None:
        number = body.merged_into
        body = state.get(Enrolled, call_id, number)
    return number


def _doubles(award: Award, file: File) -> bool:
    return award.of_call != file.call_id and _overlap(award.project_start, award.project_end, file.project_start, file.project_end)


def _overlap(start: date, end: date, other_start: date, other_end: date) -> bool:
    return start <= other_end and other_start <= end


def _flag(file: File, award: Award) -> DoubleFundingFlagged:
    return DoubleFundingFlagged(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        other_call=award.of_call,
        other_application=award.application_id,
        detail=f"award from {award.project_start.isoformat()} to {award.project_end.isoformat()}",
    )
