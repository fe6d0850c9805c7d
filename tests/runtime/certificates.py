"""Authorities, and certificates that they give."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Vouches for whom it gives a certificate."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(f"Authority {name} (synthetic)")
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        own = _certificate(self._name, self._name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
        self.pem = own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def certify(self, *names: str) -> tuple[bytes, bytes]:
        """A certificate for whoever is reached by these names and addresses, and the key to it."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(_named("Somebody (synthetic)"), self._name, key.public_key())
        certificate = certificate.add_extension(x509.SubjectAlternativeName([_reached(name) for name in names]), critical=False)
        pem = certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def put(file: Path, content: bytes) -> Path:
    """Write a file beside its place and rename it, as those do who renew a certificate."""
    scratch = file.with_name(f"{file.name}.new")
    scratch.write_bytes(content)
    return scratch.replace(file)


def _reached(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is of the time of the machine that checks it
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
