"""Nothing goes where the list doesn't say, whatever a name leads to."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from features.errors import ConfigError, RequestError
from serving.winback.targets import RefusedAddressError, Targets, is_public
from serving.winback.targets import _address as address

LISTED = Targets.of(["Hooks.Shop.example", "other.example:8443", "10.0.0.7", "192.168.3.0/24"])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.shop.example/winback",
        "https://HOOKS.shop.example:444/a?b=c",
        "https://other.example:8443",
        "http://10.0.0.7:8080/x",
        "http://192.168.3.200/",
    ],
)
def test_what_is_listed_may_get_messages(url: str) -> None:
    assert LISTED.require(url) == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "https://evil.example/",
            r"evil\.example is no target that messages may go to\. List it under webhook",
        ),
        ("https://hooks.shop.example.evil.example/", "is no target"),
        ("https://other.example/", "is no target"),
        ("https://10.0.0.8/", "is no target"),
        ("http://hooks.shop.example/", "would get customers' ids unencrypted; use https"),
        ("https://kim:pass@hooks.shop.example/", "bears a name or password"),
        ("https://hooks.shop.example/#part", "ends in #part"),
        ("https://hooks.shop.example/\nx", "is no address to send to"),
        ("https://hooks.shop.example:99999/", "is no address to send to"),
        ("ftp://hooks.shop.example/", "is no address to send to"),
        ("file:///etc/passwd", "is no address to send to"),
        ("hooks.shop.example", "is no address to send to"),
        ("https://hooks.shop.exämple/", "is no address to send to"),
        ("", "is no address to send to"),
    ],
)
def test_all_else_is_refused_in_a_sentence(url: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        LISTED.require(url)


@pytest.mark.parametrize("name", ["", "*.example", "https://x.example", "x/y", "kim@x.example", "x:port"])
def test_a_list_that_holds_no_host_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match="write a host such as"):
        Targets.of([name])


PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:169.254.169.254", "2001:0:102:304::80ff:fffe"),
)


@pytest.mark.parametrize("name", PRIVATE)
def test_addresses_that_are_nobody_elses_are_not_public(name: str) -> None:
    found = address(name)
    assert found is not None
    assert not is_public(found)


@pytest.mark.parametrize("name", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808"])
def test_others_are(name: str) -> None:
    found = address(name)
    assert found is not None
    assert is_public(found)


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def looked_up(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


@pytest.mark.parametrize("inside", PRIVATE)
def test_a_listed_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    leads_to(monkeypatch, "93.184.216.34", inside)
    with pytest.raises(RefusedAddressError, match=r"hooks\.shop\.example leads to .*, which is not public"):
        LISTED.address_of("hooks.shop.example", 443)


def test_where_the_address_is_listed_too_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, "192.168.3.9")
    assert LISTED.address_of("hooks.shop.example", 443) == "192.168.3.9"
    leads_to(monkeypatch, "93.184.216.34", "93.184.216.34")
    assert LISTED.address_of("hooks.shop.example", 443) == "93.184.216.34"
