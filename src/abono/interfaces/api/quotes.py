"""Quotes: what prices, periods, terms, shares and taxes come to, without an account."""

from typing import Annotated, Any

from ninja import Body as FromBody
from pydantic import Field, RootModel

from abono.interfaces.api.calls import Call, endpoint
from abono.kernel.quotes import quote as answer_to


class Quote(RootModel[dict[str, Any]]):
    """What is asked, or answered, as ``abono quote`` has it."""

    root: Annotated[
        dict[str, Any],
        Field(
            description="`quote` names what is asked; the other fields follow from it.",
            examples=[{"quote": "tax", "amount": "119.00", "rate": "19"}],
        ),
    ]


class QuoteAnswer(RootModel[dict[str, Any]]):
    """What a quote is answered; the fields follow from what was asked."""

    root: Annotated[dict[str, Any], Field(examples=[{"net": "100.00", "tax": "19.00", "gross": "119.00"}])]


@endpoint("POST", "/quote", right="", tag="Quotes", answer=QuoteAnswer, writes=False)
def quote(request: Call, body: Annotated[Quote, FromBody()]) -> QuoteAnswer:
    """Work out a price, periods, charges, a term, a share or a tax.

    The contract of `abono quote`: `price`, `periods`, `charges`, `term`, `share` and `tax`. Nothing is written and no
    account is needed.
    """
    return QuoteAnswer(answer_to(body.root))
