"""Sets of civil days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class DateMultirangeField(models.Field):  # type: ignore[type-arg]  # it cannot be subscripted
    """Civil days that need not follow one another (``datemultirange``): statements work with them, Python does not."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 -- there is one database
        """Its name in PostgreSQL."""
        return "datemultirange"
