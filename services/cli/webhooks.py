"""Commands for webhooks: endpoints of other systems that award events are posted to, and what became of that."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from services.cli import common
from services.kernel.form import MalformedError
from services.kernel.ports import BusError
from services.publishing.doors.webhooks.client import WebhooksClient
from services.publishing.doors.webhooks.keys import Scheme
from services.publishing.doors.webhooks.payload import Payload
from services.runtime.client import RejectedError, UnreachableError

app = typer.Typer(no_args_is_help=True, help="Post award events to other systems, as docs/how-to/webhooks.md explains.")

Name = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Id of the endpoint.")]


@contextmanager
def _service(who: str) -> Generator[WebhooksClient]:
    """A client of the process that sends; what goes wrong ends the program with a sentence."""
    current = common.settings()
    client = WebhooksClient(current.peer("publishing"), common.token(current, who), common.tls(current))
    try:
        yield client
    except (RejectedError, UnreachableError, BusError, MalformedError) as error:
        common.fail(str(error))
    finally:
        client.close()


@app.command()
def add(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Id of the new endpoint; you choose it.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted to: https://…")],
    owner: Annotated[str, typer.Option(metavar="MAIL", help="Mail address of who is told when it is disabled. Never shown again.")],
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="A type of event, such as AwardGranted; may be repeated. None: all."),
    ] = None,
    calls: Annotated[
        list[str] | None, typer.Option("--call", metavar="CALL", help="Id of a call; may be repeated. None: all.")
    ] = None,
    payload: Annotated[Payload, typer.Option(help="How much a delivery says.")] = Payload.THIN,
    scheme: Annotated[Scheme, typer.Option(help="How deliveries are signed.")] = Scheme.HMAC,
    start: Annotated[
        str, typer.Option("--from", metavar="PLACE", help="The first event: a sequence, an id of an event, or `end`.")
    ] = "end",
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Add an endpoint. What its receiver verifies with is printed this once."""
    members = {
        "endpoint_id": endpoint,
        "url": url,
        "owner": owner,
        "types": types or [],
        "calls": calls or [],
        "payload": payload.value,
        "scheme": scheme.value,
        "start": start,
    }
    with _service(who) as client:
        added = client.add(members)
    _show_key(endpoint, added["key"], as_json=as_json)


@app.command("list")
def list_endpoints(who: common.As = common.NOBODY, as_json: common.AsJson = False) -> None:
    """List endpoints, and how far they have come."""
    with _service(who) as client:
        found = client.endpoints()
    if as_json:
        common.print_json(found)
        return
    columns = ("endpoint", "state", "next #", "failed #", "due", "chosen", "url")
    common.print_table("Endpoints", columns, [_line(endpoint) for endpoint in found])


@app.command()
def rotate(
    endpoint: Name,
    overlap: Annotated[int, typer.Option("--overlap", metavar="HOURS", help="How long the key before signs as well.")] = 24,
    scheme: Annotated[Scheme | None, typer.Option(help="Sign in another way from now on.")] = None,
    owner: Annotated[str, typer.Option(metavar="MAIL", help="Another mail address to tell.")] = "",
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Sign with a new key, which is printed this once; for a while with the one before as well."""
    with _service(who) as client:
        key = client.rotate(endpoint, overlap_hours=overlap, scheme=scheme.value if scheme else "", owner=owner)
    _show_key(endpoint, key, as_json=as_json)


@app.command("test")
def send_test(endpoint: Name, who: common.As = common.NOBODY, as_json: common.AsJson = False) -> None:
    """Send a test, once, in whatever state the endpoint is. Exit code 1 if it was not taken."""
    with _service(who) as client:
        delivery = client.test(endpoint)
    common.print_json(delivery) if as_json else _show_deliveries([delivery])
    if delivery["reason"] != "delivered":
        raise typer.Exit(1)


@app.command()
def resend(
    endpoint: Name,
    first: Annotated[str, typer.Option("--from", metavar="PLACE", help="The first event: a sequence, or an id of an event.")],
    last: Annotated[str, typer.Option("--to", metavar="PLACE", help="The last event, or `end`. None: the first one alone.")] = "",
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Send events again that were sent, under the ids that they had, before what is new."""
    with _service(who) as client:
        _show(client.resend(endpoint, first, last), as_json=as_json)


@app.command()
def pause(endpoint: Name, who: common.As = common.NOBODY, as_json: common.AsJson = False) -> None:
    """Send nothing until it is resumed."""
    with _service(who) as client:
        _show(client.pause(endpoint), as_json=as_json)


@app.command()
def resume(
    endpoint: Name,
    start: Annotated[str, typer.Option("--from", metavar="PLACE", help="Another place than where it stood, or `end`.")] = "",
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Go on with a paused or disabled endpoint, with what it has not taken yet."""
    with _service(who) as client:
        _show(client.resume(endpoint, start), as_json=as_json)


@app.command()
def remove(endpoint: Name, who: common.As = common.NOBODY) -> None:
    """Forget an endpoint, its keys, its owner and its log."""
    with _service(who) as client:
        client.remove(endpoint)
    common.console.print(f"{endpoint}: forgotten", markup=False)


@app.command("log")
def deliveries(
    endpoint: Name,
    limit: Annotated[int, typer.Option(help="How many attempts, 1,000 at most.")] = 20,
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Show the newest attempts and what became of them."""
    with _service(who) as client:
        found = client.deliveries(endpoint, limit)
    common.print_json(found) if as_json else _show_deliveries(found)


def _show_key(endpoint: str, key: str, *, as_json: bool) -> None:
    if as_json:
        common.print_json({"endpointId": endpoint, "key": key})
    else:
        common.console.print(f"{endpoint}: verify with {key}", markup=False, soft_wrap=True)


def _show(endpoint: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        common.print_json(endpoint)
        return
    said = f"{endpoint['endpointId']}: {_state(endpoint)}, next {endpoint['next']}"
    if "resendNext" in endpoint:
        said += f", resends {endpoint['resendNext']} to {endpoint['resendLast']}"
    common.console.print(said, markup=False)


def _line(endpoint: Mapping[str, Any]) -> Sequence[object]:
    chosen = " ".join([*endpoint["types"], *endpoint["calls"]]) or "all"
    columns = ("next", "failed", "due")
    return [endpoint["endpointId"], _state(endpoint), *(endpoint[name] for name in columns), chosen, endpoint["url"]]


def _state(endpoint: Mapping[str, Any]) -> str:
    return f"{endpoint['state']}: {endpoint['why']}" if endpoint["why"] else str(endpoint["state"])


def _show_deliveries(found: Sequence[Mapping[str, Any]]) -> None:
    columns = ("at", "id", "type", "attempt #", "outcome", "status", "ms #", "detail")
    members = ("at", "webhookId", "type", "attempt", "reason", "status", "millis", "detail")
    common.print_table("Attempts", columns, [[delivery.get(name, "") for name in members] for delivery in found])
