"""What a running process shows of its trees: signed checkpoints over gRPC, and all files of a log over HTTP."""

import gzip
import http.client
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.runtime.client import RejectedError
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.tlog_http import TlogServer
from services.tlog import tree
from services.tlog.notes import Checkpoint, SigningKey, VerifierKey, verify
from services.tlog.tiles import Tiles, unbundle, write
from tests.runtime.serving import APPLICANT, AUDITOR, LEDGER, Serving, made, open_envelope, serving

LOG = "budget_ledger/0"
ORIGIN = f"oproep/local/{LOG}"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path, ("budget_ledger",), tlog="127.0.0.1:0") as running:
        yield running


def decide(running: Serving, number: int) -> None:
    running.client().execute(LEDGER, f"open-{number}", open_envelope(f"envelope-{number}"))


def checkpoint(running: Serving) -> Checkpoint:
    answer = running.client(AUDITOR).checkpoint(LOG)
    return verify(answer.checkpoint, [VerifierKey.parse(key) for key in answer.keys])


def port(running: Serving) -> int:
    assert running.host.tlog is not None
    return running.host.tlog.port


def fetched(
    running: Serving, place: str, *, token: str | None = None, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port(running), timeout=60)
    try:
        connection.request(method, place, headers={"Authorization": f"Bearer {token}", **headers} if token else headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_each_commit_is_signed(running: Serving) -> None:
    sizes = []
    for number in range(3):
        decide(running, number)
        sizes.append(checkpoint(running).size)
        leaves = [bytes.fromhex(stored.leaf) for stored in running.client(AUDITOR).entries(LOG, 0)]
        assert checkpoint(running) == Checkpoint(ORIGIN, len(leaves), tree.root(leaves))
    assert sizes == [1, 2, 3]


def test_who_may_not_read_logs_gets_no_checkpoint(running: Serving) -> None:
    with pytest.raises(RejectedError, match="PERMISSION_DENIED"):
        running.client(APPLICANT).checkpoint(LOG)


def test_a_log_that_is_not_here_is_said(running: Serving) -> None:
    with pytest.raises(RejectedError, match="is not written here"):
        running.client(AUDITOR).checkpoint("intake/0")


def test_everything_is_served_as_files(running: Serving, tmp_path: Path) -> None:
    decide(running, 0)
    decide(running, 1)
    token = running.issuer.token(AUDITOR)
    status, headers, note = fetched(running, f"/{LOG}/checkpoint")
    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert note.decode() == running.client(AUDITOR).checkpoint(LOG).checkpoint
    assert "no-cache" in headers["Cache-Control"]
    stored = [entry.value for entry in running.client(AUDITOR).entries(LOG, 0)]
    write(tmp_path / "files", stored)
    for file in (path for path in (tmp_path / "files").rglob("*") if path.is_file()):
        place = file.relative_to(tmp_path / "files")
        status, headers, content = fetched(running, f"/{LOG}/{place}", token=token)
        assert (status, content, headers["Content-Type"]) == (200, file.read_bytes(), "application/octet-stream")
        assert "immutable" in headers["Cache-Control"]
    assert unbundle(fetched(running, f"/{LOG}/tile/entries/000.p/1", token=token)[2], place="", start=0, width=1) == stored[:1]


def test_hashes_are_for_everybody_and_entries_for_readers(running: Serving) -> None:
    decide(running, 0)
    assert fetched(running, f"/{LOG}/tile/0/000.p/1")[0] == 200
    status, headers, _ = fetched(running, f"/{LOG}/tile/entries/000.p/1")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert fetched(running, f"/{LOG}/tile/entries/000.p/1", token=running.issuer.token(APPLICANT))[0] == 403


NOWHERE = [
    "/",
    "/checkpoint",
    "/intake/0/checkpoint",
    f"/{LOG}",
    f"/{LOG}/",
    f"/{LOG}/checkpoint/",
    f"/{LOG}/tile/0/000",
    f"/{LOG}/tile/0/000.p/2",
    f"/{LOG}/tile/1/000.p/1",
    f"/{LOG}/tile/entries/000.p/2",
    f"/{LOG}/tile/0/{'x999/' * 6}999",
    f"/{LOG}/tile/0/{'x999/' * 2000}999",
    f"/{LOG}/../{LOG}/checkpoint",
]


def test_what_is_not_there_is_404(running: Serving) -> None:
    decide(running, 0)
    token = running.issuer.token(AUDITOR)
    assert [fetched(running, place, token=token)[0] for place in NOWHERE] == [404] * len(NOWHERE)


def test_compressed_for_who_can_read_it_and_without_content_for_head(running: Serving) -> None:
    decide(running, 0)
    plain = fetched(running, f"/{LOG}/checkpoint")[2]
    _, headers, content = fetched(running, f"/{LOG}/checkpoint", **{"Accept-Encoding": "br, gzip"})
    assert (headers["Content-Encoding"], gzip.decompress(content)) == ("gzip", plain)
    status, headers, content = fetched(running, f"/{LOG}/checkpoint", method="HEAD")
    assert (status, headers["Content-Length"], content) == (200, str(len(plain)), b"")


class BrokenStore(SqlStore):
    """A store whose database has gone."""

    def __init__(self, store: Any) -> None:
        self.__dict__.update(store.__dict__)

    def read(self) -> Any:
        raise OSError("the database has gone")


def test_a_connection_that_fails_is_told_and_the_others_go_on(running: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(f"sqlite:///{running.directory / 'logs'}", LOG)
    server = TlogServer("127.0.0.1:0", {"broken/0": BrokenStore(store), LOG: store}, bool)
    server.start()
    try:
        assert [answers(server.port, f"/{log}/checkpoint") for log in ("broken/0", LOG)] == [False, True]
    finally:
        server.stop()
        store.close()
    assert "tlog.broken_off" in capsys.readouterr().out


def answers(port: int, place: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", place)
    try:
        return connection.getresponse().status == 200
    except http.client.RemoteDisconnected:
        return False
    finally:
        connection.close()


def test_without_an_address_nothing_is_served(tmp_path: Path) -> None:
    with serving(tmp_path, ("budget_ledger",)) as running:
        assert running.host.tlog is None


def test_one_key_for_all_logs_under_the_name_of_each(tmp_path: Path) -> None:
    with serving(tmp_path, ("intake", "budget_ledger")) as running:
        client = running.client(AUDITOR)
        decide(running, 0)
        keys = [VerifierKey.parse(key) for log in ("intake/0", LOG) for key in client.checkpoint(log).keys]
    assert [key.name for key in keys] == ["oproep/local/intake/0", ORIGIN]
    assert keys[0].public == keys[1].public
    assert (tmp_path / "log-key.pem").stat().st_mode & 0o777 == 0o600


def test_an_address_that_is_taken_is_an_error(running: Serving) -> None:
    with pytest.raises(OSError, match="in use"):
        TlogServer(f"127.0.0.1:{port(running)}", {}, lambda _header: False)


def test_a_key_hands_over_and_the_log_stays_the_same(tmp_path: Path) -> None:
    old, new = tmp_path / "log-key.pem", tmp_path / "next.pem"
    with serving(tmp_path, ("budget_ledger",)) as running:
        decide(running, 0)
        before = running.client(AUDITOR).checkpoint(LOG)
    with serving(tmp_path, ("budget_ledger",), log_key=f"file:{new},file:{old}") as running:
        both = running.client(AUDITOR).checkpoint(LOG)
    with serving(tmp_path, ("budget_ledger",), log_key=f"file:{new}") as running:
        decide(running, 1)
        after = running.client(AUDITOR).checkpoint(LOG)
    (old_key,), (new_key,) = before.keys, after.keys
    assert set(both.keys) == {old_key, new_key}
    assert verify(both.checkpoint, [VerifierKey.parse(old_key)]) == verify(both.checkpoint, [VerifierKey.parse(new_key)])
    assert verify(after.checkpoint, [VerifierKey.parse(new_key)]).size == 2


def test_proofs_are_made_from_what_is_served(running: Serving, tmp_path: Path) -> None:
    seen: list[Checkpoint] = []
    for number in range(4):
        decide(running, number)
        seen.append(checkpoint(running))
    last = seen[-1]
    (tmp_path / "mirror/tile/0/000.p").mkdir(parents=True)
    (tmp_path / "mirror/tile/0/000.p/4").write_bytes(fetched(running, f"/{LOG}/tile/0/000.p/4")[2])
    node = Tiles(tmp_path / "mirror", last.size).node
    for earlier in seen:
        proof = tree.consistency(earlier.size, last.size, node)
        assert tree.verify_consistency(earlier.size, earlier.root, last.size, last.root, proof)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log-key.pem").write_text("-----BEGIN NOTHING-----\n")
    with pytest.raises(ValueError, match="PEM"):
        made(tmp_path, ("budget_ledger",))


def test_the_same_seed_signs_for_each_log_apart() -> None:
    seed = sha256(b"synthetic").digest()
    one, other = (SigningKey(f"oproep/local/{log}", seed).verifier for log in ("intake/0", LOG))
    assert one.public == other.public
    assert one.id != other.id


def test_store_and_bus_set_back_together_are_found_out_by_whoever_kept_a_checkpoint(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with serving(tmp_path, ("budget_ledger",)) as running:
        decide(running, 0)
        first = checkpoint(running)
    copied = (logs / "budget_ledger-0.db").read_bytes()
    with serving(tmp_path, ("budget_ledger",)) as running:
        decide(running, 1)
        kept = checkpoint(running)
    for file in (*logs.iterdir(), *tmp_path.glob("bus.db*")):
        file.unlink()
    (logs / "budget_ledger-0.db").write_bytes(copied)  # the bus is empty: nothing here knows of the second entry
    with serving(tmp_path, ("budget_ledger",)) as running:
        assert checkpoint(running) == first
        assert not tree.verify_consistency(kept.size, kept.root, first.size, first.root, [])
        decide(running, 2)
        decide(running, 3)
        forked = checkpoint(running)
        leaves = [bytes.fromhex(stored.leaf) for stored in running.client(AUDITOR).entries(LOG, 0)]
    node = {(0, index): leaf for index, leaf in enumerate(leaves)} | {(1, 0): tree.root(leaves[:2])}
    for old, expected in ((first, True), (kept, False)):
        proof = tree.consistency(old.size, forked.size, lambda level, index: node[level, index])
        assert tree.verify_consistency(old.size, old.root, forked.size, forked.root, proof) == expected
