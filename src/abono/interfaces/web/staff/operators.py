"""The tree of operators, the page of one, and a new one below it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.trail import TrailRow, list_trail
from abono.features.billing.parents import Tally, tallies
from abono.features.billing.sellers import staff_of
from abono.features.catalogue.offers import offers_of
from abono.features.operators import tree
from abono.features.operators.access import find_node, find_operator, list_nodes, page_of_nodes
from abono.features.operators.brands import own_brand
from abono.features.operators.moves import moves_of
from abono.interfaces.web import words
from abono.interfaces.web.brand import shown
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, tried

if TYPE_CHECKING:
    from django.http import HttpResponse

    from abono.features.access.people import Person
    from abono.features.operators.tree import Node

_SLOW = 0.05  # float: seconds
_KEPT = 60
_MOST_EVENTS = 20
_A_PAGE = 100


@dataclass(frozen=True)
class Event:
    """A line of the timeline."""

    at: datetime
    title: str
    text: str
    actor: str


def counted(person: Person) -> tuple[dict[int, Tally], datetime | None]:
    """What stands at each of the person's operators; where counting takes long it is kept for a minute.

    Answers also when it was counted, if that was not now.
    """
    key = f"tallies:{person.operator}:{len(person.operators)}"
    kept: tuple[dict[int, Tally], datetime] | None = cache.get(key)
    if kept is not None and set(kept[0]) == set(person.operators):
        return kept
    began = time.monotonic()
    found = tallies(person.operators)
    if time.monotonic() - began > _SLOW:
        cache.set(key, (found, datetime.now().astimezone()), _KEPT)
    return found, None


def with_below(nodes: list[Node], operator: int) -> list[Node]:
    """An operator and all below it, of an indented list."""
    at = next(place for place, node in enumerate(nodes) if node.id == operator)
    return [nodes[at], *takewhile(lambda each: each.depth > nodes[at].depth, nodes[at + 1 :])]


@page("operators/", name="operators", kinds=STAFF, right="operator.view")
def operators(request: PersonRequest) -> HttpResponse:
    """The person's tree with what stands at each operator."""
    tallied, at = counted(request.person)
    found = page_of_nodes(request.person, after=request.GET.get("after"), limit=_A_PAGE)
    rows = [{"node": each, "indent": min(each.depth, 8), "tally": tallied[each.id]} for each in found.items]
    totals = {
        name: sum(getattr(each, name) for each in tallied.values()) for name in ("accounts", "active", "suspended")
    }
    return render(
        request, "web/staff/operators.html", {"rows": rows, "page": found, "totals": totals, "counted_at": at}
    )


@page("operators/<int:operator>/", name="operator", kinds=STAFF, right="operator.view")
def operator(request: PersonRequest, operator: int) -> HttpResponse:
    """One operator: where it stands, how it looks, what it may sell, what waits and what was done."""
    person = request.person
    seller, node = find_operator(person, operator), find_node(person, operator)
    nodes = list_nodes(person)
    below = with_below(nodes, operator)
    names = {each.id: each.name for each in nodes}
    own = operator == person.operator
    members = [] if own or node.parent_id is None else staff_of(node.parent_id)
    values = {
        "seller": seller,
        "node": node,
        "own": own,
        "parent": names.get(node.parent_id) if node.parent_id and not own else None,
        "children": [each for each in below if each.depth == below[0].depth + 1],
        "below": len(below) - 1,
        "tally": counted(person)[0][operator],
        "may_lift": tree.may_lift(operator, person.operator),
        "blocked_by": blocking(person, operator),
        "brand_shown": shown(operator),
        "own_brand": own_brand(operator),
        "manager": next((each.name for each in members if each.id == node.manager_id), ""),
        "offers": [each for each in offers_of(operator) if each.ended_at is None],
        "moves": moves_of(operator),
        "events": events_of(person, operator),
    }
    return render(request, "web/staff/operator.html", values)


def blocking(person: Person, operator: int) -> str:
    """The name of who is blocked, an operator itself or one above it; empty if none is."""
    found = tree.blocked_above(operator)
    if found is None:
        return ""
    return found[1] if found[0] in person.operators else _("An operator above yours")


def events_of(person: Person, operator: int) -> list[Event]:
    """What was done to an operator, the newest first, for those who may read the audit trail."""
    if not person.may("audit.view"):
        return []
    found = list_trail({**person.scope, "operators": [operator]}, action="operator.", limit=_MOST_EVENTS)
    return [Event(row.at, words.word(words.ACTIONS, row.action), _told(row), row.actor) for row in found.items]


def _told(row: TrailRow) -> str:
    """Before and after, value by value."""
    before, after = row.before or {}, row.after or {}
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "; ".join(
        f"{name}: {' → '.join(str(each[name]) for each in (before, after) if name in each)}" for name in changed
    )


class NewOperatorForm(forms.Form):
    """What a new operator begins with; the rest is as at its parent."""

    parent = forms.TypedChoiceField(label=gettext_lazy("Below"), coerce=int)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Small letters, digits and hyphens, for programs and files. It stays as it is."),
    )

    def __init__(self, person: Person, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        offer_operators(self, "parent", person)


@page("operators/new/", name="operator_new", kinds=STAFF, right="operator.create", methods=("GET", "POST"))
def operator_new(request: PersonRequest) -> HttpResponse:
    """A new operator below one of the person's own; it begins with the settings of that one."""
    above = request.GET.get("parent", "")
    first = {"parent": int(above) if above.isascii() and above.isdigit() else request.person.operator}
    form = NewOperatorForm(request.person, data=request.POST or None, initial=first)
    if request.method != "POST":
        return render(request, "web/staff/operator_new.html", {"form": form})
    made: list[int] = []

    def make() -> None:
        values = form.cleaned_data
        above = find_operator(request.person, values["parent"], "operator.create")
        made.append(tree.add_below(above.id, values["code"], values["name"], {}, now=request.now).id)

    if form.is_valid() and tried(form, make):
        messages.success(request, _("The operator was created. Look through its settings next."))
        return HttpResponseRedirect(reverse("operator", args=made), status=303)
    return render(request, "web/staff/operator_new.html", {"form": form}, status=REFUSED)
