"""What a reader can prove: an event's entry is in the signed log; and that entries tell no more than their call publishes."""

import json
from base64 import b64decode
from collections.abc import Iterator, Sequence

import pytest

from services.kernel.canonical import leaf
from services.publishing.doors.http.proofs import may_be_shown
from services.publishing.terms import Published
from services.publishing.views import Views
from services.tlog import verify_receipt
from services.tlog.notes import Checkpoint, SigningKey, origin, verify
from services.tlog.tree import leaf_hash, root, verify_consistency
from tests.services.publishing.feeding import ALL, DEPLOYMENT, LOG, Filled
from tests.services.publishing.http.serving import BASE, Open, opened, restored

KEY = SigningKey(origin(DEPLOYMENT, LOG), bytes(32))


@pytest.fixture(scope="module")
def signed(life: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """A door to the feed in a signed log."""
    with restored(life, tmp_path_factory.mktemp("signed"), [KEY]) as feed, opened(feed, Views(feed)) as door:
        yield door


@pytest.mark.parametrize("sequence", [0, 3, 4, 7, 21, 51, 67, 70, 121])
def test_each_event_is_proven_with_python_alone(signed: Open, sequence: int) -> None:
    proof, entry = (signed.get(f"/v1/events/{sequence}/{what}") for what in ("proof", "entry"))
    event = signed.get(f"/v1/events/{sequence}").json()
    told = verify_receipt.check(entry.content, proof.text, str(KEY.verifier))
    assert told.startswith(f"{LOG}/{event['feedindex']} is entry {event['feedindex']} of {KEY.verifier.name}")
    assert leaf(entry.content) == event["feedleaf"]
    assert event["data"] in [{k: v for k, v in said.items() if k != "type"} for said in json.loads(entry.content)["data"]["events"]]


def test_a_proof_is_of_one_entry_and_one_key(signed: Open) -> None:
    proof, other = signed.get("/v1/events/7/proof").text, signed.get("/v1/events/8/entry").content
    with pytest.raises(ValueError, match="the entry is not in the tree"):
        verify_receipt.check(other, proof, str(KEY.verifier))
    stranger = SigningKey(KEY.verifier.name, bytes(31) + b"\x01")
    with pytest.raises(ValueError, match="not signed with this key"):
        verify_receipt.check(signed.get("/v1/events/7/entry").content, proof, str(stranger.verifier))


@pytest.mark.parametrize("path", ["/v1/events/7/proof", "/v1/log/checkpoint", "/v1/log/consistency/1/2"])
def test_a_log_without_a_key_has_no_proof(door: Open, path: str) -> None:
    assert (door.get(path).status_code, door.get(path).json()["title"]) == (404, "Not signed")


def test_the_checkpoint_is_that_of_the_log(signed: Open) -> None:
    answer = signed.get("/v1/log/checkpoint")
    assert answer.headers["content-type"].startswith("text/plain")
    with signed.feed.store.read() as reads:
        hashes = [leaf_hash(stored.value) for stored in reads.entries(0, reads.head().length)]
    assert verify(answer.text, [KEY.verifier]) == Checkpoint(KEY.verifier.name, len(hashes), root(hashes))
    assert signed.get("/v1/events/7/proof").text.endswith(f"\n\n{answer.text}")


def consistent(signed: Open, old: int, new: int, roots: Sequence[bytes]) -> bool:
    """Whether what is given between two sizes proves what it should; `roots` are those of both trees."""
    first, *lines = signed.get(f"/v1/log/consistency/{old}/{new}").text.removesuffix("\n").split("\n")
    assert first == f"old {old}"
    return verify_consistency(old, roots[0], new, roots[1], [b64decode(line, validate=True) for line in lines])


def test_the_log_is_proven_to_have_only_grown_between_any_two_sizes(signed: Open) -> None:
    with signed.feed.store.read() as reads:
        hashes = [leaf_hash(stored.value) for stored in reads.entries(0, reads.head().length)]
    for old, new in [(1, 1), (1, 2), (2, 3), (7, 64), (64, 128), (100, 200), (len(hashes) - 1, len(hashes)), (3, len(hashes))]:
        roots = root(hashes[:old]), root(hashes[:new])
        assert consistent(signed, old, new, roots)
        assert not consistent(signed, old, new, (root([*hashes[: old - 1], bytes(32)]), roots[1]))


@pytest.mark.parametrize(
    ("sizes", "status", "code", "field"),
    [
        ("0/3", 400, "out_of_range", "old"),
        ("4/3", 400, "out_of_range", "old"),
        ("1/99999", 404, "beyond_the_end", "new"),
        ("99999/99999", 404, "beyond_the_end", "new"),
        ("1/x", 400, "malformed", "new"),
        ("01/3", 400, "malformed", "old"),
        ("-1/3", 400, "malformed", "old"),
        ("1/9999999999999999999999", 400, "malformed", "new"),
    ],
)
def test_sizes_between_which_there_is_no_proof(signed: Open, sizes: str, status: int, code: str, field: str) -> None:
    document = signed.get(f"/v1/log/consistency/{sizes}").json()
    assert (document["status"], document["type"], document["field"]) == (status, f"{BASE}/problems/{code}", field)


def shown(life: Filled, published: frozenset[str]) -> set[str]:
    """The kinds of fact whose entries are given."""
    with life.store.read() as reads:
        entries = [json.loads(stored.value)["data"] for stored in reads.entries(0, reads.head().length)]
    return {entry["command"]["type"] for entry in entries if may_be_shown(entry, published)}


def test_an_entry_is_given_only_if_its_call_publishes_all_of_it(life: Filled) -> None:
    calls = {"NoteCall", "NoteDeadline", "NoteClosing", "NoteRanking"}
    base = {Published.APPLICANT.value, Published.AMOUNT.value, Published.OUTCOME.value}
    assert shown(life, frozenset()) == calls
    assert shown(life, frozenset(base)) == calls | {"NoteMove"}
    assert shown(life, frozenset(ALL) - {"paid"}) == calls | {"NoteMove", "NoteRefusal", "NoteGrant"}
    assert shown(life, frozenset(ALL)) == calls | {"NoteMove", "NoteRefusal", "NoteGrant", "NoteSettlement"}


def test_a_payment_is_not_given_where_payments_are_not_published(life: Filled) -> None:
    with life.store.read() as reads:
        paid = json.loads(reads.entries(life.feed.event(21).entry.index, 1)[0].value)["data"]
    assert paid["command"]["move"]["kind"] == "advance"
    assert may_be_shown(paid, frozenset(ALL))
    assert not may_be_shown(paid, frozenset(ALL) - {"paid"})


def test_what_may_not_be_given_is_a_problem_that_names_its_leaf(door: Open, life: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.publishing.doors.http.proofs.may_be_shown", lambda *_: False)
    response = door.get("/v1/events/7/entry")
    assert (response.status_code, response.json()["leaf"]) == (403, life.feed.event(7).entry.leaf)
