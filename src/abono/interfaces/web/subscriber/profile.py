"""Who a subscriber is here: the accounts, the name and language, and the ways in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.subscriber.own import looked_at

if TYPE_CHECKING:
    from django.http import HttpResponse

_WAYS_IN = (
    ("account_email", gettext_lazy("E-mail address")),
    ("account_change_password", gettext_lazy("Password")),
    ("mfa_index", gettext_lazy("Second step and passkeys")),
    ("profile", gettext_lazy("Where you are signed in")),
)


@page("my/profile/", name="my_profile", kinds=SUBSCRIBER)
def my_profile(request: PersonRequest) -> HttpResponse:
    """The own accounts, what one is called and reads (changed on the page of everybody's profile), the ways in."""
    person = request.person
    values = {
        "own": looked_at(request),
        "name": "" if person.name == person.email else person.name,
        "language": dict(settings.LANGUAGES).get(str(request.LANGUAGE_CODE), ""),
        "ways_in": _ways_in(),
    }
    return render(request, "web/subscriber/profile.html", values)


def _ways_in() -> list[dict[str, str]]:
    found = []
    for name, label in _WAYS_IN:
        try:
            found.append({"url": reverse(name), "label": str(label)})
        except NoReverseMatch:  # the sign-in does not offer it
            continue
    return found
