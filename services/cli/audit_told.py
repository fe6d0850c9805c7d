"""How the desk's findings are told: as tables for a reader, or as one JSON document."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from services.audit.books import Account, Books
from services.audit.chain import ORDER, Chain
from services.audit.differing import Difference
from services.audit.faults import Fault
from services.audit.moment import Picture
from services.audit.receipt import Receipt
from services.audit.rerun import Rerun
from services.audit.verifying import Verified
from services.audit.whatif import WhatIf
from services.cli import common

_SUMS = ("reserved", "awarded", "released", "committed", "ordered", "paid", "recovered")
_SHOWN = 20
"""Rows of a table that may be long; --json has all."""
SIMULATION = "SIMULATION: nothing of this happened"


def exported(directory: Path, sizes: dict[str, int], *, as_json: bool) -> None:
    """An export that was written."""
    if as_json:
        common.print_json({"directory": str(directory), "entries": sizes})
        return
    common.print_table("Exported", ("log", "entries #"), list(sizes.items()))
    common.console.print(f"{sum(sizes.values())} entries in {directory}; README.md there says how to look at them", markup=False)


def verified(found: Verified, *, as_json: bool) -> None:
    """What `verify` found."""
    if as_json:
        common.print_json(found.told())
        return
    rows = [(log, size, found.roots.get(log, "")[:16], _since(found, log)) for log, size in found.sizes.items()]
    common.print_table(f"Logs of {found.deployment}", ("log", "entries #", "root begins", "accepted before"), rows)
    _faults(found.faults)
    for log, others in found.cosigned.items():
        if others.good:
            common.console.print(f"{log}: cosigned by {', '.join(others.good)}", markup=False, soft_wrap=True)
        if others.foreign:
            words = f"{log}: lines of {', '.join(others.foreign)}, not known here, were passed over"
            common.console.print(words, style="yellow", markup=False, soft_wrap=True)
    if found.keys_from_export:
        words = "The keys were taken from the export itself. Compare them with keys that you have from elsewhere, or give --keys."
        common.console.print(words, style="yellow", markup=False, soft_wrap=True)
    if not found.faults:
        common.console.print(f"{sum(found.sizes.values())} entries, {found.causes} causes: accepted", style="green", markup=False)


def _since(found: Verified, log: str) -> str:
    """What was accepted of a log before; nothing is said of one with a fault, whose root is not known either."""
    before = found.since.get(log)
    if log not in found.roots:
        return ""
    if before is None:
        return "first seen"
    return "the same" if before == found.sizes[log] else f"grew from {before}"


def replayed(found: Rerun, *, as_json: bool) -> None:
    """What `replay` found."""
    if as_json:
        common.print_json(found.told())
        return
    faulty = {fault.log for fault in found.faults}
    common.print_table(
        "Decided again",
        ("log", "entries #", "outcome"),
        [(log, n, "FAULT" if log in faulty else "equal") for log, n in found.lengths.items()],
    )
    _balance(found.books)
    _faults(found.faults)
    if not found.faults:
        common.console.print("every event follows from its command; the books agree at every entry", style="green", markup=False)


def pictured(found: Picture, *, as_json: bool) -> None:
    """The state at a moment."""
    if as_json:
        common.print_json(found.told())
        return
    rows = [
        (
            file.application_id,
            file.status,
            len(file.scores) or "",
            file.rank or "",
            file.total or "",
            file.stage or "",
            common.euro(file.reserved_cents),
            common.euro(file.committed_cents),
            common.euro(file.paid_cents),
            ", ".join(f"{what} {since.date()}" for what, since in file.erased.items()),
        )
        for file in found.files
    ]
    columns = ("application", "filing", "scores #", "rank #", "total", "decision", "reserved €", "committed €", "paid €", "erased")
    common.print_table("Files", columns, rows)
    _balance(found.then.books)
    _faults(found.then.faults)


def chained(found: Chain, *, as_json: bool) -> None:
    """One award from end to end."""
    if as_json:
        common.print_json(found.told())
        return
    common.console.print(f"{found.application_id} in {found.call_id}, award {found.award_id or 'none'}", style="bold", markup=False)
    for section in ORDER:
        rows = [
            (
                f"{link.log}/{link.index}",
                link.time.isoformat(),
                link.actor.id,
                link.event["type"],
                _detail(dict(link.event), link.erased),
            )
            for link in found.links
            if link.section == section
        ]
        if rows:
            common.print_table(section.capitalize(), ("entry", "time", "by", "what", "detail"), rows)
        if section == "ranking":
            common.console.print(found.explanation, markup=False, soft_wrap=True)
    common.console.print(f"{len(found.proofs)} entries with inclusion proofs; --json prints them", style="dim", markup=False)


def differing(found: Difference, *, as_json: bool) -> None:
    """How two exports differ."""
    if as_json:
        common.print_json(found.told())
        return
    if found.equal:
        common.console.print("equal", style="green")
        return
    common.print_table("Logs that differ", ("log", "A #", "B #", "from #"), [(log, *both) for log, both in found.parting.items()])
    rows = [
        (kind, key, name, *("-" if side is None else str(side)[:60] for side in both))
        for _, kind, key, members in found.records
        for name, both in members.items()
    ]
    common.print_table("Records that differ", ("kind", "key", "member", "A", "B"), rows[:_SHOWN])
    if len(rows) > _SHOWN:
        common.console.print(f"and {len(rows) - _SHOWN} more; --json prints all", style="dim", markup=False)
    sums = [(name, sum_, common.euro(a), common.euro(b)) for name, both in found.accounts.items() for sum_, (a, b) in both.items()]
    common.print_table("Money that differs", ("account", "sum", "A €", "B €"), sums[:_SHOWN])
    _faults(found.faults)


def simulated(found: WhatIf, *, as_json: bool) -> None:
    """What would have been, marked as such before and after."""
    if as_json:
        common.print_json(found.told())
        return
    common.console.print(SIMULATION, style="bold yellow")
    rows = []
    for name in found.moved():
        before, after = found.before.get(name), found.after.get(name)
        ranks = [str(fate.rank or "-") if fate else "-" for fate in (before, after)]
        outcomes = [f"{fate.outcome} {common.euro(fate.amount_cents)}" if fate else "-" for fate in (before, after)]
        rows.append((name, *ranks, *outcomes, found.why(name)))
    common.print_table(f"Who moves in {found.call_id}", ("application", "rank", "becomes", "outcome", "becomes", "why"), rows)
    if not rows:
        common.console.print("nobody moves")
    checked = "gives what was proposed" if found.as_recorded else "does NOT give what was proposed: do not rely on it"
    common.console.print(f"Played under the call's own rules, the simulation {checked}.", markup=False)
    common.console.print(SIMULATION, style="bold yellow")


def received(found: Receipt, out: Path, *, as_json: bool) -> None:
    """A receipt that was written."""
    if as_json:
        common.print_json({"awardId": found.award_id, "directory": str(out), "keys": list(found.keys)})
    else:
        common.console.print(f"receipt of {found.award_id} in {out}; README.txt there says how it is checked", markup=False)


def _balance(books: Books) -> None:
    for kind in ("envelope", "call"):
        accounts = [(name, account) for (of, name), account in sorted(books.accounts.items()) if of == kind]
        common.print_table(f"Balance by {kind}", (kind, *(f"{name} €" for name in _SUMS)), [_row(*account) for account in accounts])
    lows = [(f"envelope {name}", low) for name, low in books.envelope_low.items()]
    lows += sorted(((f"cap {name}", low) for name, low in books.cap_low.items()), key=lambda pair: pair[1].cents)[:3]
    rows = [(name, common.euro(low.cents), f"{low.log}/{low.index}") for name, low in lows]
    common.print_table("Least headroom ever", ("limit", "left €", "at entry"), rows)


def _row(name: str, account: Account) -> list[str]:
    return [name, *(common.euro(account.told()[sum_]) for sum_ in _SUMS)]


def _detail(event: dict[str, object], erased: Mapping[str, datetime]) -> str:
    """What an event says that its place in the chain does not say already, short; what is gone is said first."""
    known = {"type", "callId", "applicationId", "applicant", "rules", "content", "criteria", "partners", "envelopeId"}
    gone = [f"{path} erased {since.date()}" for path, since in erased.items()]
    return ", ".join([*gone, *(f"{name}={value}" for name, value in event.items() if name not in {*known, *erased})])[:120]


def _faults(faults: Iterable[Fault]) -> None:
    for fault in faults:
        common.console.print(str(fault), style="red", markup=False, soft_wrap=True)
