"""Documents: named by their content, whole or not at all, and named by no command before they are kept."""

import dataclasses
import os
import typing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_ISREG
from threading import Barrier
from typing import Any

import pytest
from grants.document.v1 import document_pb2, document_pb2_grpc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.custody import EraseSubject, PlanRetention
from services.kernel.canonical import digest
from services.kernel.form import Digest
from services.runtime import server
from services.runtime.client import RejectedError
from services.runtime.documents import Documents
from services.runtime.tls import PLAIN
from services.standalone.registry import SPECS
from tests.contract.mirrors import nested
from tests.kernel.arbitrary import arbitrary
from tests.runtime.serving import AUDITOR, refusal, serving


def test_a_document_is_found_by_its_content(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name = documents.put(b"plan")
    assert name == digest(b"plan") == documents.put(b"plan")
    assert documents.get(name) == b"plan"
    assert Documents(tmp_path).get(name) == b"plan"
    assert documents.get(digest(b"other")) is None
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name, name]  # itself and its key
    assert not any(b"plan" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_what_is_kept_is_known_without_reading_it(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name = documents.put(b"plan")
    assert (documents.has(name), documents.has(digest(b"other"))) == (True, False)
    (tmp_path / name[:2] / name).write_bytes(b"plot")
    assert documents.has(name)


def test_what_was_destroyed_is_not_there_though_its_file_has_come_back(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name = documents.put(b"plan")
    kept = (tmp_path / name[:2] / name).read_bytes()
    documents.destroy(name)
    assert not documents.has(name)
    (tmp_path / name[:2] / name).write_bytes(kept)  # out of a backup
    assert not documents.has(name)
    documents.destroy(digest(b"other"))
    assert not documents.has(digest(b"other"))


def test_every_name_on_the_way_to_a_document_is_durable_before_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    documents = Documents(tmp_path / "new" / "documents")
    name = documents.put(b"synthetic")
    kept = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert any(path.name == name for path in kept)
    for path in kept:
        ways = [parent for parent in path.parents if parent.is_relative_to(tmp_path)]
        assert ways, "the files lie below"
        assert set(ways) <= set(synced)


def test_a_document_that_has_changed_is_not_given(tmp_path: Path) -> None:
    name = Documents(tmp_path).put(b"plan")
    (tmp_path / name[:2] / name).write_bytes(b"plot")
    with pytest.raises(ValueError, match=f"document {name}: its content has changed"):
        Documents(tmp_path).get(name)


def test_the_same_document_at_the_same_time_is_kept_by_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents, gate, sync = Documents(tmp_path), Barrier(4), os.fsync

    def together(handle: int) -> None:
        sync(handle)
        if S_ISREG(os.fstat(handle).st_mode):
            gate.wait(60)  # all have written, none has a name yet

    monkeypatch.setattr(os, "fsync", together)
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _n: documents.put(b"plan" * 1000), range(4)))
    assert set(names) == {digest(b"plan" * 1000)}
    assert documents.get(names[0]) == b"plan" * 1000


def test_documents_go_up_and_down_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PIECE_BYTES", 1000)
    with serving(tmp_path, ["intake"]) as running:
        client = running.client(AUDITOR)
        for content in (b"", b"x", bytes(range(256)) * 20, b"y" * (3 << 20)):
            name = client.upload(content)
            assert name == digest(content)
            assert client.download(name) == content
        with pytest.raises(RejectedError, match="NOT_FOUND: document: " + "f" * 64 + " is not kept here"):
            client.download("f" * 64)


def test_a_document_has_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_DOCUMENT_BYTES", 2500)
    with serving(tmp_path, ["intake"]) as running:
        client = running.client(AUDITOR)
        client.upload(b"x" * 2500)
        with pytest.raises(RejectedError, match="INVALID_ARGUMENT: piece: the document is too large; allowed: at most 2500 bytes"):
            client.upload(b"x" * 2501)


@pytest.mark.parametrize("name", ["", "../../issuer/issuer.pem", "/dev/zero", "F" * 64, "f" * 63])
def test_what_is_no_name_opens_no_file(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, ["intake"]) as running, PLAIN.channel(running.address) as channel:
        metadata = (("authorization", f"Bearer {running.issuer.token(AUDITOR)}"),)
        stub = document_pb2_grpc.DocumentServiceStub(channel)
        code, words = refusal(lambda: list(stub.Get(document_pb2.GetRequest(document=name), metadata=metadata, timeout=60)))
    assert code == "INVALID_ARGUMENT"
    assert words.startswith("document: ")


def digests(value: Any) -> Iterator[str]:
    """All documents that stand in a value, however deep."""
    if isinstance(value, tuple):
        for item in value:
            yield from digests(item)
    if dataclasses.is_dataclass(value):
        hints = typing.get_type_hints(type(value), include_extras=True)
        for field in dataclasses.fields(value):
            found, hint = getattr(value, field.name), hints[field.name]
            if hint == Digest or Digest in typing.get_args(hint):
                yield from () if found is None else (found,)
            else:
                yield from digests(found)


def names_one(kind: type) -> bool:
    hints = [hint for inner in nested(kind) for hint in typing.get_type_hints(inner, include_extras=True).values()]
    return any(hint == Digest or Digest in typing.get_args(hint) for hint in hints)


DESTROYING = (EraseSubject, PlanRetention)
"""What these name may be gone already."""
HEARING = ("publishing",)
"""What their commands name was kept when another service recorded it; the leaf hashes in them are no documents."""
NAMING = [
    (name, kind)
    for name, spec in SPECS.items()
    for kind in spec.decider.commands
    if names_one(kind) and kind not in DESTROYING and name not in HEARING
]


@pytest.mark.parametrize(("service", "kind"), NAMING, ids=[f"{service}-{kind.__name__}" for service, kind in NAMING])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_document_of_a_command_must_be_kept(service: str, kind: type, data: st.DataObject) -> None:
    command = data.draw(arbitrary(kind))
    assert set(SPECS[service].documents(command)) == set(digests(command))
