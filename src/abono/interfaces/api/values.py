"""The values of requests and answers: amounts, days, instants, codes, and the pages of lists."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    Strict,
)
from pydantic_core import CoreSchema, PydanticCustomError

from abono.kernel.errors import InvalidValue
from abono.kernel.fields import plausible_instant, working_day

T = TypeVar("T")
BIGGEST = 2**63 - 1
_TEXT = r"^[^\x00-\x1f\x7f-\x9f]*$"
_LOCALE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
_CURRENCY = r"^[A-Z]{3}$"
_CURSOR = r"^[A-Za-z0-9_=-]+$"
_AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$"
_POSITIVE = r"^[0-9]{1,15}(\.[0-9]{1,4})?$"
_PRICE = r"^[0-9]{1,15}(\.[0-9]{1,8})?$"
_QUANTITY = r"^[0-9]{1,10}(\.[0-9]{1,6})?$"
FORMS = {
    _TEXT: "Write one line of text, without control characters.",
    _LOCALE: "Write a language as its code, such as de.",
    _CURRENCY: "Write the currency as its three capital letters, such as EUR.",
    _CURSOR: "This page is not known; begin with the first page of the list.",
    _AMOUNT: 'Write the amount as a decimal number in quotes, such as "70.00".',
    _POSITIVE: 'Write the amount as a decimal number in quotes, 0 or more, such as "50.00".',
    _PRICE: 'Write the price as a decimal number in quotes, 0 or more, such as "9.90".',
    _QUANTITY: 'Write the quantity as a decimal number in quotes, 0 or more, such as "1".',
}
"""What to do about a text that has not the form of its field, by the pattern of the form."""


class Body(BaseModel):
    """What a call sends: every field is known, or the call is refused."""

    model_config = ConfigDict(extra="forbid")


_LIMITS = frozenset({"pattern", "min_length", "max_length", "ge", "gt", "le", "lt", "multiple_of"})


def _unlimited(schema: Any, kind: type[BaseModel]) -> Any:
    """A core schema without limits; other models in it see to their own."""
    if isinstance(schema, list):
        return [_unlimited(each, kind) for each in schema]
    if not isinstance(schema, dict) or schema.get("cls", kind) is not kind:
        return schema
    return {
        name: {each: _unlimited(part, kind) for each, part in value.items()}
        if name == "fields" and isinstance(value, dict)
        else _unlimited(value, kind)
        for name, value in schema.items()
        if name not in _LIMITS
    }


class Answer(BaseModel):
    """What a call is answered: whatever is stored. What limits a field of a call limits none of an answer."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """The library's schema without the limits of values."""
        unlimited: CoreSchema = _unlimited(handler(source), cls)
        return unlimited


def judged(read: Callable[[Any, str], T]) -> Callable[[Any], T]:
    """One of the kernel's readers as a validator: its code and its sentence are what the caller is told."""

    def validate(value: Any) -> T:
        try:
            return read(value, "")
        except InvalidValue as error:
            raise PydanticCustomError(error.code, "{message}", {"message": error.message}) from None

    return validate


def _day(value: object, field: str) -> object:
    return value if isinstance(value, date) else working_day(value, field)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Id = Annotated[int, Field(ge=1, le=BIGGEST, description="The number that Abono gave it.", examples=[1024])]
Key = Annotated[UUID, Field(examples=["019b7715-7e88-7f60-8a52-41d5ce1f5c6f"])]
Code = Annotated[str, Field(min_length=1, max_length=60, pattern=_TEXT, examples=["av-month"])]
Text = Annotated[str, Field(max_length=200, pattern=_TEXT, examples=["Bank transfer 4711"])]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_TEXT, examples=["Ivanov & Sons"])]
Number = Annotated[str, Field(min_length=1, max_length=40, pattern=_TEXT, examples=["100200"])]
Unit = Annotated[str, Field(max_length=100, pattern=_TEXT, examples=["Camera 7"])]
Locale = Annotated[str, Field(max_length=20, pattern=_LOCALE, examples=["de"])]
Currency = Annotated[str, Field(pattern=_CURRENCY, description="ISO 4217.", examples=["EUR"])]
Search = Annotated[str, Field(max_length=100, pattern=_TEXT, examples=["ivanov"])]
Cursor = Annotated[str, Field(min_length=1, max_length=500, pattern=_CURSOR, examples=["WyIxIiwiMTAyNCJd"])]

Amount = Annotated[
    str,
    Field(
        pattern=_AMOUNT,
        description="A decimal string in the account's currency.",
        examples=["70.00"],
    ),
]
Positive = Annotated[
    str,
    Field(
        pattern=_POSITIVE,
        description="A decimal string in the account's currency, 0 or more.",
        examples=["50.00"],
    ),
]
Price = Annotated[
    str,
    Field(pattern=_PRICE, description="An exact decimal string.", examples=["9.90"]),
]
Quantity = Annotated[
    str,
    Field(pattern=_QUANTITY, description="A decimal string above 0.", examples=["1"]),
]
Whole = Annotated[int, Strict()]
GivenId = Annotated[Id, Strict()]
"""An id in a body, where `true` is no 1."""
Flag = Annotated[bool, Strict()]
Day = Annotated[
    date,
    BeforeValidator(judged(_day)),
    Field(description="A civil day in the operator's time zone.", examples=["2026-02-01"]),
]
Instant = Annotated[
    datetime,
    PlainSerializer(_utc, return_type=str, when_used="json"),
    Field(description="RFC 3339, UTC.", examples=["2026-01-31T21:00:00Z"]),
]
GivenInstant = Annotated[AwareDatetime, AfterValidator(judged(plausible_instant))]
"""An instant in a call, on a day that a civil day may be."""


class Paging(BaseModel):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many at most; CSV has 10,000 a page.")] = 50
    after: Annotated[Cursor | None, Field(description="Where to go on: `next` of the page before.")] = None


def plain(value: Any) -> str:
    """A quantity or price without trailing zeros."""
    return f"{value.normalize():f}"
