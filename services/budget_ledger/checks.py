"""The limits once more, as conditions on the stored rows: were `decide` wrong, the transaction would fail.

Written for SQLite (3.38 or later) and PostgreSQL alike. A row is JSON, its integers are strings; `IS TRUE` makes a row without
one of them fail rather than pass.
"""


def _cents(name: str) -> str:
    return f"CAST(body ->> '{name}' AS BIGINT)"


def _every(kind: str, *conditions: str) -> str:
    return f"kind <> '{kind}' OR ({' AND '.join(conditions)}) IS TRUE"


_OUT = f"{_cents('orderedCents')} + {_cents('paidCents')} - {_cents('recoveredCents')} <= {_cents('committedCents')}"

CHECKS = (
    _every(
        "Envelope",
        f"{_cents('reservedCents')} >= 0",
        f"{_cents('committedCents')} >= 0",
        f"{_cents('reservedCents')} + {_cents('committedCents')} <= {_cents('budgetCents')}",
        _OUT,
    ),
    # the limit of a use is the cap under which it last grew; only a merger leaves it higher, see `records.Use`
    _every("Use", f"{_cents('heldCents')} >= 0", f"{_cents('heldCents')} <= {_cents('limitCents')}"),
    _every("Reservation", f"{_cents('committedCents')} <= {_cents('amountCents')}", _OUT),
)
