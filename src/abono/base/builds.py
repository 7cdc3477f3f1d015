"""Whether this build made the database: the migrations that it has must all be known here."""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from django.apps import apps

from abono.base.refusal import Refusal

if TYPE_CHECKING:
    import psycopg


class IncompatibleDatabase(Refusal):
    """The tables were made by a build that is newer, or from before the first release."""

    code = "incompatible_database"


def require_compatible(server: psycopg.Connection[Any]) -> None:
    """Raise IncompatibleDatabase where the database has a migration of ours that this build does not know."""
    (made,) = server.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL").fetchone() or (False,)
    if not made:
        return
    known = _known()
    ours = list({app for app, _name in known})
    rows = server.execute("SELECT app, name FROM public.django_migrations WHERE app = ANY (%s) ORDER BY id", [ours])
    for app, name in rows.fetchall():
        if (app, name) not in known:
            raise IncompatibleDatabase(
                f"The database was made by another build of Abono, whose migration {app}.{name} this one does not know;"
                " nothing was changed. Run that build again, or begin anew with an empty database: there is no upgrade"
                " from builds before the first release."
            )


def _known() -> set[tuple[str, str]]:
    """Our migrations, by app and name; they are listed and not loaded, because every command asks."""
    return {
        (app.label, module.name)
        for app in apps.get_app_configs()
        if app.name.startswith("abono.")
        for module in iter_modules([str(Path(app.path) / "migrations")])
    }
