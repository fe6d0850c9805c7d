"""Ways to spoil an export. Each gets a folder that is sound and says which entry is the first that cannot be relied on.

`Spoil(directory, at, values)`: `values` are the ledger's entries as they were. An *outsider* changes files and cannot sign; whoever
`rebuilds` makes all tiles anew so that they fit what was changed, and only the signed root speaks against it.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from services.audit import pack, writing
from services.tlog import tiles
from tests.audit.packs import OTHER_SEED, SEED
from tests.audit.small import LEDGER, NOON, edited

Spoil = Callable[[Path, int, list[bytes]], int]


def place(directory: Path) -> Path:
    """Where the ledger lies."""
    return directory / pack.LOGS / LEDGER.replace("/", "-")


def rebuild(directory: Path, values: list[bytes], *, seed: bytes | None = None) -> None:
    """Lay the ledger down anew with these entries; under its old checkpoint, or one signed with `seed`."""
    note = (place(directory) / "checkpoint").read_text("utf-8")
    shutil.rmtree(place(directory))
    found = writing.write_log(directory, LEDGER, values)
    if seed is not None:
        note, _ = writing.signed("demo", found, seed)
    writing.write_note(directory, LEDGER, note)


def bundles(directory: Path, values: list[bytes], size: int) -> None:
    """Put other entries into the bundles alone: what an outsider without any knowledge of trees does."""
    for number in range(-(-size // tiles.WIDTH)):
        width = tiles.width_of(tiles.ENTRIES, number, size)
        content = tiles.bundle(values[number * tiles.WIDTH :][:width])
        (place(directory) / tiles.path(tiles.ENTRIES, number, width)).write_bytes(content)


def edit(directory: Path, at: int, values: list[bytes]) -> int:
    """Another id of the command, in an entry that is otherwise in its form."""
    bundles(directory, [*values[:at], edited(values[at], command_id="other"), *values[at + 1 :]], len(values))
    return at


def flip(directory: Path, at: int, values: list[bytes]) -> int:
    """One bit."""
    broken = bytes([values[at][0] ^ 1]) + values[at][1:]
    bundles(directory, [*values[:at], broken, *values[at + 1 :]], len(values))
    return at


def edit_and_rebuild_leaves(directory: Path, at: int, values: list[bytes]) -> int:
    """The entry and its own hash, not the tiles above: the fault is known to the block of 256, or by the root alone."""
    other = [*values[:at], edited(values[at], command_id="other"), *values[at + 1 :]]
    kept = {file: file.read_bytes() for file in (place(directory) / "tile").glob("[1-9]*/**/*") if file.is_file()}
    rebuild(directory, other)
    for file, content in kept.items():
        file.write_bytes(content)
    complete = at < len(values) // tiles.WIDTH * tiles.WIDTH
    return at // tiles.WIDTH * tiles.WIDTH if complete else 0


def edit_and_rebuild(directory: Path, at: int, values: list[bytes]) -> int:
    """All tiles fit; only the root does not, and from the export alone nobody can tell where it starts."""
    rebuild(directory, [*values[:at], edited(values[at], command_id="other"), *values[at + 1 :]])
    return 0


def drop(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry is taken out, and the others move up."""
    rebuild(directory, [*values[:at], *values[at + 1 :]], seed=OTHER_SEED)
    return at if at < len(values) - 1 else 0


def drop_from_bundles(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry is taken out of the bundles only."""
    bundles(directory, [*values[:at], *values[at + 1 :]], len(values))
    return at


def swap(directory: Path, at: int, values: list[bytes]) -> int:
    """Two neighbours change places."""
    first = min(at, len(values) - 2)
    bundles(directory, [*values[:first], values[first + 1], values[first], *values[first + 2 :]], len(values))
    return first


def insert(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry stands there twice, and the log is signed by somebody else."""
    rebuild(directory, [*values[:at], values[at], *values[at:]], seed=OTHER_SEED)
    return at + 1


def renumber_after_drop(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry is taken out, and all that follow get new numbers: the root speaks, and says no place."""
    rest = [edited(value, index=index) for index, value in enumerate(values[at + 1 :], at)]
    rebuild(directory, [*values[:at], *rest], seed=OTHER_SEED)
    return 0


def truncate(directory: Path, at: int, values: list[bytes]) -> int:
    """Nothing is left from here on, under the old checkpoint: the bundle of `at` is missing, or narrower than it must be."""
    shutil.rmtree(place(directory) / "tile")
    tiles.write(place(directory), values[:at])
    return at // tiles.WIDTH * tiles.WIDTH


def cut_bytes(directory: Path, at: int, values: list[bytes]) -> int:
    """The bundle with this entry ends in the middle of it."""
    number, size = at // tiles.WIDTH, len(values)
    first = number * tiles.WIDTH
    file = place(directory) / tiles.path(tiles.ENTRIES, number, tiles.width_of(tiles.ENTRIES, number, size))
    file.write_bytes(tiles.bundle(values[first:at]) + tiles.bundle([values[at]])[:-1])
    return at


def missing_bundle(directory: Path, at: int, values: list[bytes]) -> int:
    """The bundle with this entry is gone."""
    number = at // tiles.WIDTH
    (place(directory) / tiles.path(tiles.ENTRIES, number, tiles.width_of(tiles.ENTRIES, number, len(values)))).unlink()
    return number * tiles.WIDTH


def missing_tile(directory: Path, at: int, values: list[bytes]) -> int:
    """The tile with this entry's hash is gone."""
    number = at // tiles.WIDTH
    (place(directory) / tiles.path(0, number, tiles.width_of(0, number, len(values)))).unlink()
    return number * tiles.WIDTH


def spoiled_tile(directory: Path, at: int, values: list[bytes]) -> int:
    """The hash of this entry is another one."""
    number = at // tiles.WIDTH
    file = place(directory) / tiles.path(0, number, tiles.width_of(0, number, len(values)))
    content = bytearray(file.read_bytes())
    content[at % tiles.WIDTH * 32] ^= 1
    file.write_bytes(content)
    return at


def extra_bytes(directory: Path, at: int, values: list[bytes]) -> int:
    """Something stands behind the last entry of the bundle with this entry."""
    number = at // tiles.WIDTH
    width = tiles.width_of(tiles.ENTRIES, number, len(values))
    file = place(directory) / tiles.path(tiles.ENTRIES, number, width)
    file.write_bytes(file.read_bytes() + b"\0")
    return number * tiles.WIDTH + width


def other_deployment(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry of another deployment."""
    bundles(directory, [*values[:at], edited(values[at], deployment="elsewhere"), *values[at + 1 :]], len(values))
    return at


def newer_command(directory: Path, at: int, values: list[bytes]) -> int:
    """A command that this version does not know, in a log that is signed as it should be."""
    rebuild(directory, [*values[:at], edited(values[at], command={"type": "Rejoice"}), *values[at + 1 :]], seed=SEED)
    return at


def newer_form(directory: Path, at: int, values: list[bytes]) -> int:
    """An entry with a member that this version does not know."""
    newer = values[at].replace(b'"specversion":"1.0"', b'"specversion":"1.0","ticket":"1"')
    rebuild(directory, [*values[:at], newer, *values[at + 1 :]], seed=SEED)
    return at


AT_EVERY_PLACE: Mapping[str, Spoil] = {
    spoil.__name__: spoil
    for spoil in (
        edit,
        flip,
        edit_and_rebuild_leaves,
        edit_and_rebuild,
        drop,
        drop_from_bundles,
        swap,
        insert,
        renumber_after_drop,
        truncate,
        cut_bytes,
        missing_bundle,
        missing_tile,
        spoiled_tile,
        extra_bytes,
        other_deployment,
        newer_command,
        newer_form,
    )
}


def foreign_signature(directory: Path, _at: int, values: list[bytes]) -> int:
    """All fits, and somebody else has signed."""
    rebuild(directory, values, seed=OTHER_SEED)
    return 0


def broken_signature(directory: Path, _at: int, _values: list[bytes]) -> int:
    """The signature is of another text."""
    note = place(directory) / "checkpoint"
    text, _, rest = note.read_text("utf-8").partition("\n\n")
    lines = text.split("\n")
    lines[2] = "A" * 43 + "="
    note.write_text("\n".join(lines) + "\n\n" + rest, "utf-8")
    return 0


def no_checkpoint(directory: Path, _at: int, _values: list[bytes]) -> int:
    """Nothing says how long the log is."""
    (place(directory) / "checkpoint").unlink()
    return 0


def checkpoint_of_another_log(directory: Path, _at: int, _values: list[bytes]) -> int:
    """The checkpoint of intake lies with the ledger."""
    shutil.copy(directory / pack.LOGS / "intake-0" / "checkpoint", place(directory) / "checkpoint")
    return 0


def no_log(directory: Path, _at: int, _values: list[bytes]) -> int:
    """The whole log is gone."""
    shutil.rmtree(place(directory))
    return 0


def appended(directory: Path, _at: int, values: list[bytes]) -> int:
    """An entry too many, beside the tiles that are signed."""
    size = len(values)
    more = [*values, edited(values[-1], index=size, time=NOON.replace(year=2022))]
    number = size // tiles.WIDTH
    file = place(directory) / tiles.path(tiles.ENTRIES, number, tiles.width_of(tiles.ENTRIES, number, size + 1))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(tiles.bundle(more[number * tiles.WIDTH :]))
    return size


ONCE: Mapping[str, Spoil] = {
    spoil.__name__: spoil
    for spoil in (foreign_signature, broken_signature, no_checkpoint, checkpoint_of_another_log, no_log, appended)
}
