"""From a notice to its words. The words stand in `templates.toml`; here their values are written out.

The name of a parameter tells its unit, as everywhere: `…_cents`, `…_at` (an instant), `…_on` (a date), `…_code` and
`…_codes` (to be put into words; unknown codes are shown as they are).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from services.kernel.form import parse_instant
from services.notification.records import Call, Notice

_TEXTS: Mapping[str, Any] = tomllib.loads(resources.files("services.notification").joinpath("templates.toml").read_text("utf-8"))
LANGUAGES = tuple(_TEXTS)


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as its reader sees it: one line of subject, and a body of plain text."""

    subject: str
    body: str


def known(code: str) -> bool:
    """Whether there are words for a code."""
    return all(code in texts["words"] for texts in _TEXTS.values())


def render(notice: Notice, call: Call, name: str, language: str) -> Words:
    """The notice for an addressee of that name, in that language (`nl` or `en`)."""
    texts = _TEXTS[language]
    template = texts[notice.kind.value]
    values = {"title": _in(call.title, language), "authority": _in(call.authority, language), "name": name}
    for param, value in notice.params.items():
        key, text = _written(param, value, call, language)
        values[key] = text
    body = template["body"].lstrip().format_map(values)
    frame = texts["frame"].lstrip().format_map(values | {"body": body})
    return Words(" ".join(template["subject"].format_map(values).split()), frame)


def _written(param: str, value: str, call: Call, language: str) -> tuple[str, str]:  # noqa: PLR0911 - one return a unit
    """A parameter's name in the template and its value in words."""
    key, _, unit = param.rpartition("_")
    match unit:
        case "cents":
            return key, amount(int(value), call.currency, language)
        case "at":
            return key, instant(value, call.zone, language)
        case "on":
            return key, day(date.fromisoformat(value), language)
        case "codes":
            return key, "\n".join(f"- {_word(code, language)}" for code in value.split(","))
        case "code" if key == "report":
            return key, next((_in(report.label, language) for report in call.reports if report.code == value), value)
        case "code":
            return key, _word(value, language)
        case _:
            return param, value


def amount(cents: int, currency: str, language: str) -> str:
    """A sum of money: `60.000,00 EUR` or `EUR 60,000.00`."""
    sign, (whole, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    text = f"{sign}{whole:,}.{rest:02}"
    return f"{text.translate(str.maketrans(',.', '.,'))} {currency}" if language == "nl" else f"{currency} {text}"


def instant(value: str, zone: str, language: str) -> str:
    """An instant as the zone's clocks show it, with the offset that keeps it certain in the hour that comes twice."""
    local = parse_instant(value, "instant").astimezone(ZoneInfo(zone))
    sign, rest = local.strftime("%z")[0], local.strftime("%z")[1:]
    seconds = f":{local:%S}" if local.second else ""
    clock = f"om {local:%H}.{local:%M}{seconds} uur" if language == "nl" else f"at {local:%H}:{local:%M}{seconds}"
    return f"{_TEXTS[language]['days'][local.weekday()]} {day(local, language)} {clock} ({zone}, UTC{sign}{rest[:2]}:{rest[2:]})"


def day(value: date, language: str) -> str:
    """A date: `11 mei 2021`, `11 May 2021`."""
    return f"{value.day} {_TEXTS[language]['months'][value.month - 1]} {value.year}"


def _word(code: str, language: str) -> str:
    words: Mapping[str, str] = _TEXTS[language]["words"]
    return words.get(code, code)


def _in(translated: Mapping[str, str], language: str) -> str:
    """The words in that language, or else in the first one that there is."""
    return translated.get(language) or next((translated[other] for other in sorted(translated)), "")
