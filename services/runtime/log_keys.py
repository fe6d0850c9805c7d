"""Keys in files, above all the one that signs checkpoints: one for a deployment, used for each log under the log's name."""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from services.runtime.durable import first, written


def seeds(setting: str) -> list[bytes]:
    """The secret bytes of the keys that a setting names: `file:PATH`, or several with commas between, all of which sign.

    What is not there is made: a new key, for its owner only to read, in PEM as `openssl genpkey -algorithm ed25519` writes it.

    Raises:
        ValueError: if a file holds something else.
    """
    return [private_key(Path(name.removeprefix("file:"))).private_bytes_raw() for name in setting.split(",")]


def private_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file; made if there is none, and then durable before anything is signed with it.

    Raises:
        ValueError: if the file holds something else.
    """
    key = load_pem_private_key(secret(path, _new_pem), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds another key than one for Ed25519")  # noqa: TRY004 - what a file holds is a value
    return key


def secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """What a file holds that only its owner may read; if there is none, it is made, and durable before anything rests on it."""
    if not path.exists():
        written(path, make(), lambda scratch: first(scratch, path))  # of several who make one, all use the same
    return path.read_bytes()


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
