"""The filters of a service in the plan composer: what the properties of an event make of it.

A filter has conditions (a property and the values that it may have), and says how often an event counts that meets them
all, or as which other service of the plan. A filter of which nothing was written is none. Several values stand with
commas between them; one that has a comma of its own, or a blank at its ends, stands in quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.catalogue.use_terms import MOST_NAME, MOST_VALUE, MOST_VALUES, rivals
from abono.interfaces.web.reading import decimal_sign
from abono.interfaces.web.refusing import told
from abono.interfaces.web.staff.use_fields import CONDITION, chosen_field, number_field, rows_of, text_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django import forms

    from abono.kernel.errors import InvalidValue

_ITEM = re.compile(r'\s*+(?:"((?:[^"]|"")*+)"\s*+|((?!")[^,]*+))(?:,|$)')
_LONGEST_NAME = 2 * MOST_NAME + 2
_LONGEST_VALUES = MOST_VALUES * (2 * MOST_VALUE + 4)
"""Every value in quotes, and each of its characters a quote."""


class Section(Protocol):
    """What filters need of the section that they stand in."""

    def __getitem__(self, term: str) -> forms.BoundField:
        """A field."""

    def text(self, term: str) -> str:
        """What was written into a field."""

    def number(self, term: str) -> str | None:
        """The number in a field as the catalogue reads it; None also where what is written is marked as wrong."""

    def refuse(self, term: str, sentence: str) -> None:
        """Mark a field as wrong."""


def joined(values: Sequence[str]) -> str:
    """Values as they are written into one field."""
    return ", ".join(
        f'"{each.replace(chr(34), chr(34) * 2)}"'
        if each != each.strip() or "," in each or each[:1] in {"", '"'}
        else each
        for each in values
    )


def parted(text: str) -> list[str] | None:
    """The values in a field; None where a quote is not closed."""
    found, place = [], 0
    while place < len(text):
        item = _ITEM.match(text, place)
        if item is None:
            return None
        quoted, plain = item.groups()
        if quoted is not None:
            found.append(quoted.replace('""', '"'))
        elif plain.strip():
            found.append(plain.strip())
        place = item.end()
    return found


def filter_fields(values: Mapping[str, Any], code: str, others: Sequence[str]) -> dict[str, forms.Field]:
    """The fields of as many filters as ``values`` have; ``others``: the services as which an event may count."""
    targets = [("", gettext_lazy("This service")), *((each, each) for each in others)]
    found: dict[str, forms.Field] = {}
    for row in range(rows_of(values, code, "filter")):
        for place in range(rows_of(values, code, f"filter:{row}:when") or 1):
            when = f"filter:{row}:when:{place}"
            found[f"{when}:property"] = text_field(gettext_lazy("Property"), longest=_LONGEST_NAME)
            found[f"{when}:values"] = text_field(gettext_lazy("Value or values"), longest=_LONGEST_VALUES)
        found[f"filter:{row}:counts"] = number_field(gettext_lazy("Counts so many times"))
        found[f"filter:{row}:as"] = chosen_field(gettext_lazy("Counts as"), targets)
    return found


def typed_filters(filters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the fields show of filters that are sold, by their terms."""
    found = {}
    for row, each in enumerate(filters):
        for place, (name, allowed) in enumerate(each["when"].items()):
            found[f"filter:{row}:when:{place}:property"] = joined([name])
            found[f"filter:{row}:when:{place}:values"] = joined([allowed] if isinstance(allowed, str) else allowed)
        counts = each.get("counts")
        found[f"filter:{row}:counts"] = "" if counts is None else str(counts).replace(".", decimal_sign())
        found[f"filter:{row}:as"] = each.get("as") or ""
    return found


class Filters:
    """The filters of a section: their fields by row, and what they make."""

    def __init__(self, section: Section, terms: Sequence[str], kept: Sequence[Mapping[str, Any]]) -> None:
        """``terms``: the names of the section's fields; ``kept``: the filters of the version before."""
        self._section = section
        self._conditions = [
            sum(term.startswith(f"filter:{row}:when:") and term.endswith(":property") for term in terms)
            for row in range(sum(term.startswith("filter:") and term.endswith(":counts") for term in terms))
        ]
        self._kept = kept
        self._given: list[int] = []
        self._made: list[Mapping[str, Any]] = []
        self._places: dict[tuple[int, str], int] = {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields of each filter: ``conditions``, ``counts``, ``as_which``."""
        return [
            {
                "conditions": [
                    {part: self._section[f"filter:{row}:when:{place}:{part}"] for part in CONDITION}
                    for place in range(conditions)
                ],
                "counts": self._section[f"filter:{row}:counts"],
                "as_which": self._section[f"filter:{row}:as"],
            }
            for row, conditions in enumerate(self._conditions)
        ]

    def read(self) -> list[Mapping[str, Any]] | None:
        """The filters of which anything was written, as the catalogue reads them; what is wrong is marked."""
        every = {row: self._filter(row) for row in range(len(self._conditions))}
        self._given = [row for row, made in every.items() if made is not None]
        made = [each for each in every.values() if each is not None]
        # How somebody spelled a filter that says the same (a list of one value) stays.
        self._made = [next((each for each in self._kept if _plain(each) == one), one) for one in made]
        return self._made or None

    def _filter(self, row: int) -> dict[str, Any] | None:
        when: dict[str, Any] = {}
        for place in range(self._conditions[row]):
            name, values = self._condition(row, place, when)
            if name:
                when[name] = values
                self._places[row, name] = place
        counts, target = self._section.number(f"filter:{row}:counts"), self._section.text(f"filter:{row}:as")
        if not (when or counts or target):
            return None
        found: dict[str, Any] = {"when": when}
        return found | ({} if counts is None else {"counts": counts}) | ({"as": target} if target else {})

    def _condition(self, row: int, place: int, before: Mapping[str, Any]) -> tuple[str, str | list[str]]:
        """A property and the values that it may have; nothing where nothing was written, or it is marked as wrong."""
        at = f"filter:{row}:when:{place}"
        names, values = (parted(self._section.text(f"{at}:{part}")) for part in CONDITION)
        if names is None or len(names) > 1:
            self._section.refuse(f"{at}:property", _("Write the name of one property, such as colour."))
        elif values is None:
            self._section.refuse(f"{at}:values", _("A quote is not closed. Write a value that has commas in quotes."))
        elif values and not names:
            self._section.refuse(f"{at}:property", _("Name the property that has these values."))
        elif names and not values:
            self._section.refuse(f"{at}:values", _("Write at least one value."))
        elif names and names[0] in before:
            message = _(
                "The filter has this property already. Write all of its values there, with commas between them."
            )
            self._section.refuse(f"{at}:property", message)
        elif names and values:
            return names[0], values[0] if len(values) == 1 else values
        return "", ""

    def blamed(self, path: str, error: InvalidValue) -> tuple[str, str]:
        """The field that is to blame for what the catalogue refuses at ``path`` (``1.as``), and what to say there."""
        place, _point, part = path.partition(".")
        if not place:
            return "", told(error)
        row = self._given[int(place)]
        first, names = f"filter:{row}:when:0:property", part.removeprefix("when.")
        if part == "":
            return first, self._overlap(int(place))
        if (row, names) in self._places and part != names:
            return f"filter:{row}:when:{self._places[row, names]}:values", _wrong_values(error)
        if part == "when":
            return first, _wrong_names(error)
        if part == "as":
            message = _("This service does not come with the plan. Say how many of it do, or choose another.")
            return f"filter:{row}:as", message
        return f"filter:{row}:counts", _wrong_factor(error)

    def _overlap(self, second: int) -> str:
        conditions = [
            {
                name: frozenset([allowed] if isinstance(allowed, str) else allowed)
                for name, allowed in each["when"].items()
            }
            for each in self._made
        ]
        first = next((at for at in range(second) if rivals(conditions[at], conditions[second])), 0)
        message = _("The same event could meet filter %(number)s too. Give one of the two another condition.")
        return message % {"number": self._given[first] + 1}


def _plain(terms: Mapping[str, Any]) -> dict[str, Any]:
    """A filter as the composer writes it."""
    when = {
        name: allowed[0] if not isinstance(allowed, str) and len(allowed) == 1 else allowed
        for name, allowed in terms["when"].items()
    }
    return {"when": when} | {name: terms[name] for name in ("counts", "as") if terms.get(name) is not None}


def _wrong_names(error: InvalidValue) -> str:
    if error.code == "out_of_range":
        return _("Name at least one property and the values that it may have.")
    return _("Write a name of at most %(most)s characters.") % {"most": MOST_NAME}


def _wrong_values(error: InvalidValue) -> str:
    if error.code == "out_of_range":
        return _("Write at most %(most)s values.") % {"most": MOST_VALUES}
    return _("Write values of at most %(most)s characters each.") % {"most": MOST_VALUE}


def _wrong_factor(error: InvalidValue) -> str:
    if error.code == "required":
        return _("Say how many times it counts, or as which other service.")
    if error.code == "out_of_range":
        return _("Write a number below a million with at most six decimals.")
    return _("What adds up in this way cannot count several times. Leave this empty.")
