"""Check a receipt with Python alone, 3.9 or later.

    python verify_receipt.py [--key KEY] ENTRY PROOF

ENTRY: the bytes of a log's entry. PROOF: a C2SP tlog-proof (c2sp.org/tlog-proof@v1). KEY: the log's public key,
`name+id+base64`; without --key it is read from keys.txt beside the proof, which then proves only that the files belong together.
Prints what is proven, exit code 0; or what is wrong, exit code 1.
"""

# ruff: noqa: T201, PLR2004, UP031 - a program of its own, which prints, and whose numbers are those of RFC 8032
import base64
import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def recover_x(y: int, sign: int) -> int:
    """The x of a point on the curve of Ed25519 (RFC 8032, 5.1.3)."""
    if y >= P:
        raise ValueError("no point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point")
    return P - x if x & 1 != sign else x


def point(data: bytes) -> Point:
    """A point from its 32 bytes."""
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return (x, y, 1, x * y % P)


def add(p: Point, q: Point) -> Point:
    """The sum of two points."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor: int, p: Point) -> Point:
    """A multiple of a point."""
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = add(result, p)
        p, factor = add(p, p), factor >> 1
    return result


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 signature is that of the key over the message."""
    if len(signature) != 64 or len(public) != 32:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    try:
        key, nonce = point(public), point(signature[:32])
    except ValueError:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(scalar, BASE), add(nonce, times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def root_of(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes:
    """The root of the tree of that size in which the leaf stands at that index (RFC 9162, 2.1.3.2)."""
    at, last, node = index, size - 1, leaf
    for other in hashes:
        if last == 0:
            raise ValueError("the proof is too long")
        if at & 1 or at == last:
            node = hashlib.sha256(b"\x01" + other + node).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + other).digest()
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return node


def check(entry: bytes, proof: str, key: str) -> str:
    """What is proven, in words; ValueError if it is not."""
    head, _, note = proof.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise ValueError("the proof is no c2sp.org/tlog-proof@v1")
    lines = lines[2:] if lines[1].startswith("extra ") else lines[1:]
    index = int(lines[0].split("index ")[1])
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    name, key_id, public = key.strip().split("+", 2)
    raw = base64.b64decode(public, validate=True)
    if name != origin or raw[:1] != b"\x01" or hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != key_id:
        raise ValueError("the key is not one of " + origin)
    valid = False
    for line in signatures.splitlines():
        parts = line.split(" ")
        data = base64.b64decode(parts[-1]) if parts[0] == "\u2014" and parts[1:2] == [name] else b""
        valid = valid or (data[:4].hex() == key_id and signed(raw[1:], (text + "\n").encode(), data[4:]))
    if not valid:
        raise ValueError("the checkpoint is not signed with this key")
    if not 0 <= index < int(size):
        raise ValueError("the index is not in a tree of this size")
    hashes = [base64.b64decode(line, validate=True) for line in lines[1:]]
    if root_of(hashlib.sha256(b"\x00" + entry).digest(), index, int(size), hashes) != base64.b64decode(root):
        raise ValueError("the entry is not in the tree with this root")
    about = json.loads(entry.decode("utf-8"))
    return "%s is entry %d of %s, as signed at %s entries" % (about["id"], index, origin, size)


def main(arguments: list[str]) -> int:
    """Run as a program."""
    key = ""
    if arguments[:1] == ["--key"]:
        key, arguments = "".join(arguments[1:2]), arguments[2:]
    if len(arguments) != 2:
        print(__doc__)
        return 2
    try:
        proof = pathlib.Path(arguments[1])
        key = key or (proof.parent / "keys.txt").read_text("utf-8").splitlines()[0]
        print(check(pathlib.Path(arguments[0]).read_bytes(), proof.read_text("utf-8"), key))
    except (OSError, ValueError, IndexError, KeyError) as error:
        print("NOT PROVEN:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
