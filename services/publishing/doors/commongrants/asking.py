"""What a reader of the protocol asks: pages, filters, an order; and the answer's account of what was done with that.

A member that the protocol does not have is refused, since a misspelt filter would give an unfiltered answer. A filter or an order
that it leaves to each implementation (`customFilters`, `custom`) is not known here; as the protocol says, the answer then names it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from common_grants_sdk.schemas.pydantic.fields import Money
from common_grants_sdk.schemas.pydantic.filters import DateRangeFilter, MoneyRangeFilter
from pydantic import BaseModel, ValidationError

from services.publishing.doors.http.answers import Problem

PAGE_SIZE, MAX_PAGE_SIZE = 100, 1000
MAX_PAGE = 2**31 - 1
MAX_BYTES = 65_536
"""Of a question."""
_FAULTS = 20
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Test = Callable[[T], bool]


@dataclass(slots=True)
class Wanted(Generic[T]):
    """What to look for: what holds for each item that is meant, what was not understood, and in which order they come."""

    tests: list[Test[T]] = field(default_factory=list[Test[T]])
    errors: list[str] = field(default_factory=list[str])
    sort_by: str = "lastModifiedAt"
    descending: bool = True
    sort_errors: list[str] = field(default_factory=list[str])

    def left_out(self, custom: Mapping[str, Any] | None) -> None:
        """Note filters of others' making, which are not known here."""
        self.errors += [f"customFilters.{name}: is not known here, and was not applied" for name in sorted(custom or ())]

    def order(self, sort_by: str, custom: str | None, order: str) -> None:
        """Note an order.

        Raises:
            Problem: 400 if it is neither up nor down.
        """
        if order not in ("asc", "desc"):
            raise malformed([f"sorting.sortOrder: {order[:80]!r}; allowed: asc, desc"])
        self.descending = order == "desc"
        if sort_by == "custom":
            self.sort_errors.append(f"customSortBy: {str(custom)[:80]!r} is not known here; sorted by {self.sort_by}")
        else:
            self.sort_by = sort_by

    def found(self, items: Sequence[T], keys: Mapping[str, Callable[[T], Any]]) -> list[T]:
        """The items that are meant, in order; those that are equal as they came, those without what is sorted by last."""
        key = keys[self.sort_by]
        meant = [item for item in items if all(test(item) for test in self.tests)]
        known = [item for item in meant if key(item) is not None]
        return sorted(known, key=key, reverse=self.descending) + [item for item in meant if key(item) is None]

    def sort_info(self) -> dict[str, Any]:
        """The order, as the answer tells it."""
        told: dict[str, Any] = {"sortBy": self.sort_by, "sortOrder": "desc" if self.descending else "asc"}
        return told | {"errors": self.sort_errors}


def question(model: type[M], body: bytes) -> M:
    """A question in the body of a request.

    Raises:
        Problem: 400, with all that is wrong.
    """
    try:
        raw = json.loads(body or b"{}", parse_float=_number, parse_constant=_no_number)
        read = model.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:_FAULTS]
        told = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults]
        raise malformed(told) from error
    except (ValueError, RecursionError) as error:
        raise malformed([f"body: is no JSON: {error}"]) from error
    if wrong := [*_unknown(read, raw, ""), *_unlike(raw)]:
        raise malformed(wrong[:_FAULTS])
    return read


def malformed(faults: Sequence[str]) -> Problem:
    """The problem of a question that is not as the protocol has it."""
    return Problem(400, "malformed", "; ".join(faults)[:1000], errors=list(faults))


def page_of(items: Sequence[T], page: int, size: int) -> tuple[Sequence[T], dict[str, int]]:
    """A page of items, and the answer's account of it.

    Raises:
        Problem: 400 if the page is larger than one may be.
    """
    if size > MAX_PAGE_SIZE:
        raise Problem(400, "out_of_range", f"pageSize: {size} is out of range; allowed: 1 to {MAX_PAGE_SIZE}", field="pageSize")
    total = len(items)
    info = {"page": page, "pageSize": size, "totalItems": total, "totalPages": -(-total // size)}
    return items[(page - 1) * size : page * size], info


def among(wanted: Any, value: Callable[[T], str]) -> Test[T]:
    """Whether a word is among some, or is not."""
    words, inside = frozenset(wanted.value), wanted.operator.value == "in"
    return lambda item: (value(item) in words) is inside


def amount(wanted: MoneyRangeFilter | Any, value: Callable[[T], tuple[int, str] | None]) -> Test[T]:
    """Whether a sum lies between two, or outside; one in another currency is not meant, nor one that is not there."""
    low, high, inside = wanted.value.min, wanted.value.max, wanted.operator.value == "between"

    def test(item: T) -> bool:
        known = value(item)
        if known is None or not known[1] == low.currency == high.currency:
            return False
        return (_cents(low) <= known[0] <= _cents(high)) is inside

    return test


def day(wanted: DateRangeFilter | Any, value: Callable[[T], date], local: Callable[[datetime, T], date]) -> Test[T]:
    """Whether a day lies between two, or outside; of an instant, the day that it is on where the item is."""
    inside = wanted.operator.value == "between"

    def bound(limit: date | datetime | None, item: T) -> date | None:
        return local(limit, item) if isinstance(limit, datetime) else limit

    def test(item: T) -> bool:
        low, high = bound(wanted.value.min, item), bound(wanted.value.max, item)
        at = value(item)
        return ((low is None or low <= at) and (high is None or at <= high)) is inside

    return test


def _number(text: str) -> float:
    """A number that has a point or an exponent; in JSON, 2.0 is as whole as 2."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _cents(sum_: Money) -> Decimal:
    return Decimal(sum_.amount) * 100


def _unknown(read: BaseModel, raw: Any, where: str) -> Iterator[str]:
    """Members that the model passes over."""
    known = {info.serialization_alias or info.alias or name: name for name, info in type(read).model_fields.items()}
    for name, value in raw.items():
        if name not in known:
            yield f"{where}{name}: is no member here"
        elif isinstance(part := getattr(read, known[name]), BaseModel):
            yield from _unknown(part, value, f"{where}{name}.")


def _unlike(raw: Any) -> Iterator[str]:
    """What the model would make something of, though the protocol has it otherwise: a text for a number, a number for a day."""
    for name, value in (raw.get("pagination") or {}).items():
        if type(value) is not int:
            yield f"pagination.{name}: is no number"
    for name in ("closeDateRange", "awardDateRange"):
        wanted = (raw.get("filters") or {}).get(name) or {"value": {}}
        for bound, day_ in wanted["value"].items():
            if day_ is not None and not (isinstance(day_, str) and _DAY.match(day_)):
                yield f"filters.{name}.value.{bound}: is no day"
