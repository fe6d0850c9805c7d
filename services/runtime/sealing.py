"""AES-256-GCM as vault and document store use it: a random nonce in front, bound to the place that the text is kept at."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class WrongKeyError(ValueError):
    """The key does not open it, or it was changed, or it was kept at another place."""


def new_key() -> bytes:
    """A key of 256 bits."""
    return AESGCM.generate_key(256)


def closed(key: bytes, text: bytes, place: str) -> bytes:
    """The text, unreadable without the key; it cannot be put into another place."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, place.encode())


def opened(key: bytes, body: bytes, place: str) -> bytes:
    """The text again.

    Raises:
        WrongKeyError: if it is not what was closed with this key for this place.
    """
    try:
        return AESGCM(key).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise WrongKeyError("the key does not open it") from error
