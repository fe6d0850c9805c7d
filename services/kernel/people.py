"""Who acts: an opaque id, an organisation and roles. Names and addresses never come near a log."""

from dataclasses import dataclass
from enum import StrEnum

from services.kernel.form import Id


class Role(StrEnum):
    """What a person or a service may be. Who may do what is a table in each core."""

    APPLICANT = "applicant"
    OFFICER = "officer"
    """Runs the call: publishes, moves deadlines, declares admissible, proposes, checks reports."""
    ASSESSOR = "assessor"
    CHAIR = "chair"
    """Chairs the jury: moderates and establishes the ranking."""
    DECISION_MAKER = "decision_maker"
    TREASURER = "treasurer"
    """Orders payments and recoveries."""
    ACCOUNTANT = "accountant"
    """Confirms what the bank did."""
    AUDITOR = "auditor"
    OPERATOR = "operator"
    SYSTEM = "system"
    """A service acting on another service's event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one behind a command, as proven by the token."""

    id: Id
    organisation: Id
    roles: tuple[Role, ...]

    def has(self, *roles: Role) -> bool:
        """Whether the actor holds one of `roles`."""
        return any(role in self.roles for role in roles)
