"""The scanner sees the same keys as the parser, and says where they are."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calls.places import Place, join, places

KEYS = st.text("abc_-é \"'.#=", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.text("ab\"'\\#[]{}=,\n\t é", max_size=8),
    st.dates(),
    st.datetimes(),
    st.floats(allow_nan=False),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all keys and elements, as the parser sees them."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield join(path, key)
            yield from paths(member, join(path, key))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"{path}[{number}]"
            yield from paths(item, f"{path}[{number}]")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_the_scanner_sees_what_the_parser_sees(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    assert set(places(text)) == set(paths(tomllib.loads(text)))


WILD = (
    '# [not.a.table] "nor a string"\n'
    "a.b = 1 # c = 2\n"
    "\"q.r\" = 'it'\n"
    "[x]\n"
    '  s = """\n'
    '[y] z = "no key"\n'
    '\\""""""\n'
    "  l = [ 1, # one\n"
    "    [2, 3], { k = \"}\", m.n = ']' },\n"
    "  ]\n"
    "[[t]]\n"
    "u = 2021-01-01 10:00:00\n"
    "[[t]]\n"
    "[t.v]\n"
    "w = '''two\n"
    "lines'''\n"
    "[[t.w]]\n"
    "k = 1\n"
    "[[t.w]]\n"
)


def test_places_in_a_wild_text() -> None:
    found = places(WILD)
    assert set(found) == set(paths(tomllib.loads(WILD)))
    lines = WILD.split("\n")
    for path, start in [("a.b", "a.b"), ("x.l", "l = ["), ("x", "[x]"), ("t", "[[t]]"), ("t[1].v", "[t.v]")]:
        assert lines[found[path].line - 1][found[path].column - 1 :].startswith(start)
    assert found["x.l[1][1]"] == Place(9, 9)
    assert found["x.l[2].m.n"].line == 9
    assert found["t[0].u"].line == 12
    assert found["t[1].v.w"].line == 15
    assert found["t[1].w[1]"].line == 19


def test_windows_line_ends() -> None:
    assert places("a = 1\r\n\r\nb = 2\r\n")["b"] == Place(3, 1)


def test_a_text_that_is_no_toml() -> None:
    with pytest.raises(ValueError, match="no valid TOML"):
        places("= 1")
