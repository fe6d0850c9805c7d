"""Pictures: horizontal bars, laid out here and drawn as SVG by the template.

Texts keep their size at every width, as only the bars are given in percent; so labels are broken here, to fit the narrowest page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

_CHARACTERS = 34
"""Of a label, in a line: what fits beside nothing at 360 px."""
_LINE, _BAR, _INSET, _GAP = 20, 16, 4, 14
"""Heights in px; each further bar of a row is that much lower at both edges."""
_WHOLE = 1000
_LEAST = 3
"""The share of a sum that is not 0, however small: it must be seen."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: what it is about, its sums in words, and its bars by kind in cents, the longest first: they lie on each other."""

    label: str
    said: str
    bars: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text with its baseline."""

    text: str
    y: int
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its upper edge, its length in thousandths of the width, and its height."""

    kind: str
    y: int
    share: int
    height: int

    @property
    def width(self) -> str:
        """The length as SVG has it."""
        return f"{self.share // 10}.{self.share % 10}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, ready to be drawn. `legend` says what each kind of bar is; `description` says all to whoever cannot see it."""

    name: str
    title: str
    description: str
    legend: Sequence[tuple[str, str]]
    texts: Sequence[Text]
    bars: Sequence[Bar]
    height: int


def picture(name: str, title: str, description: str, rows: Sequence[Row], legend: Sequence[tuple[str, str]] = ()) -> Picture:
    """Lay out rows of bars, all on one scale."""
    most = max((cents for row in rows for _, cents in row.bars), default=0)
    texts, bars, y = list[Text](), list[Bar](), 0
    for row in rows:
        for line in wrap(row.label, _CHARACTERS) or [""]:
            y += _LINE
            texts.append(Text(line, y - 5, "label"))
        for inside, (kind, cents) in enumerate(row.bars):
            bars.append(Bar(kind, y + inside * _INSET, _share(cents, most), _BAR - 2 * inside * _INSET))
        y += _BAR + _LINE
        texts.append(Text(row.said, y - 4, "said"))
        y += _GAP
    return Picture(
        name=name, title=title, description=description, legend=legend, texts=texts, bars=bars, height=max(0, y - _GAP + 2)
    )


def _share(cents: int, most: int) -> int:
    return max(_LEAST, cents * _WHOLE // most) if cents > 0 else 0
