"""Choosing an operator: from a list where there are few, by typing and a search where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.operators.tree import Node, matching, nodes
from abono.interfaces.web.pages import STAFF, PersonRequest, page

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpResponse

    from abono.features.access.people import Person
    from abono.features.operators.tree import Match

LISTED = 30
"""So many operators fit into a list that somebody looks through."""
_FOUND = 20
_SAME = 5
_LONGEST = 300
_INDENT = "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}"


def offer_operators(form: forms.Form, name: str, person: Person, without: Collection[int] = ()) -> None:
    """Let a field of a form choose among the person's operators; its label and help stay. Its value is an id."""
    field = form.fields[name]
    terms: dict[str, Any] = {"label": field.label, "help_text": field.help_text, "required": field.required}
    if len(person.operators) > LISTED:
        form.fields[name] = OperatorField(person, **terms)
        return
    offered = [
        (each.id, _INDENT * each.depth + each.name) for each in nodes(person.operators) if each.id not in without
    ]
    form.fields[name] = forms.TypedChoiceField(choices=offered, coerce=int, **terms)


class OperatorField(forms.CharField):
    """An operator by what it is called or by its code; the form's value is its id."""

    def __init__(self, person: Person, **kwargs: Any) -> None:
        self.person = person
        widget = forms.TextInput(attrs={**SEARCHES, "list": LIST_ID})
        super().__init__(
            **{"max_length": _LONGEST, "widget": widget, **kwargs},
        )
        hint = gettext_lazy("Write the beginning of a name or a code, and choose.")
        self.help_text = self.help_text or hint

    def prepare_value(self, value: Any) -> Any:
        """What is shown: what was typed, or what an operator that was chosen before is called."""
        return label_of(self.person, value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """The id."""
        text = super().clean(value)
        return read_operator(self.person, text) if text else None


def read_operator(person: Person, text: str) -> int:
    """The operator that somebody means: by its label, its code, or a name that no other has. Raises ValidationError."""
    wanted = text.strip()
    found = matching(person.operators, _code_in(wanted) or wanted, most=_SAME + 1)
    exact = [each for each in found if wanted in {told(each), each.code}]
    named = exact or [each for each in found if each.name.casefold() == wanted.casefold()]
    if len(named) == 1:
        return named[0].id
    if not named:
        raise ValidationError(_("There is no such operator. Choose one that is offered."), code="invalid")
    codes = ", ".join(each.code for each in named[:_SAME])
    message = _("Several operators are called so: write the code, such as %(codes)s.") % {"codes": codes}
    raise ValidationError(message, code="ambiguous")


def label_of(person: Person, operator: int) -> str:
    """What an operator of the person's is called in a field; empty for one that is not."""
    own = nodes([operator]) if operator in person.operators else []
    return told(own[0]) if own else ""


def told(each: Node | Match) -> str:
    """An operator's name and code."""
    return f"{each.name} ({each.code})"


def _code_in(label: str) -> str:
    """The code in a label; empty where there is none."""
    return label[label.rfind("(") + 1 : -1] if label.endswith(")") and "(" in label else ""


LIST_ID = "operators-found"
SEARCHES = {
    "autocomplete": "off",
    "type": "search",
    "hx-get": reverse_lazy("operator_find"),
    "hx-trigger": "focus once, input changed delay:200ms",
    "hx-target": f"#{LIST_ID}",
    "hx-swap": "innerHTML",
    "hx-sync": "this:replace",
}


@page("operators/find/", name="operator_find", kinds=STAFF, right="account.view")
def operator_find(request: PersonRequest) -> HttpResponse:
    """Operators of the person's whose name or code has a text in it, as options of a list."""
    names = ("q", "operator", "parent")
    text = next((request.GET[name] for name in names if request.GET.get(name)), "")[:_LONGEST]
    found = matching(request.person.operators, _code_in(text) or text, most=_FOUND)
    return render(request, "web/parts/operators_found.html", {"found": [(told(each), each.above) for each in found]})
