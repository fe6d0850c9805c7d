"""The vault keeps what a log may not, and forgets it when told to."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.kernel.form import MalformedError
from services.runtime.vault import Vault
from tests.services.notification.post import BODY, contact


def test_a_contact_is_found_by_its_id_until_it_is_deleted(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "deep" / "vault.db")
    assert vault.get(BODY) is None
    vault.put(BODY, replace(contact(), iban="BE68539007547034"))
    vault.put(BODY, replace(contact(), name="Stad Voorbeeld"))
    assert Vault(tmp_path / "deep" / "vault.db").get(BODY) == replace(contact(), name="Stad Voorbeeld")
    vault.delete(BODY)
    vault.delete(BODY)
    assert vault.get(BODY) is None


def test_what_was_deleted_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    vault.put(BODY, contact())
    vault.delete(BODY)
    assert not any(b"Voorbeeld" in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("fault", [{"language": "fr"}, {"name": ""}, {"mail": ""}])
def test_a_contact_that_cannot_be_used_is_not_kept(tmp_path: Path, fault: dict[str, str]) -> None:
    vault = Vault(tmp_path / "vault.db")
    with pytest.raises(MalformedError):
        vault.put(BODY, replace(contact(), **fault))
    assert vault.get(BODY) is None
