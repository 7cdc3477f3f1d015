"""How many plans an operator, and a tenant with all its operators, may sell: every page of those above names them."""

from __future__ import annotations

from django.conf import settings

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.operators.queries import subtree, topmost_below_provider
from abono.features.operators.tree import node

_sql = statements("abono.features.catalogue", "catalogue")
_OF_TENANT = 10
"""So many times as many plans as one operator may have are those of a tenant, at all its operators."""


class TooManyPlans(Refusal):
    """As many plans are sold as the installation allows one operator, or one tenant."""

    code = "too_many_plans"


def require_room(operator: int) -> None:
    """Refuse the plans that were just added, where there are too many by them. Raises TooManyPlans."""
    tenant = topmost_below_provider(operator)
    if node(tenant).parent_id is None:
        return
    sold = _sql.row("count_sold", operator=operator, operators=subtree(tenant))
    most = settings.MAX_PLANS
    if sold["own"] > most or sold["everywhere"] > _OF_TENANT * most:
        message = (
            f"An operator sells at most {most} plans, and all of a tenant {_OF_TENANT * most};"
            " ask whoever runs the installation for more."
        )
        raise TooManyPlans(message, field="plans")
