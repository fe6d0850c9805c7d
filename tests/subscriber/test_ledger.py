"""Where a subscriber stands survives its death: nothing is left out, and what is repeated is one event at most, or none."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from services.subscriber.event import Event, FeedError, Place
from services.subscriber.following import follow
from services.subscriber.ledger import Lines, PlaceFile


class Held:
    """A door with all events."""

    live = False

    def __init__(self, events: Sequence[Event]) -> None:
        self.held = events

    def events(self, after: Place | None) -> Iterator[Event]:
        yield from self.held[after.sequence + 1 if after else 0 :]

    def close(self) -> None:
        """Nothing to give back."""


class Death(Exception):  # noqa: N818 - no error of the program
    pass


def test_a_death_at_any_event_repeats_that_one_at_most(events: Sequence[Event], tmp_path: Path) -> None:
    done: list[Event] = []

    def work(event: Event) -> None:
        done.append(event)
        if done.count(event) == 1:
            raise Death  # the work is done, and nobody has noted it

    for _ in range(len(events) + 1):
        with suppress(Death):
            follow(Held(events), PlaceFile(tmp_path / "place"), work)
    assert done == [event for event in events for _ in range(2)]
    assert (tmp_path / "place").read_text("utf-8") == f"{events[-1].place}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_place_that_was_noted_is_not_taken_again(events: Sequence[Event], tmp_path: Path) -> None:
    done: list[Event] = []

    for end in range(0, len(events), 9):
        follow(Held(events[:end]), PlaceFile(tmp_path / "place"), done.append)
    follow(Held(events), PlaceFile(tmp_path / "place"), done.append)
    assert done == list(events)


@pytest.mark.parametrize("text", ["", "7", "4c9be2215822bc08", "4c9be2215822bc08/7/8", "4c9be2215822bc08/07", "../etc/passwd"])
def test_a_file_that_holds_no_place_is_not_written_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "place").write_text(text, "utf-8")
    with pytest.raises(FeedError, match="no place of a feed"):
        PlaceFile(tmp_path / "place")
    assert (tmp_path / "place").read_text("utf-8") == text


def test_lines_cut_anywhere_are_completed(events: Sequence[Event], tmp_path: Path) -> None:
    whole = "".join(f"{event.line()}\n" for event in events).encode()
    path = tmp_path / "events.jsonl"
    for cut in [*range(0, len(whole), 16_993), len(whole) - 1, len(whole)]:
        path.write_bytes(whole[:cut])
        with closing(Lines(path)) as lines:
            place = lines.place()
            assert (place.sequence if place else -1) == whole[:cut].count(b"\n") - 1
            follow(Held(events), lines, lambda _event: None)
        assert path.read_bytes() == whole


def test_a_file_of_something_else_is_not_added_to(events: Sequence[Event], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n", "utf-8")
    with pytest.raises(FeedError, match="no event"):
        Lines(path)
    assert path.read_text("utf-8") == "dear diary\n"
    assert events
