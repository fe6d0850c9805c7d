"""What stands now: found by what it is asked for, and never behind the feed."""

from datetime import datetime
from pathlib import Path

import pytest

from services.publishing.feed import Feed
from services.publishing.records import province
from services.publishing.views import Filter, Views, sums
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing

CALL = "radicalisation-2021"


def test_the_sums_of_a_call_are_those_of_its_awards_in_force(life: Filled) -> None:
    first, second = (sums(life.views.awards(Filter(call_id=call_id))) for call_id in (CALL, f"{CALL}-round2"))
    assert (first.awards, first.committed_cents, first.paid_cents, first.recovered_cents) == (14, 81_600_000, 83_400_000, 1_800_000)
    assert (second.awards, second.committed_cents, second.paid_cents) == (13, 66_000_000, 66_000_000)


def test_calls_are_told_with_what_became_of_them(life: Filled) -> None:
    first, second = life.views.calls()
    assert (first.call_id, second.call_id) == (CALL, f"{CALL}-round2")
    assert (first.applications, first.ranked, first.ranking) == (18, 17, 1)
    assert first.first_deadline < first.deadline
    assert [life.feed.event(place).type for place in first.events] == [
        "CallPublished",
        "DeadlineMoved",
        "CallClosed",
        "RankingPublished",
    ]


def test_an_award_names_the_places_that_tell_of_it(life: Filled) -> None:
    for award in life.views.awards():
        events = [life.feed.event(place) for place in award.events]
        assert {event.subject for event in events} == {award.award_id}
        assert events[0].type == "AwardGranted"
        assert events[0].source.leaf == award.source.leaf


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (Filter(), 28),
        (Filter(state="withdrawn"), 1),
        (Filter(kbo="0207508932"), 1),
        (Filter(text="aartselaar"), 1),
        (Filter(text="AARTSELAAR", province="limburg"), 0),
        (Filter(province="antwerp"), 28),
        (Filter(year=2021), 28),
        (Filter(year=2020), 0),
        (Filter(purpose="nothing"), 0),
    ],
)
def test_awards_are_found(life: Filled, wanted: Filter, number: int) -> None:
    assert len(life.views.awards(wanted)) == number


def test_a_purpose_is_found_where_it_is_one_of_the_awards(life: Filled) -> None:
    found = life.views.awards(Filter(purpose="associations"))
    assert found
    assert all("associations" in award.purposes for award in found)


def test_answers_follow_the_feed(tmp_path: Path) -> None:
    history = list(in_time(recorded()))
    clock = Hands(datetime.fromisoformat("2021-01-01T00:00:00Z"))
    with writing(tmp_path, clock) as writer:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        views = Views(feed)
        assert (views.length(), views.calls(), views.awards()) == (0, [], [])
        for number in range(0, len(history), 100):
            take_in(writer, clock, history[number : number + 100])
            feed.refresh()
            assert views.length() == feed.length()
            assert (views.calls(), views.awards()) == (Views(feed).calls(), Views(feed).awards())


@pytest.mark.parametrize(
    ("nis", "name"),
    [("11002", "antwerp"), ("21004", "brussels"), ("24062", "flemish_brabant"), ("25112", "walloon_brabant"), ("71016", "limburg")],
)
def test_a_province_follows_from_the_code_of_the_municipality(nis: str, name: str) -> None:
    assert province(nis) == name
