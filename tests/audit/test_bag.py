"""A bag is what another implementation of BagIt takes for one, and no longer when a byte differs."""

from datetime import date
from pathlib import Path

import bagit
import pytest

from services.audit import bag

DAY = date(2026, 11, 24)
INFO = {"External-Identifier": "demo", "External-Description": "two\nlines"}


def packed(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "tile" / "000.p").mkdir(parents=True)
    (source / "tile" / "000.p" / "5").write_bytes(b"\x00\xff" * 1000)
    (source / "a name é.txt").write_text("odd name", "utf-8")
    (source / "empty").write_bytes(b"")
    assert bag.write(bag.below(source, "export"), tmp_path / "bag", bagged=DAY, info=INFO) == bag.Bag(3, 2008)
    return tmp_path / "bag"


def test_a_bag_validates(tmp_path: Path) -> None:
    found = bagit.Bag(str(packed(tmp_path)))
    found.validate()
    assert found.version_info == (1, 0)
    assert found.info["Payload-Oxum"] == "2008.3"
    assert found.info["Bagging-Date"] == "2026-11-24"
    assert found.info["External-Description"] == "two lines"
    assert set(found.algorithms) == {"sha256"}
    assert "data/export/tile/000.p/5" in found.payload_entries()


@pytest.mark.parametrize("file", ["data/export/tile/000.p/5", "bag-info.txt", "manifest-sha256.txt"])
def test_a_changed_file_is_noticed(tmp_path: Path, file: str) -> None:
    place = packed(tmp_path)
    data = bytearray((place / file).read_bytes())
    data[0] ^= 1
    (place / file).write_bytes(bytes(data))
    with pytest.raises(bagit.BagError):
        bagit.Bag(str(place)).validate()


def test_a_bag_is_never_written_over(tmp_path: Path) -> None:
    place = packed(tmp_path)
    with pytest.raises(FileExistsError, match="is there already"):
        bag.write({}, place, bagged=DAY, info={})


@pytest.mark.parametrize("name", ["../../file", "/etc/file", "100%", "two\nlines"])
def test_what_is_outside_or_hard_to_name_is_not_packed(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ValueError, match="cannot be packed"):
        bag.write({name: tmp_path / "file"}, tmp_path / "bag", bagged=DAY, info={})
    assert not (tmp_path / "bag").exists()


def test_what_was_left_of_an_interrupted_packing_is_no_bag_and_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "bag.part" / "data").mkdir(parents=True)
    (tmp_path / "bag.part" / "data" / "stray").write_bytes(b"x")
    bagit.Bag(str(packed(tmp_path))).validate()
