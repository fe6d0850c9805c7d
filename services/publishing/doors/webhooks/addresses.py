"""Where a request may go: public addresses and nothing else, unless the operator names a network.

What a name means is asked once for each connection, and that very address is connected to. So the decision is about addresses;
no spelling of one (`2130706433`, `0177.1`, `::ffff:7f00:1`) and no name server can talk its way around it. The ranges stand here as
the IANA registries of special-purpose addresses have them, and do not depend on the version of Python.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from services.kernel.form import MalformedError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAX_URL = 500
_FIELD = "url"
_FORM = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_NUMBER = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_PLAIN_PORT, _TLS_PORT = 80, 443

_NOT_PUBLIC_4 = [
    (ip_network(block), words)
    for block, words in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a provider's metadata"),
        ("169.254.0.0/16", "link-local or metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "a relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
]
_NOT_PUBLIC_6 = [
    (ip_network(block), words)
    for block, words in (
        ("::1/128", "loopback"),
        ("fc00::/7", "private or metadata"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "protocol assignments or a tunnel"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
]
_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")


class ForbiddenError(Exception):
    """A request may not go there; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL in the parts that a request is made of; it was read once, so that nobody reads it otherwise."""

    plain: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as a `Host` header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_PLAIN_PORT if self.plain else _TLS_PORT) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Decides. To the networks of `allowed` everything is allowed: addresses that are not public, other ports, plain HTTP."""

    allowed: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset({_TLS_PORT})

    def target(self, url: str) -> Target:
        """Read the URL of an endpoint.

        Raises:
            MalformedError: if it is none that a delivery could ever go to, as far as one can tell without asking for its name.
        """
        target = _read(url)
        if not self.allowed and target.plain:
            raise MalformedError(_FIELD, "plain HTTP", "https://")
        if not self.allowed and target.port not in self.ports:
            raise MalformedError(_FIELD, f"port {target.port}", f"one of {', '.join(map(str, sorted(self.ports)))}")
        literal = _literal(target.host)
        if literal is not None:
            try:
                self.check(target, [literal])
            except ForbiddenError as error:
                raise MalformedError(_FIELD, str(error), "a public address") from error
        return target

    def check(self, target: Target, addresses: Sequence[Address]) -> None:
        """Have a connection to those addresses, which the target's name means now, allowed.

        All must be allowed: a name that also means an address inside is one to keep away from.

        Raises:
            ForbiddenError: if one of them is not.
        """
        for address in addresses:
            inner = _unwrapped(address)
            if any(found in network for found in (address, inner) for network in self.allowed):
                continue
            if words := _not_public(inner):
                raise ForbiddenError(f"{address} is no public address: {words}")
            if target.plain:
                raise ForbiddenError("plain HTTP is for networks that the operator names")
            if target.port not in self.ports:
                raise ForbiddenError(f"port {target.port} is for networks that the operator names")


def networks(setting: str) -> tuple[Network, ...]:
    """Networks with commas between, such as `10.1.0.0/16,fd00:1::/64`.

    Raises:
        ValueError: if one is none.
    """
    return tuple(ip_network(part.strip()) for part in setting.split(",") if part.strip())


def _read(url: str) -> Target:
    if len(url) > _MAX_URL or not _FORM.fullmatch(url):
        raise MalformedError(_FIELD, "too long, or with characters that a URL has not", f"at most {_MAX_URL} characters of ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise MalformedError(_FIELD, str(error), "https://HOST/PATH") from error
    if parts.scheme not in ("https", "http") or not host:
        raise MalformedError(_FIELD, f"{url[:20]!r}…", "https://HOST/PATH")
    if "@" in parts.netloc:
        raise MalformedError(_FIELD, "a user or a password", "https://HOST/PATH; what proves a delivery is its signature")
    if _literal(host) is None and (not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])):
        raise MalformedError(_FIELD, f"{host[:60]!r} is no name of a host", "a name, or an address in its usual form")
    plain = parts.scheme == "http"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(plain=plain, host=host, port=(_PLAIN_PORT if plain else _TLS_PORT) if port is None else port, path=path)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address within, if it is carried inside an IPv6 address; otherwise the address."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _not_public(address: Address) -> str:
    """Why an address is not public; empty if it is."""
    blocks = _NOT_PUBLIC_4 if isinstance(address, IPv4Address) else _NOT_PUBLIC_6
    for block, words in blocks:
        if address in block:
            return words
    return "" if isinstance(address, IPv4Address) or address in _UNICAST else "reserved"
