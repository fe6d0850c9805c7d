"""Two exports, or one at two moments: where the logs part, which records differ, and what it means in money."""

from dataclasses import dataclass, field
from typing import Any

from services.audit.faults import Fault
from services.audit.logs import Cut, Logs, Watch, unwatched
from services.audit.rerun import Rerun, rerun
from services.kernel.form import to_json


@dataclass
class Difference:
    """`parting`: of each log that differs, both lengths and the first index at which the entries are not the same."""

    parting: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    records: list[tuple[str, str, str, dict[str, tuple[Any, Any]]]] = field(default_factory=list)
    """(log, kind, key, members with what stands on either side; None where there is nothing)."""
    accounts: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.parting or self.records or self.accounts or self.faults)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "equal": self.equal,
            "logs": {log: {"lengths": [a, b], "differsFrom": at} for log, (a, b, at) in self.parting.items()},
            "records": [
                {"log": log, "kind": kind, "key": key, "members": {name: list(both) for name, both in members.items()}}
                for log, kind, key, members in self.records
            ],
            "accounts": {name: {sum_: list(both) for sum_, both in sums.items()} for name, sums in self.accounts.items()},
            "faults": [str(fault) for fault in self.faults],
        }


def difference(a: Logs, b: Logs, moments: tuple[Cut | None, Cut | None] = (None, None), watch: Watch = unwatched) -> Difference:
    """What `b` has otherwise than `a`, each decided again until its moment, or to its end."""
    first, second = rerun(a, moments[0], watch), rerun(b, moments[1], watch)
    result = Difference(faults=[*first.faults, *second.faults])
    for log in dict.fromkeys((*a.names(), *b.names())):
        lengths = first.lengths.get(log, 0), second.lengths.get(log, 0)
        at = _parting(a, b, log, lengths)
        if at is not None:
            result.parting[log] = (*lengths, at)
            result.records += _records(first, second, log)
    result.accounts = _accounts(first, second)
    return result


def _parting(a: Logs, b: Logs, log: str, lengths: tuple[int, int]) -> int | None:
    """The first index at which two logs differ, or None."""
    if 0 not in lengths:
        pairs = zip(a.entries(log), b.entries(log), strict=False)
        for index, (one, other) in enumerate(pairs):
            if index >= min(lengths):
                break
            if one.value != other.value:
                return index
    return None if lengths[0] == lengths[1] else min(lengths)


def _records(first: Rerun, second: Rerun, log: str) -> list[tuple[str, str, str, dict[str, tuple[Any, Any]]]]:
    ours = first.states[log].records if log in first.states else {}
    theirs = second.states[log].records if log in second.states else {}
    found: list[tuple[str, str, str, dict[str, tuple[Any, Any]]]] = []
    for kind, key in sorted({*ours, *theirs}):
        one, other = ours.get((kind, key)), theirs.get((kind, key))
        if one != other:
            before, after = ({} if one is None else to_json(one)), ({} if other is None else to_json(other))
            names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
            found.append((log, kind, key, {name: (before.get(name), after.get(name)) for name in names}))
    return found


def _accounts(first: Rerun, second: Rerun) -> dict[str, dict[str, tuple[int, int]]]:
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for kind, name in sorted({*first.books.accounts, *second.books.accounts}):
        ours, theirs = (
            account.told() if (account := run.books.accounts.get((kind, name))) is not None else {} for run in (first, second)
        )
        sums = {s: (ours.get(s, 0), theirs.get(s, 0)) for s in {**ours, **theirs} if ours.get(s, 0) != theirs.get(s, 0)}
        if sums:
            found[f"{kind} {name}"] = sums
    return found
