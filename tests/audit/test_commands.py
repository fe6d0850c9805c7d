"""The desk's commands as a program meets them: exit codes, JSON, and where an export comes from."""

import json
import shutil
from base64 import b64encode
from collections.abc import Generator, Iterable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from services.audit.export import FromBus, Source, export, schemas
from services.audit.faults import FaultError, PackError
from services.audit.memory import Memory
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.audit.verifying import verify
from services.kernel.canonical import leaf
from services.kernel.ports import Bus, Outgoing, Stored
from services.runtime.local_bus import LocalBus
from services.runtime.relay import topic
from services.standalone.registry import SPECS
from tests.audit import packs, small
from tests.cli.line import Line
from tests.runtime.serving import AUDITOR, TREASURER, Serving, open_envelope, serving

LEDGER = "budget_ledger/0"
LEDGER_SPEC = SPECS["budget_ledger"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("commands") / "export"
    packs.lay_down(directory, packs.values(packs.history()))
    return directory


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(audit_state=str(tmp_path / "accepted"), listen="127.0.0.1:1")


def test_verify_accepts_and_remembers(line: Line, folder: Path, tmp_path: Path) -> None:
    for before in (None, 225):
        outcome = line("audit", "verify", str(folder), "--json")
        assert outcome.exit_code == 0, outcome.stderr
        told = json.loads(outcome.stdout)
        assert {log["log"]: log["acceptedBefore"] for log in told["logs"]}[LEDGER] == before
    assert (tmp_path / "accepted" / "demo" / "keys.txt").exists()


def test_a_spoiled_export_is_exit_code_1_with_the_index_and_leaves_the_state_alone(
    line: Line, folder: Path, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    bundle = next(file for file in (directory / "logs/budget_ledger-0/tile/entries").rglob("*") if file.is_file())
    bundle.write_bytes(bundle.read_bytes() + b"!")
    outcome = line("audit", "verify", str(directory), "--json")
    assert outcome.exit_code == 1
    assert [(fault["log"], fault["index"]) for fault in json.loads(outcome.stdout)["faults"]] == [(LEDGER, 225)]
    assert not (tmp_path / "accepted").exists()
    assert "budget_ledger/0/225" in line("audit", "verify", str(directory)).stdout


def test_keys_from_elsewhere_are_those_that_count(line: Line, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    packs.lay_down(other, packs.values(packs.history()), seed=packs.OTHER_SEED)
    assert line("audit", "verify", str(folder), "--keys", str(other / "keys.txt")).exit_code == 1
    assert line("audit", "verify", str(folder), "--keys", str(folder / "keys.txt")).exit_code == 0
    assert line("audit", "verify", str(other)).exit_code == 1, "the keys accepted before, not those of the export"


def cosign(directory: Path, seed: bytes, only: str = "") -> str:
    """Have a witness sign every checkpoint, or that of one log; gives its key. Made by hand, as C2SP tlog-cosignature has it."""
    private, name = Ed25519PrivateKey.from_private_bytes(seed), f"witness.example/{seed.hex()[:2]}"
    public = b"\x04" + private.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + public).digest()[:4]
    for file in (directory / "logs").glob(f"{only or '*'}/checkpoint"):
        note = file.read_text("utf-8")
        text, time = note.partition("\n\n")[0] + "\n", 1_700_000_000
        signature = private.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        file.write_text(f"{note}\u2014 {name} {b64encode(key_id + time.to_bytes(8, 'big') + signature).decode()}\n", "utf-8")
    return f"{name}+{key_id.hex()}+{b64encode(public).decode()}"


def test_witnesses_who_are_wanted_must_have_signed_every_log(line: Line, folder: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    first, second = cosign(directory, bytes(32)), cosign(directory, bytes([1] * 32), only="intake-0")
    wanted = ("--witness", first, "--witness", second)
    outcome = line("audit", "verify", str(directory), *wanted, "--json")
    assert outcome.exit_code == 1
    faults = json.loads(outcome.stdout)["faults"]
    assert {(fault["log"], fault["index"]) for fault in faults} == {(f"{name}/0", 0) for name in SPECS} - {("intake/0", 0)}
    assert all("there is none of witness.example/01" in fault["fault"] for fault in faults)
    assert not (tmp_path / "accepted").exists()
    told = json.loads(line("audit", "verify", str(directory), *wanted, "--quorum", "1", "--json").stdout)
    assert told["faults"] == []
    assert {log["log"]: len(log["cosignedBy"]) for log in told["logs"]}["intake/0"] == 2
    seen = line("audit", "verify", str(directory), "--witness", first).stdout
    assert "intake/0: cosigned by witness.example/00" in seen
    assert "intake/0: lines of witness.example/01" in seen


def test_a_wish_for_witnesses_that_nobody_can_fulfil_is_a_wrong_call(line: Line, folder: Path) -> None:
    key = str(Pack(folder).keys[0])
    for wish in (("--quorum", "1"), ("--witness", key), ("--witness", "x")):
        assert line("audit", "verify", str(folder), *wish).exit_code == 2


def test_an_entry_of_a_newer_version_is_named(line: Line, tmp_path: Path) -> None:
    logs = small.logs(5)
    logs[LEDGER][3] = small.edited(logs[LEDGER][3], command={"type": "Rejoice"})
    packs.lay_down(tmp_path / "export", logs)
    for command in ("verify", "replay"):
        outcome = line("audit", command, str(tmp_path / "export"), "--json")
        assert outcome.exit_code == 1
        (fault,) = json.loads(outcome.stdout)["faults"]
        assert (fault["log"], fault["index"], "a newer version wrote it" in fault["fault"]) == (LEDGER, 3, True)


@pytest.mark.parametrize(
    "call",
    [
        ("replay", "DIR"),
        ("replay", "DIR", "--at", f"{LEDGER}/40"),
        ("as-of", "DIR", "2021-07-01T00:00:00Z"),
        ("award", "DIR", "radicalisation-2021.04"),
        ("diff", "DIR@2021-07-01T00:00:00Z", "DIR"),
        ("what-if", "DIR", "radicalisation-2021", "--envelope", "30000000"),
        ("receipt", "DIR", "radicalisation-2021.04", "OUT"),
    ],
)
def test_each_command_tells_people_and_programs(line: Line, folder: Path, tmp_path: Path, call: tuple[str, ...]) -> None:
    for name, more in (("a", ()), ("b", ("--json",))):
        arguments = [part.replace("DIR", str(folder)).replace("OUT", str(tmp_path / name)) for part in call]
        outcome = line("audit", *arguments, *more)
        assert outcome.exit_code == 0, outcome.output
        assert outcome.stdout
        if more:
            json.loads(outcome.stdout)


@pytest.mark.parametrize(
    "call",
    [
        ("verify", "nowhere"),
        ("replay", "DIR", "--at", "yesterday"),
        ("as-of", "DIR", f"{LEDGER}/99999"),
        ("award", "DIR", "nobody"),
        ("award", "DIR", "radicalisation-2021.04", "--language", "fr"),
        ("diff", "DIR@never", "DIR"),
        ("what-if", "DIR", "nothing"),
        ("what-if", "DIR", "radicalisation-2021", "--weight", "beauty=3"),
        ("what-if", "DIR", "radicalisation-2021", "--cap", "-1"),
        ("what-if", "DIR", "radicalisation-2021", "--tie-break", "beauty"),
        ("receipt", "DIR", "nobody", "OUT"),
        ("export", "DIR"),
        ("verify", "DIR", "--keys", "nowhere"),
    ],
)
def test_a_wrong_call_is_exit_code_2(line: Line, folder: Path, tmp_path: Path, call: tuple[str, ...]) -> None:
    arguments = [part.replace("DIR", str(folder)).replace("OUT", str(tmp_path / "out")) for part in call]
    outcome = line("audit", *arguments)
    assert outcome.exit_code == 2, outcome.output
    assert not (tmp_path / "accepted").exists()


@pytest.mark.parametrize("deployment", ["../elsewhere", "", "Demo", "/etc", "a/b"])
def test_a_name_that_leads_elsewhere_is_no_deployment(line: Line, folder: Path, tmp_path: Path, deployment: str) -> None:
    directory = Path(shutil.copytree(folder, tmp_path / "export"))
    about = json.loads((directory / "deployment.json").read_text("utf-8"))
    (directory / "deployment.json").write_text(json.dumps({**about, "deployment": deployment}), "utf-8")
    assert line("audit", "verify", str(directory)).exit_code == 2


def test_a_key_that_only_signs_beside_the_log_is_not_trusted_for_it(line: Line, folder: Path, tmp_path: Path) -> None:
    beside, alone = tmp_path / "beside", tmp_path / "alone"
    assert line("audit", "verify", str(folder)).exit_code == 0
    packs.lay_down(alone, packs.values(packs.history()), seed=packs.OTHER_SEED)
    shutil.copytree(folder, beside)
    for note in beside.glob("logs/*/checkpoint"):
        other = (alone / note.relative_to(beside)).read_text("utf-8")
        note.write_text(note.read_text("utf-8") + other.rpartition("\n\n")[2], "utf-8")
    with (beside / "keys.txt").open("a", encoding="utf-8") as file:
        file.write((alone / "keys.txt").read_text("utf-8"))
    assert line("audit", "verify", str(beside)).exit_code == 0, "lines of unknown keys are passed over"
    assert line("audit", "verify", str(alone)).exit_code == 1, "and make nobody known"
    assert line("audit", "verify", str(beside), "--keys", str(alone / "keys.txt")).exit_code == 0, "unless the auditor says so"
    assert line("audit", "verify", str(alone)).exit_code == 0
    assert line("audit", "verify", str(folder)).exit_code == 1, "the old key is no more"


def test_a_log_that_was_there_before_must_be_there(line: Line, folder: Path, tmp_path: Path) -> None:
    wide = {**packs.values(packs.history()), **{f"{service}/1": [] for service in SPECS}}
    packs.lay_down(tmp_path / "wide", wide, shards=2)
    assert line("audit", "verify", str(tmp_path / "wide")).exit_code == 0
    outcome = line("audit", "verify", str(folder))
    assert (outcome.exit_code, "awarding/1/0: it was accepted before" in outcome.stdout) == (1, True)


def test_a_damaged_state_is_not_carried_on_over(line: Line, folder: Path, tmp_path: Path) -> None:
    assert line("audit", "verify", str(folder)).exit_code == 0
    leaves = tmp_path / "accepted" / "demo" / "budget_ledger-0" / "leaves"
    leaves.write_bytes(leaves.read_bytes()[:-1])
    outcome = line("audit", "verify", str(folder))
    assert (outcome.exit_code, "damaged" in outcome.stderr) == (1, True)
    assert len(leaves.read_bytes()) == 225 * 32 - 1


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("host") / "host", list(SPECS)) as running:
        client = running.client(TREASURER)
        for number in range(3):
            client.execute(LEDGER_SPEC, f"open-{number}", open_envelope(f"envelope-{number}"))
        yield running


def taken(host: Serving, directory: Path, source: Source | None = None) -> dict[str, int]:
    client = host.client(AUDITOR)
    return export(directory, deployment="local", shards=1, specs=SPECS, client=lambda _service: client, source=source)


def test_an_export_of_running_services_is_accepted_and_follows(host: Serving, tmp_path: Path) -> None:
    assert taken(host, tmp_path / "export")[LEDGER] == 3
    pack = Pack(tmp_path / "export")
    assert verify(pack, Memory(tmp_path / "accepted")).faults == []
    assert rerun(pack).faults == []
    with pytest.raises(PackError, match="not empty"):
        taken(host, tmp_path / "export")


class Bringing:
    """A bus that has brought these entries of the ledger, each twice and with something else between."""

    def __init__(self, bus: Bus, values: list[bytes]) -> None:
        self._bus = bus
        publisher = self._bus.publisher()
        for index, value in enumerate(values):
            headers = (("log", LEDGER.encode()), ("index", str(index).encode()), ("leaf", leaf(value).encode()))
            record = Outgoing(topic("budget_ledger"), 0, b"", value, headers)
            publisher.publish([record, record, Outgoing(topic("budget_ledger"), 0, b"", b"noise", ())])
        publisher.close()

    def entries(self, log: str, start: int, end: int) -> Iterable[Stored]:
        return FromBus(self._bus).entries(log, start, end) if end > start else ()


def test_the_bus_gives_the_same_export_whatever_it_repeats(host: Serving, tmp_path: Path) -> None:
    taken(host, tmp_path / "services")
    values = [stored.value for stored in host.client(AUDITOR).entries(LEDGER, 0)]
    taken(host, tmp_path / "bus", Bringing(LocalBus(tmp_path / "bus.db"), values))
    contents = [
        {file.relative_to(place): file.read_bytes() for file in place.rglob("*") if file.is_file()}
        for place in (tmp_path / "services", tmp_path / "bus")
    ]
    assert contents[0] == contents[1]


def test_a_bus_that_brings_other_bytes_ends_the_export(host: Serving, tmp_path: Path) -> None:
    values = [stored.value for stored in host.client(AUDITOR).entries(LEDGER, 0)]
    values[1] = values[1].replace(b"envelope-1", b"envelope-9")
    with pytest.raises(FaultError):
        taken(host, tmp_path / "export", Bringing(LocalBus(tmp_path / "bus.db"), values))


def test_two_records_with_one_index_that_differ_end_the_export(host: Serving, tmp_path: Path) -> None:
    values = [stored.value for stored in host.client(AUDITOR).entries(LEDGER, 0)]
    bus = LocalBus(tmp_path / "bus.db")
    Bringing(bus, [values[0], values[1].replace(b"envelope-1", b"envelope-9")])
    with pytest.raises(FaultError, match=f"{LEDGER}/1: the bus has two entries"):
        taken(host, tmp_path / "export", Bringing(bus, values))


@pytest.mark.kafka
def test_kafka_gives_the_same_export(host: Serving, brokers: str, tmp_path: Path) -> None:
    from services.runtime.kafka_bus import KafkaBus  # noqa: PLC0415 - most runs need no broker
    from services.runtime.topics import Cluster, Create, Topic  # noqa: PLC0415

    name = topic("budget_ledger")
    Cluster(brokers).apply([Create(Topic(name=name, partitions=1, replicas=3, config={"min.insync.replicas": "2"}))])
    values = [stored.value for stored in host.client(AUDITOR).entries(LEDGER, 0)]
    assert taken(host, tmp_path / "export", Bringing(KafkaBus(brokers), values))[LEDGER] == 3
    assert verify(Pack(tmp_path / "export"), Memory(tmp_path / "accepted")).faults == []


def test_schemas_are_whole() -> None:
    files = FileDescriptorSet.FromString(schemas(SPECS.values())).file
    known: set[str] = set()
    for file in files:
        assert set(file.dependency) <= known, "each file comes after those that it needs"
        known.add(file.name)
    assert "grants/budget_ledger/v1/budget_ledger_events.proto" in known
