import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import abono.base.constraints
import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("access", "0001_initial"),
        ("base", "0001_initial"),
        ("operators", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("endpoint_id", models.BigIntegerField()),
                ("state", models.CharField(db_default="waiting", max_length=8)),
                ("attempts", models.SmallIntegerField(db_default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("status", models.SmallIntegerField(null=True)),
                ("error", models.CharField(db_default="", max_length=200)),
                ("tried_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["endpoint_id", "due_at"],
                        name="webhooks_delivery_due",
                    ),
                    models.Index(fields=["endpoint_id", "id"], name="webhooks_delivery_endpoint"),
                ],
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "event_id"),
                        name="webhooks_delivery_event",
                        to="webhooks_event",
                        to_columns=("account_id", "id"),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "heard", "given_up"])),
                        name="webhooks_delivery_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at__isnull", False), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("due_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="webhooks_delivery_due",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="webhooks_delivery_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("type", models.CharField(max_length=40)),
                ("source_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("payload", models.JSONField()),
                ("subscription_id", models.UUIDField(null=True)),
                ("sequence", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("subscription_id__isnull", False)),
                        fields=("account_id", "subscription_id", "sequence"),
                        name="webhooks_event_sequence",
                    ),
                    models.UniqueConstraint(fields=("account_id", "source_id", "type"), name="webhooks_event_once"),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="webhooks_event_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=2000)),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("secret", models.CharField(max_length=100)),
                ("old_secret", models.CharField(db_default="", max_length=100)),
                ("old_until", models.DateTimeField(null=True)),
                ("made_by", models.CharField(max_length=254)),
                ("made_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(null=True)),
                ("failures", models.IntegerField(db_default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                (
                    "made_by_key",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.apikey",
                    ),
                ),
                (
                    "made_by_user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("operator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="operators.operator")),
            ],
            options={
                "constraints": [
                    abono.base.row_security.Privileges(
                        delete=True,
                        insert=True,
                        name="webhooks_endpoint_privileges",
                        select=(
                            "id",
                            "operator_id",
                            "url",
                            "types",
                            "old_until",
                            "made_by",
                            "made_by_user_id",
                            "made_by_key_id",
                            "made_at",
                            "disabled_at",
                            "failures",
                            "failing_since",
                            "retry_at",
                        ),
                        update=True,
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="webhooks_endpoint_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    ),
                ],
            },
        ),
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
    ]
