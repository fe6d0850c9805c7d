"""What awards come to by purpose, province and year. Sums of different currencies are never added up."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.publishing.records import Award
from services.publishing.views import Sums, sums

AMOUNTS = ("awarded", "committed", "paid", "recovered")
"""The sums of an award, which are never put together into one."""
_PAYMENTS = ("paid", "recovered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a group of awards in one currency comes to. `code` names the group; `silent` of its awards publish no payments."""

    code: str
    currency: str
    sums: Sums
    silent: int

    def cents(self, name: str) -> int | None:
        """One of the four sums; None for what was paid or recovered where none of the awards publishes that."""
        hidden = name in _PAYMENTS and 0 < self.sums.awards == self.silent
        return None if hidden else int(getattr(self.sums, f"{name}_cents"))


BY: Mapping[str, Callable[[Award], Iterable[str]]] = {
    "purpose": lambda award: award.purposes or ("",),
    "province": lambda award: (award.province,),
    "year": lambda award: (str(award.year),),
}
"""The groups that an award counts in: in full for each of its purposes; for '' where it has none, or does not say."""


def nothing(currency: str) -> Total:
    """What no award comes to."""
    return Total(code="", currency=currency, sums=Sums(), silent=0)


def overall(awards: Iterable[Award]) -> list[Total]:
    """The whole, by currency."""
    return _grouped(awards, lambda _: ("",))


def by(dimension: str, awards: Iterable[Award]) -> list[Total]:
    """By purpose or province, the largest first; by year, in order of years. Groups without an award in force are left out."""
    found = [total for total in _grouped(awards, BY[dimension]) if total.sums.awards]
    if dimension == "year":
        return sorted(found, key=lambda total: (total.currency, total.code))
    return sorted(found, key=lambda total: (total.currency, -total.sums.awarded_cents, total.code))


def _grouped(awards: Iterable[Award], groups: Callable[[Award], Iterable[str]]) -> list[Total]:
    found: dict[tuple[str, str], list[Award]] = defaultdict(list)
    for award in awards:
        for code in groups(award):
            found[award.currency, code].append(award)
    return [
        Total(code=code, currency=currency, sums=sums(of), silent=_silent(of)) for (currency, code), of in sorted(found.items())
    ]


def _silent(awards: Sequence[Award]) -> int:
    return sum(award.paid_cents is None for award in awards if award.state != "withdrawn")
