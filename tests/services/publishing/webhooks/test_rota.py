"""Whose turn it is: prompt endpoints never wait for slow ones, whatever happened before."""

from hypothesis import given
from hypothesis import strategies as st

from services.publishing.doors.webhooks.rota import Rota

NAMES = [f"endpoint-{number}" for number in range(9)]


@given(
    at_once=st.integers(1, 6),
    moves=st.lists(st.tuples(st.sampled_from(["begin", "fail", "outlast", "end"]), st.sampled_from(NAMES)), max_size=60),
)
def test_a_prompt_one_waits_for_prompt_ones_only(at_once: int, moves: list[tuple[str, str]]) -> None:
    rota, behind = Rota(at_once), max(1, at_once // 2)
    under_way, placed = set[str](), dict[str, bool]()
    for move, name in moves:
        if move in {"begin", "fail"} and name not in under_way:
            prompt = move == "begin" and name not in rota.slow
            if rota.begin(name, failed=move == "fail"):
                under_way.add(name)
                placed[name] = prompt
            elif prompt:
                assert sum(placed.values()) >= at_once - behind
        elif move == "outlast" and placed.pop(name, None) is not None:
            rota.outlast(name)
        elif move == "end" and name in under_way:
            rota.end(name)
            under_way.discard(name)
            placed.pop(name, None)
        assert len(placed) <= at_once
        assert list(placed.values()).count(False) <= behind


def test_a_place_is_for_the_first_moments() -> None:
    rota = Rota(2)
    assert [rota.begin(name, failed=False) for name in "abc"] == [True, True, False]
    rota.outlast("a")
    assert rota.begin("c", failed=False)
    rota.outlast("c")
    rota.end("a")
    assert [rota.begin(name, failed=False) for name in "ac"] == [True, False], "the slow have half of the places"
    assert not rota.begin("d", failed=True), "the failing have no other half"
    rota.end("b")
    assert rota.begin("d", failed=False)


def test_whoever_is_prompt_again_is_slow_no_more() -> None:
    rota = Rota(2)
    for name in "ab":
        assert rota.begin(name, failed=False)
        rota.outlast(name)
        rota.end(name)
    for name in "ab":
        assert rota.begin(name, failed=False)
        rota.end(name)
    assert [rota.begin(name, failed=False) for name in "ab"] == [True, True]


def test_one_place_serves_everybody_in_turn() -> None:
    rota = Rota(1)
    assert rota.begin("a", failed=True)
    assert not rota.begin("b", failed=False)
    rota.outlast("a")
    assert rota.begin("b", failed=False)
