"""Keeps what nobody may read in the database: signing keys and the owners' addresses, sealed under one key of the deployment."""

from pathlib import Path

from services.kernel import canonical
from services.kernel.form import from_json, to_json
from services.publishing.doors.webhooks.endpoints import Secrets
from services.runtime.log_keys import secret
from services.runtime.sealing import closed, new_key, opened


class Safe:
    """Seals and opens. Its key is in a file that only its owner may read, made on first use."""

    def __init__(self, setting: str) -> None:
        self._path = Path(setting.removeprefix("file:"))

    def seal(self, endpoint_id: str, secrets: Secrets) -> bytes:
        """The secrets of an endpoint; sealed, they are of use for that endpoint only."""
        return closed(secret(self._path, new_key), canonical.encode(to_json(secrets)), _place(endpoint_id))

    def open(self, endpoint_id: str, sealed: bytes) -> Secrets:
        """The secrets again.

        Raises:
            WrongKeyError: if they were sealed with another key, or for another endpoint.
            OSError: if the key cannot be read.
        """
        return from_json(Secrets, canonical.decode(opened(self._path.read_bytes(), sealed, _place(endpoint_id))))


def _place(endpoint_id: str) -> str:
    return f"webhook\0{endpoint_id}"
