"""An export as tables, in the order in which a reader meets them.

Every row names where it comes from (`log`, `idx`, `number`), so that each figure in a spreadsheet leads back to an entry.
"""

from services.audit import rows
from services.audit.columns import FILE, WHERE, Table, columns, members, picked

TABLES = (
    Table(
        name="entries",
        about="every entry: a command, who gave it, and the entry of another log that caused it",
        columns=columns(
            "log idx:count time:instant stream command_id command actor organisation roles cause_log cause_idx:count cause_leaf"
            " part:count parts:count events:count leaf"
        ),
        rows=rows.every_entry,
    ),
    Table(
        name="events",
        about="every event, whole, as JSON",
        columns=(*WHERE, *columns("event call_id application_id award_id body")),
        rows=rows.every_event,
    ),
    Table(
        name="calls",
        about="the calls, and what their rules say about money and time",
        columns=(
            *WHERE,
            *columns(
                "call_id title envelope_id budget_year:count currency budget:money cap:money own_percent:count"
                " deadline:instant call_file"
            ),
        ),
        rows=rows.calls,
    ),
    Table(
        name="submissions",
        about="every filing of an application, with its receipt",
        columns=(
            *WHERE,
            *FILE,
            *columns(
                "version:count received_at:instant requested:money total_cost:money own_means:money partners findings receipt"
            ),
        ),
        rows=rows.submissions,
    ),
    picked(
        "admissibility",
        "which files went on to the jury, and why others did not",
        ("ApplicationDeclaredAdmissible", "ApplicationDeclaredInadmissible", "ApplicationWithdrawn"),
        (*FILE, *members("reasons=reasons reason=reason declared_by=declaredBy note=note")),
        of="intake/",
    ),
    picked(
        "conflicts",
        "conflicts of interest",
        ("ConflictDeclared",),
        (*FILE, *members("assessor=assessor ground=ground declared_by=declaredBy voids=voids:flag")),
        of="scoring/",
    ),
    Table(
        name="points",
        about="every assessment, criterion by criterion",
        columns=(*WHERE, *FILE, *columns("assessor version:count criterion points:count")),
        rows=rows.points,
    ),
    picked(
        "rankings",
        "every place in every version of a ranking",
        ("ApplicationRanked",),
        (
            *FILE,
            *members(
                "version=version:count rank=rank:count requested=requestedCents:money total_exact=total total=total:share"
                " eligible=eligible:flag fails=fails tie_path=tiePath"
            ),
        ),
        of="scoring/",
    ),
    Table(
        name="criteria",
        about="what the total of a place is made of",
        columns=(
            *WHERE,
            *FILE,
            *columns("version:count criterion weight:count scale:count minimum:count mean_exact mean:share moderated:count"),
        ),
        rows=rows.criteria,
    ),
    picked(
        "decisions",
        "decisions proposed and approved, and what became of them",
        (
            "DecisionProposed",
            "DecisionApproved",
            "AwardGranted",
            "AwardRefused",
            "WaitListed",
            "AwardDeclined",
            "AppealLodged",
            "AppealDecided",
            "DecisionReopened",
            "AgreementAccepted",
        ),
        (
            *FILE,
            *members(
                "award_id=awardId proposal=proposal:count outcome=outcome amount=amountCents:money rank=rank:count ground=ground"
                " detail=detail reason=reason upheld=upheld:flag proposed_by=proposedBy approved_by=approvedBy decided_by=decidedBy"
            ),
        ),
        of="awarding/",
    ),
    Table(
        name="movements",
        about="every movement of the ledger; the last five sums of a row are what it adds to the balance",
        columns=(
            *WHERE,
            *columns(
                "event envelope_id call_id application_id applicant award_id kind amount:money budget:money reserved:money"
                " committed:money paid:money recovered:money hand bank_reference"
            ),
        ),
        rows=rows.movements,
    ),
    Table(
        name="costs",
        about="every cost that was reported, and every one that was rejected",
        columns=(*WHERE, *columns("step call_id application_id award_id report version:count line code amount:money ground")),
        rows=rows.costs,
    ),
    picked(
        "settlements",
        "what each award came to",
        ("SettlementComputed",),
        (
            *FILE,
            *members(
                "award_id=awardId award=amountCents:money accepted=acceptedCents:money own_percent=ownPercent:count"
                " limited_by=limit final_grant=finalGrantCents:money paid_before=paidCents:money balance=balanceCents:money"
                " recovery=recoveryCents:money given_back=decommitCents:money"
            ),
        ),
        of="reporting/",
    ),
    picked(
        "custody",
        "files closed, data destroyed, subjects erased, notes sealed and opened: by which rule, and by whom",
        (
            "FileClosed",
            "RetentionPlanned",
            "RetentionApproved",
            "DataDestroyed",
            "SubjectErased",
            "NoteSealed",
            "NoteOpened",
        ),
        (
            *FILE,
            *members(
                "subject=subject note_id=noteId organisation=organisation organisations=organisations plan=plan rule=rule"
                " data_class=dataClass documents=documents ground=ground closed_by=closedBy planned_by=plannedBy"
                " approved_by=approvedBy erased_by=erasedBy sealed_by=sealedBy opened_by=openedBy"
            ),
        ),
        of="intake/",
    ),
    Table(
        name="refusals",
        about="every command that was not carried out, by whom, and why",
        columns=(*WHERE, *columns("actor roles call_id application_id command code detail")),
        rows=rows.refusals,
    ),
)
