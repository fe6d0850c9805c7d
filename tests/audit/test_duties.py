"""Separation of duties: the demonstration's hands by name, and each rule when it is broken."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.audit.duties import Duties, Rule, Verdict, examine
from services.audit.source import entries
from services.kernel.entry import Entry
from services.kernel.people import Role
from tests.audit import packs

ENTRIES = list(entries(packs.in_memory()))
FOUND = examine(ENTRIES)


def changed(matches: Callable[[Entry], bool], change: Callable[[Entry], Entry]) -> Duties:
    """The report over the demonstration with those entries changed."""
    return examine(change(entry) if matches(entry) else entry for entry in ENTRIES)


def by(command: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.command["type"] == command


def hand(actor: str, *renamed: str) -> Callable[[Entry], Entry]:
    """Another actor, whom the members of that name in the events name, too."""

    def change(entry: Entry) -> Entry:
        events = tuple({**event, **{name: actor for name in renamed if name in event}} for event in entry.events)
        return replace(entry, actor=replace(entry.actor, id=actor), events=events)

    return change


def broken(found: Duties) -> Counter[Any]:
    return Counter(pair.rule for pair in found.pairs if pair.verdict is Verdict.BROKEN)


def test_every_pair_of_hands_of_the_demonstration_is_named_and_kept() -> None:
    events = Counter(event["type"] for entry in ENTRIES for event in entry.events)
    payments = events["PaymentOrdered"] + events["RecoveryOrdered"]
    wanted = {
        Rule.APPROVAL: len(
            {(e["callId"], e["proposal"]) for entry in ENTRIES for e in entry.events if e["type"] == "ProposalOpened"}
        ),
        Rule.APPEAL: events["AppealLodged"],
        Rule.ORDER: payments,
        Rule.CONFIRMATION: payments,
        Rule.REPORT: events["ReportApproved"],
        Rule.CONFLICT: events["ConflictDeclared"],
    }
    assert Counter(pair.rule for pair in FOUND.pairs) == wanted
    assert all(wanted.values())
    assert {pair.verdict for pair in FOUND.pairs} == {Verdict.KEPT}
    assert FOUND.findings == 0
    actors = {
        rule: (
            {hand.actor for pair in FOUND.pairs if pair.rule is rule for hand in pair.first},
            {hand.actor for pair in FOUND.pairs if pair.rule is rule for hand in pair.second},
        )
        for rule in wanted
    }
    assert actors[Rule.APPROVAL] == ({"officer-1"}, {"minister-1"})
    assert actors[Rule.APPEAL] == ({"officer-1", "minister-1"}, {"minister-2"})
    assert actors[Rule.ORDER] == ({"minister-1"}, {"treasurer-1"})
    assert actors[Rule.CONFIRMATION] == ({"treasurer-1"}, {"accountant-1"})
    assert actors[Rule.REPORT][1] == {"officer-1"}
    assert actors[Rule.CONFLICT] == ({"assessor-1"}, {"assessor-2", "assessor-3", "assessor-4"})


def test_every_hand_stands_at_the_entry_by_which_it_acted() -> None:
    at = {(entry.log, entry.index): entry for entry in ENTRIES}
    hands = [hand for pair in FOUND.pairs for hand in (*pair.first, *pair.second)]
    assert all(at[hand.log, hand.index].actor.id == hand.actor and at[hand.log, hand.index].time == hand.time for hand in hands)


def test_every_refusal_is_named_with_who_and_why() -> None:
    told = [
        (entry.log, entry.index, entry.actor.id, event["command"], event["code"], event["detail"])
        for entry in ENTRIES
        for event in entry.events
        if event["type"] == "Refused"
    ]
    assert told
    assert [(r.hand.log, r.hand.index, r.hand.actor, r.command, r.code, r.detail) for r in FOUND.refusals] == told


def test_every_command_is_counted_with_its_role() -> None:
    commands = sum(entry.part is None or entry.part.number == 1 for entry in ENTRIES)
    assert sum(deed.done + deed.refused for deed in FOUND.deeds) == commands
    assert all(deed.role for deed in FOUND.deeds)
    assert {deed.role for deed in FOUND.deeds} >= {"applicant", "officer", "assessor", "chair", "treasurer", "accountant", "system"}


@pytest.mark.parametrize(
    ("command", "actor", "names", "rule"),
    [
        ("Approve", "officer-1", ("approvedBy",), Rule.APPROVAL),
        ("DecideAppeal", "minister-1", ("decidedBy",), Rule.APPEAL),
        ("DecideAppeal", "officer-1", ("decidedBy",), Rule.APPEAL),
        ("OrderPayment", "minister-1", ("orderedBy",), Rule.ORDER),
        ("OrderRecovery", "minister-1", ("orderedBy",), Rule.ORDER),
        ("ConfirmPayment", "treasurer-1", ("confirmedBy",), Rule.CONFIRMATION),
        ("ConfirmRecovery", "treasurer-1", ("confirmedBy",), Rule.CONFIRMATION),
        ("FileReport", "officer-1", ("filedBy",), Rule.REPORT),
    ],
)
def test_one_hand_that_did_both_is_found(command: str, actor: str, names: tuple[str, ...], rule: Rule) -> None:
    found = changed(by(command), hand(actor, *names))
    times = sum(entry.command["type"] == command for entry in ENTRIES)
    assert broken(found)[rule] == times
    assert found.findings >= times


def test_an_assessor_with_a_conflict_whose_points_count_is_found() -> None:
    def conflicted(entry: Entry) -> bool:
        return by("Assess")(entry) and entry.command["applicationId"] == "radicalisation-2021.01"

    assert broken(changed(conflicted, hand("assessor-1", "assessor"))) == {Rule.CONFLICT: 1}


def test_an_event_that_names_another_hand_than_its_entry_is_found() -> None:
    found = changed(by("ConfirmRecovery"), hand("treasurer-1"))
    assert broken(found)[Rule.CONFIRMATION] == 1
    found = changed(by("ConfirmRecovery"), hand("somebody-else"))
    assert [pair.subject for pair in found.pairs if pair.verdict is Verdict.UNPROVEN] == ["radicalisation-2021.03.1.recovery"]


def test_a_command_without_its_role_that_was_carried_out_is_found() -> None:
    def demoted(entry: Entry) -> Entry:
        return replace(entry, actor=replace(entry.actor, roles=(Role.AUDITOR,)))

    found = changed(by("OrderRecovery"), demoted)
    assert [(deed.command, deed.role, deed.without_role) for deed in found.deeds if deed.without_role] == [("OrderRecovery", "", 1)]
    assert found.findings == 1


def test_what_has_not_been_seconded_yet_is_open() -> None:
    found = examine(entry for entry in ENTRIES if entry.command["type"] not in ("ConfirmPayment", "ConfirmRecovery"))
    waiting = [pair for pair in found.pairs if pair.verdict is Verdict.OPEN]
    assert {pair.rule for pair in waiting} == {Rule.CONFIRMATION}
    assert found.findings == 0


def test_a_payment_whose_approval_is_not_in_the_logs_is_not_shown() -> None:
    found = examine(entry for entry in ENTRIES if entry.command["type"] != "Approve")
    assert {pair.verdict for pair in found.pairs if pair.rule is Rule.ORDER} == {Verdict.UNPROVEN}


@pytest.mark.parametrize(("second", "verdict"), [("archivist-1", Verdict.BROKEN), ("minister-1", Verdict.KEPT)])
def test_a_list_of_what_is_destroyed_needs_another_hand(second: str, verdict: Verdict) -> None:
    first = next(entry for entry in ENTRIES if by("PublishCall")(entry))
    plan = {"callId": "radicalisation-2021", "plan": "r1"}
    made = replace(first, events=({"type": "RetentionPlanned", "plannedBy": "archivist-1", "items": [], **plan},))
    approved = replace(first, index=1, events=({"type": "RetentionApproved", "approvedBy": second, **plan},))
    waiting = hand("archivist-1")(made)
    assert [(pair.rule, pair.verdict) for pair in examine([waiting]).pairs] == [(Rule.RETENTION, Verdict.OPEN)]
    found = examine([waiting, hand(second)(approved)])
    assert [(pair.rule, pair.subject, pair.verdict) for pair in found.pairs] == [
        (Rule.RETENTION, "radicalisation-2021 r1", verdict)
    ]
