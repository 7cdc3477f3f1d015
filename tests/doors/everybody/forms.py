"""A form for every page that can be sent, with which it would do something: one that is missing fails the walk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.doors.web.composing import TERMS

if TYPE_CHECKING:
    from tests.doors.everybody.houses import House

_PLAN = {"price": "11.90", **TERMS, "step": "save"}
_LATER = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
_SETTINGS = {"name": "Renamed", "currency": "EUR", "time_zone": "UTC", "locale": "en", "tax": "0", "tax_reduced": "0"}
_NEW = {"email": "new@example.com", "locale": "en"}
_FREE = {"promise_fee": "0"}
_PROFILE = {"name": "Anna Other", "locale": "de"}


def form_of(page: str, house: House) -> dict[str, Any]:
    """What is sent to a page."""
    code, _low = house.seller.code, house.ids["operator"]
    forms: dict[str, dict[str, Any]] = {
        "account_block": {},
        "account_edit": _PROFILE,
        "account_give": {"manager": "", "agent": ""},
        "account_new": {"operator": house.seller.id, "number": "", "name": "New", "locale": "en", "credit_limit": "0"},
        "account_note": {"note": "Something else."},
        "account_strike_note": {},
        "account_unblock": {},
        "adjustment_new": {"direction": "take", "amount": "1.25", "text": "mistake"},
        "agent_new_account": {"number": "77", "name": "New", "locale": "en"},
        "choose_membership": {},
        "credit_limit": {"amount": "250"},
        "end_session": {},
        "figures_again": {},
        "forecast": {"operator": house.seller.id, "days": "10"},
        "invitation_revoke": {},
        "key_new": {"name": "Till", "operator": house.seller.id, "rights": ["account.view"], "lasts": "30"},
        "key_revoke": {},
        "membership_end": {},
        "membership_role": {"role": "accountant"},
        "my_cancel": {"when": "later"},
        "my_change": {"plan": f"big-{code}", "quantity": "1", "when": "later"},
        "my_keep": {},
        "my_order": {"quantity": "1", "unit": "shop", "starts_on": ""},
        "my_pause": {"until": ""},
        "my_promise": {"amount": "20"},
        "my_resume": {},
        "operator_block": {"confirm": "yes"},
        "operator_brand": {"brand_name": "New", "colour": "#123456", "colour_dark": "", "domain": "", "support": ""},
        "operator_domain": {},
        "operator_move": {"parent": house.seller.id, "valid_from": _LATER, "confirm": "yes"},
        "operator_move_withdraw": {},
        "operator_new": {"parent": house.seller.id, "name": "New", "code": f"new-{code}"},
        "operator_offer_price": {"price": "8", "price_from": ""},
        "operator_offer_price_withdraw": {},
        "operator_offer_withdraw": {},
        "operator_offers": {"plan": f"extra-{code}", "price": "", "price_from": ""},
        "operator_self_service": {"payment_text": "In cash.", "promise_limit": "0", "promise_days": "5", **_FREE},
        "operator_settings": _SETTINGS,
        "operator_unblock": {"confirm": "yes"},
        "payment_new": {"amount": "12.50", "text": "cash"},
        "person_active": {"active": "no"},
        "person_invite": {**_NEW, "as_what": "auditor", "operator": house.seller.id},
        "person_second_factor": {},
        "person_sign_out": {},
        "plan_edit": {**_PLAN, f"service-line-{code}": "1"},
        "plan_new": {**_PLAN, "code": "new", f"service-line-{code}": "1"},
        "price_new": {"price": "12", "valid_from": _LATER, "step": "confirm"},
        "price_withdraw": {},
        "profile": _PROFILE,
        "promise_new": {"amount": "100", "days": "5", "fee": "1"},
        "refund_new": {"amount": "20", "text": ""},
        "run_start": {},
        "service_edit": {"unit": "", "tax": "exempt", "price": ""},
        "service_new": {"code": "new", "kind": "onoff", "unit": "", "tax": "standard", "price": ""},
        "settings": _SETTINGS,
        "styleguide": {},
        "subscribe": {"plan": f"line-{code}", "quantity": "1", "unit": "camera 8", "starts_on": ""},
        "subscription_block": {},
        "subscription_cancel": {"when": "refund"},
        "subscription_change": {"plan": f"big-{code}", "quantity": "1", "when": "now"},
        "subscription_keep": {},
        "subscription_keep_plan": {},
        "subscription_pause": {"until": ""},
        "subscription_resume": {},
        "subscription_seats": {"service": f"people-{code}", "direction": "come", "quantity": "2", "time": ""},
        "subscription_unblock": {},
        "webhook": {"deed": "rotate"},
        "webhook_edit": {"url": "https://93.184.215.15/", "types": []},
        "webhook_new": {"operator": house.seller.id, "url": "https://93.184.215.15/", "types": []},
        "webhook_replay": {},
    }  # fmt: skip
    return {"step": "confirm", "key": str(uuid4()), **forms[page]}
