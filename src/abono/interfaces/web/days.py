"""The days that a list is narrowed to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy

from abono.interfaces.web.reading import DayField

if TYPE_CHECKING:
    from datetime import date


class DaysForm(forms.Form):
    """From which to which day; both belong to it."""

    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("To"), required=False)

    def half_open(self) -> tuple[date | None, date | None]:
        """The first day and the day after the last; a day that cannot be read does not narrow."""
        values = self.cleaned_data if self.is_valid() else {}
        last = values.get("until")
        return values.get("since"), None if last is None else last + timedelta(days=1)
