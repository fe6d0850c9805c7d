"""The results as a picture: bars for rates, drawn by hand as SVG."""

from collections.abc import Sequence
from html import escape

_WIDTH, _LEFT, _ROW, _BAR = 860, 330, 26, 16
_COLOURS = {"ledger": "#2f6f9f", "peer": "#b0b7bd", "target": "#c0392b", "embedded": "#2f6f9f", "kafka": "#8a6fb0"}


def bars(title: str, rows: Sequence[tuple[str, float, str]], *, target: float | None = None, unit: str) -> str:
    """Horizontal bars of (label, value, colour's name) with their values; `target` is drawn as a line."""
    most = max([value for _, value, _ in rows] + [target or 0]) or 1
    scale = (_WIDTH - _LEFT - 110) / most
    height = 60 + _ROW * len(rows) + (20 if target else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="16" y="28" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (label, value, colour) in enumerate(rows):
        top = 46 + number * _ROW
        parts += [
            f'<text x="{_LEFT - 10}" y="{top + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{max(1.0, value * scale):.1f}" height="{_BAR}" fill="{_COLOURS[colour]}"/>',
            f'<text x="{_LEFT + value * scale + 8:.1f}" y="{top + 13}">{value:,.0f} {escape(unit)}</text>',
        ]
    if target:
        x, bottom = _LEFT + target * scale, 46 + len(rows) * _ROW
        parts += [
            f'<line x1="{x:.1f}" y1="40" x2="{x:.1f}" y2="{bottom}" stroke="{_COLOURS["target"]}" stroke-dasharray="4 3"/>',
            f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle" fill="{_COLOURS["target"]}">target {target:,.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
