"""How our clients of Kafka prove who they are, and what they demand of a broker: the settings `OPROEP_KAFKA_…`.

Two libraries talk to Kafka here, and each wants it told in its own words.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.kernel.ports import BusError
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """Security of a connection. Files are read anew for each client, so that a password or a certificate can be renewed."""

    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "KafkaAccess":
        """What the settings say."""
        return cls(
            protocol=settings.kafka_security,
            mechanism=settings.kafka_sasl if settings.kafka_user else "",
            user=settings.kafka_user,
            password_file=settings.kafka_password_file,
            ca_file=settings.kafka_ca_file,
        )

    def client(self) -> dict[str, Any]:
        """Arguments for any client of `kafka-python`.

        Raises:
            BusError: if a file cannot be read; a password may be put there later.
        """
        told: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            told["ssl_context"] = self._tls()
        if self.mechanism:
            told |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self._password(),
            }
        return told

    def faust(self, credentials: Any) -> dict[str, Any]:
        """Arguments for a Faust app; `credentials` is the module `faust.auth`.

        Raises:
            BusError: see `client`.
        """
        tls = self._tls() if self.protocol.endswith("SSL") else None
        if self.mechanism:
            said = credentials.SASLCredentials(
                username=self.user, password=self._password(), mechanism=self.mechanism, ssl_context=tls
            )
            return {"broker_credentials": said}
        return {} if tls is None else {"broker_credentials": credentials.SSLCredentials(tls)}

    def _tls(self) -> ssl.SSLContext:
        """TLS that believes the named authority, or those of the machine, and holds the broker to its name."""
        try:
            return ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise BusError(f"OPROEP_KAFKA_CA_FILE: {self.ca_file}: {error}") from error

    def _password(self) -> str:
        assert self.password_file is not None, "settings want one beside a user"  # noqa: S101 - a broken invariant
        try:
            return self.password_file.read_text("utf-8").rstrip("\n")
        except (OSError, ValueError) as error:
            raise BusError(f"OPROEP_KAFKA_PASSWORD_FILE: {self.password_file}: {error}") from error


PLAIN = KafkaAccess()
"""No questions asked: a cluster on a network of its own."""
