"""What a call may take of an account, or has to bring to it: bounds beside what is asked for."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from abono.features.billing.limits import within
from abono.interfaces.api.values import Body, Positive
from abono.kernel.money import parse_amount

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class AtMost(Body):
    """Something that may take money at once."""

    at_most: Annotated[
        Positive | None,
        Field(
            description="What it may take of the balance at once, all that follows included; more is refused "
            "`amount_changed`, and nothing changes.",
            examples=["50.00"],
        ),
    ] = None


class Bounded(AtMost):
    """Something that may take money at once, or bring some back."""

    at_least: Annotated[
        Positive | None,
        Field(
            description="What it has to bring to the balance at once; less is refused `amount_changed`, and nothing "
            "changes.",
            examples=[None],
        ),
    ] = None


def bounded(account: int, currency: str, body: AtMost, key: str | None) -> AbstractContextManager[None]:
    """Inside, the account is held and what exceeds the bounds is refused; without bounds nothing is judged."""
    given = {name: getattr(body, name, None) for name in ("at_most", "at_least")}
    if not any(given.values()):
        return nullcontext()
    most, least = (None if text is None else parse_amount(text, currency, name) for name, text in given.items())
    return within(account, at_most=most, at_least=least, key=key)
