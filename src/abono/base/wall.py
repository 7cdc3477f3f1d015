"""The second wall: inside, the database itself shows and takes only the rows of one person (row-level security).

The first wall are the features' ``access`` doors, which narrow every statement. Should one forget, the database answers
as if the foreign rows did not exist. Requests from the web and the API run inside as the role ``abono_web``, which owns
nothing; commands and workers run as the owner, who is not held up by it. See docs/adr.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ROLE = "abono_web"
_sql = statements("abono.base", "wall")


@contextmanager
def wall(
    operators: Collection[int],
    accounts: Collection[int] | None = None,
    membership: int | None = None,
    *,
    user: int | None = None,
    key: int | None = None,
) -> Iterator[None]:
    """Inside, only rows of these operators exist, of ``accounts`` only if given, and of a manager's or agent's own.

    ``membership`` is the manager's or agent's, by which accounts name them; ``user`` or ``key`` is who asks. Walls are
    not nested.
    """
    _sql.row(
        "raise_wall",
        role=ROLE,
        operators=_array(operators),
        shown=f",{','.join(map(str, operators))},",
        accounts="" if accounts is None else _array(accounts),
        membership="" if membership is None else str(membership),
        user="" if user is None else str(user),
        key="" if key is None else str(key),
    )
    try:
        yield
    finally:
        # A transaction that failed and is still open was begun inside by a caller's mistake: then the connection goes.
        if connection.in_atomic_block:
            connection.close()
        else:
            _sql.row("lower_wall")


def _array(numbers: Collection[int]) -> str:
    return "{" + ",".join(str(number) for number in numbers) + "}"


FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION abono_wall_shows(operator bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(strpos(current_setting('abono.shown', TRUE), ',' || operator || ','), 0) > 0;
CREATE OR REPLACE FUNCTION abono_wall_house() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('abono.accounts', TRUE), '') = ''
    AND coalesce(current_setting('abono.membership', TRUE), '') = '';
CREATE OR REPLACE FUNCTION abono_wall_user() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.user', TRUE), '')::bigint;
CREATE OR REPLACE FUNCTION abono_wall_key() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.key', TRUE), '')::bigint;
CREATE OR REPLACE FUNCTION abono_wall_given(account bigint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM accounts_profile AS p WHERE p.account_id = account);
END
$$;
REVOKE ALL ON FUNCTION abono_wall_given(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION abono_wall_given(bigint) TO {ROLE};
"""  # noqa: S608 -- the role's name
"""What policies ask of each row; they come with every policy, so that none is made before them.

Whether an operator is shown is looked up in a text, because an array would be read anew for every row; whether an
account is given to the manager or agent is what the profile's own policy says.
"""


def policy(table: str, *, account: str = "account_id") -> str:
    """The statement that puts a table of rows with ``operator_id`` behind the wall.

    Where the table belongs to accounts, a subscriber has only the own ones, and a manager or agent those whose profile
    names them; ``account`` is empty for a table without accounts. No policy has a subquery: a table that is spread over
    several machines takes none.
    """
    own = (
        f"""
        AND (abono_wall_accounts() IS NULL OR {account} = ANY (abono_wall_accounts()))
        AND (abono_wall_membership() IS NULL OR {_named(table, account)})"""
        if account
        else ""
    )
    rule = f"abono_wall_shows(operator_id){own}"
    return f"""
        {FUNCTIONS}
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS abono_wall ON {table};
        CREATE POLICY abono_wall ON {table} TO {ROLE} USING ({rule}) WITH CHECK ({rule});
    """


def house_policy(table: str, *, shared: bool = False) -> str:
    """The statement that shows a table of rows with ``operator_id`` to those only who see all of their operators.

    ``shared``: rows without an operator concern all and may be read by them, but not written.
    """
    house = "abono_wall_house()"
    own = f"abono_wall_shows(operator_id) AND {house}"
    read = f"operator_id IS NULL AND cardinality(abono_wall_operators()) > 0 AND {house}"
    return f"""
        {FUNCTIONS}
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS abono_wall ON {table};
        DROP POLICY IF EXISTS abono_wall_shared ON {table};
        CREATE POLICY abono_wall ON {table} TO {ROLE} USING ({own}) WITH CHECK ({own});
        {f"CREATE POLICY abono_wall_shared ON {table} FOR SELECT TO {ROLE} USING ({read});" if shared else ""}
    """


def shown_policy(table: str, rule: str) -> str:
    """The statement by which everybody behind the wall reads a table, and writes only rows that meet a rule."""
    return f"""
        {FUNCTIONS}
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS abono_wall ON {table};
        DROP POLICY IF EXISTS abono_wall_shown ON {table};
        CREATE POLICY abono_wall ON {table} TO {ROLE} USING ({rule}) WITH CHECK ({rule});
        CREATE POLICY abono_wall_shown ON {table} FOR SELECT TO {ROLE} USING (TRUE);
    """


def shut(*tables: str) -> str:
    """The statement by which nobody behind the wall may do anything with tables."""
    return f"REVOKE ALL ON {', '.join(tables)} FROM {ROLE};"


def hide(table: str, *columns: str) -> str:
    """The statement by which columns of a table are read by nobody behind the wall; all others may be.

    A column that is added later is hidden too until it is granted: the test of the wall tells of it.
    """
    hidden = ", ".join(f"'{column}'" for column in columns)
    return f"""
        DO $$
        BEGIN
            REVOKE SELECT ON {table} FROM {ROLE};
            EXECUTE (
                SELECT format('GRANT SELECT (%s) ON {table} TO {ROLE}', string_agg(quote_ident(attname), ', '))
                FROM pg_attribute
                WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
                    AND attname NOT IN ({hidden})
            );
        END
        $$;
    """  # noqa: S608 -- names of our own tables and columns


def _named(table: str, account: str) -> str:
    """Whether an account's profile names the manager or agent; the profile's own policy asks its own row."""
    if table == "accounts_profile":
        return "abono_wall_membership() IN (manager_id, agent_id)"
    return f"abono_wall_given({account})"
