import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("operators", "0001_initial")]

    operations = [
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=60)),
                ("version", models.IntegerField(db_default=1)),
                ("current", models.BooleanField(db_default=True)),
                ("step_unit", models.CharField(max_length=5)),
                ("step", models.IntegerField()),
                ("period", models.CharField(max_length=20)),
                ("anchor", models.CharField(max_length=8)),
                ("first_period", models.CharField(max_length=7)),
                ("charge", models.CharField(max_length=7)),
                ("renews", models.BooleanField(db_default=True)),
                ("trial_days", models.IntegerField(db_default=0)),
                ("setup_fee", models.BigIntegerField(db_default=0)),
                ("priority", models.IntegerField(db_default=100)),
                ("on_shortfall", models.CharField(max_length=7)),
                ("look_ahead_hours", models.IntegerField(null=True)),
                ("look_ahead_days", models.IntegerField(null=True)),
                ("early_block", models.BooleanField(db_default=False)),
                ("resume", models.CharField(max_length=9)),
                ("pause", models.CharField(max_length=6)),
                ("pause_days_per_year", models.IntegerField(null=True)),
                ("pause_min_days", models.IntegerField(db_default=0)),
                ("pause_fee", models.BigIntegerField(db_default=0)),
                ("counts", models.BooleanField(db_default=False)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.plan"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanPrice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("price", models.DecimalField(decimal_places=8, max_digits=24, null=True)),
                (
                    "plan",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="catalogue.plan"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=20)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField()),
                ("price", models.DecimalField(decimal_places=20, max_digits=50)),
                ("gross", models.BigIntegerField()),
                ("tax", models.BigIntegerField()),
                ("fee", models.BigIntegerField(db_default=0)),
                ("fee_tax", models.BigIntegerField(db_default=0)),
                ("inclusive", models.BooleanField()),
                (
                    "tax_rates",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=4, max_digits=7), size=None
                    ),
                ),
                (
                    "tax_weights",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=20, max_digits=50), size=None
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="catalogue.plan"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Service",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=60)),
                ("kind", models.CharField(max_length=5)),
                ("unit", models.CharField(db_default="", max_length=40)),
                ("tax", models.CharField(db_default="standard", max_length=8)),
                ("price", models.DecimalField(decimal_places=8, max_digits=24, null=True)),
                ("aggregation", models.CharField(db_default="sum", max_length=6)),
                ("property", models.CharField(db_default="", max_length=60)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanService",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("quantity", models.DecimalField(db_default=1, decimal_places=6, max_digits=20)),
                ("terms", models.JSONField(db_default={})),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="catalogue.plan")),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="catalogue.service"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=60)),
                ("price", models.DecimalField(decimal_places=8, max_digits=24, null=True)),
                ("price_from", models.DateField(null=True)),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="operators.operator"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("operator", "code"),
                        name="catalogue_offer_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("price__isnull", True), ("price_from__isnull", True)),
                            models.Q(("price__isnull", False), ("price_from__isnull", False)),
                            _connector="OR",
                        ),
                        name="catalogue_offer_price",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="catalogue_offer_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="SELECT",
                        name="catalogue_offer_abono_wall_shown",
                        policy="abono_wall_shown",
                        rule="TRUE",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(fields=("operator", "code", "version"), name="catalogue_plan_version"),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)), fields=("operator", "code"), name="catalogue_plan_current"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__gte", 1), ("step_unit__in", ["day", "month"])), name="catalogue_plan_step"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("charge__in", ["advance", "arrears", "daily"])), name="catalogue_plan_charge"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("on_shortfall__in", ["suspend", "end", "owe"])), name="catalogue_plan_shortfall"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("resume__in", ["restart", "remainder", "full"])), name="catalogue_plan_resume"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_period__in", ["full", "prorate", "free"])), name="catalogue_plan_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("pause__in", ["freeze", "lose", "none"])), name="catalogue_plan_pause"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="catalogue_plan_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND abono_wall_house()",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="catalogue_plan_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
        migrations.AddConstraint(
            model_name="planprice",
            constraint=models.UniqueConstraint(fields=("plan", "valid_from"), name="catalogue_plan_price"),
        ),
        migrations.AddConstraint(
            model_name="planprice",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="catalogue_planprice_abono_wall",
                policy="abono_wall",
                rule="abono_wall_sells(plan_id)",
            ),
        ),
        migrations.AddConstraint(
            model_name="planprice",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="catalogue_planprice_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
        migrations.AddIndex(
            model_name="rate",
            index=models.Index(fields=["plan", "quantity", "valid_from"], name="catalogue_rate_lookup"),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_from__lte", models.F("valid_to"))), name="catalogue_rate_validity"
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(condition=models.Q(("gross__gte", 0)), name="catalogue_rate_gross"),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=abono.base.row_security.Privileges(
                delete=False, insert=True, name="catalogue_rate_privileges", select=True, update=("valid_to",)
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.UniqueConstraint(fields=("operator", "code"), name="catalogue_service_code"),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("aggregation", "sum"),
                    models.Q(("aggregation__in", ["count", "max", "unique", "latest"]), ("kind", "usage")),
                    _connector="OR",
                ),
                name="catalogue_service_aggregation",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("aggregation", "unique"), ("property__gt", "")),
                    models.Q(models.Q(("aggregation", "unique"), _negated=True), ("property", "")),
                    _connector="OR",
                ),
                name="catalogue_service_property",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["onoff", "seats", "usage"])), name="catalogue_service_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax__in", ["standard", "reduced", "exempt"])), name="catalogue_service_tax"
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="catalogue_service_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND abono_wall_house()",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="catalogue_service_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
        migrations.AddConstraint(
            model_name="planservice",
            constraint=models.UniqueConstraint(fields=("plan", "service"), name="catalogue_plan_service"),
        ),
        migrations.AddConstraint(
            model_name="planservice",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="catalogue_planservice_abono_wall",
                policy="abono_wall",
                rule="abono_wall_sells(plan_id)",
            ),
        ),
        migrations.AddConstraint(
            model_name="planservice",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT", name="catalogue_planservice_abono_wall_shown", policy="abono_wall_shown", rule="TRUE"
            ),
        ),
    ]
