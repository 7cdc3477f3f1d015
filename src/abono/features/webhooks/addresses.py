"""Addresses that may be told: public ones only, so that nobody makes Abono knock at doors of the own house."""

from __future__ import annotations

import ipaddress
import os
import socket

from abono.base.refusal import Refusal

_ALLOW = "ABONO_WEBHOOK_PRIVATE"
"""Set to 1 where endpoints in the operator's own network are wanted."""


class PrivateAddress(Refusal):
    """The address is not one of the public Internet, or is not found at all."""

    code = "private_address"


def require_public(host: str) -> str:
    """An IP address of a host to connect to. Raises PrivateAddress if any address of the host is not public.

    Whoever connects uses this very address: a name could lead elsewhere a moment later.
    """
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        found = set()
    if not found:
        message = f"The host {host} is not found; correct the address."
        raise PrivateAddress(message, field="url")
    if os.environ.get(_ALLOW) != "1" and not all(_is_public(address) for address in found):
        message = f"{host} is not an address of the public Internet; use one that is."
        raise PrivateAddress(message, field="url")
    return min(found, key=lambda address: (":" in address, address))


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not (mapped or ip).is_multicast
