"""The icons, drawn on a grid of 16 in the colour of the text; always beside a word, never instead of one."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_DISC = '<circle cx="8" cy="8" r="5" {}/>'
_FILLED = 'fill="currentColor" stroke="none"'

SHAPES = {
    "active": _DISC.format(_FILLED),
    "trial": f'{_DISC.format("")}<path d="M8 3a5 5 0 0 1 0 10z" {_FILLED}/>',
    "pending": '<circle cx="8" cy="8" r="5" stroke-dasharray="2.6 2.6"/>',
    "suspended": f'<path d="M4.5 3.5h2.5v9h-2.5zM9 3.5h2.5v9h-2.5z" {_FILLED}/>',
    "ended": '<path d="M4.5 4.5l7 7M11.5 4.5l-7 7"/>',
    "good": '<path d="M3 8.5l3.5 3.5 6.5-7.5"/>',
    "waiting": f"{_DISC.format('')}<path d='M8 5v3.2l2 1.3'/>",
    "stopped": '<path d="M8 2.5l6 10.5h-12zM8 6.5v3M8 11.2v.3"/>',
    "info": f"{_DISC.format('')}<path d='M8 7.4v3.2M8 5.2v.3'/>",
    "up": '<path d="M8 12.5v-9M4 7.5l4-4 4 4"/>',
    "down": '<path d="M8 3.5v9M4 8.5l4 4 4-4"/>',
    "flat": '<path d="M3 8h10"/>',
    "search": '<circle cx="7" cy="7" r="4"/><path d="M10 10l3.5 3.5"/>',
    "menu": '<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>',
    "person": '<circle cx="8" cy="5.5" r="2.7"/><path d="M2.8 13.5c.6-2.8 2.6-4 5.2-4s4.6 1.2 5.2 4"/>',
    "copy": '<path d="M5.5 5.5v-3h8v8h-3"/><path d="M2.5 5.5h8v8h-8z"/>',
    "close": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "back": '<path d="M9.5 3.5l-4.5 4.5 4.5 4.5"/>',
    "next": '<path d="M6.5 3.5l4.5 4.5-4.5 4.5"/>',
    "download": '<path d="M8 2.5v7.5M4.5 7l3.5 3.5 3.5-3.5M3 13.5h10"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
}


def icon(name: str) -> SafeString:
    """The drawing; hidden from screen readers, for the word beside it says the same."""
    shape = mark_safe(SHAPES[name])  # noqa: S308 -- one of our own
    return format_html('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>', shape)
