"""All awards as they stand now, one a row, also those that were withdrawn."""

from collections.abc import Sequence

from services.kernel.cells import Cell, Kind
from services.publishing.doors.files.tables import Table
from services.publishing.records import Award
from services.publishing.terms import Organisation

COLUMNS = (
    *((name, Kind.TEXT) for name in ("award_id", "call_id", "application_id", "state", "kbo", "nis", "name", "province")),
    *((name, Kind.TEXT) for name in ("partners", "purposes", "currency")),
    *((name, Kind.MONEY) for name in ("requested", "awarded", "committed", "paid", "recovered", "final_grant")),
    *((name, Kind.DATE) for name in ("decided_on", "project_start", "project_end")),
    *(("granted_at", Kind.INSTANT), ("changed_at", Kind.INSTANT), ("ground", Kind.TEXT), ("rule", Kind.TEXT), ("rank", Kind.COUNT)),
    *(("total", Kind.SHARE), ("total_exact", Kind.TEXT)),
    *(("sequence", Kind.COUNT), ("source_log", Kind.TEXT), ("source_index", Kind.COUNT), ("source_leaf", Kind.TEXT)),
)
"""`sequence` is the place of the event that granted it, `source_…` the entry that it tells of. What is not told is empty."""


def table(awards: Sequence[Award]) -> Table:
    """The table of those awards."""
    return Table(about="Awards as they stand", columns=COLUMNS, rows=[_row(award) for award in awards])


def body(organisation: Organisation) -> str:
    """A partner in a list: its number and its name."""
    return f"{organisation.kbo} {organisation.name}"


def _row(award: Award) -> Sequence[Cell]:
    lead, ground, source = award.organisation, award.ground, award.source
    return (
        *(award.award_id, award.call_id, award.application_id, award.state, lead.kbo, lead.nis, lead.name, award.province),
        *("; ".join(map(body, award.partners)), " ".join(award.purposes), award.currency),
        *(award.requested_cents, award.awarded_cents, award.committed_cents, award.paid_cents, award.recovered_cents),
        *(award.final_grant_cents, award.decided_on, award.project_start, award.project_end, award.granted_at, award.changed_at),
        *(ground.code.value, ground.rule, ground.rank, ground.total, None if ground.total is None else str(ground.total)),
        *(award.events[0], source.log, source.index, source.leaf),
    )
