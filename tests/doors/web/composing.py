"""A plan as it is typed into the composer, what its page shows of it, and what is sold then."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

from django.db import connection
from tests.features.worlds import START, operator

from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abono.features.operators.queries import Operator

SERVICES: dict[str, Any] = {
    "pri.nts-1": {"kind": "usage", "unit": "page"},
    "users": {"kind": "seats", "unit": "user"},
    "tv": {"kind": "onoff"},
}
TERMS = {
    "period": "month",
    "anchor": "start",
    "first_period": "full",
    "charge": "advance",
    "renew": "on",
    "on_shortfall": "suspend",
    "resume": "restart",
    "priority": "100",
    "pause": "freeze",
}
"""What the composer sends of a plan whose terms nobody touches."""
PLAN = {"code": "office", "price": "10", **TERMS, "step": "save"}
CODE = "pri.nts-1"


def house_of(services: Mapping[str, Any]) -> Operator:
    """An operator with services in its catalogue."""
    made = operator()
    save_catalogue(made, parse_catalogue({"services": services}, "EUR"), now=START)
    return made


def use(code: str = CODE, /, **terms: str) -> dict[str, str]:
    """A service that is chosen, with what is typed into its section."""
    named = {name.replace("tier_", "tier:").replace("_of_", ":"): value for name, value in terms.items()}
    return {f"service-{code}": "1", **{f"use:{code}:{name}": value for name, value in named.items()}}


def tiers(*rows: tuple[str, str, str], code: str = CODE) -> dict[str, str]:
    """Tiers as they are typed."""
    return {
        f"use:{code}:tier:{place}:{part}": text
        for place, row in enumerate(rows)
        for part, text in zip(("up_to", "unit", "flat"), row, strict=True)
    }


def sold(code: str = "office") -> dict[str, Any]:
    """The terms of the services of the version that is sold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.code, u.terms FROM catalogue_planservice AS u JOIN catalogue_service AS v ON v.id = u.service_id"
            " JOIN catalogue_plan AS p ON p.id = u.plan_id WHERE p.code = %s"
            " AND p.version = (SELECT max(version) FROM catalogue_plan WHERE code = %s)",
            [code, code],
        )
        return {name: json.loads(terms) if isinstance(terms, str) else terms for name, terms in cursor.fetchall()}


def value(page: str, name: str) -> str:
    """What a text field of a page has in it."""
    (tag,) = [tag for tag in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in tag]
    found = re.search(r' value="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def error(page: str, name: str) -> str:
    """What stands as an error at a field of a page."""
    found = re.search(rf'id="id_{re.escape(name)}_error">(.*?)</div>', page, re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", found[1]) if found else "").strip()


def resent(page: str) -> dict[str, str]:
    """What a browser sends again of the services on a page, as the page stands."""
    shown = {tag for tag in re.findall(r'name="([^"]+)"', page) if tag.startswith(("use:", "service-"))}
    form = {name: value(page, name) for name in shown if f'<select name="{name}"' not in page}
    choice = r'<select name="(use:[^"]+)"[^>]*>(?:(?!</select>).)*?<option value="([^"]*)" selected'
    return form | dict(re.findall(choice, page, re.DOTALL))
