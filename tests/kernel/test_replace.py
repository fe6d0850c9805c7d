"""A record with other values in some fields: as the standard library makes it."""

import dataclasses
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.decider import Record, replace


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Box(Record):
    """A record with and without defaults, and with a field that is called as a class often is."""

    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    kind: str = "box"
    cents: int = 0
    note: str | None = None


CHANGES = st.fixed_dictionaries(
    {}, optional={"name": st.text(), "cents": st.integers(), "note": st.none() | st.text(), "kind": st.text()}
)


@given(CHANGES, CHANGES)
def test_it_is_what_the_standard_library_makes(first: dict[str, Any], then: dict[str, Any]) -> None:
    box = replace(Box(name="a", cents=1, note="n"), **first)
    kept = dataclasses.astuple(box)
    changed = replace(box, **then)
    assert changed == dataclasses.replace(box, **then)
    assert (type(changed), changed.key()) == (Box, then.get("name", box.name))
    assert dataclasses.astuple(box) == kept, "the record before stays as it was"


def test_a_field_that_is_not_there_is_an_error() -> None:
    other: dict[str, Any] = {"euros": 1}
    with pytest.raises(TypeError, match="euros"):
        replace(Box(name="a"), **other)


def test_a_copy_is_as_frozen_as_its_record() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Box(name="a"), cents=1).cents = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
