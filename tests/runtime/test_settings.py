"""Settings: complete and sound, or the setting at fault is named."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.runtime.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OPROEP_{name.upper()}", raising=False)


def test_without_settings_a_single_machine_works() -> None:
    settings = Settings()
    assert (settings.store, settings.bus) == ("sqlite:///.run", "local:.run/bus.db")
    assert (settings.shards, settings.owned_shards) == (1, (0,))
    assert settings.peer("intake") == settings.listen == "127.0.0.1:7400"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment", ""),
        ("deployment", "Two Words"),
        ("deployment", "a/b"),
        ("store", "mysql://host/db"),
        ("store", "sqlite:///"),
        ("bus", "rabbit://host"),
        ("bus", "local:"),
        ("listen", "127.0.0.1"),
        ("listen", ":7400"),
        ("peers", "intake"),
        ("peers", "intake=a:1;scoring=b:2"),
        ("shards", "0"),
        ("shards", "65"),
        ("shards", "two"),
        ("owned", "0,"),
        ("owned", "0,0"),
        ("owned", "1"),
        ("owned", "-1"),
        ("issuer", "ftp://issuer"),
        ("issuer", "file:"),
        ("log_key", "/run/key.pem"),
        ("log_key", "file:a,b"),
        ("tlog", "localhost"),
        ("smtp", "localhost"),
        ("mail_from", "nobody"),
        ("webhook_key", "/run/webhook.key"),
        ("webhook_allow", "10.0.0.1/8"),
        ("webhook_allow", "localhost"),
        ("webhook_ports", "https"),
        ("webhook_at_once", "0"),
        ("metrics", "9000"),
        ("clock", "sundial"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"OPROEP_{name.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (fault,) = caught.value.errors()
    assert fault["loc"] == (name,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment", "vlaanderen-2.prod"),
        ("store", "postgresql://user@/db?host=/run"),
        ("bus", "kafka://a:1,b:2,c:3"),
        ("listen", "[::]:7400"),
        ("issuer", "https://login.example/realms/oproep"),
        ("webhook_allow", "10.1.0.0/16,fd00:1::/64"),
        ("webhook_ports", "443,8443"),
        ("metrics", "0.0.0.0:9000"),
        ("clock", "file:/tmp/clock"),
        ("log_level", "debug"),
    ],
)
def test_a_right_value_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"OPROEP_{name.upper()}", value)
    assert getattr(Settings(), name) == value


@pytest.mark.parametrize(
    ("given", "at_fault"),
    [
        ({"cert"}, {"key", "ca"}),
        ({"key"}, {"key"}),
        ({"key", "ca"}, {"key"}),
        ({"cert", "key"}, {"ca"}),
        ({"cert", "ca"}, {"key"}),
        ({"clients_ca"}, {"clients_ca"}),
        ({"ca", "clients_ca"}, {"clients_ca"}),
        ({"ca"}, set()),
        ({"cert", "key", "ca"}, set()),
        ({"cert", "key", "ca", "clients_ca"}, set()),
    ],
)
def test_of_tls_all_is_given_that_belongs_together(monkeypatch: pytest.MonkeyPatch, given: set[str], at_fault: set[str]) -> None:
    for name in given:
        monkeypatch.setenv(f"OPROEP_TLS_{name.upper()}_FILE", f"/{name}.pem")
    with pytest.raises(ValidationError) if at_fault else nullcontext() as caught:
        Settings()
    faults = caught.value.errors() if caught else []
    assert {fault["loc"] for fault in faults} == {(f"tls_{name}_file",) for name in at_fault}
    assert all("allowed: " in fault["msg"] for fault in faults)


@pytest.mark.parametrize(
    ("listen", "here"), [("0.0.0.0:7400", "localhost:7400"), ("[::]:7400", "localhost:7400"), ("host-a:7400", "host-a:7400")]
)
def test_all_addresses_of_a_machine_are_called_by_one_name(monkeypatch: pytest.MonkeyPatch, listen: str, here: str) -> None:
    monkeypatch.setenv("OPROEP_LISTEN", listen)
    assert (Settings().here, Settings().peer("intake")) == (here, here)


def test_peers_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPROEP_PEERS", "intake=a:1,budget_ledger=b:2")
    settings = Settings()
    assert [settings.peer(name) for name in ("intake", "budget_ledger", "scoring")] == ["a:1", "b:2", settings.listen]


def test_owned_shards_are_named_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPROEP_SHARDS", "4")
    assert Settings().owned_shards == (0, 1, 2, 3)
    monkeypatch.setenv("OPROEP_OWNED", "3,1")
    assert Settings().owned_shards == (3, 1)


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings: Any = Settings()
    with pytest.raises(ValidationError):
        settings.vault = tmp_path
