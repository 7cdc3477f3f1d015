"""What nobody reads behind the wall: passwords, second factors, digests of keys and the secrets of invitations.

Who signs in is not behind it yet, and the pages below /sign/, which are about one's own user only, are never.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import ROLE, hide

USER = f"""
    REVOKE INSERT, UPDATE, DELETE ON access_user FROM {ROLE};
    GRANT UPDATE (name, locale, is_active) ON access_user TO {ROLE};
"""
FACTORS = f"REVOKE INSERT, UPDATE ON mfa_authenticator FROM {ROLE};"


class Migration(migrations.Migration):
    """Rights by column."""

    dependencies: ClassVar = [
        ("access", "0004_let_in_elsewhere"),
        ("base", "0003_wall"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations: ClassVar = [
        migrations.RunSQL(text, migrations.RunSQL.noop)
        for text in (
            hide("access_user", "password"),
            USER,
            hide("mfa_authenticator", "data"),
            FACTORS,
            hide("access_apikey", "digest"),
            hide("access_invitation", "nonce", "digest"),
        )
    ]
