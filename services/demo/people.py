"""The synthetic people of the demonstration: opaque ids, an organisation and a role each."""

from services.kernel.people import Actor, Role

_AGENCY = "agency"


def _member(name: str, role: Role, organisation: str = _AGENCY) -> Actor:
    return Actor(id=name, organisation=organisation, roles=(role,))


OFFICER = _member("officer-1", Role.OFFICER)
CHAIR = _member("chair-1", Role.CHAIR, "jury")
MINISTER = _member("minister-1", Role.DECISION_MAKER, "cabinet")
SECOND_MINISTER = _member("minister-2", Role.DECISION_MAKER, "cabinet")
"""Who decides appeals: somebody else than whoever approved the decision."""
TREASURER = _member("treasurer-1", Role.TREASURER)
ACCOUNTANT = _member("accountant-1", Role.ACCOUNTANT)
OPERATOR = _member("operator-1", Role.OPERATOR, "operations")
ASSESSORS = tuple(_member(f"assessor-{n}", Role.ASSESSOR, f"institute-{n}") for n in range(1, 6))


def applicant(body: str) -> Actor:
    """Who acts for a municipality."""
    return Actor(id=f"clerk-{body}", organisation=body, roles=(Role.APPLICANT,))
