"""The compose file: what is in it, in which order it starts, and what it shows to the outside."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES = {"intake", "scoring", "awarding", "budget-ledger", "reporting", "notification", "publishing"}
BROKERS = {"kafka-1", "kafka-2", "kafka-3"}
JOBS = {"migrate", "topics", "cli"}
BESIDE = {"postgres", "mail", "prometheus", "grafana"}


def load(path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / path).read_text("utf-8"))
    return document


COMPOSE = load("docker-compose.yml")
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]


def settings_of(name: str) -> dict[str, str]:
    """The settings of a container, variables replaced by their defaults."""
    found = {key: str(value) for key, value in CONTAINERS[name]["environment"].items() if key.startswith("OPROEP_")}
    return {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in found.items()}


def test_everything_is_there_and_nothing_else() -> None:
    assert set(CONTAINERS) == SERVICES | BROKERS | JOBS | BESIDE


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_listens_outside_listens_on_loopback_only(name: str) -> None:
    for port in CONTAINERS[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_no_port_is_taken_twice() -> None:
    ports = [port.split(":")[1] for container in CONTAINERS.values() for port in container.get("ports", [])]
    assert len(ports) == len(set(ports))


@pytest.mark.parametrize("name", CONTAINERS)
def test_images_are_fixed(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9/-]+:v?\d+(\.\d+)+(-[a-z]+)?", CONTAINERS[name]["image"])


@pytest.mark.parametrize("name", sorted(SERVICES | BROKERS | BESIDE))
def test_what_runs_starts_again_and_tells_its_health(name: str) -> None:
    container = CONTAINERS[name]
    assert container["restart"] == "unless-stopped"
    assert name in SERVICES or "healthcheck" in container  # the image of the services brings its own


@pytest.mark.parametrize("name", sorted(JOBS))
def test_jobs_end(name: str) -> None:
    assert CONTAINERS[name]["restart"] == "no"
    assert CONTAINERS[name]["entrypoint"][0] in {"oproep", "/bin/sh"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_its_tables_and_topics(name: str) -> None:
    assert CONTAINERS[name]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "topics": {"condition": "service_completed_successfully"},
    }


def test_jobs_wait_for_what_they_work_on() -> None:
    assert CONTAINERS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert CONTAINERS["topics"]["depends_on"] == {broker: {"condition": "service_healthy"} for broker in BROKERS}


@pytest.mark.parametrize("name", sorted(SERVICES | JOBS))
def test_every_setting_exists_and_is_sound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(name)
    assert {key.removeprefix("OPROEP_").lower() for key in found} <= Settings.model_fields.keys()
    for key, value in found.items():
        monkeypatch.setenv(key, value)
    Settings()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_found_where_its_container_listens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(name)
    monkeypatch.setenv("OPROEP_PEERS", found["OPROEP_PEERS"])
    settings = Settings()
    port = found["OPROEP_LISTEN"].rpartition(":")[2]
    assert {settings.peer(peer.replace("-", "_")) for peer in SERVICES} == {f"{peer}:{port}" for peer in SERVICES}
    assert CONTAINERS[name]["ports"][0].endswith(f":{port}")
    assert CONTAINERS[name]["build"]["args"] == {"SERVICE": name.replace("-", "_")}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_has_a_database_of_its_own_and_its_address_is_a_secret(name: str) -> None:
    own = f"{name.replace('-', '_')}_store"
    assert CONTAINERS[name]["secrets"] == [{"source": own, "target": "oproep_store"}]
    assert "OPROEP_STORE" not in CONTAINERS[name]["environment"]
    assert own in CONTAINERS["postgres"]["secrets"]
    assert own in CONTAINERS["migrate"]["secrets"]


def test_a_secret_is_a_file_whose_name_is_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPROEP_STORE", raising=False)
    (tmp_path / "oproep_store").write_text("postgresql://intake:word@postgres:5432/intake\n", "ascii")
    options: dict[str, Any] = {"_secrets_dir": tmp_path}
    assert Settings(**options).store == "postgresql://intake:word@postgres:5432/intake"


def test_secrets_are_files_that_git_and_images_leave_out() -> None:
    files = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert files == {name: f"deploy/secrets/{name}" for name in files}
    used = {secret if isinstance(secret, str) else secret["source"] for c in CONTAINERS.values() for secret in c.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()
    assert (ROOT / "deploy/secrets/.gitignore").read_text("ascii").splitlines()[1:] == ["*", "!.gitignore"]
    assert "*" in (ROOT / ".dockerignore").read_text("ascii").splitlines()


def test_data_lie_on_named_volumes() -> None:
    sources = {volume.partition(":")[0] for container in CONTAINERS.values() for volume in container.get("volumes", [])}
    assert {source for source in sources if not source.startswith(".")} == COMPOSE["volumes"].keys()
    for broker in BROKERS:
        assert f"{broker}:{CONTAINERS[broker]['environment']['KAFKA_LOG_DIRS']}" in CONTAINERS[broker]["volumes"]


def test_what_is_mounted_from_here_exists_and_is_read_only() -> None:
    for container in CONTAINERS.values():
        for volume in container.get("volumes", []):
            if volume.startswith("."):
                path, _, mode = volume.rpartition(":")
                assert mode == "ro"
                assert (ROOT / path.partition(":")[0]).exists()


def test_one_service_knows_addresses() -> None:
    assert {name for name in SERVICES if any(v.startswith("vault:") for v in CONTAINERS[name]["volumes"])} == {"notification"}


@pytest.mark.parametrize("name", sorted(SERVICES | JOBS))
def test_services_can_write_nowhere_else(name: str) -> None:
    container = CONTAINERS[name]
    assert (container["read_only"], container["tmpfs"], container["cap_drop"]) == (True, ["/tmp"], ["ALL"])


def test_brokers_form_one_cluster_that_never_invents_a_topic() -> None:
    environments = [CONTAINERS[broker]["environment"] for broker in sorted(BROKERS)]
    assert [e["KAFKA_NODE_ID"] for e in environments] == [1, 2, 3]
    assert {e["KAFKA_CONTROLLER_QUORUM_VOTERS"] for e in environments} == {"1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093"}
    assert {e["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] for e in environments} == {"false"}
    assert settings_of("intake")["OPROEP_BUS"] == "kafka://kafka-1:9092,kafka-2:9092,kafka-3:9092"


def test_with_an_issuer_every_service_has_a_token_of_its_own() -> None:
    overlay = load("deploy/compose.oidc.yml")["services"]
    assert set(overlay) == SERVICES | {"cli"}
    for name, container in overlay.items():
        assert {key.removeprefix("OPROEP_").lower() for key in container["environment"]} <= Settings.model_fields.keys()
        assert container["volumes"] == [f"./deploy/secrets/tokens/{name.replace('-', '_')}:/run/token:ro"]
