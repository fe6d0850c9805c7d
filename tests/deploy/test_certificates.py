"""The script that makes certificates, and the services that are given them as `compose.tls.yml` gives them."""

import re
import shutil
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.runtime.client import Client, UnreachableError
from services.runtime.settings import Settings
from services.runtime.tls import Tls
from tests.runtime.serving import AUDITOR, serving

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the script calls openssl")
ROOT = Path(__file__).parents[2]
OVERLAY: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "deploy/compose.tls.yml").read_text("utf-8"))["services"]
SERVED = sorted(OVERLAY.keys() - {"cli"})


class Made:
    """What the script makes, in a place of its own."""

    def __init__(self, place: Path) -> None:
        self.script, self.directory = place / "make-certificates", place / "secrets/tls"
        shutil.copy(ROOT / "deploy/make-certificates", self.script)
        (place / "secrets").mkdir()

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([self.script, *words], check=False, capture_output=True, text=True)

    def settings(self, container: str) -> Settings:
        """The settings of a container, its mounted directory being where it is here."""
        (volume,) = OVERLAY[container]["volumes"]
        source, target, mode = volume.split(":")
        assert (target, mode) == ("/run/tls", "ro")
        directory = self.directory / source.removeprefix("./deploy/secrets/tls/")
        given = {name.removeprefix("OPROEP_").lower(): file for name, file in OVERLAY[container]["environment"].items()}
        values: dict[str, Any] = {name: Path(file.replace("/run/tls", str(directory))) for name, file in given.items()}
        return Settings(**values)

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.directory / name / "cert.pem").read_bytes())

    def contents(self) -> dict[str, bytes]:
        return {str(file.relative_to(self.directory)): file.read_bytes() for file in self.directory.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found = Made(tmp_path_factory.mktemp("deploy"))
    said = found()
    assert (said.returncode, said.stderr) == (0, "")
    return found


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_every_service_and_the_command_line_have_one() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    listening = {name for name, container in services.items() if "7400" in str(container.get("ports"))}
    assert listening | {"cli"} == OVERLAY.keys()


@pytest.mark.parametrize("container", sorted(OVERLAY))
def test_what_a_container_is_given_is_sound(made: Made, container: str) -> None:
    settings = made.settings(container)
    Tls.of(settings)
    assert settings.tls_clients_ca_file is not None


@pytest.mark.parametrize("container", SERVED)
def test_a_certificate_names_its_container_and_where_its_health_is_asked_for(made: Made, container: str) -> None:
    file = made.settings(container).tls_cert_file
    assert file is not None
    assert names(x509.load_pem_x509_certificate(file.read_bytes())) == {container, "localhost", "127.0.0.1"}


def test_one_service_lets_another_in_and_nobody_without(made: Made, tmp_path: Path) -> None:
    intake = made.settings("intake")
    given = {name: getattr(intake, name) for name in Settings.model_fields if name.startswith("tls_")}
    with serving(tmp_path, ["intake"], listen="localhost:0", **given) as running:

        def heads(tls: Tls) -> list[str]:
            address = f"localhost:{running.host.server.port}"
            with closing(Client(address, lambda: running.issuer.token(AUDITOR), tls=tls, patience_seconds=0)) as client:
                return [head.log for head in client.heads()]

        assert heads(Tls.of(made.settings("budget-ledger"))) == ["intake/0"]
        with pytest.raises(UnreachableError):
            heads(Tls(ca_file=intake.tls_ca_file))


def test_keys_are_kept_from_other_users(made: Made) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(made.directory.parent) == 0o700
    assert mode(made.directory / "ca.key") == 0o600
    assert {mode(made.directory / "intake" / name) for name in ("cert.pem", "key.pem", "ca.pem")} == {0o444}  # for the container
    assert mode(made.directory / "intake") == 0o755


def test_a_second_time_certificates_are_new_and_the_authority_is_not(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made()
    first, said = made.contents(), made()
    assert "made ca" not in said.stdout
    changed = {name for name, content in made.contents().items() if content != first[name]}
    assert changed == {name for name in first if re.search(r"/(cert|key)\.pem$", name)}
    (tmp_path / "secrets/tls/ca.key").unlink()
    second, refused = made.contents(), made()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"{tmp_path}/secrets/tls/ca.key: missing; allowed: ")
    assert made.contents() == second


def test_others_have_theirs_by_name(made: Made) -> None:
    assert made("host-a", "host-a.example", "192.0.2.1", "2001:db8::1").stdout == "made host-a\n"
    assert names(made.certificate("host-a")) == {"host-a.example", "192.0.2.1", "2001:db8::1"}
    assert made("anna").returncode == 0
    with pytest.raises(x509.ExtensionNotFound):
        names(made.certificate("anna"))


def test_the_request_of_the_guide_is_one_for_servers_and_clients(tmp_path: Path) -> None:
    guide = (ROOT / "docs/how-to/operators.md").read_text("utf-8")
    (command,) = re.findall(r"^    (openssl req (?:.+\\\n)*.+)$", guide, re.MULTILINE)
    subprocess.run(["bash", "-c", command], check=True, cwd=tmp_path, capture_output=True)
    request = x509.load_pem_x509_csr((tmp_path / "request.pem").read_bytes())
    asked = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in asked} == {"host-a.example", "localhost"}
    uses = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {*uses} == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


@pytest.mark.parametrize("words", [("../other",), ("",), ("anna", "a,b")])
def test_what_is_no_name_is_refused(made: Made, words: tuple[str, ...]) -> None:
    before, refused = made.contents(), made(*words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr
    assert {name: content for name, content in made.contents().items() if not name.endswith(".new")} == before
