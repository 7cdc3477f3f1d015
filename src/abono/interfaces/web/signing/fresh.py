"""Changes that matter ask for the password again, unless it was typed a short while ago."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


def fresh(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page whose POST is done by whoever signed in, or confirmed it, within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    Later, the request is kept, the person confirms, and then it is done.
    """

    @wraps(view)
    def guarded(request: HttpRequest, **values: object) -> HttpResponseBase:
        if request.method == "POST":
            records = get_authentication_records(request, request.user)
            if not records or time.time() - records[-1]["at"] > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
                raise ReauthenticationRequired
        return view(request, **values)

    return guarded
