"""Where each table lives once there is more than one machine (architecture.md §4).

Pure data: no command moves the tables by it yet, but ``tests/architecture`` holds tables and statements to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ACCOUNT = "account_id"
"""The column that says on which machine a row of a distributed table lives."""


class Home(StrEnum):
    """Where the rows of a table live."""

    DISTRIBUTED = "distributed"
    """Spread by ``account_id``: all that belongs to an account is on one machine."""
    REFERENCE = "reference"
    """A copy on every machine: what every account's work reads and few write."""
    LOCAL = "local"
    """On the coordinator only: the work of the house itself."""


@dataclass(frozen=True)
class Distribution:
    """Which tables live where. A name that ends in ``*`` stands for every table that begins so."""

    distributed: tuple[str, ...]
    reference: tuple[str, ...]
    local: tuple[str, ...]

    def names(self, home: Home) -> tuple[str, ...]:
        """The names listed for one home, in order."""
        return {Home.DISTRIBUTED: self.distributed, Home.REFERENCE: self.reference, Home.LOCAL: self.local}[home]

    def homes(self, table: str) -> tuple[Home, ...]:
        """Every listing of a table: exactly one when all is well."""
        return tuple(home for home in Home for name in self.names(home) if _stands_for(name, table))

    def home(self, table: str) -> Home:
        """Where a table lives. Raises LookupError for a table that is listed nowhere, or more than once."""
        found = self.homes(table)
        if len(found) != 1:
            listed = " and ".join(found) or "nowhere"
            message = f"table {table} is listed {listed}; list it once in abono.base.distribution"
            raise LookupError(message)
        return found[0]


def _stands_for(name: str, table: str) -> bool:
    return table.startswith(name[:-1]) if name.endswith("*") else table == name


TABLES = Distribution(
    # In an order in which foreign keys can be put back: what is referred to comes first.
    distributed=(
        "ledger_account",
        "ledger_entry",
        "ledger_grant",
        "ledger_hold",
        "accounts_profile",
        "accounts_note",
        "accounts_word",
        "subscriptions_subscription",
        "subscriptions_transition",
        "usage_counter",
        "usage_day",
        "usage_period",
        "usage_reservation",
        "usage_event",
        "usage_key",
        "usage_value",
        "billing_charge",
        "notices_notice",
        "webhooks_event",
        "webhooks_delivery",
        "base_once",
        "base_trail",
    ),
    reference=(
        "operators_operator",
        "operators_move",
        "operators_logo",
        "operators_selfservice",
        "catalogue_service",
        "catalogue_offer",
        "catalogue_plan",
        "catalogue_planservice",
        "catalogue_planprice",
        "catalogue_rate",
        "accounts_number",
        "access_user",
        "access_apikey",
        "access_membership",
        "webhooks_endpoint",
    ),
    local=(
        "access_invitation",
        "access_signin",
        "accounts_series",
        "api_bucket",
        "api_reply",
        "base_cache*",
        "base_clock",
        "billing_figure",
        "billing_forecast",
        "billing_run",
        "billing_slice",
        "account_*",
        "django_*",
        "mfa_*",
        "procrastinate_*",
        "usersessions_*",
    ),
)
"""The tables of Abono. The test of the architecture refuses a table that is in no list, or in two."""
