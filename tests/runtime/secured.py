"""A broker with a listener for readers outside, set up by the files in `deploy/kafka` themselves."""

import os
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from services.demo.sink import free_port
from services.devcluster import Cluster, start
from services.runtime.kafka_access import KafkaAccess
from tests.runtime.certificates import Authority

admins: Any = import_module("kafka.admin")  # the type stubs that checkers carry are of an older version
DEPLOY = Path(__file__).parents[2] / "deploy" / "kafka"
TOOLS = Path(__file__).with_name("kafka_tools.py")


@dataclass(frozen=True, slots=True)
class Secured:
    """A running broker: its inner and its outer address, and a directory with what its readers need."""

    cluster: Cluster
    outside: str
    directory: Path

    def access(self, user: str, *, password: str | None = None, ca: str = "ca.pem") -> KafkaAccess:
        """How a user comes in; the password is by default the right one."""
        file = self.directory / f"{user}.password"
        file.write_text(f"{password or user}\n", "ascii")
        return KafkaAccess(
            protocol="SASL_SSL", mechanism="SCRAM-SHA-512", user=user, password_file=file, ca_file=self.directory / ca
        )

    def admit(self, user: str) -> None:
        """Let a reader in, as the script does; its password is its name."""
        shims = self.directory / "bin"
        shims.mkdir(exist_ok=True)
        for name in ("kafka-configs.sh", "kafka-acls.sh"):
            (shims / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TOOLS}" {name} "$@"\n', "ascii")
            (shims / name).chmod(stat.S_IRWXU)
        path = f"{shims}{os.pathsep}{os.environ['PATH']}"
        command = [str(DEPLOY / "access.sh"), self.cluster.bootstrap, user]
        subprocess.run(command, input=f"{user}\n", env={**os.environ, "PATH": path}, check=True, text=True, timeout=60)


@contextmanager
def secured(directory: Path) -> Generator[Secured]:
    """Start it. The user `oproep` may do everything."""
    outside = f"127.0.0.1:{free_port()}"
    _certify(directory, "ca.pem", "outside.pem")
    _certify(directory, "other-ca.pem", "other.pem")
    text = (DEPLOY / "outside.properties").read_text("ascii")
    for shipped, here in {
        "PLAINTEXT://0.0.0.0:9092": "PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER://0.0.0.0:9093": "CONTROLLER://127.0.0.1:{controller_port}",
        "OUTSIDE://0.0.0.0:9094": f"OUTSIDE://{outside}",
        "PLAINTEXT://kafka-1:9092": "PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER://kafka-1:9093": "CONTROLLER://127.0.0.1:{controller_port}",
        "OUTSIDE://kafka-1.example:9094": f"OUTSIDE://{outside}",
        "/etc/kafka/secrets/outside.pem": str(directory / "outside.pem"),
        "super.users=User:ANONYMOUS": "super.users=User:ANONYMOUS;User:oproep",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    with start(directory / "cluster", brokers=1, also=f"\n{text}") as cluster:
        _set_password(cluster.bootstrap, "oproep", "oproep")
        yield Secured(cluster, outside, directory)


def _set_password(brokers: str, user: str, password: str) -> None:
    with closing(admins.KafkaAdminClient(bootstrap_servers=brokers)) as admin:
        mechanism = admins.ScramMechanism.SCRAM_SHA_512
        said = admins.UserScramCredentialUpsertion(user, mechanism, password=password, iterations=8192)
        admin.alter_user_scram_credentials([said])


def _certify(directory: Path, ca_file: str, server_file: str) -> None:
    """An authority, and a certificate of it for a server at 127.0.0.1 with its key."""
    authority = Authority(ca_file)
    certificate, key = authority.certify("127.0.0.1")
    (directory / ca_file).write_bytes(authority.pem)
    (directory / server_file).write_bytes(key + certificate)
