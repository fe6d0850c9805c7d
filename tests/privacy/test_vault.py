"""The vault holds nothing that can be read without its keys, and no old copy undoes what a log has made void."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.kernel.form import MalformedError
from services.runtime.vault import CONTACT, EVERY_GROUP, Contact, Vault

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
WHO, OTHER = "person-1", "person-2"
PLANTED = b"Odette Voorbeeld"
CONTACT_OF = Contact(name=PLANTED.decode(), mail="odette@voorbeeld.example", language="nl", iban="BE68539007547034")


@dataclass
class Clock:
    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(tmp_path: Path, clock: Clock) -> Vault:
    return Vault(tmp_path / "vault.db", clock)


def bytes_below(directory: Path) -> Iterator[bytes]:
    return (path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_nothing_that_is_kept_can_be_read_in_the_files(vault: Vault, tmp_path: Path) -> None:
    vault.put(WHO, CONTACT_OF)
    vault.keep(WHO, "g", PLANTED)
    vault.seal(WHO, "h", PLANTED)
    assert not any(word in data for data in bytes_below(tmp_path) for word in (PLANTED, b"odette@", b"BE6853"))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_key_is_gone_from_its_file_when_it_is_void(vault: Vault, tmp_path: Path) -> None:
    vault.put(WHO, CONTACT_OF)
    with closing(sqlite3.connect(tmp_path / "vault.keys")) as connection:
        (key,) = connection.execute("SELECT key FROM keys").fetchone()
    vault.void(WHO, EVERY_GROUP)
    assert not any(key in data for data in bytes_below(tmp_path))
    assert vault.get(WHO) is None


def test_a_text_put_in_the_place_of_another_leaves_no_key_to_the_one_before(vault: Vault, tmp_path: Path) -> None:
    keys: list[bytes] = []
    for text in (b"before", b"after"):
        vault.keep(WHO, CONTACT, text)
        with closing(sqlite3.connect(tmp_path / "vault.keys")) as connection:
            keys += [key for (key,) in connection.execute("SELECT key FROM keys")]
    assert len(set(keys)) == 2
    assert [any(key in data for data in bytes_below(tmp_path)) for key in keys] == [False, True]


def test_each_group_of_each_subject_has_a_key_of_its_own(vault: Vault) -> None:
    texts = {(who, group): f"{who} {group}".encode() for who in (WHO, OTHER) for group in ("a", "b")}
    for (who, group), text in texts.items():
        vault.keep(who, group, text)
    vault.void(WHO, "a")
    assert {at: vault.read(*at) for at in texts} == {**texts, (WHO, "a"): None}
    vault.void(OTHER, EVERY_GROUP)
    assert [vault.read(*at) for at in texts] == [None, texts[WHO, "b"], None, None]


def test_a_sealed_text_is_for_a_log_and_ends_with_its_key(vault: Vault) -> None:
    sealed = vault.seal(WHO, "call-1.a.application", PLANTED)
    again = vault.seal(WHO, "call-1.a.application", PLANTED)
    assert sealed != again
    assert (vault.unseal(sealed), vault.unseal(again)) == (PLANTED, PLANTED)
    vault.void(WHO, "call-1.a.application")
    assert (vault.unseal(sealed), vault.unseal(again)) == (None, None)


@pytest.mark.parametrize("text", ["", "sealed1", "sealed1:a:b:", "sealed1:a:b:!!!", "sealed1::b:AAAAAAAAAAAAAAAAAAAAAAAA", "plain"])
def test_what_is_no_sealed_text_is_named(vault: Vault, text: str) -> None:
    with pytest.raises(MalformedError, match="sealed: not in the form"):
        vault.unseal(text)


def test_a_text_put_in_anothers_place_does_not_open(vault: Vault, tmp_path: Path) -> None:
    vault.keep(WHO, "a", b"one")
    vault.keep(WHO, "b", b"two")
    with closing(sqlite3.connect(tmp_path / "vault.db")) as connection, connection:
        connection.execute("UPDATE kept SET body = (SELECT body FROM kept WHERE grp = 'b') WHERE grp = 'a'")
    with pytest.raises(MalformedError, match="the key of person-1 does not open it"):
        vault.read(WHO, "a")


def test_a_restored_vault_is_void_up_to_the_erasure_and_what_came_after_is_not(vault: Vault, tmp_path: Path, clock: Clock) -> None:
    vault.put(WHO, CONTACT_OF)
    vault.put(OTHER, CONTACT_OF)
    shutil.copytree(tmp_path, tmp_path.with_name("backup"))
    clock.at += timedelta(hours=1)
    erased_at = clock.at
    vault.void(WHO, EVERY_GROUP, until=erased_at)
    restored = Vault(tmp_path.with_name("backup") / "vault.db", clock)
    assert restored.get(WHO) == CONTACT_OF
    restored.void(WHO, EVERY_GROUP, until=NOON - timedelta(microseconds=1))
    assert restored.get(WHO) == CONTACT_OF
    restored.void(WHO, EVERY_GROUP, until=erased_at)
    assert (restored.get(WHO), restored.get(OTHER)) == (None, CONTACT_OF)
    clock.at += timedelta(microseconds=1)
    restored.put(WHO, CONTACT_OF)
    restored.void(WHO, EVERY_GROUP, until=erased_at)
    assert restored.get(WHO) == CONTACT_OF


def test_a_key_of_the_very_instant_of_the_erasure_is_void(vault: Vault) -> None:
    vault.put(WHO, CONTACT_OF)
    vault.void(WHO, EVERY_GROUP, until=NOON)
    assert vault.get(WHO) is None


def test_what_is_kept_anew_over_a_restored_copy_has_a_key_of_its_own_time(vault: Vault, clock: Clock) -> None:
    vault.keep(WHO, CONTACT, b"before")
    clock.at += timedelta(hours=1)
    erased_at = clock.at
    clock.at += timedelta(hours=1)
    vault.keep(WHO, CONTACT, b"after")
    vault.void(WHO, EVERY_GROUP, until=erased_at)
    assert vault.read(WHO, CONTACT) == b"after"


def test_contacts_of_the_first_version_are_sealed_and_any_erasure_covers_them(tmp_path: Path, clock: Clock) -> None:
    with closing(sqlite3.connect(tmp_path / "vault.db")) as connection, connection:
        connection.execute("CREATE TABLE contacts (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        for n in range(200):
            body = f'{{"language":"nl","mail":"odette@voorbeeld.example","name":"{PLANTED.decode()}"}}'
            connection.execute("INSERT INTO contacts VALUES (?, ?)", (f"person-{n}", body))
    vault = Vault(tmp_path / "vault.db", clock)
    assert not any(PLANTED in data for data in bytes_below(tmp_path))
    found = vault.get(WHO)
    assert found is not None
    assert found.name == PLANTED.decode()
    vault.void(WHO, EVERY_GROUP, until=NOON - timedelta(days=9000))
    assert vault.get(WHO) is None
    assert Vault(tmp_path / "vault.db", clock).get(OTHER) == found
