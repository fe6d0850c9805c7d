"""gRPC with TLS: who is let in, whom one trusts, and how a certificate is renewed while everything runs."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from services.demo.sink import free_port
from services.runtime import metrics
from services.runtime.batch import Answer
from services.runtime.client import Client, UnreachableError
from services.runtime.clock import FileClock
from services.runtime.gathering import GatheringClient
from services.runtime.tls import PLAIN, Tls, TlsError
from services.runtime.tokens import LocalIssuer
from tests.cli.conftest import line_for
from tests.runtime.certificates import Authority, put
from tests.runtime.serving import LEDGER, NOON, TREASURER, Serving, made, open_envelope, process, serving

HERE = ("127.0.0.1", "localhost")


def identity(directory: Path, authority: Authority, *names: str, trusts: Authority | None = None) -> Tls:
    """Files for somebody whom `authority` vouches for; it trusts the same authority or another one."""
    directory.mkdir(exist_ok=True)
    cert, key = authority.certify(*names or HERE)
    return Tls(
        cert_file=put(directory / "cert.pem", cert),
        key_file=put(directory / "key.pem", key),
        ca_file=put(directory / "ca.pem", (trusts or authority).pem),
    )


def settings(tls: Tls, *, demanding: Path | None = None) -> dict[str, Any]:
    return {
        "tls_cert_file": tls.cert_file,
        "tls_key_file": tls.key_file,
        "tls_ca_file": tls.ca_file,
        "tls_clients_ca_file": demanding,
    }


def trusting(tls: Tls) -> Tls:
    """Somebody without a certificate of its own."""
    return Tls(ca_file=tls.ca_file)


def opened(running: Serving, tls: Tls, command_id: str = "open-1") -> Answer:
    """Have an envelope opened by a new client."""
    client = Client(running.address, lambda: running.issuer.token(TREASURER), tls=tls, patience_seconds=0)
    try:
        return client.execute(LEDGER, command_id, open_envelope())
    finally:
        client.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("of the house")


@pytest.fixture(scope="module")
def stranger() -> Authority:
    return Authority("of somebody else")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Tls:
    return identity(tmp_path_factory.mktemp("own"), authority)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, own: Tls) -> Generator[Serving]:
    """Speaks TLS, and asks nobody for a certificate."""
    with serving(tmp_path_factory.mktemp("ledger"), ["budget_ledger"], **settings(own)) as running:
        yield running


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory, own: Tls) -> Generator[Serving]:
    """Lets in only those whom its own authority vouches for."""
    place = tmp_path_factory.mktemp("demanding")
    with serving(place, ["budget_ledger"], **settings(own, demanding=own.ca_file)) as running:
        yield running


def test_commands_are_decided(ledger: Serving, own: Tls) -> None:
    assert [event["type"] for event in opened(ledger, trusting(own)).events] == ["EnvelopeOpened"]


def test_commands_that_gather_are_decided(ledger: Serving, own: Tls) -> None:
    async def one() -> Answer:
        token = ledger.issuer.token(TREASURER)
        client = GatheringClient(ledger.address, LEDGER, lambda: token, tls=trusting(own), patience_seconds=0)
        try:
            return await client.execute("gathered-1", open_envelope("envelope-2"))
        finally:
            await client.close()

    assert [event["type"] for event in asyncio.run(one()).events] == ["EnvelopeOpened"]


def test_who_speaks_plainly_is_not_heard(ledger: Serving) -> None:
    with pytest.raises(UnreachableError):
        opened(ledger, PLAIN, "plain")
    assert ledger.host.wait(0) is False


def test_a_service_of_another_authority_is_not_believed(ledger: Serving, stranger: Authority, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        opened(ledger, Tls(ca_file=put(tmp_path / "ca.pem", stranger.pem)))


def test_a_service_of_another_name_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    elsewhere = identity(tmp_path / "elsewhere", authority, "intake.example", "192.0.2.1")
    with (
        serving(tmp_path, ["budget_ledger"], **settings(elsewhere)) as running,
        pytest.raises(UnreachableError, match="Hostname Verification Check failed"),
    ):
        opened(running, trusting(elsewhere))


def test_who_has_the_certificate_that_is_demanded_is_let_in(demanding: Serving, own: Tls) -> None:
    assert [event["type"] for event in opened(demanding, own).events] == ["EnvelopeOpened"]


def test_who_has_none_is_not(demanding: Serving, own: Tls) -> None:
    with pytest.raises(UnreachableError):
        opened(demanding, trusting(own), "none")


def test_who_has_one_of_a_stranger_is_not(demanding: Serving, authority: Authority, stranger: Authority, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        opened(demanding, identity(tmp_path, stranger, trusts=authority), "stranger")


def test_a_certificate_is_not_in_the_place_of_a_token(demanding: Serving, own: Tls) -> None:
    client = Client(demanding.address, lambda: "", tls=own, patience_seconds=0)
    with pytest.raises(Exception, match="UNAUTHENTICATED"):
        client.execute(LEDGER, "nobody", open_envelope())
    client.close()


def test_what_a_server_shows_and_demands_is_renewed_while_it_runs(
    tmp_path: Path, authority: Authority, stranger: Authority
) -> None:
    files = identity(tmp_path / "files", authority)
    with serving(tmp_path, ["budget_ledger"], **settings(files, demanding=files.ca_file)) as running:
        opened(running, files)
        former = identity(tmp_path / "former", authority)
        identity(tmp_path / "files", stranger)  # in the same places
        opened(running, files)
        with pytest.raises(UnreachableError):
            opened(running, former)


def test_a_service_that_runs_calls_others_with_what_was_renewed(tmp_path: Path, authority: Authority, stranger: Authority) -> None:
    files = identity(tmp_path / "files", authority)
    address = f"127.0.0.1:{free_port()}"
    issuer, given = f"file:{tmp_path / 'issuer'}", settings(files, demanding=files.ca_file)
    with serving(tmp_path / "intake", ["intake"], peers=f"budget_ledger={address}", issuer=issuer, **given) as caller:
        owner: Any = caller.host._readers["intake/0"][0]._owner  # pyright: ignore[reportPrivateUsage]
        for vouching in (authority, stranger):
            identity(tmp_path / "files", vouching)
            with serving(tmp_path / "ledger", ["budget_ledger"], listen=address, issuer=issuer, **given):
                client = Client(address, lambda: LocalIssuer(tmp_path / "issuer").token(TREASURER), tls=files)
                client.execute(LEDGER, "open-1", open_envelope())
                client.close()
                assert [stored.index for stored in owner.entries("budget_ledger/0", 0, 1)] == [0]


def test_while_authorities_change_both_are_believed(tmp_path: Path, authority: Authority, stranger: Authority) -> None:
    files = identity(tmp_path / "files", authority)
    assert files.ca_file
    put(files.ca_file, authority.pem + stranger.pem)
    with serving(tmp_path, ["budget_ledger"], **settings(files, demanding=files.ca_file)) as running:
        for vouching in (authority, stranger):
            opened(running, identity(tmp_path / "caller", vouching, trusts=authority))
        assert files.cert_file
        assert files.key_file
        cert, key = stranger.certify(*HERE)
        put(files.key_file, key)
        put(files.cert_file, cert)
        opened(running, files)


def test_half_a_renewal_changes_nothing(tmp_path: Path, authority: Authority) -> None:
    files = identity(tmp_path / "files", authority)
    assert files.cert_file
    assert files.key_file
    with serving(tmp_path, ["budget_ledger"], **settings(files)) as running:
        cert, key = authority.certify(*HERE)
        put(files.key_file, key)
        with capture_logs() as logged:
            opened(running, trusting(files))
            opened(running, trusting(files))
        assert [line["event"] for line in logged if line["event"].startswith("tls.")] == ["tls.kept"]  # and not each time
        put(files.cert_file, cert)
        with capture_logs() as logged:
            opened(running, trusting(files))
        assert [line["event"] for line in logged if line["event"].startswith("tls.")] == ["tls.renewed"]
        files.cert_file.unlink()
        opened(running, trusting(files))


def test_when_a_certificate_ends_is_measured(tmp_path: Path, own: Tls) -> None:
    assert own.cert_file
    metrics.certificate_expires.set(0)
    with serving(tmp_path, ["budget_ledger"], **settings(own)):
        ((sample,),) = (metric.samples for metric in metrics.certificate_expires.collect())
    ends = x509.load_pem_x509_certificate(own.cert_file.read_bytes()).not_valid_after_utc
    assert sample.value == ends.timestamp()


def _written(key: Any, protection: Any) -> bytes:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return pem


KEY = ec.generate_private_key(ec.SECP256R1())
WRONG = {
    "nothing there": ("CERT", None, "No such file or directory; allowed: a file"),
    "no PEM": ("CERT", b"certificate", "holds no certificate; allowed"),
    "a key for a certificate": ("CERT", _written(KEY, NoEncryption()), "holds no certificate"),
    "no key": ("KEY", None, "No such file or directory"),
    "a certificate for a key": ("KEY", Authority("x").pem, "holds no such key; allowed: a key in PEM, without a password"),
    "a key with a password": ("KEY", _written(KEY, BestAvailableEncryption(b"word")), "holds no such key"),
    "a key on a curve that gRPC does not take": (
        "KEY",
        _written(ec.generate_private_key(ec.SECP521R1()), NoEncryption()),
        "another kind of key",
    ),
    "a key for signatures alone": ("KEY", _written(Ed25519PrivateKey.generate(), NoEncryption()), "another kind of key"),
    "the key to another": ("KEY", _written(KEY, NoEncryption()), "does not fit; allowed: the key to the first certificate in"),
    "no authority": ("CA", None, "No such file or directory"),
    "an empty authority": ("CA", b"", "holds no certificate"),
    "no authority for callers": ("CLIENTS_CA", None, "No such file or directory"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_named_before_anything_is_begun(tmp_path: Path, authority: Authority, case: str) -> None:
    name, content, words = WRONG[case]
    given = settings(identity(tmp_path / "files", authority), demanding=put(tmp_path / "clients.pem", authority.pem))
    file: Path = given[f"tls_{name.lower()}_file"]
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TlsError, match=f"^OPROEP_TLS_{name}_FILE: {file}.* {words}"):
        made(tmp_path, ["budget_ledger"], **given)
    assert not (tmp_path / "logs").exists()


def test_a_process_with_a_wrong_file_does_not_start(tmp_path: Path, own: Tls) -> None:
    given = {name: str(file) for name, file in settings(own).items() if file is not None}
    with process(tmp_path, **given | {"tls_key_file": str(tmp_path)}) as started:
        _, said = started.communicate(timeout=60)
    assert started.returncode == 2
    assert " ".join(said.split()) == f"OPROEP_TLS_KEY_FILE: {tmp_path}: Is a directory; allowed: a file that can be read"
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("listen", "warned"),
    [("127.0.0.1:0", False), ("[::1]:0", False), ("localhost:0", False), ("0.0.0.0:0", True), ("[::]:0", True)],
)
def test_who_listens_plainly_for_others_is_warned(tmp_path: Path, listen: str, *, warned: bool) -> None:
    with capture_logs() as logged, serving(tmp_path, ["budget_ledger"], listen=listen):
        pass
    assert [line["listen"] for line in logged if line["event"] == "host.plain"] == [listen] * warned


def test_with_tls_nobody_is_warned(tmp_path: Path, own: Tls) -> None:
    with capture_logs() as logged, serving(tmp_path, ["budget_ledger"], listen="0.0.0.0:0", **settings(own)):
        pass
    assert "host.plain" not in [line["event"] for line in logged]


def test_the_command_line_reaches_services_that_demand_certificates(tmp_path: Path, own: Tls) -> None:
    given = {name: str(file) for name, file in settings(own, demanding=own.ca_file).items()}
    line = line_for(tmp_path)
    line.settings |= {f"OPROEP_{name.upper()}": value for name, value in given.items()}
    line.settings["OPROEP_LISTEN"] = line.settings["OPROEP_LISTEN"].replace("127.0.0.1", "0.0.0.0")
    FileClock(tmp_path / "clock").set(NOON)
    running = line.process("up")
    try:
        end = monotonic() + 60
        while line("health").exit_code:
            assert running.poll() is None
            assert monotonic() < end
        assert line("status").exit_code == 0
        assert line("webhooks", "list").exit_code == 0
        assert line("audit", "export", str(tmp_path / "export")).exit_code == 0
        bare = {name: value for name, value in line.settings.items() if not name.startswith("OPROEP_TLS")}
        for missing in ({}, {"OPROEP_TLS_CA_FILE": given["tls_ca_file"]}):
            other = line_for(tmp_path)
            other.settings = bare | missing
            refused = other("health")
            assert (refused.exit_code, "UNAVAILABLE" in refused.stdout) == (1, True)
    finally:
        running.terminate()
        assert running.wait(60) == 0


@pytest.mark.parametrize("command", [["status"], ["health"], ["webhooks", "list"], ["audit", "export", "nowhere"]])
def test_the_command_line_names_a_wrong_file(tmp_path: Path, command: list[str]) -> None:
    said = line_for(tmp_path)(*command, tls_ca_file=str(tmp_path / "ca.pem"))
    assert (said.exit_code, said.stdout) == (2, "")
    assert " ".join(said.stderr.split()).startswith(f"OPROEP_TLS_CA_FILE: {tmp_path}/ca.pem: No such file")
