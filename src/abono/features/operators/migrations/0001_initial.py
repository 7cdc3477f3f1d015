import django.db.models.deletion
from django.db import migrations, models

import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Operator",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("currency", models.CharField(max_length=3)),
                ("time_zone", models.CharField(max_length=60)),
                ("locale", models.CharField(db_default="en", max_length=20)),
                ("prices_include_tax", models.BooleanField(db_default=True)),
                ("tax", models.DecimalField(db_default=0, decimal_places=4, max_digits=7)),
                ("tax_reduced", models.DecimalField(db_default=0, decimal_places=4, max_digits=7)),
                ("manager_id", models.BigIntegerField(null=True)),
                ("require_mfa", models.BooleanField(db_default=False)),
                ("blocked_at", models.DateTimeField(null=True)),
                ("stopped", models.BooleanField(db_default=False)),
                ("stop_no", models.IntegerField(db_default=0)),
                ("carried_no", models.IntegerField(db_default=0)),
                ("brand_name", models.CharField(db_default="", max_length=80)),
                ("colour", models.CharField(db_default="", max_length=7)),
                ("colour_dark", models.CharField(db_default="", max_length=7)),
                ("domain", models.CharField(db_default="", max_length=253)),
                ("domain_proved_at", models.DateTimeField(null=True)),
                ("domain_tried_at", models.DateTimeField(null=True)),
                ("support", models.CharField(db_default="", max_length=254)),
                (
                    "parent",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Move",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("at", models.DateTimeField()),
                ("state", models.CharField(db_default="waiting", max_length=9)),
                ("made_by", models.CharField(max_length=254)),
                ("made_by_user_id", models.BigIntegerField(null=True)),
                ("made_by_key_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="operators.operator"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operators.operator",
                    ),
                ),
                (
                    "parent_before",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operators.operator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Logo",
            fields=[
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="operators.operator",
                    ),
                ),
                ("type", models.CharField(max_length=20)),
                ("content", models.BinaryField()),
                ("digest", models.CharField(max_length=64)),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="operators_logo_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="SELECT", name="operators_logo_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SelfService",
            fields=[
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="operators.operator",
                    ),
                ),
                ("payment_text", models.TextField(db_default="")),
                ("promise_limit", models.BigIntegerField(db_default=0)),
                ("promise_days", models.IntegerField(db_default=0)),
                ("promise_fee", models.BigIntegerField(db_default=0)),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="operators_selfservice_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id)",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=models.UniqueConstraint(
                condition=models.Q(("domain_proved_at__isnull", False)),
                fields=("domain",),
                name="operators_operator_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=abono.base.row_security.Privileges(
                delete=False, insert=True, name="operators_operator_privileges", select=True, update=True
            ),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="operators_operator_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=abono.base.row_security.RowPolicy(
                command="UPDATE", name="operators_operator_abono_wall", policy="abono_wall", rule="abono_wall_shows(id)"
            ),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=abono.base.row_security.RowPolicy(
                command="INSERT",
                name="operators_operator_abono_wall_made",
                policy="abono_wall_made",
                rule="abono_wall_house() AND abono_wall_shows(parent_id)",
            ),
        ),
        migrations.AddIndex(
            model_name="move",
            index=models.Index(condition=models.Q(("state", "waiting")), fields=["at"], name="operators_move_due"),
        ),
        migrations.AddConstraint(
            model_name="move",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "done", "withdrawn"])), name="operators_move_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="move",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("operator", "valid_from"),
                name="operators_move_once_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="move",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="operators_move_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND abono_wall_house()",
            ),
        ),
        migrations.AddConstraint(
            model_name="move",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="operators_move_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
    ]
