"""The call files of the repository, for the tests."""

from pathlib import Path

CALLS = Path(__file__).resolve().parents[3] / "calls"
FILES = tuple(sorted(CALLS.glob("*.toml")))
FIRST_ROUND = CALLS / "radicalisation-2021.toml"
