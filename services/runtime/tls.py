"""TLS for gRPC: the settings `OPROEP_TLS_…`. Every channel and every port of ours is made here, plain ones too.

A process has one certificate: its server shows it, and so do its calls where the other side asks for one. It says who may
connect; what a caller may do is a matter of tokens.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.runtime import metrics
from services.runtime.settings import Settings

_CURVES = (SECP256R1, SECP384R1)
"""Those that gRPC agrees to; with any other, or Ed25519, no handshake would succeed."""

log = structlog.get_logger()


class TlsError(RuntimeError):
    """A file that the settings name is not there or not what it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a process is called and calls. Files are read anew for each channel, and by a server whenever they have changed."""

    cert_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None
    clients_ca_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Tls":
        """What the settings say.

        Raises:
            TlsError: if a file is missing or is not what it must be.
        """
        found = cls(
            cert_file=settings.tls_cert_file,
            key_file=settings.tls_key_file,
            ca_file=settings.tls_ca_file,
            clients_ca_file=settings.tls_clients_ca_file,
        )
        if found.cert_file is not None and found.key_file is not None:
            _Shown(found.cert_file, found.key_file, found.clients_ca_file)
        found._calls()
        return found

    def channel(self, address: str, *, backoff_ms: int = 1000) -> grpc.Channel:
        """A channel to `address` that looks for a lost service again after at most `backoff_ms`.

        Raises:
            TlsError: see `of`.
        """
        options, credentials = [("grpc.max_reconnect_backoff_ms", backoff_ms)], self._calls()
        if credentials is None:
            return grpc.insecure_channel(address, options=options)
        return grpc.secure_channel(address, credentials, options=options)

    def aio_channel(self, address: str) -> grpc.aio.Channel:
        """As `channel`, for an event loop."""
        options, credentials = [("grpc.max_reconnect_backoff_ms", 1000)], self._calls()
        if credentials is None:
            return grpc.aio.insecure_channel(address, options=options)
        return grpc.aio.secure_channel(address, credentials, options=options)

    def bind(self, server: grpc.aio.Server, address: str) -> int:
        """Have a server listen at `address`; gives the port.

        Raises:
            TlsError: see `of`.
            RuntimeError: if the address cannot be bound.
        """
        if self.cert_file is None or self.key_file is None:  # settings have both or neither
            port = server.add_insecure_port(address)
            if not _on_loopback(address):
                log.warning("host.plain", listen=address)  # no fault: something else may speak TLS before it
            return port
        shown = _Shown(self.cert_file, self.key_file, self.clients_ca_file)
        credentials = grpc.dynamic_ssl_server_credentials(shown.first, shown, self.clients_ca_file is not None)
        return server.add_secure_port(address, credentials)

    def stamp(self) -> object:
        """Another value as soon as a file is another one."""
        return _stamp(self.cert_file, self.key_file, self.ca_file)

    def _calls(self) -> grpc.ChannelCredentials | None:
        if self.ca_file is None:
            return None
        ca, _ = _certificates("CA", self.ca_file)
        if self.cert_file is None or self.key_file is None:
            return grpc.ssl_channel_credentials(ca)
        cert, key, _ = _pair(self.cert_file, self.key_file)
        return grpc.ssl_channel_credentials(ca, key, cert)


PLAIN = Tls()
"""No TLS: for one machine, or behind something else that speaks it."""


class _Shown:
    """What a server shows and demands; called at each handshake, and gives it anew when the files are others."""

    def __init__(self, cert_file: Path, key_file: Path, clients_ca_file: Path | None) -> None:
        self._cert_file, self._key_file, self._clients_ca_file = cert_file, key_file, clients_ca_file
        self._stamp = self._now()
        self.first = self._read()

    def __call__(self) -> Any:
        if (stamp := self._now()) == self._stamp:
            return None  # as before
        self._stamp = stamp
        try:
            found = self._read()
        except TlsError as error:  # one of two files is there already, perhaps: the next handshake sees the other
            log.warning("tls.kept", reason=str(error))
            return None
        log.info("tls.renewed")
        return found

    def _now(self) -> object:
        return _stamp(self._cert_file, self._key_file, self._clients_ca_file)

    def _read(self) -> grpc.ServerCertificateConfiguration:
        cert, key, ends = _pair(self._cert_file, self._key_file)
        clients_ca = None if self._clients_ca_file is None else _certificates("CLIENTS_CA", self._clients_ca_file)[0]
        metrics.certificate_expires.set(ends)
        return grpc.ssl_server_certificate_configuration([(key, cert)], clients_ca)


def _pair(cert_file: Path, key_file: Path) -> tuple[bytes, bytes, float]:
    """Certificates, key, and when the first certificate ends, in seconds since 1970."""
    cert, (own, *_) = _certificates("CERT", cert_file)
    content = _content("KEY", key_file)
    allowed = "a key in PEM, without a password: RSA, or EC on P-256 or P-384"
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsError(f"OPROEP_TLS_KEY_FILE: {key_file} holds no such key; allowed: {allowed}") from error
    if not (isinstance(key, RSAPrivateKey) or (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, _CURVES))):
        raise TlsError(f"OPROEP_TLS_KEY_FILE: {key_file} holds another kind of key; allowed: {allowed}")
    if key.public_key() != own.public_key():
        raise TlsError(f"OPROEP_TLS_KEY_FILE: {key_file} does not fit; allowed: the key to the first certificate in {cert_file}")
    return cert, content, own.not_valid_after_utc.timestamp()


def _certificates(name: str, file: Path) -> tuple[bytes, list[x509.Certificate]]:
    content = _content(name, file)
    try:
        return content, x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise TlsError(f"OPROEP_TLS_{name}_FILE: {file} holds no certificate; allowed: certificates in PEM") from error


def _content(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise TlsError(f"OPROEP_TLS_{name}_FILE: {file}: {error.strerror}; allowed: a file that can be read") from error


def _stamp(*files: Path | None) -> object:
    return tuple(_state(file) for file in files if file is not None)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None  # being replaced
    return found.st_ino, found.st_mtime_ns, found.st_size


def _on_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
