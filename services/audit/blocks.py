"""What a printed page is made of: sections of text, facts, tables and pictures; `report.typ` lays them out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.kernel.form import Json


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    words: str

    def as_json(self) -> Json:
        """For the template."""
        return {"kind": "text", "words": self.words}


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with what it shows in words, for whoever does not see it."""

    svg: str
    caption: str
    alt: str
    flat: bool = False
    """On a page turned on its side."""

    def as_json(self) -> Json:
        """For the template."""
        return {"kind": "picture", "svg": self.svg, "caption": self.caption, "alt": self.alt, "flat": self.flat}


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `layout` has a letter for each column: `l` and `r` as wide as their content, `w` takes what is left."""

    caption: str
    layout: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()
    """Rows that must not be missed."""

    def as_json(self) -> Json:
        """For the template."""
        return {
            "kind": "grid",
            "caption": self.caption,
            "layout": list(self.layout),
            "head": list(self.head),
            "rows": [list(row) for row in self.rows],
            "marked": [number in self.marked for number in range(len(self.rows))],
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they come to."""

    pairs: Sequence[tuple[str, str]]

    def as_json(self) -> Json:
        """For the template."""
        return {"kind": "facts", "pairs": [list(pair) for pair in self.pairs]}


Block = Text | Picture | Grid | Facts


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a level (1 for a chapter) and what stands below it."""

    level: int
    heading: str
    blocks: Sequence[Block] = ()

    def as_json(self) -> Json:
        """For the template."""
        return {"level": str(self.level), "heading": self.heading, "blocks": [block.as_json() for block in self.blocks]}


def filled(blocks: Iterable[Block]) -> list[Block]:
    """Without tables that have no row."""
    return [block for block in blocks if not isinstance(block, Grid) or block.rows]
