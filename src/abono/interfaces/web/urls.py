"""The addresses of the web. The modules of pages are imported for what they declare."""

from __future__ import annotations

import abono.interfaces.web.agent.accounts
import abono.interfaces.web.agent.home
import abono.interfaces.web.home
import abono.interfaces.web.styleguide
import abono.interfaces.web.subscriber.catalogue
import abono.interfaces.web.subscriber.changing
import abono.interfaces.web.subscriber.home
import abono.interfaces.web.subscriber.messages
import abono.interfaces.web.subscriber.profile
import abono.interfaces.web.subscriber.promise
import abono.interfaces.web.subscriber.services
import abono.interfaces.web.subscriber.statement
import abono.interfaces.web.subscriber.usage  # noqa: F401
from abono.interfaces.web import brand, choices
from abono.interfaces.web.pages import patterns
from abono.interfaces.web.signing import keys, people, person, profile  # noqa: F401
from abono.interfaces.web.staff import (  # noqa: F401
    account,
    accounts,
    forecasts,
    operator_looks,
    operator_moves,
    operator_offers,
    operators,
    orders,
    payments,
    plans,
    runs,
    search,
    seats,
    self_service,
    services,
    settings,
    subscriptions,
    trail,
    usage,
    webhooks,
)
from abono.interfaces.web.staff import home as staff_home  # noqa: F401

urlpatterns = [*patterns(), *brand.urlpatterns, *choices.urlpatterns]
