"""The fields of a counted service in the plan composer: what they are called, and the rows that come and go.

Rows are tiers (``tier:0:up_to``), filters (``filter:0:counts``) and the conditions of a filter
(``filter:0:when:0:property``). A button says what it does to them: ``tier-add:CODE``, ``filter-drop:PLACE:CODE``,
``when-drop:FILTER:PLACE:CODE``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms

from abono.features.catalogue.use_terms import MOST_CONDITIONS, MOST_FILTERS
from abono.kernel.rating import MOST_TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USE = "use:"
TIER = ("up_to", "unit", "flat")
CONDITION = ("property", "values")
STEPS = ("tier-", "filter-", "when-")
"""How the names of the buttons begin."""
_FILTER = ("when:0:property", "when:0:values", "counts", "as")
_ROWS = {"tier": (TIER, MOST_TIERS), "filter": (_FILTER, MOST_FILTERS), "when": (CONDITION, MOST_CONDITIONS)}
_PLACE = re.compile("0|[1-9][0-9]{0,4}")
_LONGEST = 40


def name_of(code: str, term: str) -> str:
    """The name of a field; a code has no colon, so that no two are called the same."""
    return f"{USE}{code}:{term}"


def rows_of(values: Mapping[str, Any], code: str, group: str) -> int:
    """How many rows a group has (``tier``, ``filter``, ``filter:0:when``) among what was typed."""
    parts, most = _ROWS[group.rpartition(":")[2]]
    row = 0
    while row < most and any(name_of(code, f"{group}:{row}:{part}") in values for part in parts):
        row += 1
    return row


def with_rows(data: Mapping[str, str], step: str) -> tuple[dict[str, str], str, str]:
    """What was typed with a row more or less, as a button says; the service's code, and the term to go on at."""
    deed, *places, code = step.split(":") if ":" in step else (step, "")
    kind, _hyphen, act = deed.partition("-")
    typed, place = {**data}, places.pop() if act == "drop" and places else ""
    outer = f"filter:{places[0]}" if kind == "when" and places else ""
    group = f"{outer}:when" if outer else kind
    if kind not in _ROWS or (kind == "when" and not outer):
        return typed, code, ""
    parts, most = _ROWS[kind]
    rows = rows_of(typed, code, group)
    if act == "add" and rows < most:
        typed.update({name_of(code, f"{group}:{rows}:{part}"): "" for part in parts})
        return typed, code, _next(typed, code, group, rows)
    if act == "drop" and _PLACE.fullmatch(place) and int(place) < rows:
        typed = _without(typed, name_of(code, f"{group}:"), int(place))
        return typed, code, f"{outer}:when:0:property" if outer else ""
    return typed, code, ""


def _next(typed: Mapping[str, str], code: str, group: str, row: int) -> str:
    """Where one goes on after a row was added: in it, or at the open end of the tier before it."""
    if group != "tier":
        return f"{group}:{row}:property" if group.endswith("when") else f"{group}:{row}:when:0:property"
    if row and not typed.get(name_of(code, f"tier:{row - 1}:up_to")):
        row -= 1
    return f"tier:{row}:up_to"


def _without(typed: Mapping[str, str], prefix: str, place: int) -> dict[str, str]:
    """What was typed without a row; those after it move up."""
    found = {}
    for name, text in typed.items():
        row, _colon, part = name.removeprefix(prefix).partition(":") if name.startswith(prefix) else ("", "", "")
        number = int(row) if _PLACE.fullmatch(row) else -1
        if number < place:
            found[name] = text
        elif number > place:
            found[f"{prefix}{number - 1}:{part}"] = text
    return found


def text_field(label: Any, help_text: Any = "", initial: str = "", longest: int = _LONGEST) -> forms.CharField:
    """A text that may be left empty."""
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(
        label=label, required=False, max_length=longest, widget=widget, help_text=help_text, initial=initial
    )


def number_field(label: Any, help_text: Any = "", initial: str = "") -> forms.CharField:
    """A number that may be left empty; it is read as the person's language writes it."""
    found = text_field(label, help_text, initial)
    found.widget.attrs["inputmode"] = "decimal"
    return found


class _Chosen(forms.ChoiceField):
    """A choice that is never open: where nothing is sent it is the first one."""

    def clean(self, value: Any) -> Any:
        """One of the choices."""
        return super().clean(value or self.choices[0][0])  # type: ignore[index]  # they are given as a tuple


def chosen_field(label: Any, choices: Sequence[tuple[str, Any]], mark: str = "") -> forms.ChoiceField:
    """One of some; ``mark`` is the class by which the style sheet knows it."""
    widget = forms.Select(attrs={"class": mark} if mark else {})
    return _Chosen(label=label, choices=choices, widget=widget, required=bool(choices[0][0]))
