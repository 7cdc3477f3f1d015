"""What people write, as a request that an operation judges: the rules are the kernel's (``texts``, ``fields``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, ParamSpec

from abono.base.refusal import InvalidRequest
from abono.kernel import fields, texts
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def _asked(read: Callable[Concatenate[str, str, P], str]) -> Callable[Concatenate[str, str, P], str]:
    """The kernel's reader of a text and the name of its field, whose refusal is that of a request."""

    def reader(text: str, field: str, /, *limits: P.args, **more: P.kwargs) -> str:
        try:
            return read(text, field, *limits, **more)
        except InvalidValue as error:
            raise InvalidRequest(error.message, field=field, code=error.code) from None

    return reader


one_line = _asked(texts.one_line)
label = _asked(texts.label)
paragraphs = _asked(texts.paragraphs)
language = _asked(fields.language)
