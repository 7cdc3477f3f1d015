"""The components, as tags and filters: ``{% load abono %}``. Every one is shown in all its states on /styleguide."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from abono.interfaces.web import formats, refusing
from abono.interfaces.web.icons import icon as drawn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from decimal import Decimal

    from django.forms import BaseForm, BoundField
    from django.http import QueryDict
    from django.template.context import Context
    from django.utils.functional import _StrPromise

    from abono.base.refusal import Refusal
    from abono.features.access.queries import Membership
    from abono.interfaces.web.charts import Chart
    from abono.kernel.errors import InvalidValue

register = template.Library()

STATES: dict[str, tuple[str, _StrPromise]] = {
    "active": ("good", _("Active")),
    "trial": ("info", _("Trial")),
    "pending": ("waiting", _("Pending")),
    "suspended": ("stopped", _("Suspended")),
    "ended": ("ended", _("Ended")),
}
"""The tone and the word of every state of a subscription."""
PAUSED = ("waiting", _("Paused"))
"""The same of what is suspended for no other reason than its subscriber's wish."""
REASONS: dict[str, _StrPromise] = {
    "funds": _("funds"),
    "customer": _("pause"),
    "staff": _("staff block"),
    "vendor": _("vendor refusal"),
    "parent": _("parent block"),
}
"""The word of every reason why one is suspended."""
KINDS: dict[str, _StrPromise] = {
    "administrator": _("Administrator"),
    "accountant": _("Accountant"),
    "manager": _("Manager"),
    "auditor": _("Auditor"),
    "subscriber": _("Subscriber"),
    "agent": _("Agent"),
}
"""The word of every role, and of the kinds that have none."""


# ---- Filters: plain text, for cells, sentences and attributes. None is an empty text.


@register.filter
def amount(minor: int | None, currency: str) -> str:
    """Minor units with the currency: ``{{ row.balance|amount:row.currency }}``."""
    return "" if minor is None else formats.amount(minor, currency)


@register.filter
def bare_amount(minor: int | None, currency: str) -> str:
    """Minor units without the currency, for a column whose head names it."""
    return "" if minor is None else formats.bare_amount(minor, currency)


@register.filter
def signed_amount(minor: int | None, currency: str) -> str:
    """A movement without the currency, with its sign."""
    return "" if minor is None else formats.signed_amount(minor, currency)


@register.filter
def number(value: int | Decimal | None) -> str:
    """A count or a quantity in the active language."""
    return "" if value is None else formats.number(value)


@register.filter
def day(moment: date | datetime | None, style: formats.DayStyle = "medium") -> str:
    """A day: medium, ``long`` or ``brief`` (without the year); of an instant, the one in the active zone."""
    return "" if moment is None else formats.day(moment, style)


@register.filter
def instant(moment: datetime | None, zone: str = "") -> str:
    """A day and the time of day in the active zone, or in the one that is named."""
    return "" if moment is None else formats.instant(moment, zone)


@register.filter
def period(starts: date | datetime | None, ends: date | datetime | None) -> str:
    """Half-open days as people read them: ``{{ row.starts_on|period:row.ends_on }}``; an end of None is open."""
    return "" if starts is None else formats.period(starts, ends)


@register.filter
def role_word(membership: Membership) -> str:
    """What somebody is by a membership: the role, or the kind."""
    return str(KINDS[membership.role or membership.kind])


@register.filter
def told(refusal: Refusal | InvalidValue) -> str:
    """The sentence of a refusal."""
    return refusing.told(refusal)


# ---- Small marks


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing beside a word."""
    return drawn(name)


@register.simple_tag
def badge(tone: str, text: str, shape: str = "") -> SafeString:
    """A word in the colour of a tone: good, waiting, stopped, ended or info."""
    return _repeated("badge", get_language(), tone=tone, text=text, shape=shape or tone if tone != "ended" else "flat")


@register.simple_tag
def state(name: str, reasons: Iterable[str] = (), until: date | None = None) -> SafeString:
    """The state of a subscription and why it is suspended: ``{% state row.state row.reasons row.paused_until %}``.

    What its subscriber has stopped and nothing else holds is paused, until a day if one is set.
    """
    tone, word = STATES[name]
    said = tuple(str(REASONS[each]) for each in reasons)
    if tuple(reasons) == ("customer",):
        tone, word = PAUSED
        said = (gettext("until %(day)s") % {"day": formats.day(until)},) if until else ()
    return _repeated("state", get_language(), shape=name, tone=tone, word=word, reasons=said)


@register.simple_tag
def copy(value: str, label: str = "") -> SafeString:
    """A value that is often needed elsewhere, with a button that copies it."""
    return _component("copy", value=value, label=label)


@register.simple_tag(takes_context=True)
def form_key(context: Context) -> SafeString:
    """The hidden idempotency key: a new one for a new form, the same one when a form comes back."""
    request = context.get("request")
    sent = request.POST.get("key", "") if request else ""
    return _component("form_key", key=sent or str(uuid4()))


# ---- Parts of a page


@register.simple_block_tag
def pagehead(content: str, title: str, lead: str = "", back: str = "", back_label: str = "") -> SafeString:
    """The head of a page; between the tags stands its one main action, and lesser ones before it."""
    return _component("pagehead", actions=_trimmed(content), title=title, lead=lead, back=back, back_label=back_label)


@register.simple_tag
def tile(  # noqa: PLR0913 -- each says one thing about the figure
    label: str,
    value: str,
    *,
    definition: str = "",
    trend: str = "",
    direction: str = "flat",
    tone: str = "",
    href: str = "",
    note: str = "",
) -> SafeString:
    """A figure. ``trend`` is its change as text, ``direction`` up, down or flat, ``tone`` good or stopped."""
    return _component(
        "tile",
        id=f"tile-{uuid4().hex[:8]}",
        label=label,
        value=value,
        definition=definition,
        trend=trend,
        direction=direction,
        tone=tone,
        href=href,
        note=note,
    )


@register.simple_block_tag
def tiles(content: str) -> SafeString:
    """A row of figures."""
    return _component("tiles", content=content)


@register.simple_block_tag
def panel(content: str, title: str = "", href: str = "", href_label: str = "", tone: str = "") -> SafeString:
    """A part of a page with a heading and, where there is more, a link to all of it."""
    return _component("panel", content=content, title=title, href=href, href_label=href_label, tone=tone)


@register.simple_block_tag
def notice(content: str, tone: str = "info", title: str = "") -> SafeString:
    """Something to know before going on."""
    return _component("notice", content=content, tone=tone, title=title)


@register.simple_block_tag
def facts(content: str) -> SafeString:
    """A list of facts: ``{% facts %}{% fact _("Number") %}1001{% endfact %}{% endfacts %}``."""
    return _component("facts", content=content)


@register.simple_block_tag
def fact(content: str, label: str, kind: str = "") -> SafeString:
    """One fact of a list; ``kind`` "number" aligns figures."""
    return _component("fact", content=content, label=label, kind=kind)


@register.simple_tag
def timeline(events: Iterable[Any]) -> SafeString:
    """What happened, newest first. Events have at (an instant), title, and may have text, actor, tone and href."""
    return _component("timeline", events=events)


@register.simple_tag
def progress(done: int, total: int, label: str, *, failed: int = 0, note: str = "") -> SafeString:
    """How far a run is, in real counts."""
    return _component("progress", done=done, total=total, label=label, failed=failed, note=note)


@register.simple_tag
def quota(shown: Any) -> SafeString:
    """A quota with its bar (see abono.interfaces.web.quotas)."""
    return _component("quota", shown=shown)


@register.simple_tag
def preview(shown: Any, title: str = "") -> SafeString:
    """What would happen to the account, worked out by the engine (a Preview)."""
    return _component("preview", preview=shown, title=title)


@register.simple_tag
def chart(made: Chart) -> SafeString:
    """A chart made by abono.interfaces.web.charts, with the table of its numbers."""
    return _component("chart", chart=made, id=f"chart-{uuid4().hex[:8]}")


@register.simple_block_tag
def empty(content: str, title: str, text: str = "") -> SafeString:
    """Nothing is here yet: what to do first; between the tags stands the action."""
    return _component("empty", action=_trimmed(content), title=title, text=text)


@register.simple_tag
def tabs(items: Iterable[Any], label: str) -> SafeString:
    """Views of the same thing: items have label, url and current, and may have a count."""
    return _component("tabs", items=items, label=label)


# ---- Tables


@register.simple_block_tag(takes_context=True)
def datatable(
    context: Context,
    content: str,
    caption: str,
    page: Any = None,
    csv: str = "",
    wide: bool = False,  # noqa: FBT001, FBT002 -- a template says wide=True
) -> SafeString:
    """A table around its thead, tbody and tfoot; on a narrow screen every row is a card of labelled cells.

    Cells carry ``data-label``. ``page`` (a Page) brings the links of paging, ``csv`` the address of the same as a file,
    ``wide`` less room between many columns.
    """
    values = {"content": content, "caption": caption, "csv": csv, "wide": wide, **_paging(context, page)}
    return _component("table", **values)


@register.simple_tag(takes_context=True)
def sort_head(context: Context, label: str, by: str, kind: str = "") -> SafeString:
    """The head of a column by which the table can be sorted: ``?sort=name`` or ``?sort=-name``."""
    now = context["request"].GET.get("sort", "")
    order = {by: "ascending", f"-{by}": "descending"}.get(now, "")
    url = _with(context, sort=f"-{by}" if now == by else by, after=None)
    return _component("sort_head", label=label, kind=kind, order=order, url=url)


@register.simple_block_tag(takes_context=True)
def filterbar(context: Context, content: str, label: str = "") -> SafeString:
    """The form above a table; what is chosen stands in the address, so that a view can be kept and sent."""
    request = context["request"]
    used = any(value for name, value in request.GET.items() if name not in {"after", "sort"})
    return _component(
        "filterbar", content=content, label=label, reset=request.path if used else "", sort=request.GET.get("sort", "")
    )


@register.simple_tag(takes_context=True)
def paging(context: Context, page: Any) -> SafeString:
    """The links of keyset paging, for lists that are no table."""
    return _component("paging", **_paging(context, page))


# ---- Forms


@register.simple_tag
def field(bound: BoundField, *, prefix: str = "", suffix: str = "") -> SafeString:
    """A field of a Django form with its label, help and errors; what was typed is kept."""
    kind = getattr(bound.field.widget, "input_type", "") or ("textarea" if _is_long(bound) else "select")
    return _component("field", field=bound, kind=kind, prefix=prefix, suffix=suffix)


@register.simple_tag(takes_context=True)
def fields(context: Context, form: BaseForm) -> SafeString:
    """All fields of a form, with what is wrong with all of it above. Labels say it; no placeholder repeats them."""
    for each in form.fields.values():
        each.widget.attrs.pop("placeholder", None)
    return _component("fields", form=form, request=context.get("request"))


@register.simple_tag
def kept(form: BaseForm) -> SafeString:
    """What was filled into a form that was sent, to be sent on unseen."""
    sent = cast("QueryDict", form.data)
    values = ((name, value) for name in form.fields for value in sent.getlist(name))
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', values)


@register.simple_tag(takes_context=True)
def problems(context: Context, form: BaseForm) -> SafeString:
    """What is wrong with a form, with links to its fields; in a refused form it gets the focus."""
    request = context.get("request")
    return _component("problems", form=form, came=request is not None and request.method == "POST")


def _is_long(bound: BoundField) -> bool:
    return bound.widget_type == "textarea"


def _trimmed(content: str) -> SafeString:
    return mark_safe(content.strip())  # noqa: S308 -- rendered by the engine, escaped there


def _component(name: str, /, **values: Any) -> SafeString:
    return render_to_string(f"web/components/{name}.html", values)


@lru_cache(maxsize=1_000)
def _repeated(name: str, language: str | None, /, **values: Any) -> SafeString:  # noqa: ARG001 -- the words of one language
    """What stands in many rows of a list is drawn once."""
    return _component(name, **values)


def _with(context: Context, **changes: str | int | None) -> str:
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return f"?{query.urlencode()}"


def _paging(context: Context, page: Any) -> dict[str, str]:
    further = getattr(page, "next", None)
    began = context["request"].GET.get("after") if page is not None else None
    return {
        "first_url": _with(context, after=None) if began else "",
        "next_url": _with(context, after=further) if further else "",
    }
