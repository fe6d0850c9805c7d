"""The pictures of the printed report: money over time, a ranking with the cut line, the way of each file."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from services.audit.drawing import BLUE, GREY, INK, PALE, RUST, SAND, TEAL, Drawing
from services.audit.story import Balance, Call, Fate, File, Stage
from services.audit.words import Words

_WIDTH = 1600
_SECOND = timedelta(seconds=1)
_LABEL_UNITS = 62
"""The height of a label of two lines."""
_COLOURS: Mapping[Fate, str] = {Fate.AWARD: BLUE, Fate.PARTIAL_AWARD: TEAL, Fate.WAIT_LIST: SAND, Fate.DECLINED: SAND}
"""Files without money are grey."""


def money(points: Sequence[Balance], words: Words, currency: str) -> str:
    """Steps for what is committed or reserved, what of it is paid, and what came back, under the line of the budget."""
    left, top, right, bottom = 170, 56, _WIDTH - 360, 660
    drawing = Drawing(_WIDTH, 720)
    start, end = points[0].time, points[-1].time
    span = max((end - start) // _SECOND, 1)
    most = max(max(point.budget, point.paid) for point in points) or 1

    def x(time: datetime) -> int:
        return left + (right - left) * ((time - start) // _SECOND) // span

    def y(cents: int) -> int:
        return bottom - (bottom - top) * cents // most

    def steps(values: Sequence[int]) -> list[tuple[int, int]]:
        corners: list[tuple[int, int]] = []
        for point, value in zip(points, values, strict=True):
            corners += [(x(point.time), corners[-1][1])] if corners else []
            corners.append((x(point.time), y(value)))
        return corners

    for tick in range(0, most + 1, _nice(most)):
        drawing.line([(left, y(tick)), (right, y(tick))], colour=PALE)
        drawing.text(left - 14, y(tick) + 8, words.money(tick).rpartition(words("point"))[0], anchor="end", colour=GREY)
    for month in _months(start, end, words):
        drawing.line([(x(month), bottom), (x(month), bottom + 10)], colour=GREY)
        drawing.text(x(month), bottom + 40, words.day(month), anchor="middle", size=22, colour=GREY)
    held = steps([point.reserved + point.committed for point in points])
    drawing.area([(left, bottom), *held, (right, bottom)], colour=PALE)
    drawing.line(held, colour=BLUE, width=5)
    drawing.line(steps([point.paid - point.recovered for point in points]), colour=TEAL, width=5, dashes="16 6")
    drawing.line(steps([point.recovered for point in points]), colour=RUST, width=5, dashes="4 6")
    drawing.line([(left, y(points[-1].budget)), (right, y(points[-1].budget))], colour=INK, width=3, dashes="2 8")
    last = points[-1]
    named = (
        (last.budget, "budget", INK),
        (last.reserved + last.committed, "committed", BLUE),
        (last.paid - last.recovered, "net_paid", TEAL),
        (last.recovered, "recovered", RUST),
    )
    floor = top - _LABEL_UNITS
    for number, (value, key, colour) in enumerate(sorted(named, key=lambda entry: -entry[0]), 1):
        lowest = bottom - _LABEL_UNITS * (len(named) - number)  # those that are still to come need their room
        floor = min(max(y(value) + 8, floor + _LABEL_UNITS), lowest)
        drawing.text(right + 16, floor - 28, words(key), colour=colour, bold=True)
        drawing.text(right + 16, floor, words.money(value, currency), colour=colour)
    return drawing.svg()


def ranking(call: Call, files: Sequence[File], names: Mapping[str, str], words: Words) -> str:
    """A bar for each total, the least total, and the line below which no money went when it was first decided."""
    left, right, row, top = 470, 1130, 36, 56
    drawing = Drawing(_WIDTH, top + row * len(files) + 40)
    minimum = left + int((right - left) * call.rules.scoring.minimum_total)
    drawing.line([(minimum, top - 8), (minimum, top + row * len(files))], colour=GREY, dashes="6 6")
    drawing.text(
        minimum, 34, f"{words('minimum')} {words.share(call.rules.scoring.minimum_total, 2)}", anchor="middle", colour=GREY
    )
    for number, file in enumerate(files):
        y = top + row * number
        total = file.total or Fraction(0)
        drawing.text(60, y + 25, str(file.rank), anchor="end", bold=True)
        drawing.text(76, y + 25, _short(names.get(file.applicant, file.applicant), 34))
        drawing.bar(left, y + 5, int((right - left) * total), row - 10, colour=_COLOURS.get(file.fate, "#a9b2ba"))
        drawing.text(left + int((right - left) * total) + 10, y + 25, words.share(total))
        outcome = words(f"fate.{file.fate}") + (f", {words.money(file.granted)}" if file.granted else "")
        drawing.text(_WIDTH - 10, y + 25, outcome, anchor="end")
        if file.rank == call.cut():
            drawing.line([(20, y + row), (_WIDTH - 10, y + row)], colour=RUST, width=4, dashes="14 8")
            drawing.text((right + left) // 2 + 120, y + row + 24, words("cut"), colour=RUST, bold=True)
    return drawing.svg()


def flow(files: Sequence[File], call_id: str, names: Mapping[str, str], words: Words) -> str:
    """A row for each file: a dot with its date for each stage that it reached, and where it ended."""
    left, column, row, top = 470, 118, 46, 86
    drawing = Drawing(left + column * len(Stage) + 180, top + row * len(files) + 10)
    for number, stage in enumerate(Stage):
        x = left + column * number
        drawing.text(x, 26 + 28 * (number % 2), words(f"stage.{stage}"), anchor="middle", size=22, bold=True)
        drawing.line([(x, 36 + 28 * (number % 2)), (x, drawing.height - 10)], colour=PALE)
    places = {stage: left + column * number for number, stage in enumerate(Stage)}
    for number, file in enumerate(files):
        y = top + row * number + 12
        colour = _COLOURS.get(file.fate, GREY)
        name = names.get(file.applicant, file.applicant)
        drawing.text(8, y + 8, f"{_short(file.application_id.removeprefix(call_id + '.'), 8)}  {_short(name, 26)}", size=23)
        reached = [stage for stage in Stage if stage in file.steps]
        if reached:
            drawing.line([(places[reached[0]], y), (places[reached[-1]], y)], colour=colour, width=4)
        for stage in reached:
            times = file.steps[stage]
            drawing.dot(places[stage], y, 10 if len(times) > 1 else 8, colour=colour, ring=len(times) > 1)
            if len(times) > 1:
                drawing.text(places[stage], y + 5, str(len(times)), size=15, anchor="middle", bold=True)
            drawing.text(places[stage], y + 26, words.short_day(times[-1]), size=17, anchor="middle", colour=GREY)
        drawing.text(drawing.width - 8, y + 8, words(f"fate.{file.fate}"), size=22, anchor="end", colour=colour, bold=True)
    return drawing.svg()


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _nice(most: int) -> int:
    """A step of 1, 2 or 5 times a power of ten euro that gives at most eight lines."""
    step = 100
    while True:
        for factor in (1, 2, 5):
            if most // (step * factor) <= 8:  # noqa: PLR2004 - more lines than that are not read
                return step * factor
        step *= 10


def _months(start: datetime, end: datetime, words: Words) -> list[datetime]:
    """First days of months between two instants, so many that their dates do not touch."""
    local = start.astimezone(words.zone)
    ticks: list[datetime] = []
    months = local.year * 12 + local.month
    while (tick := datetime(months // 12, months % 12 + 1, 1, tzinfo=words.zone)) <= end:
        ticks.append(tick)
        months += 1
    every = next((n for n in (1, 3, 6, 12, 24, 60) if len(ticks) // n <= 7), 120)  # noqa: PLR2004 - as many dates as fit
    return [tick for tick in ticks if (tick.year * 12 + tick.month - 1) % every == 0]
