"""Settings: read once from the environment (`OPROEP_…`), complete and sound or the process does not start."""

from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SECRETS = Path("/run/secrets")
"""Where containers find secrets: what a file `oproep_store` holds is `OPROEP_STORE`, unless the environment says otherwise."""
_ANY = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 - named, not listened at
"""Hosts in `listen` that stand for all addresses of the machine."""


class Settings(BaseSettings):
    """All settings of all services; each service uses those it needs."""

    model_config = SettingsConfigDict(
        env_prefix="OPROEP_", extra="ignore", frozen=True, secrets_dir=_SECRETS if _SECRETS.is_dir() else None
    )

    deployment: str = Field(default="local", pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")
    """Name of the installation; part of every entry."""
    store: str = Field(default="sqlite:///.run", pattern=r"^(sqlite:///.+|postgresql://.+)$")
    """`sqlite:///DIRECTORY` or `postgresql://…`: where the logs live."""
    bus: str = Field(default="local:.run/bus.db", pattern=r"^(local:.+|kafka://.+)$")
    """`local:FILE` or `kafka://HOST:PORT,HOST:PORT`."""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How our clients speak to the brokers: with TLS (`…SSL`), with a user and password (`SASL_…`)."""
    kafka_sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How the password is shown to a broker."""
    kafka_user: str = ""
    kafka_password_file: Path | None = None
    """File with the password of that user, read anew for each client."""
    kafka_ca_file: Path | None = None
    """File with the certificates (PEM) of who may vouch for brokers; none: those whom the machine trusts."""
    listen: str = Field(default="127.0.0.1:7400", pattern=r"^.+:\d+$")
    """Address of the gRPC server."""
    tls_cert_file: Path | None = None
    """File with the certificate (PEM) of this process, and those between it and its authority. The gRPC server then speaks TLS."""
    tls_key_file: Path | None = Field(default=None, validate_default=True)
    """File with the key to that (PEM, without a password)."""
    tls_ca_file: Path | None = Field(default=None, validate_default=True)
    """File with the certificates (PEM) of who may vouch for services; with it they are called with TLS, without it plainly."""
    tls_clients_ca_file: Path | None = None
    """File with the certificates (PEM) of who may vouch for callers; nobody else is let in then. None: everybody is."""
    peers: str = Field(default="", pattern=r"^([a-z_]+=[^,=]+(,[a-z_]+=[^,=]+)*)?$")
    """Where the other services answer: `intake=HOST:PORT,scoring=HOST:PORT`. Empty: all at `listen`."""
    shards: int = Field(default=1, ge=1, le=64)
    """Logs per service; fixed for the life of a deployment."""
    owned: str = Field(default="", pattern=r"^(\d+(,\d+)*)?$")
    """Which shards this process writes; empty: all."""
    issuer: str = Field(default="file:.run/issuer", pattern=r"^(file:.+|https?://.+)$")
    """`file:DIRECTORY` for a local issuer, or the URL of an OpenID Connect issuer."""
    audience: str = "oproep"
    token_file: Path | None = None
    """File with the service's own access token, read anew for each call; not needed with a local issuer."""
    log_key: str = Field(default="file:.run/log-key.pem", pattern=r"^file:[^,]+(,file:[^,]+)*$")
    """`file:PATH` of the key that signs the checkpoints of all logs; made on first use. With commas between: all of them sign."""
    tlog: str = Field(default="", pattern=r"^(.+:\d+)?$")
    """Address at which checkpoints, tiles and entries are served as files over HTTP; empty: none."""
    vault: Path = Path(".run/vault.db")
    """Names, mail addresses and account numbers, apart from every log."""
    documents: Path = Path(".run/documents")
    smtp: str = Field(default="127.0.0.1:2525", pattern=r"^.+:\d+$")
    mail_from: str = Field(default="noreply@oproep.example", pattern=r"^[^@\s]+@[^@\s]+$")
    feed: str = Field(default="", pattern=r"^(.+:\d+)?$")
    """Address at which the publishing service answers over HTTP; empty: none."""
    feed_base: str = Field(default="", pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*[^\s?#/])?)?$")
    """The public address of that, as readers know it, without `/` at the end; empty: `http://` and the address itself."""
    feed_rate: int = Field(default=1200, ge=0)
    """Requests a minute that the feed answers to one client address; 0: any number."""
    feed_proxies: str = Field(default="", pattern=r"^[^\s]*$")
    """Addresses, with commas between, of proxies before the feed: what they say in `X-Forwarded-For` is the client's address."""
    feed_topic_format: Literal["json", "protobuf"] = "json"
    """What the records of the topic `grants.awards.v1` hold."""
    webhook_key: str = Field(default="file:.run/webhook.key", pattern=r"^file:.+$")
    """`file:PATH` of the key that signing keys of webhooks and their owners' addresses are sealed with; made on first use."""
    webhook_allow: str = ""
    """Networks, with commas between, that webhooks may go to although they are not public: by plain HTTP too, and on any port."""
    webhook_ports: str = Field(default="443", pattern=r"^\d{1,5}(,\d{1,5})*$")
    """Ports, with commas between, that webhooks may go to elsewhere."""
    webhook_at_once: int = Field(default=64, ge=1, le=1000)
    """Endpoints that are sent to at a time."""
    metrics: str = Field(default="", pattern=r"^(.+:\d+)?$")
    """Address for Prometheus; empty: none."""
    clock: str = Field(default="system", pattern=r"^(system|file:.+)$")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("tls_key_file", "tls_ca_file")
    @classmethod
    def _tls_own(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and info.data.get("tls_cert_file") is not None:  # a service calls the others, and itself
            raise ValueError("missing; allowed: a file, as OPROEP_TLS_CERT_FILE is given")
        return value

    @field_validator("tls_key_file", "tls_clients_ca_file")
    @classmethod
    def _tls_with_cert(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("tls_cert_file") is None:
            raise ValueError("given without OPROEP_TLS_CERT_FILE; allowed: with it")
        return value

    @field_validator("owned")
    @classmethod
    def _owned(cls, value: str, info: ValidationInfo) -> str:
        if len(set(value.split(","))) != len(value.split(",")):
            raise ValueError("names a shard twice; allowed: each shard once, such as 0,2")
        shards = info.data.get("shards")
        if shards is not None and any(int(number) >= shards for number in value.split(",") if number):
            raise ValueError(f"names a shard that does not exist; allowed: 0 to {shards - 1}")
        return value

    @model_validator(mode="after")
    def _kafka(self) -> Self:
        sasl = self.kafka_security.startswith("SASL_")
        if sasl != bool(self.kafka_user) or sasl != (self.kafka_password_file is not None):
            raise ValueError(
                f"OPROEP_KAFKA_SECURITY={self.kafka_security}; allowed: a user and a password file with SASL_…, neither otherwise"
            )
        if self.kafka_ca_file is not None and not self.kafka_security.endswith("SSL"):
            raise ValueError(f"OPROEP_KAFKA_CA_FILE with {self.kafka_security}; allowed: with SSL or SASL_SSL")
        return self

    @field_validator("webhook_allow")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in value.split(",") if value else ():
            ip_network(part)
        return value

    @cached_property
    def owned_shards(self) -> tuple[int, ...]:
        """The shards that this process writes."""
        return tuple(int(n) for n in self.owned.split(",")) if self.owned else tuple(range(self.shards))

    @property
    def feed_url(self) -> str:
        """The public address of the feed."""
        return self.feed_base or f"http://{self.feed}"

    @property
    def here(self) -> str:
        """Where this process is called from its own machine: an address that stands for all is none that a certificate can name."""
        host, _, port = self.listen.rpartition(":")
        return f"localhost:{port}" if host in _ANY else self.listen

    def peer(self, service: str) -> str:
        """The address of a service."""
        addresses = dict(pair.split("=", 1) for pair in self.peers.split(",") if pair)
        return addresses.get(service, self.here)
