"""Where calls may go: whole, well-formed addresses of the public Internet.

So that nobody makes Abono call servers of the operator's own network (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from queue import Empty, SimpleQueue

from abono.base.refusal import InvalidRequest, Refusal

_ALLOW = "ABONO_WEBHOOK_PRIVATE"
"""Set to 1 where destinations in the operator's own network are wanted."""
_MOST_URL = 2_000
_LAST_PORT = 65_535
_SECONDS = 5.0  # float: seconds that a name may take to be looked up
_AT_THE_DOOR = 0.5  # float: the same while somebody waits for a page
_door = threading.BoundedSemaphore(4)
"""So many names are looked up at once for those who wait: the system's resolver may take half a minute for one."""
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is really reached."""
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6 as public addresses; whatever else looks like one is for some purpose of its own."""
_NOBODY = tuple(
    ipaddress.ip_network(each)
    # 6to4 and its relays, Teredo and other protocols' own, documentation: they lead nowhere, or to addresses that
    # nobody here can judge. ``is_global`` says so of some only, by the patch release of Python.
    # Also what a cloud keeps for its hosts (168.63.129.16), and what answers for private addresses (AS112, AMT).
    for each in (
        *("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        *("168.63.129.16/32", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),
        *("2620:4f:8000::/48", "3ffe::/16"),
    )
)


class PrivateAddress(Refusal):
    """The address is not one of the public Internet, or is not found at all."""

    code = "private_address"


def judge_url(url: str, field: str = "url") -> str:
    """The host of an address that calls can be made to, exactly as it is written.

    What the client would refuse later is refused here, and a host that is found at once not to be one of the public
    Internet. One whose name takes longer is judged before each call only. Raises InvalidRequest, PrivateAddress.
    """
    import httpx  # what speaks HTTP is loaded where it is needed: no other command should wait for it

    try:
        parts = httpx.URL(url)
        fits = parts.scheme in {"https", "http"} and bool(parts.host) and not parts.userinfo and not parts.fragment
        fits = (
            fits
            and (parts.port is None or 1 <= parts.port <= _LAST_PORT)
            and len(url) <= _MOST_URL
            and url.isprintable()
            and " " not in url
        )
    except (httpx.InvalidURL, ValueError, UnicodeError):
        fits = False
    if not fits:
        message = "Write an address that begins with https:// and has no user name and no # in it."
        raise InvalidRequest(message, field=field)
    host = parts.raw_host.decode("ascii").strip("[]")
    found = _written_in_digits(host) or _look_up(host, _AT_THE_DOOR, _door)
    if found is not None:
        _judge(host, found, field)
    return host


def public_addresses(host: str, *, seconds: float = _SECONDS, field: str = "url") -> list[str]:
    """The IP addresses of a host, IPv4 first. Raises PrivateAddress if any of them is not public, or none is found.

    Whoever connects uses these very addresses: a name could lead elsewhere a moment later.
    """
    found = _look_up(host, seconds) or set()
    _judge(host, found, field)
    return sorted(found, key=lambda address: (":" in address, address))


def _judge(host: str, found: set[str], field: str) -> None:
    if not found:
        message = f"The host {host} is not found; correct the address."
        raise PrivateAddress(message, field=field)
    if os.environ.get(_ALLOW) != "1" and not all(map(is_public, found)):
        message = f"{host} is not an address of the public Internet; use one that is."
        raise PrivateAddress(message, field=field)


def _written_in_digits(host: str) -> set[str]:
    """The address that a host is, in whatever form, without asking anybody; none if it is a name."""
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return set()
    return {str(each[4][0]) for each in told}


def _look_up(host: str, seconds: float, places: threading.Semaphore | None = None) -> set[str] | None:
    """Ask the resolver, which knows no deadline: what it says too late is not waited for. None: it did not say.

    Nor is it asked where all ``places`` are taken by what it has not answered yet.
    """
    told: SimpleQueue[set[str]] = SimpleQueue()

    def ask() -> None:
        try:
            told.put({str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
        except (OSError, UnicodeError):
            told.put(set())
        finally:
            if places is not None:
                places.release()

    if places is not None and not places.acquire(blocking=False):
        return None
    threading.Thread(target=ask, daemon=True).start()
    try:
        return told.get(timeout=max(seconds, 0))
    except Empty:
        return None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet, also where another one is wrapped in it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in each for each in _NOBODY)
