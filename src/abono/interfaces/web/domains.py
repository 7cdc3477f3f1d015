"""Operators' own domains: a request by one is taken as a request to this installation, and shows that brand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from abono.features.operators.brands import operator_by_domain

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


class DomainMiddleware:
    """Sets ``request.domain_of``: the operator whose domain was asked for, or None.

    A host name that is neither this installation's (ALLOWED_HOSTS) nor exactly an operator's domain is refused by
    Django as ever. The name is taken as it was looked up, so that nothing else gets into links that are made of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look the host name up, unless it is our own."""
        request.domain_of = None  # type: ignore[attr-defined]
        domain, port = split_domain_port(request.META.get("HTTP_HOST", ""))
        ours = port in {"", str(urlsplit(settings.URL).port or "")}
        if domain and ours and not validate_host(domain, settings.ALLOWED_HOSTS):
            operator = operator_by_domain(domain)
            if operator is not None:
                host = f"{domain}:{port}" if port else domain
                request.domain_of = operator  # type: ignore[attr-defined]
                request.get_host = lambda: host  # type: ignore[method-assign]
        return self.get_response(request)


def own_hosts() -> frozenset[str]:
    """This installation's own host names, which no operator can have."""
    return frozenset(each.strip(".*").lower() for each in settings.ALLOWED_HOSTS) - {""}
