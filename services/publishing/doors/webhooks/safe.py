"""Keeps what nobody may read in the database: signing keys and the owners' addresses, sealed under one key of the deployment."""

import os
import threading
from pathlib import Path

from services.kernel import canonical
from services.kernel.form import from_json, to_json
from services.publishing.doors.webhooks.endpoints import Secrets
from services.runtime.sealing import closed, new_key, opened


class Safe:
    """Seals and opens. Its key is in a file that only its owner may read, made on first use."""

    def __init__(self, setting: str) -> None:
        self._path = Path(setting.removeprefix("file:"))

    def seal(self, endpoint_id: str, secrets: Secrets) -> bytes:
        """The secrets of an endpoint; sealed, they are of use for that endpoint only."""
        if not self._path.exists():
            self._make()
        return closed(self._path.read_bytes(), canonical.encode(to_json(secrets)), _place(endpoint_id))

    def open(self, endpoint_id: str, sealed: bytes) -> Secrets:
        """The secrets again.

        Raises:
            WrongKeyError: if they were sealed with another key, or for another endpoint.
            OSError: if the key cannot be read.
        """
        return from_json(Secrets, canonical.decode(opened(self._path.read_bytes(), sealed, _place(endpoint_id))))

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_name(f"{self._path.name}.{os.getpid()}-{threading.get_ident()}.new")
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(new_key())
        try:
            os.link(scratch, self._path)  # the first of several wins; the others use its key
        except FileExistsError:
            pass
        finally:
            scratch.unlink()


def _place(endpoint_id: str) -> str:
    return f"webhook\0{endpoint_id}"
