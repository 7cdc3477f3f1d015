"""What is confirmed is what was shown: every page that shows a preview, and something that comes between."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from abono.features.access.rights import Kind
from abono.features.billing import money
from abono.features.billing.prices import change_price
from abono.features.operators import tree
from abono.features.operators.queries import operator_by_id
from abono.interfaces.web import urls
from abono.interfaces.web.pages import PAGES, Page
from tests.doors.confirming import mark_of, unconfirmed
from tests.doors.everybody.forms import form_of
from tests.doors.everybody.walk import filled, picture, undone

if TYPE_CHECKING:
    from tests.doors.everybody.conftest import Here

WHO = {Kind.STAFF: "administrator", Kind.SUBSCRIBER: "subscriber", Kind.AGENT: "agent"}
CONFIRMED = {
    "account_block", "account_unblock", "adjustment_new", "credit_limit", "my_cancel", "my_change", "my_keep",
    "my_order", "my_pause", "my_promise", "my_resume", "operator_block", "operator_move", "operator_unblock",
    "payment_new", "price_new", "promise_new", "refund_new", "subscribe", "subscription_block", "subscription_cancel",
    "subscription_change", "subscription_keep", "subscription_keep_plan", "subscription_pause", "subscription_resume",
    "subscription_seats", "subscription_unblock",
}  # fmt: skip
"""The pages that show what they would do; a new one belongs here."""
CHANGED = "Something has changed since this was shown"


def _another_deed(here: Here, page: Page) -> None:
    """Somebody else does something that the page is decided by."""
    south, now = here.town.south, datetime.now(UTC)
    ids = south.named(page.name)
    if page.path.startswith(("accounts/", "my/")):
        money.adjust(ids["account"], 100, now=now, text="by somebody else")
    elif page.path.startswith("plans/"):
        change_price(operator_by_id(ids["operator"]), ids["code"], Decimal(77), now.date(), now=now)
    else:
        tree.add_below(ids["operator"], "meanwhile", "Meanwhile", {}, now=now)


def test_every_page_that_is_confirmed_is_in_the_registry() -> None:
    assert urls.urlpatterns
    assert {each.name for each in PAGES} >= CONFIRMED


@pytest.mark.parametrize("page", [pytest.param(each, id=each.name) for each in PAGES if "POST" in each.methods])
def test_what_is_confirmed_is_what_was_shown(here: Here, page: Page) -> None:
    client = here.clients[WHO[min(page.kinds)]]
    address = "/" + filled(page.path, here.town.south.named(page.name))
    confirmed = form_of(page.name, here.town.south)
    with undone():
        shown = client.post(address, {**unconfirmed(confirmed), "step": "preview"})
        asks = any(button in shown.content.decode() for button in ('value="confirm"', 'name="confirm"'))
        assert asks is (page.name in CONFIRMED)
        if not asks:
            return
        mark, before = mark_of(shown), picture()
        assert mark
        for none in ("", "0" * 64):
            answer = client.post(address, {**confirmed, "shown": none})
            assert (answer.status_code, mark_of(answer)) == (409, mark)
        assert picture() == before
        _another_deed(here, page)
        before = picture()
        answer = client.post(address, {**confirmed, "shown": mark})
        assert answer.status_code == 409
        assert CHANGED in answer.content.decode()
        assert picture() == before
        assert client.post(address, {**confirmed, "shown": mark_of(answer)}).status_code == 303
        assert picture() != before
