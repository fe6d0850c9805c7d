"""A checkpoint says what its log signed, or nothing."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tlog.notes import Checkpoint, NoteError, SigningKey, VerifierKey, sign, unverified, verify

ORIGIN = "oproep/vlaanderen/awarding/0"
KEY = SigningKey(ORIGIN, sha256(b"synthetic").digest())
SUCCESSOR = SigningKey(ORIGIN, sha256(b"successor").digest())
WITNESS = SigningKey("witness.example", sha256(b"witness").digest())
CHECKPOINT = Checkpoint(ORIGIN, 1742, sha256(b"root").digest())
NOTE = sign(CHECKPOINT, [KEY])
PUBLISHED = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
"""The key of a public log, as everybody who uses it has it: key texts here are those of others."""


def test_a_public_key_is_read_and_written_as_others_write_it() -> None:
    key = VerifierKey.parse(PUBLISHED + "\n")
    assert (key.name, key.id.hex(), str(key)) == ("sum.golang.org", "033de0ae", PUBLISHED)


def test_a_note_has_the_form_of_a_checkpoint() -> None:
    origin, size, root, blank, line, end = NOTE.split("\n")
    assert (origin, size, root, blank, end) == (ORIGIN, "1742", b64encode(CHECKPOINT.root).decode(), "", "")
    assert line.startswith(f"\u2014 {ORIGIN} ")


def test_what_was_signed_is_read() -> None:
    assert verify(NOTE, [KEY.verifier]) == unverified(NOTE) == CHECKPOINT
    assert verify(NOTE, [VerifierKey.parse(str(KEY.verifier))]) == CHECKPOINT


def test_one_signs_the_same_bytes_each_time() -> None:
    assert sign(CHECKPOINT, [KEY]) == NOTE


def test_a_key_hands_over_to_another_by_signing_beside_it() -> None:
    both = sign(CHECKPOINT, [SUCCESSOR, KEY])
    assert verify(both, [KEY.verifier]) == verify(both, [SUCCESSOR.verifier]) == CHECKPOINT


def test_lines_of_unknown_witnesses_are_passed_over() -> None:
    assert verify(sign(CHECKPOINT, [WITNESS, KEY]), [KEY.verifier]) == CHECKPOINT


def test_a_witness_alone_does_not_speak_for_the_log() -> None:
    with pytest.raises(NoteError, match=f"not signed by a known key of {ORIGIN}"):
        verify(sign(CHECKPOINT, [WITNESS]), [WITNESS.verifier, KEY.verifier])


def test_a_foreign_key_under_the_same_name_is_unknown() -> None:
    with pytest.raises(NoteError, match="not signed by a known key"):
        verify(NOTE, [SUCCESSOR.verifier])


def test_a_known_key_whose_line_is_wrong_spoils_the_note() -> None:
    other = sign(Checkpoint(ORIGIN, 1743, CHECKPOINT.root), [KEY])
    mixed = sign(CHECKPOINT, [SUCCESSOR]) + other.rpartition("\n\n")[2]
    with pytest.raises(NoteError, match="is not over this text"):
        verify(mixed, [KEY.verifier, SUCCESSOR.verifier])


def test_extension_lines_are_signed_and_say_nothing_here() -> None:
    text = CHECKPOINT.text() + "more\n"
    assert verify(f"{text}\n{KEY.line(text)}", [KEY.verifier]) == CHECKPOINT


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(NOTE.encode()) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_is_no_checkpoint_of_the_log(at: int, bit: int) -> None:
    spoiled = bytearray(NOTE.encode())
    spoiled[at] ^= 1 << bit
    with pytest.raises(NoteError):
        verify(spoiled.decode("utf-8", "replace"), [KEY.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        CHECKPOINT.text(),
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\n1742\n", "\n01742\n"),
        NOTE.replace("\n1742\n", "\n-1\n"),
        NOTE.replace("\n1742\n", "\n\u0661\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE + "not a signature\n",
        NOTE + "\u2014 short AAAAAA==\n",
        NOTE + "x" * 100_000 + "\n",
        NOTE.replace("=\n\n", "\n\n"),
    ],
)
def test_what_has_another_form_is_no_note(note: str) -> None:
    with pytest.raises(NoteError):
        verify(note, [KEY.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PUBLISHED.replace("033de0ae", "033de0af"),
        PUBLISHED[:-4],
        PUBLISHED.replace("+Ac4", "+Bc4"),
        "a b" + PUBLISHED,
        f"{ORIGIN}+00000000+{b64encode(b'x').decode()}",
        PUBLISHED.replace("OuAn8", "OuAn\u00e9"),
    ],
)
def test_what_is_no_key_is_said(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\u00a0space"])
def test_a_key_has_a_name_that_a_note_can_hold(name: str) -> None:
    with pytest.raises(NoteError, match="key name"):
        SigningKey(name, bytes(32))


def test_a_signature_made_by_another_program_is_verified() -> None:
    """The example in the documentation of Go's package for notes."""
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = b64decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
    assert line[:4] == key.id
    assert key.verifies(text, line[4:])
    assert not key.verifies(text.upper(), line[4:])
