"""A witness's line counts if it is over this checkpoint and the time that it names: held against lines made by hand."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.tlog.notes import Checkpoint, NoteError, SigningKey, VerifierKey, sign, verify
from services.tlog.witnesses import Cosigned, Quorum, WitnessKey, cosigned

ORIGIN = "oproep/vlaanderen/awarding/0"
LOG = SigningKey(ORIGIN, sha256(b"synthetic").digest())
CHECKPOINT = Checkpoint(ORIGIN, 1742, sha256(b"root").digest())
NOTE = sign(CHECKPOINT, [LOG])
TIME = 1_700_000_000


def by_hand(name: str, secret: bytes, *, text: str = CHECKPOINT.text(), time: int = TIME, said: int = TIME) -> tuple[str, str]:
    """Key and line of a witness, step by step as C2SP tlog-cosignature has it. `said`: the time in the line."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(secret).digest())
    public = private.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + b"\x04" + public).digest()[:4]
    message = b"cosignature/v1\n" + b"time " + str(time).encode() + b"\n" + text.encode()
    line = b64encode(key_id + said.to_bytes(8, "big") + private.sign(message)).decode()
    return f"{name}+{key_id.hex()}+{b64encode(bytes([4]) + public).decode()}", f"\u2014 {name} {line}\n"


FIRST, FIRST_LINE = by_hand("witness.example/w1", b"w1")
SECOND, SECOND_LINE = by_hand("witness.example/w2", b"w2")
KEYS = (WitnessKey.parse(FIRST), WitnessKey.parse(SECOND))
FOREIGN, FOREIGN_LINE = by_hand("stranger.example", b"stranger")
OTHER_TEXT = Checkpoint(ORIGIN, 1743, CHECKPOINT.root).text()
BROKEN = {
    "of another checkpoint": by_hand("witness.example/w2", b"w2", text=OTHER_TEXT)[1],
    "of another time": by_hand("witness.example/w2", b"w2", said=TIME + 1)[1],
    "of a note, not a cosignature": SigningKey("witness.example/w2", sha256(b"w2").digest()).line(CHECKPOINT.text()),
}


def test_keys_and_lines_are_those_that_a_witness_publishes() -> None:
    assert FIRST == "witness.example/w1+ed8c37d6+BLDvac9mmAMfo6UM3ZhuGEswRR4MUnSlB9TyBI0y+MK1"
    assert FIRST_LINE.split()[2] == (
        "7Yw31gAAAABlU/EAtK+Bt7e2cJwAGY8OLnqyrY3L2H3cz2SewYXj5TwGMjby/q5n41ie5Wes8qMYhXLiYeLtHGgFDtCbK0cEVISLBg=="
    )
    assert [str(key) for key in KEYS] == [FIRST, SECOND]


def test_who_has_signed_is_named_and_the_log_is_no_witness() -> None:
    note = NOTE + FIRST_LINE + SECOND_LINE
    assert verify(note, [LOG.verifier]) == CHECKPOINT
    assert cosigned(note, KEYS) == Cosigned(good=("witness.example/w1", "witness.example/w2"))
    assert cosigned(NOTE, KEYS) == Cosigned()
    assert cosigned(note + FOREIGN_LINE, ()).foreign == tuple("+".join(key.split("+")[:2]) for key in (FIRST, SECOND, FOREIGN))


def test_a_line_counts_once() -> None:
    assert cosigned(NOTE + FIRST_LINE + FIRST_LINE, KEYS).good == ("witness.example/w1",)


def test_enough_of_them_are_enough() -> None:
    one = cosigned(NOTE + FIRST_LINE + FOREIGN_LINE, KEYS)
    assert Quorum(KEYS, 1).fault(one) == ""
    assert Quorum(KEYS, 2).fault(one) == (
        "cosigned by 1 of the 2 witnesses that are wanted; there is none of witness.example/w2; "
        f"not known here is {'+'.join(FOREIGN.split('+')[:2])}"
    )


@pytest.mark.parametrize("line", [BROKEN["of another checkpoint"], BROKEN["of another time"]])
def test_a_line_that_is_not_over_this_checkpoint_is_named_even_if_there_are_enough(line: str) -> None:
    found = cosigned(NOTE + FIRST_LINE + line, KEYS)
    assert (found.good, found.broken) == (("witness.example/w1",), ("witness.example/w2",))
    assert Quorum(KEYS, 1).fault(found) == "the line of witness.example/w2 is not over this checkpoint"
    assert cosigned(NOTE + SECOND_LINE + line, KEYS).good == (), "one that is broken speaks against the one that is not"


def test_a_signature_of_the_same_key_over_the_note_alone_is_no_cosignature() -> None:
    found = cosigned(NOTE + BROKEN["of a note, not a cosignature"], KEYS)
    assert (found.good, found.broken, len(found.foreign)) == ((), (), 1)


def test_any_bit_of_a_line_matters() -> None:
    name, data = FIRST_LINE.split()[1], bytearray(cosigning_bytes(FIRST_LINE))
    for at in range(4, len(data), 5):
        data[at] ^= 1
        assert cosigned(f"{NOTE}\u2014 {name} {b64encode(data).decode()}\n", KEYS).broken == (name,)
        data[at] ^= 1
    assert cosigned(f"{NOTE}\u2014 {name} {b64encode(data[:11]).decode()}\n", KEYS).broken == (name,)


def test_keys_of_logs_and_of_witnesses_are_not_taken_for_each_other() -> None:
    with pytest.raises(NoteError, match="no Ed25519 key of kind 0x04"):
        WitnessKey.parse(str(LOG.verifier))
    with pytest.raises(NoteError, match="no Ed25519 key of kind 0x01"):
        VerifierKey.parse(FIRST)


def cosigning_bytes(line: str) -> bytes:
    return b64decode(line.split()[2])
