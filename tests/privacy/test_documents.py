"""A destroyed document is gone, and does not come back by any door."""

import json
from pathlib import Path

import pytest

from services.kernel.canonical import digest
from services.runtime.documents import DestroyedError, Documents
from tests.cli.line import Line

PLANTED = b"Plan of Odette Voorbeeld"


def test_what_is_kept_cannot_be_read_without_its_key_and_goes_with_it(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name = documents.put(PLANTED)
    key = (tmp_path / "keys" / name[:2] / name).read_bytes()
    assert not any(PLANTED in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    documents.destroy(name)
    assert not any(key in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_document_of_the_first_version_is_given_and_destroyed(tmp_path: Path) -> None:
    name, documents = digest(PLANTED), Documents(tmp_path)
    (tmp_path / name[:2]).mkdir()
    (tmp_path / name[:2] / name).write_bytes(PLANTED)
    assert documents.put(PLANTED) == name
    assert documents.get(name) == PLANTED
    documents.destroy(name)
    assert documents.get(name) is None
    assert not any(PLANTED in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_copy_has_all_of_them_under_new_keys_and_none_that_was_destroyed(tmp_path: Path) -> None:
    old, place = tmp_path / "documents", tmp_path / "copy"
    documents, plain, gone = Documents(old), digest(PLANTED), digest(b"gone")
    (old / plain[:2]).mkdir(parents=True)
    (old / plain[:2] / plain).write_bytes(PLANTED)  # as version 0.1 left it
    names = {documents.put(b"other"): b"other", plain: PLANTED}
    documents.put(b"gone")
    documents.destroy(gone)
    line = Line(documents=str(old))
    assert json.loads(line("document", "copy", str(place), "--json").stdout) == {
        "directory": str(place),
        "copied": 2,
        "destroyed": 1,
    }
    copy = Documents(place)
    assert {name: copy.get(name) for name in names} == names
    assert not any(PLANTED in path.read_bytes() for path in place.rglob("*") if path.is_file())
    with pytest.raises(DestroyedError):
        copy.put(b"gone")
    assert line("document", "copy", str(place)).exit_code == 2
    (old / plain[:2] / plain).write_bytes(b"spoiled")
    assert line("document", "copy", str(tmp_path / "second")).exit_code == 1


def test_a_document_put_in_the_place_of_another_is_not_given(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name, other = documents.put(PLANTED), documents.put(b"other")
    (tmp_path / name[:2] / name).write_bytes((tmp_path / other[:2] / other).read_bytes())
    with pytest.raises(ValueError, match=f"document {name}: its content has changed, or its key"):
        documents.get(name)


def test_what_was_destroyed_is_not_given_not_taken_and_nowhere_to_be_found(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name, other = documents.put(PLANTED), documents.put(b"other")
    left = tmp_path / name[:2] / f"{name}.1-2.new"  # as an interrupted upload leaves it
    left.write_bytes(PLANTED)
    for _ in range(2):
        documents.destroy(name)
    assert documents.get(name) is None
    assert documents.get(other) == b"other"
    with pytest.raises(DestroyedError, match=name):
        documents.put(PLANTED)
    assert not any(PLANTED in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_restored_document_is_not_given(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    name = documents.put(PLANTED)
    documents.destroy(name)
    (tmp_path / name[:2] / name).write_bytes(PLANTED)
    assert documents.get(name) is None
    documents.destroy(name)
    assert not (tmp_path / name[:2] / name).exists()


def test_one_that_is_destroyed_while_it_comes_in_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents, replace = Documents(tmp_path), Path.replace

    def slowly(scratch: Path, path: Path) -> Path:
        documents.destroy(path.name)
        scratch.write_bytes(PLANTED)  # as if the destruction had come a moment before the file was there
        return replace(scratch, path)

    monkeypatch.setattr(Path, "replace", slowly)
    with pytest.raises(DestroyedError):
        documents.put(PLANTED)
    assert not any(PLANTED in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_one_that_never_was_here_is_destroyed_beforehand(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "new")
    name = Documents(tmp_path / "elsewhere").put(PLANTED)
    documents.destroy(name)
    with pytest.raises(DestroyedError):
        documents.put(PLANTED)
