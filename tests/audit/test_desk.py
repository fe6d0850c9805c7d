"""What the desk finds in a recorded history: the same from a folder as from memory, and what must be noticed is."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from services.audit.chain import chain
from services.audit.differing import difference
from services.audit.documents import documents
from services.audit.faults import FaultError, PackError
from services.audit.logs import Cut, MemoryLogs, cut, in_memory
from services.audit.memory import Memory
from services.audit.moment import as_of
from services.audit.pack import Pack
from services.audit.receipt import SCRIPT, receipt, write
from services.audit.rerun import rerun
from services.audit.verifying import verify
from services.kernel.entry import Entry
from services.kernel.form import from_json
from services.standalone.registry import SPECS
from services.tlog import verify_receipt
from services.tlog.tree import verify_inclusion
from tests.audit import packs, small

CALL, APPLICATION = "radicalisation-2021", "radicalisation-2021.04"
LEDGER = "budget_ledger/0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("desk") / "export"
    packs.lay_down(directory, packs.values(packs.history()))
    return directory


@pytest.fixture(scope="module")
def pack(folder: Path) -> Pack:
    return Pack(folder)


@pytest.fixture(scope="module")
def memory() -> MemoryLogs:
    return packs.in_memory()


def test_a_recorded_history_is_accepted_and_follows_from_its_commands(pack: Pack, tmp_path: Path) -> None:
    found = verify(pack, Memory(tmp_path))
    assert (found.faults, found.causes > 600, found.keys_from_export) == ([], True, True)
    again = rerun(pack)
    assert (again.faults, again.lengths) == ([], found.sizes)
    assert again.books.over_award() == 0


def test_awarded_is_committed_and_released_for_every_account(memory: MemoryLogs) -> None:
    books = rerun(memory).books
    assert {kind for kind, _ in books.accounts} == {"envelope", "call", "applicant"}
    for account in books.accounts.values():
        assert account.awarded == account.committed + account.released
        assert account.paid - account.recovered <= account.committed
    by_kind = {
        kind: sum(account.committed for (of, _), account in books.accounts.items() if of == kind)
        for kind in ("envelope", "call", "applicant")
    }
    assert len(set(by_kind.values())) == 1


def test_the_books_can_be_had_at_every_entry_of_the_ledger(memory: MemoryLogs) -> None:
    whole = rerun(memory)
    for index in range(0, memory.length(LEDGER), 25):
        then = rerun(memory, cut(memory, f"{LEDGER}/{index}"))
        assert (then.faults, then.lengths[LEDGER]) == ([], index + 1)
        assert all(low.cents >= whole.books.envelope_low[name].cents for name, low in then.books.envelope_low.items())


def test_money_that_awarding_and_ledger_tell_otherwise_is_noticed(memory: MemoryLogs) -> None:
    logs = {log: [stored.value for stored in memory.entries(log)] for log in memory.names()}
    shortened = {**logs, LEDGER: logs[LEDGER][:20]}
    found = rerun(in_memory("demo", shortened))
    assert found.faults, "awards are granted that the ledger has not committed"
    assert {fault.log for fault in found.faults} == {"awarding/0"}


def test_another_event_is_named_with_its_index(memory: MemoryLogs) -> None:
    logs = {log: [stored.value for stored in memory.entries(log)] for log in memory.names()}
    at = next(n for n, value in enumerate(logs[LEDGER]) if b'"Reserved"' in value)
    entry = Entry.from_bytes(logs[LEDGER][at])
    logs[LEDGER][at] = replace(entry, events=({**entry.events[0], "amountCents": "1"},)).to_bytes()
    (fault,) = rerun(in_memory("demo", logs)).faults
    assert (fault.log, fault.index) == (LEDGER, at)


def test_a_moment_is_an_instant_or_an_entry(memory: MemoryLogs) -> None:
    assert cut(memory, "2021-07-01T02:00:00+02:00") == cut(memory, "2021-07-01T00:00:00Z")
    assert cut(memory, f"{LEDGER}/3") == Cut(Entry.from_bytes(next(memory.entries(LEDGER, 3)).value).time, LEDGER, 3)
    for wrong in ("yesterday", f"{LEDGER}/999999", "ledger/0/1", "2021-07-01T00:00:00"):
        with pytest.raises(PackError):
            cut(memory, wrong)


def test_before_the_ranking_nobody_has_a_rank_and_after_it_all_have(memory: MemoryLogs) -> None:
    entries = [Entry.from_bytes(stored.value) for stored in memory.entries("scoring/0")]
    ranked = next(e for e in entries if any(event["type"] == "RankingEstablished" for event in e.events))
    before = as_of(memory, cut(memory, f"scoring/0/{ranked.index - 1}")).files
    after = as_of(memory, cut(memory, f"scoring/0/{ranked.index}")).files
    ranks = [file.rank for file in after if file.rank is not None]
    assert not [file for file in before if file.rank is not None]
    assert sorted(ranks) == list(range(1, len(ranks) + 1))
    assert all(file.scores for file in after if file.rank is not None)
    assert all(Fraction(file.total) <= 1 for file in after if file.total)


def test_an_award_is_told_from_the_rules_to_the_last_report_with_proofs(pack: Pack) -> None:
    found = chain(pack, APPLICATION, proof=pack.proof)
    assert chain(pack, f"{APPLICATION}.1").links == found.links
    kinds = {str(link.event["type"]) for link in found.links}
    assert kinds >= {
        *("CallPublished", "ApplicationSubmitted", "AssessmentSubmitted", "ApplicationRanked", "DecisionProposed"),
        *("DecisionApproved", "Reserved", "Committed", "AwardGranted", "Paid", "ReportFiled", "SettlementComputed"),
    }
    assert "rank 4" in found.explanation
    for (log, index), proof in found.proofs.items():
        root = pack.checkpoint(log).root
        assert verify_inclusion(proof.leaf, index, proof.size, proof.hashes, root)
    json.dumps(found.told())
    with pytest.raises(PackError):
        chain(pack, "nobody.1")


def test_two_exports_part_where_they_part(memory: MemoryLogs) -> None:
    assert difference(memory, memory).equal
    early = cut(memory, f"{LEDGER}/40")
    found = difference(memory, memory, (early, None))
    assert found.parting[LEDGER] == (41, memory.length(LEDGER), 41)
    assert f"call {CALL}" in found.accounts


def test_a_receipt_is_checked_by_python_alone(folder: Path, pack: Pack, tmp_path: Path) -> None:
    found = receipt(pack, APPLICATION)
    out = tmp_path / "receipt"
    write(found, out)
    entry, proof = f"{found.award_id}.json", f"{found.award_id}.tlog-proof"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-I", "-S", SCRIPT.name, *arguments]
        return subprocess.run(call, cwd=out, capture_output=True, text=True, check=False)

    assert run("--key", found.keys[0], entry, proof).returncode == 0
    assert "is entry 39 of oproep/demo/awarding/0" in run(entry, proof).stdout
    assert run().returncode == 2
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    assert run("--key", str(Pack(other).keys[0]), entry, proof).returncode == 1, "the key of another log"
    (out / entry).write_bytes(found.entry.replace(b"AwardGranted", b"AwardGrinted"))
    assert run(entry, proof).returncode == 1
    with pytest.raises(PackError):
        write(found, out)


def test_the_script_is_short_and_knows_a_spoiled_proof(pack: Pack) -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) < 150
    found = receipt(pack, APPLICATION)
    lines = found.proof.splitlines(keepends=True)
    for number in range(len(lines)):
        spoiled = "".join([*lines[:number], *lines[number + 1 :]])
        with pytest.raises((ValueError, IndexError)):
            verify_receipt.check(found.entry, spoiled, found.keys[0])


def test_a_receipt_of_tiles_that_are_spoiled_is_not_given(folder: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    tile = directory / "logs" / "awarding-0" / "tile" / "0" / "000.p" / "133"
    content = bytearray(tile.read_bytes())
    content[0] ^= 1
    tile.write_bytes(content)
    with pytest.raises(FaultError):
        receipt(Pack(directory), APPLICATION)


def test_a_cause_that_is_not_there_or_was_other_is_the_fault_of_who_names_it(tmp_path: Path) -> None:
    logs = small.logs(3)
    sound = small.acting_on(logs[LEDGER], 0, 1)
    other = small.acting_on([small.edited(value, command_id="x") for value in logs[LEDGER]], 1, 2)
    gone = small.edited(sound, index=2, cause=replace(Entry.from_bytes(sound).cause, index=7))  # type: ignore[type-var]  # it has one
    packs.lay_down(tmp_path / "export", {**logs, "reporting/0": [sound, other, gone]})
    found = verify(Pack(tmp_path / "export"), Memory(tmp_path / "memory"))
    assert [(fault.log, fault.index) for fault in found.faults] == [("reporting/0", 1), ("reporting/0", 2)]


def test_other_logs_tell_which_entry_of_a_rebuilt_log_was_changed(tmp_path: Path) -> None:
    logs = small.logs(300)
    logs["reporting/0"] = [small.acting_on(logs[LEDGER], index, at) for index, at in enumerate((5, 290, 295))]
    packs.lay_down(tmp_path / "export", logs)
    from tests.audit import spoiling  # noqa: PLC0415 - beside what it is needed for

    changed = [*logs[LEDGER][:290], small.edited(logs[LEDGER][290], command_id="x"), *logs[LEDGER][291:]]
    spoiling.rebuild(tmp_path / "export", changed)
    (fault,) = verify(Pack(tmp_path / "export"), Memory(tmp_path / "memory")).faults
    assert (fault.log, fault.index) == (LEDGER, 290)


BESIDE = ("schemas/protos.binpb", "audit.pyz", "verify_receipt.py")


@pytest.mark.parametrize("missing", ["keys.txt", "documents.sha256", *BESIDE])
def test_what_lies_beside_the_logs_must_be_there(folder: Path, tmp_path: Path, missing: str) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    keys = Pack(directory).keys
    (directory / missing).unlink()
    assert verify(Pack(directory), Memory(tmp_path / "memory"), keys).faults


@pytest.mark.parametrize("name", BESIDE)
def test_a_file_that_no_entry_names_must_be_the_one_that_was_written(folder: Path, tmp_path: Path, name: str) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    file = directory / name
    file.write_bytes(file.read_bytes() + b" ")
    (fault,) = verify(Pack(directory), Memory(tmp_path / "memory")).faults
    assert name in fault.words
    about = directory / "deployment.json"
    about.write_text(json.dumps({**json.loads(about.read_text("utf-8")), "files": ["x"]}), "utf-8")
    assert len(verify(Pack(directory), Memory(tmp_path / "memory")).faults) == len(BESIDE)


def test_the_list_of_documents_is_what_the_entries_name(folder: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    file = directory / "documents.sha256"
    lines = file.read_text("ascii").splitlines()
    assert len({line[:64] for line in lines}) > 30
    for spoiled in (lines[1:], [*lines, f"{'0' * 64}  budget_ledger/0/3"], [*lines, f"{'0' * 64}  intake/0/9999"], [*lines, "x"]):
        file.write_text("\n".join(spoiled) + "\n", "ascii")
        assert len(verify(Pack(directory), Memory(tmp_path / "memory")).faults) == 1


def test_what_was_not_read_because_of_a_fault_is_not_called_missing(folder: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    (bundle,) = (file for file in (directory / "logs" / "intake-0" / "tile" / "entries").rglob("*") if file.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"CallPublished", b"CallPvblished", 1))
    (fault,) = verify(Pack(directory), Memory(tmp_path / "memory")).faults
    assert (fault.log, fault.index) == ("intake/0", 0)


def test_documents_are_those_that_the_services_say(memory: MemoryLogs) -> None:
    named: set[str] = set()
    for log in memory.names():
        spec = SPECS[log.partition("/")[0]]
        kinds = {kind.__name__: kind for kind in spec.decider.commands}
        for entry in (Entry.from_bytes(stored.value) for stored in memory.entries(log)):
            if entry.part is None or entry.part.number == 1:
                command: object = from_json(kinds[str(entry.command["type"])], dict(entry.command))
                assert documents(entry) == list(dict.fromkeys(spec.documents(command)))
                named.update([str(entry.command["type"])] if documents(entry) else [])
    assert named >= {"PublishCall", "SaveDraft", "AcceptAgreement", "FileReport"}


def test_a_call_file_that_is_not_the_published_one_is_named_by_its_entry(folder: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    file = min((directory / "calls").iterdir())
    file.write_bytes(file.read_bytes() + b"# more\n")
    (fault,) = verify(Pack(directory), Memory(tmp_path / "memory")).faults
    published = Entry.from_bytes(next(Pack(directory).entries("intake/0", fault.index)).value)
    assert published.events[0]["callFile"] == file.stem
