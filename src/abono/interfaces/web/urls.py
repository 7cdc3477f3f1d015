"""The addresses of the web. The modules of pages are imported for what they declare."""

from __future__ import annotations

from abono.interfaces.web import choices, home, styleguide  # noqa: F401
from abono.interfaces.web.pages import patterns
from abono.interfaces.web.signing import profile  # noqa: F401
from abono.interfaces.web.staff import account, accounts, orders, payments, search, subscriptions  # noqa: F401
from abono.interfaces.web.staff import home as staff_home  # noqa: F401

urlpatterns = [*patterns(), *choices.urlpatterns]
