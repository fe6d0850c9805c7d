"""What other services tell, in whatever order it comes: rules, awards, payments, recoveries, mergers.

An account needs no rules to be opened, and a payment no account to be noted: each is kept, and acted on when the rest is there.
"""

from services.kernel.decider import State
from services.reporting.events import AccountOpened, CallRegistered, Event, MergerNoted, PaymentNoted, RecoveryNoted
from services.reporting.model import NoteMerger, NotePaid, NoteRecovered, OpenAccount, RefusalCode, RegisterCall
from services.reporting.records import Account, Call, Merger, Payment, Recovery, paid_cents, present_body
from services.reporting.refusing import refuse

_AWARD = (
    "application_id",
    "applicant",
    "partners",
    "amount_cents",
    "reservation_id",
    "envelope_id",
    "advance_cents",
)


def register_call(command: RegisterCall, state: State) -> tuple[Event, ...]:
    """Learn the rules once."""
    call = state.get(Call, command.call_id)
    if call is None:
        return (CallRegistered(call_id=command.call_id, rules=command.rules),)
    return () if call.rules == command.rules else (refuse(command, RefusalCode.CALL_EXISTS, "it was registered with other rules"),)


def open_account(command: OpenAccount, state: State) -> tuple[Event, ...]:
    """Open the account of an award once."""
    account = state.get(Account, command.call_id, command.award_id)
    if account is not None:
        same = all(getattr(account, name) == getattr(command, name) for name in _AWARD)
        return () if same else (refuse(command, RefusalCode.ACCOUNT_EXISTS, f"it was opened for {account.amount_cents} cents"),)
    return (
        AccountOpened(
            award_id=command.award_id,
            call_id=command.call_id,
            application_id=command.application_id,
            applicant=command.applicant,
            partners=command.partners,
            amount_cents=command.amount_cents,
            reservation_id=command.reservation_id,
            envelope_id=command.envelope_id,
            advance_cents=command.advance_cents,
        ),
    )


def note_paid(command: NotePaid, state: State) -> tuple[Event, ...]:
    """Note a payment once."""
    earlier = state.get(Payment, command.call_id, command.award_id, command.payment_id)
    if earlier is not None:
        same = earlier.amount_cents == command.amount_cents
        return () if same else (refuse(command, RefusalCode.ALREADY_NOTED, f"it was noted with {earlier.amount_cents} cents"),)
    return (
        PaymentNoted(
            award_id=command.award_id, call_id=command.call_id, payment_id=command.payment_id, amount_cents=command.amount_cents
        ),
    )


def note_recovered(command: NoteRecovered, state: State) -> tuple[Event, ...]:
    """Note a recovery once. Payments come before it: both are told by one log of the ledger."""
    earlier = state.get(Recovery, command.call_id, command.award_id, command.recovery_id)
    if earlier is not None:
        same = earlier.amount_cents == command.amount_cents
        return () if same else (refuse(command, RefusalCode.ALREADY_NOTED, f"it was noted with {earlier.amount_cents} cents"),)
    paid = paid_cents(state, command.call_id, command.award_id)
    if command.amount_cents > paid:
        return (refuse(command, RefusalCode.EXCEEDS_PAID, f"{paid} cents are paid and not recovered"),)
    return (
        RecoveryNoted(
            award_id=command.award_id, call_id=command.call_id, recovery_id=command.recovery_id, amount_cents=command.amount_cents
        ),
    )


def note_merger(command: NoteMerger, state: State) -> tuple[Event, ...]:
    """From here on the body that is left acts for both."""
    if command.from_body == command.into_body:
        return (refuse(command, RefusalCode.SAME_BODY, "a body cannot merge into itself"),)
    into = present_body(state, command.call_id, command.into_body)
    if present_body(state, command.call_id, command.from_body) == into:
        return ()
    if (earlier := state.get(Merger, command.call_id, command.from_body)) is not None:
        return (refuse(command, RefusalCode.ALREADY_MERGED, f"it merged into {earlier.into_body}"),)
    return (MergerNoted(call_id=command.call_id, from_body=command.from_body, into_body=into),)
