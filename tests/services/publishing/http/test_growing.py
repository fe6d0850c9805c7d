"""A page that still grows is made once for each length of the feed, and is never behind it."""

from functools import partial

from services.publishing.doors.http.answers import Growing


def test_a_page_is_made_once_a_length_however_many_ask() -> None:
    told: list[str] = []
    made: list[int] = []
    growing = Growing(lambda: len(told))

    def make() -> tuple[bytes, bool]:
        made.append(len(told))
        return ",".join(told).encode(), len(told) == 2

    assert [growing.made("page", make) for _ in range(3)] == [(b"", False)] * 3
    told.append("a")
    assert [growing.made("page", make) for _ in range(3)] == [(b"a", False)] * 3
    assert growing.made("another", lambda: (b"b", False)) == (b"b", False)
    told.append("b")
    assert growing.made("page", make) == (b"a,b", True), "full, and not what was kept of it"
    assert made == [0, 1, 2]


def test_what_is_told_while_a_page_is_made_is_on_it_or_has_it_made_anew() -> None:
    length = 1
    growing = Growing(lambda: length)

    def make() -> tuple[bytes, bool]:
        nonlocal length
        found = length
        length = 2  # told in this very moment: too late for this page
        return b"%d" % found, False

    assert growing.made("page", make) == (b"1", False)
    assert growing.made("page", make) == (b"2", False)


def test_few_are_kept() -> None:
    growing, made = Growing(lambda: 1), list[int]()

    def make(number: int) -> tuple[bytes, bool]:
        made.append(number)
        return b"%d" % number, False

    for number in (*range(100), 99, 0):
        assert growing.made(str(number), partial(make, number))[0] == b"%d" % number
    assert made == [*range(100), 0]
