"""Why a thing is told to be as it is, and which part of the call file says so."""

from services.publishing.terms import Ground, GroundCode, MoveKind

_RULES = {
    GroundCode.RANKED: "scoring",
    GroundCode.ENVELOPE_EXCEEDED: "awarding.partial",
    GroundCode.CAP_EXCEEDED: "cap",
    GroundCode.BELOW_MINIMUM: "scoring.minimum_total",
    GroundCode.ENVELOPE_EXHAUSTED: "envelope",
    GroundCode.APPEAL: "awarding.appeal_days",
    GroundCode.DECLINED: "awarding",
    GroundCode.SETTLEMENT: "reports",
    GroundCode.CORRECTION: "awarding",
    GroundCode.MERGER: "applicants",
    GroundCode.ADVANCE: "paying.advance_percent",
    GroundCode.BALANCE: "reports",
    GroundCode.FINAL_REPORT: "reports",
}
"""The rule of the call file behind each ground, as a path."""
_MOVES = {
    MoveKind.DECOMMITTED: GroundCode.CORRECTION,
    MoveKind.UNSPENT: GroundCode.SETTLEMENT,
    MoveKind.ADVANCE: GroundCode.ADVANCE,
    MoveKind.BALANCE: GroundCode.BALANCE,
    MoveKind.RECOVERED: GroundCode.FINAL_REPORT,
    MoveKind.MERGED: GroundCode.MERGER,
}
_DECIDED = (
    GroundCode.RANKED,
    GroundCode.ENVELOPE_EXCEEDED,
    GroundCode.CAP_EXCEEDED,
    GroundCode.BELOW_MINIMUM,
    GroundCode.ENVELOPE_EXHAUSTED,
)
"""The grounds that the awarding service itself names; after an upheld appeal an officer's words stand in their place."""


def ground(code: GroundCode) -> Ground:
    """A ground with its rule."""
    return Ground(code=code, rule=_RULES[code])


def of_move(kind: MoveKind) -> Ground:
    """Why the money or the holder of an award moved."""
    return ground(_MOVES[kind])


def of_decision(words: str) -> Ground:
    """Why a file was decided on as it was: the code that the awarding service gives, or the appeal."""
    return ground(next((code for code in _DECIDED if code == words), GroundCode.APPEAL))
