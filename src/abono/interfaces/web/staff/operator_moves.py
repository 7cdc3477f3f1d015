"""Moving an operator, and blocking it: what it changes is shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abono.features.billing import parents
from abono.features.catalogue.offers import offers_of
from abono.features.catalogue.queries import prices_of_versions
from abono.features.operators import moves, tree
from abono.features.operators.access import find_below, find_operator, list_nodes
from abono.features.subscriptions.counts import counts_by_version
from abono.interfaces.web import formats
from abono.interfaces.web.asking import Shown, mark_of
from abono.interfaces.web.endings import told_endings
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import DayField
from abono.interfaces.web.refusing import CHANGED, REFUSED, tried
from abono.interfaces.web.staff.operators import blocking, with_below
from abono.interfaces.web.templatetags.catalogue import price

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from django.http import HttpResponse

    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

_AT_ONCE = 5
"""So many slices are done while the person waits; the rest is done within a minute."""


class MoveForm(forms.Form):
    """Where to, and from when on."""

    parent = forms.TypedChoiceField(label=gettext_lazy("Move below"), coerce=int)
    valid_from = DayField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("At midnight in the operator's time zone. Leave it empty to move it now."),
    )

    def __init__(self, person: Person, without: Collection[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        offer_operators(self, "parent", person, without)


@page(
    "operators/<int:operator>/move/",
    name="operator_move",
    kinds=STAFF,
    right="operator.change",
    methods=("GET", "POST"),
)
def operator_move(request: PersonRequest, operator: int) -> HttpResponse:
    """Choose a place, see what changes, confirm."""
    person = request.person
    moved = find_below(person, operator, "operator.change")
    below = {each.id for each in with_below(list_nodes(person), operator)}
    form = MoveForm(person, below, data=request.POST or None)
    status = REFUSED
    if request.method != "POST" or request.POST.get("step") == "edit":
        status = 200
    elif form.is_valid():
        place = find_operator(person, form.cleaned_data["parent"], "operator.change")
        day = form.cleaned_data["valid_from"]
        changed = False
        if request.POST.get("confirm") == "yes":
            moves_as_shown = Shown(request, tree.lock_tree, lambda: _facts(request, moved, place, day))
            if tried(form, lambda: moves_as_shown.do(lambda: _move(request, moved, place, day))):
                if moves_as_shown.done:
                    parents.carry(request.now, operators=person.operators, most=_AT_ONCE)
                    return HttpResponseRedirect(reverse("operator", args=[operator]), status=303)
                changed = True
        if not form.errors and tried(form, lambda: _would_move(request, moved, place, day)):
            return _confirm(request, _shown(request, moved, place, day, len(below)), changed=changed)
    return render(request, "web/staff/operator_move.html", {"form": form, "seller": moved}, status=status)


def _move(request: PersonRequest, moved: Operator, place: Operator, day: date | None) -> None:
    person = request.person
    at_once = parents.move_operator(
        moved, place.id, valid_from=day, made_by=person.email or person.name, user=person.user, now=request.now
    )
    done = _("%(name)s stands below %(parent)s now.") if at_once else _("The move of %(name)s below %(parent)s waits.")
    messages.success(request, done % {"name": moved.name, "parent": place.name})


def _facts(request: PersonRequest, moved: Operator, place: Operator, day: date | None) -> tuple[object, ...]:
    """What a move is decided by; how many subscriptions there are moves on by itself."""
    node = tree.node(moved.id)
    ends = sorted(each.code for each in offers_of(moved.id) if each.ended_at is None)
    above = blocking(request.person, place.id)
    return (
        sorted(_subtree(request, moved.id)),
        node.parent_id,
        node.stopped,
        node.blocked_at,
        above,
        ends,
        place.id,
        day,
    )


def _would_move(request: PersonRequest, moved: Operator, place: Operator, day: date | None) -> None:
    """Everything that could refuse the move, and nothing written."""
    with transaction.atomic():
        parents.move_operator(moved, place.id, valid_from=day, made_by="", now=request.now)
        transaction.set_rollback(True)


def _shown(request: PersonRequest, moved: Operator, place: Operator, day: date | None, nodes: int) -> dict[str, object]:
    node, above = tree.node(moved.id), blocking(request.person, place.id)
    tally = parents.tallies(_subtree(request, moved.id)).values()
    going, stopped = sum(each.active for each in tally), sum(each.suspended for each in tally)
    changes = [
        ngettext(
            "%(number)s operator moves with its accounts.",
            "%(number)s operators move with their accounts.",
            nodes,
        )
        % {"number": formats.number(nodes)},
        _("From then on the people of %(parent)s, and of those above it, see and serve it.") % {"parent": place.name},
    ]
    if above and not node.stopped:
        changes.append(_stops(going) % {"number": formats.number(going), "name": above})
    if not above and node.stopped and node.blocked_at is None:
        changes.append(
            _("What is stopped by a block above is tried again: %(number)s subscriptions are suspended now.")
            % {"number": formats.number(stopped)}
        )
    ending = parents.ended_by_move(moved, place.id, now=request.now)
    changes += told_endings(ending)
    ends = [each.code for each in offers_of(moved.id) if each.ended_at is None]
    if ends:
        changes.append(_("It no longer sells these plans of its parent: %(plans)s.") % {"plans": ", ".join(ends)})
        changes += _going_on(moved, ends, request.now)
    return {
        "title": _("Move %(name)s below %(parent)s") % {"name": moved.name, "parent": place.name},
        "lead": _("On %(day)s at midnight") % {"day": formats.day(day)} if day else _("Now"),
        "changes": changes,
        "confirm": _("Move"),
        "back": reverse("operator_move", args=[moved.id]),
        "mark": mark_of(_facts(request, moved, place, day)),
        "hidden": [("parent", request.POST["parent"]), ("valid_from", day.isoformat() if day else "")],
    }


def _going_on(moved: Operator, codes: Collection[str], now: datetime) -> list[str]:
    """What subscriptions to plans that are sold no more cost today, and will until another price is set."""
    today, told = moved.day(now), []
    for code in codes:
        versions = prices_of_versions(moved.id, code)
        for version, number in counts_by_version(moved.id, code).items():
            counts = next(each.price for each in versions[version] if each.valid_from <= today)
            cost = _("the sum of its services") if counts is None else price(counts, moved.currency)
            told.append(f"{code}: {cost} ({formats.number(number)})")
    if not told:
        return []
    text = _("Subscriptions to them go on at these prices, until others are set on the page of the plan: %(prices)s.")
    return [text % {"prices": "; ".join(told)}]


def _stops(going: int) -> str:
    return ngettext(
        "%(name)s is blocked: %(number)s subscription stops.",
        "%(name)s is blocked: %(number)s subscriptions stop.",
        going,
    )


def _subtree(request: PersonRequest, operator: int) -> list[int]:
    return [each.id for each in with_below(list_nodes(request.person), operator)]


@page(
    "operators/<int:operator>/moves/<int:move>/withdraw/",
    name="operator_move_withdraw",
    kinds=STAFF,
    right="operator.change",
    methods=("POST",),
)
def operator_move_withdraw(request: PersonRequest, operator: int, move: int) -> HttpResponse:
    """Take back a move that waits."""
    moved = find_below(request.person, operator, "operator.change")
    with transaction.atomic():
        moves.withdraw_move(moved, move, now=request.now)
    messages.success(request, _("The move was withdrawn."))
    return HttpResponseRedirect(reverse("operator", args=[operator]), status=303)


@page(
    "operators/<int:operator>/block/",
    name="operator_block",
    kinds=STAFF,
    right="operator.block",
    methods=("GET", "POST"),
)
def operator_block(request: PersonRequest, operator: int) -> HttpResponse:
    """Say how many subscriptions stop, then block."""
    blocked = find_below(request.person, operator, "operator.block")
    shown = Shown(request, tree.lock_tree, lambda: _blocking_facts(request, operator))
    if request.method == "POST":
        shown.do(lambda: parents.block_operator(blocked, by=request.person.operator, now=request.now))
        if shown.done:
            return _carried(request, blocked, _("%(name)s is blocked.") % {"name": blocked.name})
    subtree = _subtree(request, operator)
    found = parents.tallies(subtree).values()
    going, accounts = sum(each.active for each in found), sum(each.accounts for each in found)
    values = {
        "title": _("Block %(name)s") % {"name": blocked.name},
        "lead": _("Nothing is ended or given back: when the block is lifted, everything goes on where it stood."),
        "changes": [
            ngettext("%(number)s subscription stops.", "%(number)s subscriptions stop.", going)
            % {"number": formats.number(going)},
            ngettext("%(number)s account is concerned.", "%(number)s accounts are concerned.", accounts)
            % {"number": formats.number(accounts)},
            ngettext("It is %(number)s operator.", "It is %(number)s operators, one below another.", len(subtree))
            % {"number": formats.number(len(subtree))},
            _("Nothing is charged, and nothing new is sold, until the block is lifted."),
            _("Paid days run on: what has run out by then is charged again at the return."),
        ],
        "confirm": _("Block"),
        "danger": True,
        "back": reverse("operator", args=[operator]),
        "mark": shown.mark,
    }
    return _confirm(request, values, changed=request.method == "POST")


@page(
    "operators/<int:operator>/unblock/",
    name="operator_unblock",
    kinds=STAFF,
    right="operator.block",
    methods=("GET", "POST"),
)
def operator_unblock(request: PersonRequest, operator: int) -> HttpResponse:
    """Say what goes on, then lift the block."""
    blocked = find_below(request.person, operator, "operator.block")
    shown = Shown(request, tree.lock_tree, lambda: _blocking_facts(request, operator))
    if request.method == "POST":
        shown.do(lambda: parents.unblock_operator(blocked, by=request.person.operator, now=request.now))
        if shown.done:
            return _carried(request, blocked, _("The block of %(name)s is lifted.") % {"name": blocked.name})
    parent = tree.node(operator).parent_id
    above = "" if parent is None else blocking(request.person, parent)
    changes = (
        [_("%(name)s above it is blocked as well: everything stays stopped until that is lifted.") % {"name": above}]
        if above
        else [
            _("What is paid goes on where it stood."),
            _("What has run out meanwhile is charged by its plan's rules; where money is missing, it waits for it."),
            _("What is stopped for another reason stays stopped."),
        ]
    )
    values = {
        "title": _("Lift the block of %(name)s") % {"name": blocked.name},
        "changes": changes,
        "confirm": _("Lift the block"),
        "back": reverse("operator", args=[operator]),
        "mark": shown.mark,
    }
    return _confirm(request, values, changed=request.method == "POST")


def _blocking_facts(request: PersonRequest, operator: int) -> tuple[object, ...]:
    """What a block and its end are decided by: all that stand below, and whether one above is blocked as well."""
    parent = tree.node(operator).parent_id
    return sorted(_subtree(request, operator)), None if parent is None else blocking(request.person, parent)


def _confirm(request: PersonRequest, values: Mapping[str, object], *, changed: bool) -> HttpResponse:
    """The page that is confirmed; once more, if something else would be done than was shown."""
    status = CHANGED if changed else 200
    return render(request, "web/staff/operator_confirm.html", {**values, "changed": changed}, status=status)


def _carried(request: PersonRequest, operator: Operator, done: str) -> HttpResponse:
    parents.carry(request.now, operators=request.person.operators, most=_AT_ONCE)
    messages.success(request, done)
    if tree.uncarried(_subtree(request, operator.id)):
        messages.info(request, _("There are many subscriptions: the rest follows within minutes. You may leave."))
    return HttpResponseRedirect(reverse("operator", args=[operator.id]), status=303)
