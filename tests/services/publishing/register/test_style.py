"""The contrast of every pair of colours that meet, light, dark and on paper (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[4] / "services" / "publishing" / "doors" / "register" / "register.css").read_text("utf-8")
TEXT = [
    *((text, ground) for text in ("text", "muted", "link") for ground in ("ground", "band")),
    ("on-button", "button"),
]
SHAPES = [
    *((shape, ground) for shape in ("edge", "focus") for ground in ("ground", "band")),
    ("paid", "ground"),
    ("paid", "awarded"),
    ("button", "band"),
]


def schemes() -> list[dict[str, str]]:
    """The colours of each `:root`: light, then what changes in the dark, then what changes on paper."""
    roots = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)]
    assert len(roots) == 3
    return [roots[0], {**roots[0], **roots[1]}, {**roots[0], **roots[2]}]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white() -> None:
    assert round(contrast("#000", "#ffffff"), 3) == 21


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark", "paper"])
def test_what_is_read_stands_out(scheme: dict[str, str]) -> None:
    low = {(a, b): contrast(scheme[a], scheme[b]) for a, b in TEXT if contrast(scheme[a], scheme[b]) < 4.5}
    low |= {(a, b): contrast(scheme[a], scheme[b]) for a, b in SHAPES if contrast(scheme[a], scheme[b]) < 3}
    assert low == {}


def test_every_colour_is_one_of_these() -> None:
    named = set(re.findall(r"var\(--([a-z-]+)\)", CSS))
    assert named <= set(schemes()[0])
    assert (
        re.findall(
            r"(?:color|background|fill|stroke|outline|border[a-z-]*): [^;]*#", re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
        )
        == []
    )
    assert "url(" not in CSS
    assert "@import" not in CSS
