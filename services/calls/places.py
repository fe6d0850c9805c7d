"""Where in a TOML text each key, table and list element stands.

The parser of the standard library gives values without places. This scanner gives places without values: it takes a text that
the parser has accepted, so it need only find where things begin and end. That both see the same keys is held by a property test.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'  # up to two quotes may stand before the three that close
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both counted from 1; columns in characters."""

    line: int
    column: int


def places(text: str) -> Mapping[str, Place]:
    """The place of everything in a valid TOML text, by its path, such as `scoring.criteria[2].label.nl`.

    A key stands where it is written, a list element where its value begins, a table at its header.

    Raises:
        ValueError: for a text that is no valid TOML, if that shows.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


def join(path: str, key: str) -> str:
    """The path of a key in the table at `path`."""
    return f"{path}.{key}" if path else key


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.line, self.line_start = 1, 0
        self.counted = 0
        self.found: dict[str, Place] = {}
        self.lengths: dict[str, int] = {}
        """How many elements each list of tables has so far; headers below it mean the last one."""

    def document(self) -> None:
        table = ""
        self._blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._blank()

    def _header(self) -> str:
        place = self._here()
        is_list = self.text.startswith("[[", self.at)
        brackets = 2 if is_list else 1
        self.at += brackets
        *above, last = self._key()
        self.at += brackets
        path = ""
        for part in above:
            path = self._enter(path, part, place)
        if not is_list:
            return self._enter(path, last, place)
        path = join(path, last)
        self.found.setdefault(path, place)
        index = self.lengths.get(path, 0)
        self.lengths[path] = index + 1
        element = f"{path}[{index}]"
        self.found[element] = place
        return element

    def _enter(self, path: str, key: str, place: Place) -> str:
        path = join(path, key)
        self.found.setdefault(path, place)
        return f"{path}[{self.lengths[path] - 1}]" if path in self.lengths else path

    def _pair(self, table: str) -> None:
        place = self._here()
        *above, last = self._key()
        for part in above:
            table = join(table, part)
            self.found.setdefault(table, place)
        path = join(table, last)
        self.found[path] = place
        self.at += 1  # the equals sign
        self._blank()
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._blank()
            key = self._take(_STRING, _BARE)
            parts.append(tomllib.loads(f"key = {key}")["key"] if key[0] in "\"'" else key)
            self._blank()
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, path: str) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._elements(path)
        elif opening == "{":
            self._members(path)
        else:
            self._take(_STRING, _SCALAR)

    def _elements(self, path: str) -> None:
        self.at += 1
        index = 0
        while not self._closed("]"):
            element = f"{path}[{index}]"
            self.found[element] = self._here()
            self._value(element)
            index += 1

    def _members(self, path: str) -> None:
        self.at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, bracket: str) -> bool:
        """Step over a comma; whether `bracket` comes next, which is taken too."""
        self._blank()
        if self.text[self.at] == ",":
            self.at += 1
            self._blank()
        if self.text[self.at] != bracket:
            return False
        self.at += 1
        return True

    def _blank(self) -> None:
        self._take(_BLANK)

    def _take(self, *patterns: re.Pattern[str]) -> str:
        """Step over what the first fitting pattern matches, and return it."""
        for pattern in patterns:
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                return match[0]
        raise ValueError(f"no valid TOML at character {self.at}")

    def _here(self) -> Place:
        """The present place. Called with growing positions only, so that lines are counted once."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.line_start = self.text.rfind("\n", 0, self.at) + 1
        self.counted = self.at
        return Place(self.line, self.at - self.line_start + 1)
