"""A small pen for SVG: whole numbers only, so that a picture has the same bytes on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

INK, PALE, GREY = "#1f2a36", "#dfe7ee", "#6b7680"
BLUE, TEAL, RUST, SAND = "#2f5d8a", "#1d7a72", "#b3501b", "#b9a06a"
"""Colours that stay apart in grey and for most colour-blind readers; none carries a meaning alone."""
FONT = "Libertinus Serif"


@dataclass
class Drawing:
    """A picture of `width` by `height` units."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def line(self, points: Sequence[tuple[int, int]], *, colour: str = INK, width: int = 2, dashes: str = "") -> None:
        """A line through points."""
        path = " ".join(f"{x},{y}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def area(self, points: Sequence[tuple[int, int]], *, colour: str) -> None:
        """A filled outline."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(f'<polygon points="{path}" fill="{colour}"/>')

    def bar(self, x: int, y: int, width: int, height: int, *, colour: str) -> None:
        """A filled rectangle."""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"/>')

    def dot(self, x: int, y: int, radius: int, *, colour: str, ring: bool = False) -> None:
        """A filled circle, or a ring."""
        paint = f'fill="#ffffff" stroke="{colour}" stroke-width="4"' if ring else f'fill="{colour}"'
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="{radius}" {paint}/>')

    def text(
        self, x: int, y: int, words: str, *, size: int = 24, anchor: str = "start", colour: str = INK, bold: bool = False
    ) -> None:
        """A line of text on its base line; `anchor` is start, middle or end."""
        weight = ' font-weight="bold"' if bold else ""
        style = f"font-family={quoteattr(FONT)} font-size={quoteattr(str(size))} text-anchor={quoteattr(anchor)}"
        self.parts.append(f'<text x="{x}" y="{y}" {style} fill="{colour}"{weight}>{escape(words)}</text>')

    def svg(self) -> str:
        """The picture."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}">'
        return head + "".join(self.parts) + "</svg>"
