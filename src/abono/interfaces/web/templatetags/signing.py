"""Words of the sign-in: roles, rights, how an attempt was made and how it ended, browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.interfaces.web.templatetags.abono import KINDS, badge

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise
    from django.utils.safestring import SafeString

register = template.Library()

_METHODS: dict[str, _StrPromise] = {
    "password": gettext_lazy("Password"),
    "code": gettext_lazy("Code of the second factor"),
    "passkey": gettext_lazy("Passkey"),
    "reset": gettext_lazy("Password by mail"),
    "invitation": gettext_lazy("Invitation"),
    "confirmation": gettext_lazy("Password, typed again"),
}
_OUTCOMES: dict[str, tuple[str, _StrPromise]] = {
    "done": ("good", gettext_lazy("Signed in")),
    "right": ("info", gettext_lazy("Right")),
    "failed": ("stopped", gettext_lazy("Wrong")),
    "refused": ("waiting", gettext_lazy("Had to wait")),
}

_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

RIGHTS: dict[str, _StrPromise] = {
    "account.view": gettext_lazy("See accounts"),
    "account.create": gettext_lazy("Open accounts"),
    "account.change": gettext_lazy("Change accounts"),
    "account.block": gettext_lazy("Block accounts"),
    "subscription.view": gettext_lazy("See subscriptions"),
    "subscription.create": gettext_lazy("Order subscriptions"),
    "subscription.change": gettext_lazy("Change subscriptions"),
    "subscription.pause": gettext_lazy("Pause subscriptions"),
    "subscription.cancel": gettext_lazy("Cancel subscriptions"),
    "usage.view": gettext_lazy("See usage"),
    "usage.record": gettext_lazy("Report usage"),
    "payment.view": gettext_lazy("See payments"),
    "payment.create": gettext_lazy("Enter payments"),
    "payment.adjust": gettext_lazy("Correct balances"),
    "promise.create": gettext_lazy("Grant promised payments"),
    "plan.view": gettext_lazy("See the catalogue"),
    "plan.change": gettext_lazy("Change the catalogue"),
    "price.change": gettext_lazy("Change prices"),
    "run.view": gettext_lazy("See runs"),
    "run.start": gettext_lazy("Start runs"),
    "forecast.view": gettext_lazy("See the forecast"),
    "audit.view": gettext_lazy("See the audit trail"),
    "person.view": gettext_lazy("See people"),
    "person.change": gettext_lazy("Invite and change people"),
    "operator.view": gettext_lazy("See operators"),
    "operator.create": gettext_lazy("Add operators"),
    "operator.change": gettext_lazy("Change operators"),
    "operator.block": gettext_lazy("Block operators"),
    "key.view": gettext_lazy("See API keys"),
    "key.change": gettext_lazy("Make and revoke API keys"),
    "webhook.view": gettext_lazy("See webhooks"),
    "webhook.change": gettext_lazy("Change webhooks"),
}
"""What every right allows, in words."""


@register.filter
def membership_word(role_or_kind: str) -> str:
    """What somebody is: the role, or the kind."""
    return str(KINDS.get(role_or_kind, role_or_kind))


@register.filter
def method_word(method: str) -> str:
    """How somebody tried to sign in."""
    return str(_METHODS.get(method, method))


@register.simple_tag
def signin_badge(outcome: str) -> SafeString:
    """How an attempt to sign in ended."""
    tone, word = _OUTCOMES[outcome]
    return badge(tone, str(word))


@register.filter
def right_word(right: str) -> str:
    """What a right allows."""
    return str(RIGHTS.get(right, right))


@register.filter
def browser_word(agent: str) -> str:
    """The browser and the system that a browser says it is."""
    browser = next((word for mark, word in _BROWSERS if mark in agent), "")
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or agent[:40] or _("Unknown browser")
