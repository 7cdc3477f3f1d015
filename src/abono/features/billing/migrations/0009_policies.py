"""Policies without subqueries: a table that is spread over several machines takes no others (architecture.md §4).

Every policy of the second wall is made anew, in the words that `abono.base.wall` has now.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import house_policy, policy

OF_ACCOUNTS = (
    "access_membership", "accounts_note", "accounts_number", "accounts_profile", "accounts_word", "base_once",
    "base_trail", "billing_charge", "ledger_account", "ledger_entry", "ledger_grant", "ledger_hold", "notices_notice",
    "subscriptions_subscription", "subscriptions_transition", "usage_counter", "usage_day", "usage_event", "usage_key",
    "usage_period", "usage_reservation", "usage_value", "webhooks_delivery", "webhooks_event",
)  # fmt: skip
OF_HOUSES = (
    "access_apikey", "access_invitation", "accounts_series", "billing_figure", "billing_forecast", "billing_slice",
)  # fmt: skip
PEOPLE = """
    DROP POLICY IF EXISTS abono_wall_people ON base_trail;
    CREATE POLICY abono_wall_people ON base_trail FOR INSERT TO abono_web
    WITH CHECK (account_id = 0 AND abono_wall_shows(operator_id));
"""


class Migration(migrations.Migration):
    """Who sees what stays as it is."""

    dependencies: ClassVar = [
        ("billing", "0008_overage"),
        ("access", "0005_secrets"),
        ("accounts", "0009_series"),
        ("notices", "0002_staff_pages"),
        ("operators", "0005_moves_seen"),
        ("subscriptions", "0005_blocked"),
        ("usage", "0008_paid_on_use"),
        ("webhooks", "0004_failing"),
    ]
    operations: ClassVar = [
        migrations.RunSQL(text, migrations.RunSQL.noop)
        for text in (
            *map(policy, OF_ACCOUNTS),
            policy("operators_selfservice", account=""),
            *map(house_policy, OF_HOUSES),
            house_policy("billing_run", shared=True),
            PEOPLE,
        )
    ]
