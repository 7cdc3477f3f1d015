import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("operators", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("locale", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("joined_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.Privileges(
                        delete=False,
                        insert=False,
                        name="access_user_privileges",
                        select=("id", "email", "name", "locale", "is_active", "joined_at", "last_login"),
                        update=("name", "locale", "is_active"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="SELECT",
                        name="access_user_abono_wall_shown",
                        policy="abono_wall_shown",
                        rule="abono_wall_knows(id)",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="UPDATE",
                        name="access_user_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_judges(id)",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("prefix", models.CharField(max_length=12)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                (
                    "rights",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("made_by", models.CharField(max_length=254)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
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
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("kind", models.CharField(max_length=10)),
                ("role", models.CharField(db_default="", max_length=20)),
                ("account_id", models.BigIntegerField(null=True)),
                ("locale", models.CharField(db_default="", max_length=20)),
                ("nonce", models.CharField(max_length=64)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
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
                ("operator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="operators.operator")),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("role", models.CharField(db_default="", max_length=20)),
                ("account_id", models.BigIntegerField(null=True)),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("operator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="operators.operator")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("email", models.CharField(max_length=254)),
                ("address", models.GenericIPAddressField(null=True)),
                ("network", models.GenericIPAddressField(null=True)),
                ("agent", models.CharField(db_default="", max_length=200)),
                ("device", models.BinaryField(max_length=32, null=True)),
                ("known", models.BooleanField(db_default=False)),
                ("method", models.CharField(max_length=12)),
                ("outcome", models.CharField(max_length=10)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=abono.base.row_security.Privileges(
                delete=True,
                insert=True,
                name="access_apikey_privileges",
                select=(
                    "id",
                    "operator_id",
                    "name",
                    "prefix",
                    "rights",
                    "made_by",
                    "made_by_user_id",
                    "made_by_key_id",
                    "made_at",
                    "expires_at",
                    "last_used_at",
                    "revoked_at",
                ),
                update=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="access_apikey_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND abono_wall_house()",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["staff", "subscriber", "agent"])), name="access_invitation_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("accepted_at__isnull", True), ("revoked_at__isnull", True)),
                fields=("email", "operator", "kind", "account_id"),
                name="access_invitation_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=abono.base.row_security.Privileges(
                delete=True,
                insert=True,
                name="access_invitation_privileges",
                select=(
                    "id",
                    "operator_id",
                    "email",
                    "kind",
                    "role",
                    "account_id",
                    "locale",
                    "made_by_id",
                    "made_by_key_id",
                    "made_at",
                    "expires_at",
                    "accepted_at",
                    "revoked_at",
                ),
                update=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="access_invitation_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND abono_wall_house()",
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["operator", "kind"],
                name="access_membership_current",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["staff", "subscriber", "agent"])), name="access_membership_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "staff"), ("role__in", ["administrator", "accountant", "manager", "auditor"])),
                    models.Q(models.Q(("kind", "staff"), _negated=True), ("role", "")),
                    _connector="OR",
                ),
                name="access_membership_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("account_id__isnull", False), ("kind", "subscriber")),
                    models.Q(models.Q(("kind", "subscriber"), _negated=True), ("account_id__isnull", True)),
                    _connector="OR",
                ),
                name="access_membership_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("user", "operator", "kind", "account_id"),
                name="access_membership_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="access_membership_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
            ),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["email", "id"], name="access_signin_email"),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["network", "at"], name="access_signin_network"),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(
                condition=models.Q(("user__isnull", False)), fields=["user", "id"], name="access_signin_user"
            ),
        ),
        migrations.AddIndex(
            model_name="signin",
            index=models.Index(fields=["at"], name="access_signin_at"),
        ),
        migrations.AddConstraint(
            model_name="signin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("method__in", ["password", "code", "passkey", "reset", "invitation", "confirmation"])
                ),
                name="access_signin_method",
            ),
        ),
        migrations.AddConstraint(
            model_name="signin",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["failed", "right", "done", "refused"])),
                name="access_signin_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="signin",
            constraint=abono.base.row_security.Privileges(
                delete=False, insert=False, name="access_signin_privileges", select=True, update=False
            ),
        ),
        migrations.AddConstraint(
            model_name="signin",
            constraint=abono.base.row_security.RowPolicy(
                command="SELECT",
                name="access_signin_abono_wall",
                policy="abono_wall",
                rule="abono_wall_judges(user_id)",
            ),
        ),
    ]
