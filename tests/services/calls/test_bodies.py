"""The list of municipalities: complete, consistent, and right on every day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from stdnum.be import vat

from services.calls.bodies import bodies_on, municipalities

ALL = {municipality.nis: municipality for municipality in municipalities()}


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2015, 1, 1), 308),
        (date(2018, 12, 31), 308),
        (date(2019, 1, 1), 300),
        (date(2021, 5, 11), 300),
        (date(2024, 12, 31), 300),
        (date(2025, 1, 1), 285),
    ],
)
def test_how_many_there_are_on_a_day(day: date, number: int) -> None:
    there = bodies_on(day)
    assert len(there) == number
    for field in ("nis", "kbo", "name", "org_uri"):
        assert len({getattr(municipality, field) for municipality in there}) == number


def test_every_code_and_number_has_its_form() -> None:
    assert len(ALL) == len(municipalities())
    assert [m.nis for m in municipalities()] == sorted(ALL)
    for municipality in ALL.values():
        assert len(municipality.nis) == 5
        assert municipality.nis.isdecimal()
        assert vat.is_valid(municipality.kbo)
        assert len(municipality.kbo) == 10
        assert int(municipality.kbo)
        assert municipality.uri in (None, f"http://vocab.belgif.be/auth/refnis2019/{municipality.nis}")
        assert municipality.org_uri.startswith("http://data.lblod.info/id/bestuurseenheden/")


def test_the_provinces_of_2021() -> None:
    assert Counter(m.province for m in bodies_on(date(2021, 1, 1))) == {
        "Antwerpen": 69,
        "Vlaams-Brabant": 65,
        "West-Vlaanderen": 64,
        "Oost-Vlaanderen": 60,
        "Limburg": 42,
    }


def test_the_inhabitants_of_2020() -> None:
    counted = {m.name: m.inhabitants_2020 for m in bodies_on(date(2020, 1, 1))}
    assert sum(number or 0 for number in counted.values()) == 6_629_143
    assert None not in counted.values()
    assert counted["Antwerpen"] == 529_247
    assert counted["Herstappe"] == 79
    assert all(m.inhabitants_2020 is None for m in ALL.values() if not m.there_on(date(2020, 1, 1)))


def test_what_ended_became_part_of_what_was_there_the_next_day() -> None:
    for municipality in ALL.values():
        assert (municipality.valid_until is None) == (municipality.merged_into is None)
        if municipality.valid_until is not None and municipality.merged_into is not None:
            heir = ALL[municipality.merged_into]
            assert heir.there_on(municipality.valid_until + timedelta(days=1))
            assert heir.province == municipality.province or heir.name == "Beveren-Kruibeke-Zwijndrecht"
    heirs = {m.merged_into for m in ALL.values()} - {None}
    assert {m.nis for m in ALL.values() if m.valid_from} <= heirs
