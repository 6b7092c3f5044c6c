"""Where messages may go: hosts on the list, and addresses that are public or stand on the list themselves."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from features.errors import ConfigError, RequestError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"https": 443, "http": 80}
NAT64 = IPv6Network("64:ff9b::/96")
LISTED = "List it under webhook: targets: in winback.yaml, or send elsewhere."


class RefusedAddressError(RequestError):
    """A host leads to an address that nothing may be sent to."""


@dataclass(frozen=True)
class Targets:
    """`hosts`: (name, port), in small letters; port null: any. `networks`: of addresses that were listed."""

    hosts: frozenset[tuple[str, int | None]]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> Targets:
        """Raises ConfigError where one is neither a host, an address nor a network."""
        hosts, networks = set(), []
        for name in names:
            network = _network(name.strip())
            if network is None:
                hosts.add(_host(name.strip()))
            else:
                networks.append(network)
        return cls(frozenset(hosts), tuple(networks))

    def require(self, url: str) -> str:
        """The URL, where it may be sent to as far as its text tells; raises RequestError."""
        parts = _split(url)
        host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
        if not ({(host, None), (host, port)} & self.hosts or self._lists(_address(host))):
            raise RequestError(f"{host} is no target that messages may go to. {LISTED}")
        if parts.scheme == "http" and not self._lists(_address(host)):
            raise RequestError(
                f"{host} would get customers' ids unencrypted; use https. (http only goes to an address that "
                "is listed itself.)"
            )
        return url

    def address_of(self, host: str, port: int) -> str:
        """The address to connect to, just looked up and looked at.

        Raises RefusedAddressError where any address of the host is neither public nor listed, OSError where
        the host can't be found.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for each in addresses:
            address = _address(each.partition("%")[0])
            if address is None or not (is_public(address) or self._lists(address)):
                raise RefusedAddressError(f"{host} leads to {each}, which is not public. {LISTED}")
        return addresses[0]

    def _lists(self, address: Address | None) -> bool:
        if address is None:
            return False
        inner = _inner(address)
        return any(each in network for network in self.networks for each in (address, inner))


def is_public(address: Address) -> bool:
    """Whether it can be anybody's: not private, local, for many, or one of these in the guise of IPv6."""
    inner = _inner(address)
    return all(each.is_global and not each.is_multicast for each in (address, inner))


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not url.isascii() or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise RequestError(
            f"{url[:80]!r} is no address to send to; write it like https://hooks.shop.example/winback."
        )
    if parts.username is not None or parts.password is not None:
        raise RequestError(
            "The address bears a name or password; messages are signed instead, so leave it out."
        )
    if parts.fragment:
        raise RequestError(f"The address ends in #{parts.fragment[:20]}, which is never sent; leave it out.")
    return parts


def _host(name: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{name}")
        sound = bool(parts.hostname) and name.isascii() and parts.netloc == name and parts.username is None
        port = parts.port
    except ValueError:
        sound, port = False, None
    if not sound or "*" in name or "@" in name:
        raise ConfigError(
            f"webhook: targets: in winback.yaml holds {name[:80]!r}; write a host such as hooks.shop.example "
            "or hooks.shop.example:8443, an address such as 10.0.0.7, or a network such as 10.0.0.0/24."
        )
    return str(parts.hostname), port


def _network(name: str) -> Network | None:
    try:
        return ip_network(name)
    except ValueError:
        return None


def _address(name: str) -> Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
