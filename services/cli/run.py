"""Commands that run services and look after them."""

import signal
import threading
from collections.abc import Callable
from typing import Annotated, Any

import grpc
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli import common
from services.runtime.host import Host, run
from services.runtime.logging import configure
from services.runtime.sql_store import open_store
from services.runtime.tls import Tls, TlsError
from services.standalone.registry import SPECS

Service = Annotated[
    str, typer.Argument(metavar="NAME", help="intake, scoring, awarding, budget_ledger, reporting, notification or publishing")
]


def up() -> None:
    """Run all services in this process, until interrupted."""
    _run(list(SPECS))


def service(name: Service) -> None:
    """Run one service, until interrupted. The same entry point serves a shell and a container."""
    _run([_known(name)])


def migrate(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Of these services only.")] = None) -> None:
    """Create or update the tables of every log that this process owns, then end."""
    current = common.settings()
    for name in [_known(name) for name in names] if names else SPECS:
        for shard in current.owned_shards:
            open_store(current.store, f"{name}/{shard}", SPECS[name].decider.checks).close()
            common.console.print(f"{name}/{shard}: ready")


def health(as_json: common.AsJson = False) -> None:
    """Ask the services whether they serve. Exit code 1 if one does not."""
    current = common.settings()
    tls = common.tls(current)
    if current.peers:  # by its name, as another service may answer where this one should
        found = {name: _serving(current.peer(name), tls, _full_name(name)) for name in SPECS}
    else:
        found = {"all": _serving(current.here, tls)}
    if as_json:
        common.print_json(found)
    else:
        for name, state in found.items():
            common.console.print(f"{name:14} {state}", style="green" if state == "SERVING" else "red")
    if set(found.values()) != {"SERVING"}:
        raise typer.Exit(1)


def _known(name: str) -> str:
    name = name.replace("-", "_")
    if name not in SPECS:
        common.fail(f"NAME: {name!r} is no service; allowed: {', '.join(SPECS)}", 2)
    return name


def _run(names: list[str]) -> None:
    current = common.settings()
    configure("+".join(names) if len(names) < len(SPECS) else "standalone", current.log_level)
    try:
        host = Host(SPECS, names, current)
    except TlsError as error:
        common.fail(str(error), 2)
    run(host, _on_signal)


def _on_signal(end: Callable[[], None]) -> None:
    assert threading.current_thread() is threading.main_thread(), "signals reach the main thread only"  # noqa: S101
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: end())


def _full_name(name: str) -> str:
    (service,) = SPECS[name].wire.service.DESCRIPTOR.services_by_name.values()
    return str(service.full_name)


def _serving(address: str, tls: Tls, full_name: str = "") -> str:
    with tls.channel(address) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # its stub file leaves the methods out
            answer = stub.Check(health_pb2.HealthCheckRequest(service=full_name), timeout=5)
        except grpc.RpcError as error:
            return str(error.code().name)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
