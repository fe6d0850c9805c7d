"""An export and a bare Python: the same answers, byte for byte, whatever the version, hash seed, time zone and locale."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from services.audit import alone
from services.audit.__main__ import main
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.tlog import verify_receipt
from tests.audit import packs, pythons
from tests.audit.packs import SEED

SEEDS = ("0", "1", "4242")
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns")
LOCALES: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "nl_BE.UTF-8", "LANGUAGE": "nl"},
)
SURROUNDINGS = [
    {"PYTHONHASHSEED": seed, "TZ": zone, **locale} for seed, (zone, locale) in product(SEEDS, zip(ZONES, LOCALES, strict=True))
]
AT_ONCE = 2


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("alone") / "export"
    packs.lay_down(directory, packs.values(packs.history()))
    return directory


def bare(python: str, export: Path, *arguments: str, **surroundings: str) -> subprocess.CompletedProcess[bytes]:
    """The desk out of the export, by a Python that sees no installed package and no other environment."""
    command = [python, "-S", "-s", str(export / alone.NAME), *arguments]
    return subprocess.run(command, env=surroundings, cwd=export.parent, capture_output=True, check=False)


def each(python: str, export: Path, *arguments: str) -> Iterator[bytes]:
    """What it prints in every surrounding."""

    def run(surroundings: Mapping[str, str]) -> bytes:
        done = bare(python, export, *arguments, **surroundings)
        assert (done.returncode, done.stderr) == (0, b""), surroundings
        return done.stdout

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(run, SURROUNDINGS)


@pytest.mark.parametrize("version", pythons.VERSIONS, ids=lambda version: ".".join(map(str, version)))
def test_every_python_decides_the_same_in_every_surrounding(export: Path, version: tuple[int, int]) -> None:
    python = pythons.find(version)
    if python is None:
        pytest.skip(f"no CPython {version[0]}.{version[1]} on the path, with pyenv or with uv")
    here = rerun(Pack(export)).told()
    assert here["faults"] == []
    expected = (json.dumps(here, indent=2) + "\n").encode()
    assert set(each(python, export, "replay", str(export))) == {expected}


@pytest.mark.parametrize("version", pythons.VERSIONS, ids=lambda version: ".".join(map(str, version)))
def test_every_python_verifies_looks_back_and_follows_an_award(
    export: Path, tmp_path: Path, version: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    python = pythons.find(version)
    if python is None:
        pytest.skip(f"no CPython {version[0]}.{version[1]} on the path, with pyenv or with uv")
    for command in (
        ("verify", "--keys", str(export / "keys.txt"), "--state"),
        ("as-of", "2021-07-01T00:00:00+02:00"),
        ("award", "radicalisation-2021.04"),
    ):
        name, *rest = command
        states = [[str(tmp_path / f"{where}-{version[1]}")] if name == "verify" else [] for where in ("here", "there")]
        assert main([name, str(export), *rest, *states[0]]) == 0
        there = bare(python, export, name, str(export), *rest, *states[1])
        assert (there.returncode, there.stdout.decode()) == (0, capsys.readouterr().out)


def test_faults_and_wrong_calls_have_the_exit_codes_of_the_desk(export: Path, tmp_path: Path) -> None:
    def code(*arguments: str, **surroundings: str) -> int:
        return bare(sys.executable, export, *arguments, **surroundings).returncode

    assert code("replay", str(export), "--at", "yesterday") == 2
    assert code("award", str(export), "nobody.1") == 2
    assert code("replay", str(tmp_path)) == 2
    assert code("look", str(export)) == 2
    assert code("replay", str(export), PYTHONTZPATH="") == 2, "without time zones it says so, and decides nothing otherwise"
    log = "logs/awarding-0"
    (tmp_path / "spoiled" / log).mkdir(parents=True)
    (tmp_path / "spoiled" / "deployment.json").write_bytes((export / "deployment.json").read_bytes())
    mine = ("--keys", str(export / "keys.txt"), "--state", str(tmp_path / "s"))
    done = bare(sys.executable, export, "verify", str(tmp_path / "spoiled"), *mine)
    assert done.returncode == 1
    assert {fault["log"] for fault in json.loads(done.stdout)["faults"]} >= {"awarding/0"}
    assert not (tmp_path / "s").exists()


def test_one_version_of_the_program_is_one_file(export: Path) -> None:
    alone.build.cache_clear()
    assert alone.build() == (export / alone.NAME).read_bytes()
    assert b"/services/runtime/sql_store" not in alone.build()


def test_python_alone_knows_a_signature_as_the_library_does() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - what it is held against

    private = Ed25519PrivateKey.from_private_bytes(SEED)
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"words")
    assert verify_receipt.signed(public, b"words", signature)
    for at in range(0, 64, 7):
        spoiled = bytes([*signature[:at], signature[at] ^ 1, *signature[at + 1 :]])
        assert not verify_receipt.signed(public, b"words", spoiled)
    assert not verify_receipt.signed(public, b"other", signature)
