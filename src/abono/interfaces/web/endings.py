"""What ends with the right or the key of whoever made it, as a page says before it is done."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from abono.base.refusal import Refusal
from abono.features.access.foreign import withdraw_foreign_moves
from abono.features.billing.parents import Ending
from abono.features.webhooks.makers import switch_off_foreign

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def told_endings(ending: Ending) -> list[str]:
    """A sentence for each kind of thing that ends."""
    told = (
        (_("These people are no longer let in there: %(names)s."), ending.people),
        (_("These people stay, though who let them in has no place there any more: %(names)s."), ending.staying),
        (_("These API keys stop: %(names)s."), ending.keys),
        (_("These invitations are taken back: %(names)s."), ending.invitations),
        (_("These webhooks are switched off: %(names)s."), ending.webhooks),
        (_("These moves, which wait, are withdrawn: %(names)s."), ending.moves),
    )
    return [text % {"names": ", ".join(names)} for text, names in told if names]


def endings_of(deed: Callable[[], object], *, now: datetime) -> list[str]:
    """Sentences of the webhooks and moves that would end if something was done; nothing is written.

    Nothing would end by what is refused.
    """
    told: list[str] = []
    with transaction.atomic():
        _end(now)  # what has lost its maker before, and waits for the minute
        with suppress(Refusal):
            deed()
            told = told_endings(_end(now))
        transaction.set_rollback(True)
    return told


def _end(now: datetime) -> Ending:
    return Ending((), (), (), (), switch_off_foreign(now=now), withdraw_foreign_moves(now=now))
