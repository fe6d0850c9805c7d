"""The operators' service of a running host, and the command line before it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.publishing.doors.webhooks.client import WebhooksClient
from services.runtime.client import RejectedError
from tests.cli.line import Line
from tests.runtime.serving import AUDITOR, OFFICER, OPERATOR, Serving, serving
from tests.services.publishing.webhooks.yard import OWNER, Receiver

ADD = ("--owner", OWNER)


def said(done: Any) -> Any:
    """What a command printed last, as JSON; the host's own log comes out here as well."""
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    place = tmp_path_factory.mktemp("host")
    with serving(place, ["publishing"], webhook_key=f"file:{place / 'webhook.key'}", webhook_allow="127.0.0.0/8") as running:
        yield running


@pytest.fixture
def line(host: Serving) -> Line:
    return Line(listen=host.address, issuer=f"file:{host.directory / 'issuer'}", log_key=f"file:{host.directory / 'log-key.pem'}")


@pytest.fixture
def clients(host: Serving) -> Iterator[Any]:
    made: list[WebhooksClient] = []

    def client(actor: Any) -> WebhooksClient:
        made.append(WebhooksClient(host.address, lambda: host.issuer.token(actor)))
        return made[-1]

    yield client
    for one in made:
        one.close()


def test_the_life_of_an_endpoint(line: Line, receiver: Receiver, host: Serving) -> None:
    added = said(line("webhooks", "add", "books", receiver.url, *ADD, "--type", "AwardGranted", "--json"))
    assert added["key"].startswith("whsec_")
    (listed,) = said(line("webhooks", "list", "--json"))
    assert (listed["endpointId"], listed["types"], listed["state"], listed["next"]) == ("books", ["AwardGranted"], "active", "0")
    assert OWNER not in json.dumps(listed)
    assert added["key"] not in json.dumps(listed)

    assert line("webhooks", "test", "books").exit_code == 0
    receiver.statuses(500)
    failed = line("webhooks", "test", "books", "--json")
    assert (failed.exit_code, said(failed)["status"]) == (1, "500")
    log = said(line("webhooks", "log", "books", "--json"))
    assert [delivery["reason"] for delivery in log] == ["status", "delivered"]

    public = said(line("webhooks", "rotate", "books", "--scheme", "ed25519", "--json"))["key"]
    assert public.startswith("whpk_")
    assert "paused, next 0" in line("webhooks", "pause", "books").stdout
    assert "active, next 0" in line("webhooks", "resume", "books").stdout
    assert "books" in line("webhooks", "list").stdout
    assert line("webhooks", "remove", "books").exit_code == 0
    assert said(line("webhooks", "list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("test", "nobody"), "there is no endpoint 'nobody'"),
        (("log", "nobody"), "there is no endpoint"),
        (("add", "books", "https://10.0.0.1/", *ADD), "url: 10.0.0.1 is no public address"),
        (
            ("add", "books", "https://receiver.example/", "--owner", "nobody"),
            "owner: 'nobody' does not fit; allowed: a mail address",
        ),
        (("add", "two words", "https://receiver.example/", *ADD), "endpointId"),
        (("add", "books", "https://receiver.example/", *ADD, "--from", "7"), "there is no event 7"),
        (("add", "books", "https://receiver.example/", *ADD, "--type", "Award"), "'Award' is no type"),
    ],
)
def test_what_cannot_be_done_is_said(line: Line, arguments: tuple[str, ...], said: str) -> None:
    done = line("webhooks", *arguments)
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())


def test_only_operators(clients: Any) -> None:
    for actor in (AUDITOR, OFFICER):
        with pytest.raises(RejectedError, match="needs one of: operator"):
            clients(actor).endpoints()
    assert clients(OPERATOR).endpoints() == []


def test_a_place_that_needs_its_own_form(clients: Any) -> None:
    client = clients(OPERATOR)
    with pytest.raises(RejectedError, match="scheme"):
        client.rotate("books", overlap_hours=1, scheme="rsa", owner="")
    with pytest.raises(RejectedError, match="limit"):
        client.deliveries("books", 0)


def test_the_key_is_made_when_it_is_needed(host: Serving, tmp_path: Path) -> None:
    with serving(tmp_path, ["publishing"], webhook_key=f"file:{tmp_path / 'webhook.key'}"):
        assert not (tmp_path / "webhook.key").exists()
