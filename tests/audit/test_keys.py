"""The keys that a deployment prints are those that its checkpoints are verified with."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.runtime.log_keys import seeds
from services.standalone.registry import SPECS
from services.tlog.notes import Checkpoint, SigningKey, VerifierKey, sign, verify
from tests.cli.line import Line


def test_every_log_has_its_key_as_others_write_it(tmp_path: Path) -> None:
    file = tmp_path / "log-key.pem"
    line = Line(log_key=f"file:{file}", deployment="vlaanderen", shards="2")
    (seed,) = seeds(f"file:{file}")
    printed = line("keys").stdout.splitlines()
    assert printed == json.loads(line("keys", "--json").stdout)
    public = load_pem_private_key(file.read_bytes(), None).public_key().public_bytes_raw()  # type: ignore[union-attr]
    by_hand = []
    for log in (f"{service}/{shard}" for service in SPECS for shard in range(2)):
        name, data = f"oproep/vlaanderen/{log}", b"\x01" + public
        key_id = sha256(name.encode() + b"\n" + data).hexdigest()[:8]
        by_hand.append(f"{name}+{key_id}+{b64encode(data).decode()}")
    assert printed == by_hand
    checkpoint = Checkpoint("oproep/vlaanderen/intake/1", 7, bytes(32))
    assert (
        verify(sign(checkpoint, [SigningKey(checkpoint.origin, seed)]), [VerifierKey.parse(key) for key in printed]) == checkpoint
    )


def test_while_a_key_is_handed_over_both_are_printed(tmp_path: Path) -> None:
    files = ",".join(f"file:{tmp_path / name}" for name in ("new.pem", "old.pem"))
    seeds(files)
    printed = Line(log_key=files)("keys").stdout.splitlines()
    assert [key.partition("+")[0] for key in printed[:2]] == ["oproep/local/intake/0"] * 2
    assert len({key.rpartition("+")[2] for key in printed}) == 2


def test_a_key_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    outcome = Line(log_key=f"file:{tmp_path / 'none.pem'}")("keys")
    assert (outcome.exit_code, list(tmp_path.iterdir())) == (1, [])
    (tmp_path / "none.pem").write_text("no key", "utf-8")
    assert Line(log_key=f"file:{tmp_path / 'none.pem'}")("keys").exit_code == 1
