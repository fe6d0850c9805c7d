"""The broker's jars: pinned by version and SHA-256 in `deploy/cluster/jars.lock`, fetched once, kept in the user's cache.

The package `jgo` knows the repository; what it brings is believed only if its hash is the locked one.
"""

import os
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_DEPLOY = Path(__file__).parents[2] / "deploy" / "cluster"
LOCK = _DEPLOY / "jars.lock"
WANTED = _DEPLOY / "jars.in"
_TIMEOUT_SECONDS = 60
_HEAD = "# Every jar of the broker: coordinates and SHA-256. Written by `python -m services.devcluster lock` from jars.in.\n"


class JarError(RuntimeError):
    """A jar is not what the lock says, or could not be fetched."""


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar by Maven coordinates, and the hash that it must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """The file name."""
        return f"{self.artifact}-{self.version}.jar"


def cache_directory() -> Path:
    """Where jars are kept: `$XDG_CACHE_HOME/oproep`, or `~/.cache/oproep`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "oproep" / "jars"


def locked(lock: Path = LOCK) -> list[Jar]:
    """The jars of a lock file."""
    jars: list[Jar] = []
    for line in lock.read_text("ascii").splitlines():
        if not line.startswith("#"):
            coordinates, digest = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(Jar(group, artifact, version, digest))
    return jars


def classpath(told: Callable[[str], None] = lambda _line: None, *, lock: Path = LOCK, cache: Path | None = None) -> str:
    """The class path of the broker; fetches what the cache has not. `told` hears a line for each jar fetched.

    Raises:
        JarError: if a jar cannot be fetched, or has another hash than the lock says.
    """
    directory = cache or cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    jars = locked(lock)
    for number, jar in enumerate(jars, 1):
        kept = directory / jar.name
        if not kept.exists() or _hash(kept) != jar.sha256:
            told(f"fetching {number}/{len(jars)} {jar.name}")
            _fetch(jar, kept)
    return os.pathsep.join(str(directory / jar.name) for jar in jars)


def write_lock(lock: Path = LOCK, wanted: Path = WANTED) -> int:
    """Resolve what is wanted and write the lock anew; gives the number of jars."""
    import jgo  # noqa: PLC0415 - a development dependency, needed only when the cache is empty

    roots = [line for line in wanted.read_text("ascii").splitlines() if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as scratch:
        lines = [
            f"{a.groupId}:{a.artifactId}:{a.version} {_hash(_download(a.groupId, a.artifactId, a.version, Path(scratch)))}\n"
            for a in jgo.resolve("+".join(roots))
        ]
    lock.write_text(_HEAD + "".join(sorted(lines)), "ascii")
    return len(lines)


def _fetch(jar: Jar, kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
        fetched = _download(jar.group, jar.artifact, jar.version, Path(scratch))
        found = _hash(fetched)
        if found != jar.sha256:
            raise JarError(f"{jar.name} has SHA-256 {found}, but {jar.sha256} is locked: refused")
        fetched.replace(kept)  # in one step: another process may be fetching the same


def _download(group: str, artifact: str, version: str, scratch: Path) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415 - a development dependency, needed only when the cache is empty

    if trusted := ssl.get_default_verify_paths().cafile:
        # The package beneath trusts a list of its own; a machine behind a gateway has another one, and says so here.
        os.environ.setdefault("REQUESTS_CA_BUNDLE", trusted)
    repository = MavenContext(repo_cache=scratch, timeout=_TIMEOUT_SECONDS)
    try:
        return Path(repository.project(group, artifact).at_version(version).artifact().resolve())
    except (OSError, RuntimeError) as error:
        raise JarError(f"{artifact}-{version}.jar could not be fetched: {error}") from error


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
