"""`python -m tests.chaos.fuse DIRECTORY SEED`: mounts a disk that forgets, and loses power when told.

It speaks the kernel's own protocol (linux/fuse.h, version 7.31) over /dev/fuse and needs no library, but the right to mount.
Words on standard input: `arm N` (the power goes after N changes from now on), `on` (mount what is left). Words on standard
output: `mounted`, and `cut` when the power has gone: from then on nothing is answered, until `on`. It ends when its input does.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import sys
from collections.abc import Callable

from tests.chaos.disk import Disk

_IN, _OUT = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
_ATTR, _ENTRY = struct.Struct("<6Q10I"), struct.Struct("<4Q2I")
_INIT_OUT = struct.Struct("<4I2H2I2HI7I")
_MAX_WRITE = 1 << 17
_FOR_EVER = 1 << 30
_DIRECTORY = 1
_DETACH = 2
_SIZE_CHANGES = 1 << 3
_FORGET, _BATCH_FORGET, _INTERRUPT = 2, 42, 36
"""Requests that want no answer."""
_libc = ctypes.CDLL(None, use_errno=True)


class PowerLostError(Exception):
    """There is nobody here any more."""


class Mount:
    """A disk at a directory. `changes_left` counts down to the loss of power; None: not yet planned."""

    def __init__(self, disk: Disk, directory: str) -> None:
        self._disk, self._directory = disk, directory.encode()
        self.changes_left: int | None = None
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode={stat.S_IFDIR:o},user_id={os.getuid()},group_id={os.getgid()},max_read={_MAX_WRITE}"
        if _libc.mount(b"forgetful", self._directory, b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), directory)
        self._handlers: dict[int, Callable[[int, bytes], bytes]] = {
            1: self._lookup,
            3: self._getattr,
            4: self._setattr,
            10: self._unlink,
            13: self._link,
            15: self._read,
            16: self._write,
            20: self._fsync,
            26: self._init,
            28: self._readdir,
            30: self._fsyncdir,
            35: self._create,
        }

    def serve(self) -> None:
        """Answer one request; what is not known here the kernel does without (ENOSYS).

        Raises:
            PowerLostError: instead of an answer.
        """
        request = os.read(self.device, _MAX_WRITE + 4096)
        _, code, unique, node, *_ = _IN.unpack_from(request)
        if code in {_FORGET, _BATCH_FORGET, _INTERRUPT}:
            return
        error, body = 0, b""
        try:
            body = self._handlers.get(code, _unknown)(node, request[_IN.size :])
        except OSError as refused:
            error = -(refused.errno or errno.EIO)
        os.write(self.device, _OUT.pack(_OUT.size + len(body), error, unique) + body)

    def unmount(self) -> None:
        """Give up; who waits for an answer gets an error."""
        os.close(self.device)
        _libc.umount2(self._directory, _DETACH)

    def _change(self) -> None:
        if self.changes_left is None:
            return
        if self.changes_left == 0:
            raise PowerLostError
        self.changes_left -= 1

    def _init(self, _node: int, _body: bytes) -> bytes:
        return _INIT_OUT.pack(7, 31, _MAX_WRITE, 0, 0, 0, _MAX_WRITE, 1, 0, 0, 0, *[0] * 7)

    def _lookup(self, _node: int, body: bytes) -> bytes:
        return self._entry(self._number(body))

    def _getattr(self, node: int, _body: bytes) -> bytes:
        return struct.pack("<QII", _FOR_EVER, 0, 0) + self._attributes(node)

    def _setattr(self, node: int, body: bytes) -> bytes:
        valid, _, _, size = struct.unpack_from("<IIQQ", body)
        if valid & _SIZE_CHANGES:
            self._change()
            self._disk.files[node].resize(size)
        return self._getattr(node, b"")

    def _unlink(self, _node: int, body: bytes) -> bytes:
        self._number(body)
        self._change()
        self._disk.unlink(_name(body))
        return b""

    def _link(self, _node: int, body: bytes) -> bytes:
        (number,) = struct.unpack_from("<Q", body)
        if _name(body[8:]) in self._disk.names:
            raise OSError(errno.EEXIST, "")
        self._change()
        self._disk.link(number, _name(body[8:]))
        return self._entry(number)

    def _read(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(self._disk.files[node].content[offset : offset + size])

    def _write(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        self._change()
        self._disk.files[node].write(offset, body[40 : 40 + size])
        return struct.pack("<II", size, 0)

    def _fsync(self, node: int, _body: bytes) -> bytes:
        self._change()
        self._disk.files[node].sync()
        return b""

    def _fsyncdir(self, _node: int, _body: bytes) -> bytes:
        self._change()
        self._disk.sync()
        return b""

    def _readdir(self, _node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        listed = b""
        for place, (name, number) in enumerate(sorted(self._disk.names.items())):
            raw = name.encode()
            item = struct.pack("<QQII", number, place + 1, len(raw), stat.S_IFREG >> 12) + raw
            item += bytes(-len(item) % 8)
            if place >= offset and len(listed) + len(item) <= size:
                listed += item
        return listed

    def _create(self, _node: int, body: bytes) -> bytes:
        self._change()
        number = self._disk.create(_name(body[16:]))
        return self._entry(number) + struct.pack("<QII", 0, 0, 0)

    def _number(self, body: bytes) -> int:
        number = self._disk.names.get(_name(body))
        if number is None:
            raise OSError(errno.ENOENT, "")
        return number

    def _entry(self, number: int) -> bytes:
        return _ENTRY.pack(number, 0, _FOR_EVER, _FOR_EVER, 0, 0) + self._attributes(number)

    def _attributes(self, number: int) -> bytes:
        size = 0 if number == _DIRECTORY else len(self._disk.files[number].content)
        mode = stat.S_IFDIR | 0o700 if number == _DIRECTORY else stat.S_IFREG | 0o600
        return _ATTR.pack(number, size, -(-size // 512), 0, 0, 0, 0, 0, 0, mode, 1, os.getuid(), os.getgid(), 0, 4096, 0)


def _unknown(_node: int, _body: bytes) -> bytes:
    raise OSError(errno.ENOSYS, "")


def _name(body: bytes) -> str:
    return body.partition(b"\0")[0].decode()


def main(directory: str, seed: str) -> None:
    """Serve until the input ends."""
    disk, lost = Disk(int(seed)), False
    try:
        mount = Mount(disk, directory)
    except OSError as error:
        _say(str(error))
        return
    _say("mounted")
    try:
        while True:
            ready, _, _ = select.select([sys.stdin] if lost else [sys.stdin, mount.device], [], [])
            if sys.stdin in ready:
                word, _, number = os.read(0, 100).decode().partition(" ")
                if not word:
                    return
                if word == "arm":
                    mount.changes_left = int(number)
                else:
                    mount.unmount()
                    disk.cut()
                    mount, lost = Mount(disk, directory), False
                    _say("mounted")
            elif not lost:
                try:
                    mount.serve()
                except PowerLostError:
                    lost = True
                    _say("cut")
    finally:
        mount.unmount()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
