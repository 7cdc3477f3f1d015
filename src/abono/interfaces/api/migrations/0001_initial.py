from django.db import migrations, models

import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("owner", models.BigIntegerField(primary_key=True, serialize=False)),
                ("full_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.Privileges(
                        delete=False, insert=False, name="api_bucket_privileges", select=False, update=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reply",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("owner", models.BigIntegerField()),
                ("key", models.CharField(max_length=100)),
                ("request", models.BinaryField(max_length=32)),
                ("status", models.SmallIntegerField(null=True)),
                ("location", models.CharField(db_default="", max_length=300)),
                ("body", models.TextField(db_default="")),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["kept_at"], name="api_reply_kept")],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL", name="api_reply_abono_wall", policy="abono_wall", rule="owner = abono_wall_key()"
                    )
                ],
            },
        ),
        # A bucket is written with every call: without the log that costs no wait for the disk.
        migrations.RunSQL(
            "ALTER TABLE api_bucket SET (fillfactor = 50); ALTER TABLE api_bucket SET UNLOGGED",
            migrations.RunSQL.noop,
        ),
    ]
