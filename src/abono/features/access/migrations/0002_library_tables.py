"""Tables of the framework and of other libraries: they refer to our users, so that they are made after them."""

from django.db import migrations

from abono.base.sql import text_beside


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("procrastinate", "0041_post_retry_failed_job"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(text_beside(__file__, "0002_library_tables.sql"), migrations.RunSQL.noop)]
