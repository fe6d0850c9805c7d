"""The export of a demonstration: accepted, and the same balances and state as the services themselves had."""

from pathlib import Path

import pytest

from services.audit.memory import Memory
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.audit.verifying import verify
from services.cli.demo import Scenario, play_embedded
from services.runtime.replay import rows


@pytest.mark.slow
def test_the_export_has_the_balances_of_the_services(tmp_path: Path) -> None:
    result, snapshot = play_embedded(Scenario.FULL_CAP, tmp_path / "run", lambda _words: None, tmp_path / "export")
    pack = Pack(tmp_path / "export")
    found = verify(pack, Memory(tmp_path / "accepted"))
    assert (found.faults, found.sizes) == ([], {f"{service}/0": length for service, length in result.entries.items()})
    again = rerun(pack)
    assert again.faults == []
    envelopes = [account for (kind, _), account in again.books.accounts.items() if kind == "envelope"]
    assert sum(account.committed for account in envelopes) == result.committed
    assert sum(account.paid for account in envelopes) == result.paid
    assert sum(account.recovered for account in envelopes) == result.recovered
    assert again.books.over_award() == result.over_award == 0
    for service, state in snapshot.state.items():
        assert rows(again.states[f"{service}/0"]) == state, service
