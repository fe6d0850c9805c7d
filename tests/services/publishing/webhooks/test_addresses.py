"""No request ever goes inside: by the address that a name means, however it is written."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from services.kernel.form import MalformedError
from services.publishing.doors.webhooks.addresses import ForbiddenError, Guard, Target, networks
from services.publishing.doors.webhooks.transport import resolved

GUARD = Guard()
OUTSIDE = Target(plain=False, host="receiver.example", port=443, path="/")
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "2002:808:808::1", "172.32.0.1")
INSIDE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "fec0::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
    *("2001::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1"),
)


def refused(*addresses: str, guard: Guard = GUARD, target: Target = OUTSIDE) -> str:
    with pytest.raises(ForbiddenError) as caught:
        guard.check(target, [ip_address(address) for address in addresses])
    return str(caught.value)


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert "no public address" in refused(address)
    assert "no public address" in refused(PUBLIC[0], address), "one of several is enough"


@pytest.mark.parametrize("address", PUBLIC)
def test_outside(address: str) -> None:
    GUARD.check(OUTSIDE, [ip_address(address)])


@pytest.mark.parametrize(
    "host", ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "0177.1", "127.0.0.1", "[::ffff:7f00:1]", "[::1]"]
)
def test_every_spelling_of_loopback_means_loopback(host: str) -> None:
    """The URL is refused when it is given; and if one came through, the machine's resolver says what it means."""
    with pytest.raises(MalformedError):
        GUARD.target(f"https://{host}/hook")

    async def meant() -> Sequence[object]:
        return await resolved(host.strip("[]"), 443)

    found = asyncio.run(meant())
    assert "no public address" in refused(*map(str, found))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://receiver.example/hook", "plain HTTP"),
        ("https://receiver.example:8080/hook", "port 8080"),
        ("https://receiver.example:99999/hook", "ut of range"),
        ("ftp://receiver.example/hook", "HOST/PATH"),
        ("file:///etc/passwd", "HOST/PATH"),
        ("https:///hook", "HOST/PATH"),
        ("receiver.example", "HOST/PATH"),
        ("https://user@receiver.example/", "a user"),
        ("https://8.8.8.8@127.0.0.1/", "a user"),
        ("https://receiver.example/#there", "characters"),
        ("https://receiver.example\\@127.0.0.1/", "characters"),
        ("https://receiver.example/\r\nHost: 127.0.0.1", "characters"),
        ("https://receiver.example/ä", "characters"),
        ("https://täst.example/", "characters"),
        ("https://①②⑦.0.0.1/", "characters"),
        ("https://127.0.0.1./", "no name of a host"),
        ("https://1.2.3/", "no name of a host"),
        ("https://a..b/", "no name of a host"),
        ("https://-a.example/", "no name of a host"),
        ("https://[::1/", "nvalid"),
        ("https://169.254.169.254/latest/meta-data", "metadata"),
        (f"https://receiver.example/{'x' * 500}", "too long"),
    ],
)
def test_a_url_that_is_refused(url: str, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        GUARD.target(url)


def test_a_url_is_read_once() -> None:
    assert GUARD.target("https://Receiver.Example/a/b?c=d") == Target(
        plain=False, host="receiver.example", port=443, path="/a/b?c=d"
    )
    assert GUARD.target("https://receiver.example?x").path == "/?x"
    assert GUARD.target("https://[2606:2800:220:1:248:1893:25c8:1946]/").authority == "[2606:2800:220:1:248:1893:25c8:1946]"
    assert Guard(ports=frozenset({443, 8443})).target("https://receiver.example:8443/").authority == "receiver.example:8443"


def test_the_operator_names_networks() -> None:
    guard = Guard(allowed=networks("10.1.0.0/16, fd00:1::/64"))
    plain = Target(plain=True, host="inner.example", port=8080, path="/")
    guard.check(plain, [ip_address("10.1.2.3"), ip_address("fd00:1::7"), ip_address("::ffff:10.1.9.9")])
    assert "no public address" in refused("10.2.0.1", guard=guard, target=plain)
    assert "no public address" in refused("127.0.0.1", guard=guard, target=plain)
    assert "plain HTTP" in refused("8.8.8.8", guard=guard, target=plain)
    other_port = Target(plain=False, host="receiver.example", port=22, path="/")
    assert "port 22" in refused("8.8.8.8", guard=guard, target=other_port)
    assert guard.target("http://inner.example:8080/") == plain


def test_a_network_must_be_one() -> None:
    assert networks("") == ()
    assert networks("127.0.0.0/8") == (ip_network("127.0.0.0/8"),)
    with pytest.raises(ValueError, match="127"):
        networks("127.0.0.1/8")
