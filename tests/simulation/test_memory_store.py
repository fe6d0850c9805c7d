"""The simulated store keeps the contract of every store. One test of it needs a second thread, and is SQL's alone."""

from collections.abc import Callable

import pytest

from tests.contract import test_store as contract
from tests.simulation.memory import Disk, MemoryStore


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def store(disk: Disk) -> MemoryStore:
    return MemoryStore(disk)


@pytest.fixture
def opened(disk: Disk) -> Callable[[], MemoryStore]:
    return lambda: MemoryStore(disk)


_NOT_HERE = {
    "test_a_take_over_waits_for_the_transaction_under_way": "here it ends the other's session",
    "test_the_state_checks_refuse_what_a_core_must_never_write": "checks are SQL; here an oracle looks",
    "test_a_killed_writer_leaves_exactly_what_it_committed": "it has no processes",
}
for _name, _test in vars(contract).items():
    if _name.startswith("test_") and _name not in _NOT_HERE:
        globals()[_name] = _test
