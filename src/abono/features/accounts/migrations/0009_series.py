"""Numbers that a seller gives by itself: a series that counts on, one request after another.

A series begins once, where no number was given by itself yet: after the greatest number of the length that most numbers
have (digits only, none that begins with 0 unless all do, at most 12 digits, of two lengths the shorter), or with 1001.
From then on a number that somebody chose is stepped over where the series meets it, and leads it nowhere.

The function runs as the owner, whom the second wall does not hold up: a manager or an agent sees few of the numbers. It
takes one for an operator that the person belongs to, and tells nothing else of an account.
"""

from typing import ClassVar

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from abono.base.wall import house_policy

FUNCTIONS = """
CREATE FUNCTION abono_take_number(seller bigint, opened bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    value bigint;
    least integer;
    width integer;
    written text;
BEGIN
    IF coalesce(current_setting('abono.operators', TRUE), '') <> '' AND seller <> ALL (abono_wall_operators()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this operator is behind the wall';
    END IF;
    SELECT last + 1, digits INTO value, least FROM accounts_series WHERE operator_id = seller FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO accounts_series (operator_id, last, digits)
        SELECT seller, coalesce(max(b.last), 1000), coalesce(max(b.digits), 4)
        FROM (
            SELECT max(n.number)::bigint AS last, length(n.number) AS digits
            FROM accounts_number AS n
            WHERE n.operator_id = seller AND n.number ~ '^[0-9]{1,12}$'
            GROUP BY left(n.number, 1) = '0', length(n.number)
            ORDER BY left(n.number, 1) = '0', count(*) DESC, length(n.number)
            LIMIT 1
        ) AS b
        ON CONFLICT (operator_id) DO NOTHING;
        SELECT last + 1, digits INTO value, least FROM accounts_series WHERE operator_id = seller FOR UPDATE;
    END IF;
    LOOP
        width := greatest(least, length(value::text));
        written := lpad(value::text, width, '0');
        -- One that somebody chose at the same moment is waited for.
        INSERT INTO accounts_number (operator_id, number, account_id) VALUES (seller, written, opened)
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        -- It is taken: on to the end of the run of taken numbers in which it stands.
        SELECT n.number::bigint + 1 INTO STRICT value FROM accounts_number AS n
        WHERE
            n.operator_id = seller AND n.number ~ '^[0-9]{1,18}$' AND length(n.number) = width AND n.number >= written
            AND NOT EXISTS (
                SELECT 1 FROM accounts_number AS t
                WHERE
                    t.operator_id = seller
                    AND t.number = lpad(
                        (n.number::bigint + 1)::text, greatest(width, length((n.number::bigint + 1)::text)), '0'
                    )
            )
        ORDER BY length(n.number), n.number
        LIMIT 1;
    END LOOP;
    UPDATE accounts_series SET last = value WHERE operator_id = seller;
    RETURN written;
END
$$;
REVOKE EXECUTE ON FUNCTION abono_take_number(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION abono_take_number(bigint, bigint) TO abono_web;
DROP FUNCTION abono_last_number(bigint);
"""


class Migration(migrations.Migration):
    """A counter for each seller, in place of the greatest number."""

    dependencies: ClassVar = [("accounts", "0008_invitations_wall"), ("operators", "0005_moves_seen")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Series",
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
                ("last", models.BigIntegerField()),
                ("digits", models.SmallIntegerField()),
            ],
        ),
        migrations.RemoveIndex(model_name="number", name="accounts_number_last"),
        migrations.AddField(model_name="number", name="key", field=models.CharField(db_default="", max_length=100)),
        migrations.AddIndex(
            model_name="number",
            index=models.Index(
                models.F("operator"),
                models.OrderBy(django.db.models.functions.text.Length("number"), descending=True),
                models.OrderBy(models.F("number"), descending=True),
                condition=models.Q(("number__regex", "^[0-9]{1,18}$")),
                name="accounts_number_series",
            ),
        ),
        migrations.AddConstraint(
            model_name="number",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True), fields=("operator", "key"), name="accounts_number_key"
            ),
        ),
        migrations.RunSQL(house_policy("accounts_series"), migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
