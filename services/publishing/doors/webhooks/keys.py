"""Keys that deliveries are signed with, written as Standard Webhooks writes them, and their signatures.

whsec_BASE64    32 random bytes for HMAC-SHA256; sender and receiver have the same
whsk_BASE64     an Ed25519 private key (its 32 bytes); the receiver has whpk_BASE64 instead, which signs nothing
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kernel.form import Line

_SHARED, _SECRET, _PUBLIC = "whsec_", "whsk_", "whpk_"
_BYTES = 32


class Scheme(StrEnum):
    """How deliveries are signed. With Ed25519 the receiver holds nothing that could sign in our name."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that signs: for good, or until the end of its overlap with the one that took its place."""

    secret: Line
    until: datetime | None = None

    @property
    def for_receiver(self) -> str:
        """What a receiver verifies with."""
        if self.secret.startswith(_SHARED):
            return self.secret
        return _PUBLIC + b64encode(self._private().public_key().public_bytes_raw()).decode()

    @property
    def scheme(self) -> Scheme:
        """How it signs."""
        return Scheme.HMAC if self.secret.startswith(_SHARED) else Scheme.ED25519

    def signature(self, signed: bytes) -> str:
        """The signature of those bytes, behind the mark of its version."""
        if self.scheme is Scheme.HMAC:
            made = hmac.digest(b64decode(self.secret.removeprefix(_SHARED)), signed, hashlib.sha256)
            return f"v1,{b64encode(made).decode()}"
        return f"v1a,{b64encode(self._private().sign(signed)).decode()}"

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(b64decode(self.secret.removeprefix(_SECRET)))


def new_key(scheme: Scheme) -> Key:
    """A key that nobody has yet."""
    prefix = _SHARED if scheme is Scheme.HMAC else _SECRET
    return Key(secret=prefix + b64encode(os.urandom(_BYTES)).decode())


def headers(keys: Iterable[Key], *, webhook_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a delivery that is tried now, signed by each key that still counts, in their order."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    made = [key.signature(signed) for key in keys if key.until is None or now < key.until]
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(made)}
