"""One request over a real socket: to the address that was looked at and no other, within its time, whatever the other end does."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.publishing.doors.webhooks.addresses import Address, Guard, networks
from services.publishing.doors.webhooks.transport import Outcome, Reason, Resolve, Transport, resolved
from services.runtime.clock import SystemClock
from tests.services.publishing.webhooks.yard import LOOPBACK, Receiver, Reply

HOME = ip_address("127.0.0.1")
METADATA = ip_address("169.254.169.254")
CONTEXT = ssl.create_default_context()


class Names:
    """A resolver that answers with one list after the other, and counts."""

    def __init__(self, *answers: Sequence[Address] | Exception) -> None:
        self.left, self.asked = list(answers), list[tuple[str, int]]()

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append((host, port))
        answer = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def post(
    url: str,
    resolve: Resolve = resolved,
    *,
    guard: Guard = LOOPBACK,
    context: ssl.SSLContext = CONTEXT,
    seconds: float = 5,
) -> Outcome:
    transport = Transport(guard, context, resolve=resolve, timeout_seconds=seconds)
    return asyncio.run(transport.post(guard.target(url), {"Webhook-Id": "x/1"}, b"{}"))


def test_the_name_is_asked_once_and_the_address_is_pinned(receiver: Receiver) -> None:
    """A name server that changes its mind between the look and the connection is not asked again."""
    port = receiver.server.server_address[1]
    names = Names([HOME], [METADATA])
    assert post(f"http://receiver.example:{port}/hook?a=b", names).reason is Reason.DELIVERED
    assert names.asked == [("receiver.example", port)]
    (request,) = receiver.requests
    assert (request.path, request.headers["host"], request.body) == ("/hook?a=b", f"receiver.example:{port}", b"{}")


def test_the_next_attempt_looks_anew(receiver: Receiver) -> None:
    url, names = f"http://receiver.example:{receiver.server.server_address[1]}/", Names([HOME], [METADATA])
    assert [post(url, names).reason, post(url, names).reason] == [Reason.DELIVERED, Reason.FORBIDDEN]
    assert len(receiver.requests) == 1


def test_name_servers_that_are_silent_hold_up_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's question itself stands in for them: what it waits for cannot be broken off."""
    ask, over = socket.getaddrinfo, threading.Event()

    def asked(host: str, port: int, *, type: socket.SocketKind) -> Any:  # noqa: A002 - as in the socket module
        if host.startswith("silent"):
            over.wait(20)
        return ask("127.0.0.1", port, type=type)

    async def look() -> None:
        silent = [asyncio.create_task(resolved(f"silent-{number}.example", 443)) for number in range(100)]
        await asyncio.sleep(0)  # all of them ask before the other one
        assert await resolved("books.example", 443) == [HOME]
        over.set()
        await asyncio.gather(*silent)

    monkeypatch.setattr("services.publishing.doors.webhooks.transport.socket.getaddrinfo", asked)
    asyncio.run(asyncio.wait_for(look(), 15))


@pytest.mark.parametrize(
    "addresses", [[METADATA], [HOME, METADATA], [ip_address("::ffff:169.254.169.254")], [ip_address("10.0.0.1")]]
)
def test_a_name_that_means_inside_is_not_connected_to(receiver: Receiver, addresses: Sequence[Address]) -> None:
    outcome = post(f"http://receiver.example:{receiver.server.server_address[1]}/", Names(addresses))
    assert outcome.reason is Reason.FORBIDDEN
    assert "no public address" in outcome.detail
    assert receiver.requests == []


def test_without_exceptions_loopback_is_not_connected_to(receiver: Receiver) -> None:
    outcome = post("https://receiver.example/", Names([HOME]), guard=Guard())
    assert (outcome.reason, receiver.requests) == (Reason.FORBIDDEN, [])
    assert post("https://localhost/", guard=Guard()).reason is Reason.FORBIDDEN


def test_a_redirect_is_a_failure_and_is_not_followed(receiver: Receiver) -> None:
    left = [301, 302, 303, 307, 308]
    receiver.answer = lambda _request: Reply(left.pop(), [("Location", receiver.url + "/secret")])
    while left:
        assert post(receiver.url).reason is Reason.REDIRECT
    assert {request.path for request in receiver.requests} == {"/hook"}


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(receiver.url).reason is Reason.DELIVERED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, Reason.DELIVERED),
        (204, Reason.DELIVERED),
        (299, Reason.DELIVERED),
        (400, Reason.STATUS),
        (410, Reason.GONE),
        (500, Reason.STATUS),
    ],
)
def test_only_a_success_is_one(receiver: Receiver, status: int, reason: Reason) -> None:
    receiver.statuses(status)
    outcome = post(receiver.url)
    assert (outcome.reason, outcome.status) == (reason, status)


def test_another_address_is_tried_when_the_first_does_not_answer(receiver: Receiver) -> None:
    names = Names([ip_address("127.0.0.2"), HOME])  # the receiver listens on the second one only
    assert post(f"http://receiver.example:{receiver.server.server_address[1]}/", names).reason is Reason.DELIVERED


@contextmanager
def talking(*lines: bytes, for_ever: bytes = b"") -> Generator[int]:
    """A server that takes a connection, reads nothing, says this, and then the last for ever; gives its port."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(0.05)
                for line in lines:
                    connection.sendall(line)
                while not stop.is_set():
                    try:
                        if for_ever:
                            connection.sendall(for_ever)
                        else:
                            stop.wait(0.05)
                    except TimeoutError:
                        continue
                    except OSError:
                        return

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("lines", [(), (b"HTTP/1.1 200 OK\r\n",)], ids=["nothing", "half a head"])
def test_an_endpoint_that_never_answers_costs_its_time_and_no_more(lines: Sequence[bytes]) -> None:
    with talking(*lines) as port:
        outcome = post(f"http://127.0.0.1:{port}/", seconds=0.3)
    assert (outcome.reason, outcome.detail) == (Reason.TIMEOUT, "no answer within 0.3 s")
    assert outcome.millis < 10_000


def test_one_that_answers_in_crumbs_does_not_have_its_time_over_and_over() -> None:
    with talking(b"HTTP/1.1 200 OK\r\n", for_ever=b"X: " + b"y" * 10 + b"\r\n") as port:
        outcome = post(f"http://127.0.0.1:{port}/", seconds=1)
    assert outcome.reason in (Reason.TIMEOUT, Reason.BROKEN)


def test_a_body_without_end_is_not_read() -> None:
    with talking(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", for_ever=b"4000\r\n" + b"x" * 0x4000 + b"\r\n") as port:
        assert post(f"http://127.0.0.1:{port}/").reason is Reason.DELIVERED


def test_what_is_not_http_is_a_broken_connection() -> None:
    with talking(b"SSH-2.0-OpenSSH_9.9\r\n\r\n") as port:
        assert post(f"http://127.0.0.1:{port}/").reason is Reason.BROKEN


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/").reason is Reason.NO_CONNECTION


@pytest.mark.parametrize("answer", [[], socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_there_is_no_such_name(answer: Sequence[Address] | Exception) -> None:
    assert post("https://receiver.example/", Names(answer), guard=Guard()).reason is Reason.NO_SUCH_NAME


def certificate(place: Path, name: str, *, days: int = 1) -> Path:
    """A certificate for a name with its key, signed by itself."""
    key, now = Ed25519PrivateKey.generate(), SystemClock().now()
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    file = place / f"{name}.{days}.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def over_tls(file: Path) -> Generator[tuple[Receiver, list[str | None]]]:
    """A receiver with that certificate, and the names that it was asked for in the handshake."""
    context, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[str | None]()
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    receiver = Receiver()
    receiver.server.handle_error = lambda *_args: None  # type: ignore[method-assign] # a client that trusts us not breaks off
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True, do_handshake_on_connect=False)
    with receiver:
        yield receiver, asked


def test_tls_is_proven_for_the_name_at_the_pinned_address(tmp_path: Path) -> None:
    file = certificate(tmp_path, "receiver.example")
    trusting = ssl.create_default_context(cafile=str(file))
    with over_tls(file) as (receiver, asked):
        port = receiver.server.server_address[1]
        assert post(f"https://receiver.example:{port}/", Names([HOME]), context=trusting).reason is Reason.DELIVERED
        assert (asked, receiver.requests[0].headers["host"]) == (["receiver.example"], f"receiver.example:{port}")
        assert post(f"https://other.example:{port}/", Names([HOME]), context=trusting).reason is Reason.TLS, "another name"
        assert post(f"https://receiver.example:{port}/", Names([HOME])).reason is Reason.TLS, "nobody vouches for it"
        assert len(receiver.requests) == 1


def test_a_certificate_that_has_ended(tmp_path: Path) -> None:
    file = certificate(tmp_path, "receiver.example", days=-1)
    trusting = ssl.create_default_context(cafile=str(file))
    with over_tls(file) as (receiver, _):
        url = f"https://receiver.example:{receiver.server.server_address[1]}/"
        assert post(url, Names([HOME]), context=trusting).reason is Reason.TLS


def test_a_network_of_ipv6_can_be_named() -> None:
    guard = Guard(allowed=networks("::1/128"))
    outcome = post("http://[::1]:1/", guard=guard)
    assert outcome.reason is Reason.NO_CONNECTION, "it was allowed to try"
