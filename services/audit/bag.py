"""A folder as a BagIt bag (RFC 8493): the files below `data/`, each with its SHA-256 in a manifest, the manifest in another."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

_VERSION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_CHUNK_BYTES = 1 << 20
_HARD = frozenset("%\r\n")
"""Manifests write these in percent, and readers disagree on how: an export has none of them in its names."""


@dataclass(frozen=True, slots=True)
class Bag:
    """What was packed."""

    files: int
    octets: int


def write(payload: Mapping[str, Path], bag: Path, *, bagged: date, info: Mapping[str, str]) -> Bag:
    """Copy files, by their path in the bag's payload, and write the manifests. The bag appears whole or not at all.

    Raises:
        FileExistsError: if there is something at `bag`.
        ValueError: if a path leads out of the payload, or cannot be written in a manifest that all readers understand.
    """
    if bag.exists():
        raise FileExistsError(f"{bag} is there already")
    rough = bag.with_name(bag.name + ".part")
    shutil.rmtree(rough, ignore_errors=True)
    manifest: list[tuple[str, str]] = []
    octets = 0
    for name, source in sorted(payload.items()):
        path = PurePosixPath("data", name)
        if ".." in path.parts or not path.is_relative_to("data") or not _HARD.isdisjoint(name):
            raise ValueError(f"{name!r} cannot be packed; allowed: a relative path without .., percent signs and line ends")
        digest, size = _copied(source, rough / path)
        manifest.append((digest, str(path)))
        octets += size
    tags = {
        "bagit.txt": _VERSION,
        "bag-info.txt": _info({**info, "Bagging-Date": bagged.isoformat(), "Payload-Oxum": f"{octets}.{len(manifest)}"}),
        "manifest-sha256.txt": _manifest(manifest),
    }
    tags["tagmanifest-sha256.txt"] = _manifest([(hashlib.sha256(text.encode()).hexdigest(), name) for name, text in tags.items()])
    for name, text in tags.items():
        (rough / name).write_bytes(text.encode())
    rough.rename(bag)
    return Bag(len(manifest), octets)


def below(directory: Path, prefix: str) -> dict[str, Path]:
    """The files of a folder, by their path in the bag under `prefix`."""
    return {f"{prefix}/{file.relative_to(directory).as_posix()}": file for file in sorted(directory.rglob("*")) if file.is_file()}


def _copied(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file; gives the hash and the size of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += written.write(chunk)
    return digest.hexdigest(), size


def _manifest(lines: list[tuple[str, str]]) -> str:
    return "".join(f"{digest}  {path}\n" for digest, path in lines)


def _info(members: Mapping[str, str]) -> str:
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in members.items())
