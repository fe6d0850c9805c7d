"""A stage on which a service dies twice: while applications are filed, and in the middle of its own work."""

from collections.abc import Callable, Iterable
from typing import Any

from services.demo.cases import Case
from services.demo.distributed import Distributed
from services.demo.stage import Stage
from services.kernel.people import Actor
from services.kernel.rules import CallRules
from services.runtime.batch import Answer

IN_THE_MIDDLE = {
    "scoring": "Assess",
    "awarding": "Propose",
    "budget_ledger": "Propose",
    "reporting": "FileReport",
    "notification": "Approve",
}
"""The command right after which each service has work in hand."""


class Interrupted(Stage):
    """Kills `victim`, and on the way runs `meanwhile` once, when the first application is being filed."""

    def __init__(self, world: Distributed, victim: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(world, lambda _words: None)
        self.processes, self.victim, self.meanwhile = world, victim, meanwhile
        self.filed_meanwhile = 0
        self.deaths = 0

    def file(self, rules: CallRules, cases: Iterable[Case]) -> None:
        """All applications come in while the victim is away; then it is started again."""
        self._die()
        self.meanwhile()
        super().file(rules, cases)
        submitted = [row for row in self.world.state("intake") if row[0] == "File"]
        self.filed_meanwhile = len(submitted)
        self.processes.start(self.victim)
        self.world.settle()

    def do(self, service: str, actor: Actor, command: object, *, refused: str = "") -> Answer:
        """As it is, but right after its command the victim dies and is started again at once."""
        answer = super().do(service, actor, command, refused=refused)
        if type(command).__name__ == IN_THE_MIDDLE[self.victim] and self.deaths == 1:
            self._die()
            self.processes.start(self.victim)
        return answer

    def _die(self) -> None:
        self.deaths += 1
        self.processes.kill(self.victim)


def told(logs: dict[str, list[str]], but: Any = ()) -> dict[str, list[str]]:
    """Canonical logs and state without those of some services."""
    return {name: lines for name, lines in logs.items() if not any(service in name for service in but)}
