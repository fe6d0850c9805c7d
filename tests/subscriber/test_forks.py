"""A log that was set back, or that went on in two ways, shows also if that was between two runs; one that grew does not."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.subscriber.event import CutError, Event, FeedError
from services.subscriber.following import Course, follow
from services.subscriber.ledger import Ledger, Lines, PlaceFile
from services.subscriber.pages import Pages
from services.subscriber.proving import ForkError, ProofError, Prover
from services.subscriber.web import Web
from services.tlog.notes import Checkpoint, SigningKey, VerifierKey, unverified, verify
from tests.services.publishing.feeding import in_time, recorded
from tests.services.publishing.http.serving import BASE, Open
from tests.subscriber.network import Network
from tests.subscriber.telling import KEY, telling

BORDER, END = 600, 850
"""Entries of other logs that all have taken in; and that those which went on have."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Open]]:
    """The same log at three lengths, and others that begin with the shortest of them and go on in another way."""
    entries = list(in_time(recorded()))
    told = {
        "short": (entries[:BORDER], ()),
        "long": (entries[:END], ()),
        "longer": (entries, ()),
        "fork": (entries[:BORDER], entries[BORDER:END]),
        "longer fork": (entries[:BORDER], entries[BORDER:]),
        "shorter fork": (entries[:BORDER], entries[BORDER : END - 50]),
    }
    with ExitStack() as held:
        yield {name: held.enter_context(telling(tmp_path_factory.mktemp(name.replace(" ", "-")), *of)) for name, of in told.items()}


def standing(log: Open) -> Checkpoint:
    return verify(log.get("/v1/log/checkpoint").text, [KEY.verifier])


class Turns(httpx.BaseTransport):
    """A network behind which another log answers than before, as `choose` says by the path."""

    def __init__(self, choose: Callable[[str], Open]) -> None:
        self._choose = choose
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        with closing(Network(self._choose(request.url.path).url)) as network:
            answer = network.handle_request(request)
            answer.read()
        return answer


def run(web: httpx.BaseTransport, ledger: Ledger, count: int | None = None) -> list[Event]:
    """One run of a subscriber that proves everything; gives what it has passed on, also if it ended with an error."""
    found: list[Event] = []
    with (
        closing(ledger),
        closing(Pages(Web(BASE, transport=web))) as door,
        closing(Prover(Web(BASE, transport=web), [KEY.verifier], kept=ledger.checkpoint())) as prover,
    ):
        follow(door, ledger, found.append, check=prover.check, look=prover.look, course=Course(count=count))
    return found


def of(log: Open) -> Network:
    return Network(log.url)


Kept = Callable[[], Ledger]


def checkpoint_in(kept: Kept) -> str:
    with closing(kept()) as ledger:
        return ledger.checkpoint()


@pytest.fixture(params=[PlaceFile, Lines])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """Opens what a subscriber has kept."""
    return partial(request.param, tmp_path / "kept")


def state(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_log_that_only_grew_is_read_on(logs: dict[str, Open], kept: Kept) -> None:
    found: list[Event] = []
    for name in ("short", "long", "longer"):
        found += run(of(logs[name]), kept())
        assert verify(checkpoint_in(kept), [KEY.verifier]) == standing(logs[name])
    assert [event.place.sequence for event in found] == list(range(logs["longer"].feed.length()))


@pytest.mark.parametrize(
    ("then", "fault"),
    [
        ("fork", "has two roots at"),
        ("longer fork", "has not only grown"),
        ("shorter fork", "gives no proof that it has only grown"),
        ("short", "gives no proof that it has only grown"),
    ],
)
@pytest.mark.parametrize("count", [20, None])
def test_a_log_that_is_another_in_the_next_run(
    *, logs: dict[str, Open], kept: Kept, tmp_path: Path, then: str, fault: str, count: int | None
) -> None:
    """Also if all events were read before, so that there is nothing to prove."""
    assert standing(logs["fork"]).size == standing(logs["long"]).size > standing(logs["shorter fork"]).size
    run(of(logs["long"]), kept(), count)
    before = state(tmp_path)
    with pytest.raises(ForkError) as told:
        run(of(logs[then]), kept())
    assert fault in str(told.value)
    for checkpoint in (standing(logs["long"]), standing(logs[then])):
        assert f"{checkpoint.size} entries with root {b64encode(checkpoint.root).decode()}" in str(told.value)
    assert str(told.value).endswith("keep them as evidence")
    notes = [logs[name].get("/v1/log/checkpoint").text for name in ("long", then)]
    assert told.value.evidence == "\n".join(notes)
    assert state(tmp_path) == before


@pytest.mark.parametrize("then", ["fork", "longer fork", "shorter fork", "short"])
def test_a_log_that_becomes_another_within_a_run(logs: dict[str, Open], tmp_path: Path, then: str) -> None:
    """The feed is that of both, so that only proofs show it; what was proven before was passed on, and nothing after it."""
    turns = Turns(lambda path: logs[then if path in late or "consistency" in path else "long"])
    late = {f"/v1/events/{n}/proof" for n in range(7, 100)}
    with pytest.raises(ForkError):
        run(turns, PlaceFile(tmp_path / "place"))
    assert (tmp_path / "place").read_text(
        "utf-8"
    ) == f"{logs['long'].feed.feed_id}/6\n{logs['long'].get('/v1/log/checkpoint').text}"


def test_a_log_that_was_set_back_and_made_whole_again(logs: dict[str, Open], kept: Kept) -> None:
    """While it lacks what was there before it is refused; whole again it is what it was."""
    found = run(of(logs["long"]), kept(), 30)
    with pytest.raises(ForkError):
        run(of(logs["short"]), kept())
    found += run(of(logs["longer"]), kept())
    assert [event.place.sequence for event in found] == list(range(logs["longer"].feed.length()))


def test_a_smaller_checkpoint_of_the_same_log_is_no_fault_and_is_not_kept(logs: dict[str, Open], kept: Kept) -> None:
    """Such as one that lay in a cache: the log behind it still proves that it has only grown."""
    run(of(logs["long"]), kept(), 10)
    behind = Turns(lambda path: logs["long" if "consistency" in path else "short"])
    assert len(run(behind, kept(), 10)) == 10
    assert len([path for path in behind.asked if "consistency" in path]) == 1, "once for a checkpoint"
    assert unverified(checkpoint_in(kept)) == standing(logs["long"])


def test_a_checkpoint_is_kept_only_once_an_event_was_proven_under_it(logs: dict[str, Open], tmp_path: Path) -> None:
    class Spoiled(Network):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            return answer if not request.url.path.endswith("/entry") else httpx.Response(200, json={"time": "x"})

    run(of(logs["short"]), PlaceFile(tmp_path / "place"), 10)
    before = state(tmp_path)
    with pytest.raises(ProofError, match="another hash"):
        run(Spoiled(logs["long"].url), PlaceFile(tmp_path / "place"))
    assert state(tmp_path) == before


def test_a_checkpoint_that_was_only_looked_at_is_not_kept(logs: dict[str, Open], kept: Kept) -> None:
    """What is kept is the one that the event was proven under, also if the log has shown a larger one."""
    run(of(logs["short"]), kept(), 10)
    growing = Turns(lambda path: logs["longer" if path.startswith("/v1/log/") else "long"])
    assert len(run(growing, kept(), 10)) == 10
    assert unverified(checkpoint_in(kept)) == standing(logs["long"])


def test_a_state_without_a_checkpoint_is_read_and_gets_one(logs: dict[str, Open], kept: Kept, tmp_path: Path) -> None:
    with closing(kept()) as ledger, closing(Pages(Web(BASE, transport=of(logs["short"])))) as door:
        follow(door, ledger, lambda _event: None, course=Course(count=5))
    assert (len(state(tmp_path)), checkpoint_in(kept)) == (1, "")
    assert len(run(of(logs["short"]), kept(), 5)) == 5
    assert unverified(checkpoint_in(kept)) == standing(logs["short"])


def test_who_does_not_prove_leaves_the_checkpoint(logs: dict[str, Open], kept: Kept) -> None:
    run(of(logs["short"]), kept(), 5)
    with closing(kept()) as ledger, closing(Pages(Web(BASE, transport=of(logs["long"])))) as door:
        follow(door, ledger, lambda _event: None, course=Course(count=5))
        place = ledger.place()
    assert (place and place.sequence, unverified(checkpoint_in(kept))) == (9, standing(logs["short"]))


@pytest.mark.parametrize("text", ["rubbish\n", "oproep/demo/publishing/0\n7\nno root\n\n"])
def test_what_is_kept_and_is_no_checkpoint_is_not_written_over(logs: dict[str, Open], tmp_path: Path, text: str) -> None:
    place = f"{logs['short'].feed.feed_id}/3\n{text}"
    (tmp_path / "place").write_text(place, "utf-8")
    with pytest.raises(FeedError, match=r"place: holds no checkpoint"):
        PlaceFile(tmp_path / "place")
    (tmp_path / "events.checkpoint").write_text(text, "utf-8")
    with pytest.raises(FeedError, match=r"events.checkpoint: holds no checkpoint"):
        Lines(tmp_path / "events")
    assert state(tmp_path) == {"place": place.encode(), "events.checkpoint": text.encode()}


def test_a_checkpoint_that_none_of_the_keys_signed_is_no_evidence(logs: dict[str, Open], tmp_path: Path) -> None:
    run(of(logs["short"]), PlaceFile(tmp_path / "place"), 1)
    note = PlaceFile(tmp_path / "place").checkpoint()
    with closing(Web(BASE, transport=of(logs["short"]))) as web:
        new = SigningKey(KEY.verifier.name, bytes(32)).verifier
        with pytest.raises(ProofError, match="whose key must be named too: not signed by a known key"):
            Prover(web, [new], kept=note)
        assert Prover(web, [new, KEY.verifier], kept=note).largest is not None


class Saying(Network):
    """The network, on which consistency proofs say something else."""

    def __init__(self, url: str, say: Callable[[str], str]) -> None:
        super().__init__(url)
        self._say = say

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        answer.read()
        return httpx.Response(200, text=self._say(answer.text)) if "consistency" in request.url.path else answer


@pytest.mark.parametrize(
    ("say", "fault"),
    [
        (lambda _text: "", "it begins ''"),
        (lambda text: text.replace("old", "new"), "it begins 'new "),
        (lambda text: "old 1" + text[text.index("\n") :], "it begins 'old 1'"),
        (lambda text: text[: text.index("\n") + 1], "has not only grown"),
        (lambda text: text[: text.rindex("\n", 0, -1) + 1], "has not only grown"),
        (lambda text: f"{text}\n", "of 32 bytes each"),
        (lambda text: f"{text}?\n", "what is no proof"),
        (lambda text: f"{text}AAAA\n", "of 32 bytes each"),
        (lambda text: text + text[text.index("\n") + 1 :] * 64, "allowed: 64"),
    ],
)
def test_what_is_no_proof_of_consistency(logs: dict[str, Open], tmp_path: Path, say: Callable[[str], str], fault: str) -> None:
    run(of(logs["short"]), PlaceFile(tmp_path / "place"), 1)
    with pytest.raises(ForkError) as told:
        run(Saying(logs["long"].url, say), PlaceFile(tmp_path / "place"))
    assert fault in str(told.value)


def test_a_log_that_is_not_signed_any_more(logs: dict[str, Open], tmp_path: Path) -> None:
    class Unsigned(Network):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            gone = request.url.path == "/v1/log/checkpoint"
            return httpx.Response(404, json={"detail": "not signed"}) if gone else super().handle_request(request)

    run(of(logs["short"]), PlaceFile(tmp_path / "place"), 1)
    with pytest.raises(ProofError, match=r"publishing/0 had \d+ entries.*tells of none now.*not signed"):
        run(Unsigned(logs["long"].url), PlaceFile(tmp_path / "place"))


def test_a_proof_that_is_away_for_a_while_is_no_fork(logs: dict[str, Open], tmp_path: Path) -> None:
    """The side that proves is busy at each first question."""
    asked: list[str] = []

    class Busy(Network):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            once = asked.count(request.url.path) == 1 and "/log/" in request.url.path
            return httpx.Response(503) if once else super().handle_request(request)

    cuts: list[CutError] = []
    run(of(logs["short"]), PlaceFile(tmp_path / "place"), 1)
    ledger = PlaceFile(tmp_path / "place")
    with closing(Web(BASE, transport=Busy(logs["long"].url))) as web:
        prover = Prover(web, [KEY.verifier], kept=ledger.checkpoint())
        course = Course(count=2)
        assert follow(Pages(web), ledger, lambda _: None, check=prover.check, look=prover.look, course=course, cut=cuts.append) == 2
    assert len(cuts) == 2


def command(log: Open, *arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["subscribe", "--from", log.url, *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("option", ["--place", "--into"])
def test_the_command_holds_the_log_to_what_it_was(logs: dict[str, Open], key: VerifierKey, tmp_path: Path, option: str) -> None:
    arguments = (option, tmp_path / "kept", "--key", key)
    assert command(logs["short"], *arguments, "--count", 3)[0] == 0
    assert command(logs["long"], *arguments, "--count", 3)[0] == 0
    before = state(tmp_path)
    code, out, complaint = command(logs["fork"], *arguments)
    assert (code, out) == (1, "")
    assert "has two roots at" in " ".join(complaint.split())
    for name in ("long", "fork"):
        assert logs[name].get("/v1/log/checkpoint").text in complaint, "as it is, so that it can be kept"
    assert state(tmp_path) == before
