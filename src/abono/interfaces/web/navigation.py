"""What is in the navigation, for whom. A page that does not exist yet, or is not for the person, is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from abono.interfaces.web.pages import AGENT, EVERYBODY, STAFF, SUBSCRIBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrPromise

    from abono.features.access.people import Person
    from abono.features.access.rights import Kind


@dataclass(frozen=True)
class Item:
    """A place one can go to: ``name`` is that of its page; the rest as at the page itself."""

    label: _StrPromise
    name: str
    kinds: frozenset[Kind]
    right: str = ""
    group: _StrPromise | str = ""


@dataclass(frozen=True)
class Link:
    """An item as it is shown to somebody on some page."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Links under a heading; without one at the top."""

    label: str
    links: Sequence[Link]


_SELL, _MONEY, _HOUSE = _("Catalogue"), _("Money"), _("Organisation")
ITEMS = (
    Item(_("Home"), "home", EVERYBODY),
    Item(_("Accounts"), "accounts", STAFF, "account.view"),
    Item(_("Subscriptions"), "subscriptions", STAFF, "subscription.view"),
    Item(_("Usage"), "usage", STAFF, "usage.view"),
    Item(_("Plans"), "plans", STAFF, "plan.view", _SELL),
    Item(_("Services"), "services", STAFF, "plan.view", _SELL),
    Item(_("Prices"), "prices", STAFF, "plan.view", _SELL),
    Item(_("Payments"), "payments", STAFF, "payment.view", _MONEY),
    Item(_("Runs"), "runs", STAFF, "run.view", _MONEY),
    Item(_("Forecast"), "forecast", STAFF, "forecast.view", _MONEY),
    Item(_("Operators"), "operators", STAFF, "operator.view", _HOUSE),
    Item(_("People"), "people", STAFF, "person.view", _HOUSE),
    Item(_("Audit trail"), "trail", STAFF, "audit.view", _HOUSE),
    Item(_("API keys"), "keys", STAFF, "key.view", _HOUSE),
    Item(_("Webhooks"), "webhooks", STAFF, "webhook.view", _HOUSE),
    Item(_("Settings"), "settings", STAFF, "operator.view", _HOUSE),
    Item(_("Styleguide"), "styleguide", STAFF, "", _HOUSE),
    Item(_("Services"), "my_services", SUBSCRIBER, "subscription.view"),
    Item(_("Catalogue"), "my_catalogue", SUBSCRIBER, "plan.view"),
    Item(_("Statement"), "my_statement", SUBSCRIBER, "payment.view"),
    Item(_("Messages"), "my_messages", SUBSCRIBER, "subscription.view"),
    Item(_("Profile"), "my_profile", SUBSCRIBER),
    Item(_("My accounts"), "agent_accounts", AGENT, "account.view"),
    Item(_("New account"), "agent_new_account", AGENT, "account.create"),
)


def navigation(person: Person, path: str) -> list[Group]:
    """The groups of links for a person who looks at ``path``; the link that it lies under is current."""
    found = [(item, url) for item in ITEMS if _is_for(item, person) and (url := _url(item))]
    here = max((url for _, url in found if _covers(url, path)), key=len, default="")
    return [
        Group(str(label), [Link(str(item.label), url, url == here) for item, url in links])
        for label, links in groupby(found, key=lambda each: each[0].group)
    ]


def _is_for(item: Item, person: Person) -> bool:
    return person.kind in item.kinds and (not item.right or person.may(item.right))


def _url(item: Item) -> str:
    try:
        return reverse(item.name)
    except NoReverseMatch:
        return ""


def _covers(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
