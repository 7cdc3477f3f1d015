"""Every "no" and every failure as ``application/problem+json`` (RFC 9457); here alone a refusal gets its status."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from abono.base.database import is_away
from abono.base.refusal import Refusal
from abono.features.billing.limits import AmountChanged
from abono.features.ledger.operations import InsufficientFunds
from abono.interfaces.api.values import FORMS
from abono.kernel.errors import InvalidValue
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"

STATUS = {
    "unauthorized": 401,
    "insufficient_funds": 402,
    "forbidden": 403,
    "not_found": 404,
    "key_conflict": 409,
    "amount_changed": 409,
    "subscription_ended": 409,
    "subscription_ending": 409,
    "subscription_suspended": 409,
    "quota_exceeded": 409,
    "reservation_closed": 409,
    "not_paused": 409,
    "balance_limit": 409,
    "pause_not_allowed": 409,
    "grant_active": 409,
    "already_reversed": 409,
    "currency_mismatch": 409,
    "period_closed": 409,
    "operator_blocked": 409,
    "operator_in_use": 409,
    "not_above": 409,
    "too_many_moves": 409,
    "blocked_from_above": 409,
    "not_parent": 409,
    "offered_plan": 409,
    "tree_cycle": 409,
    "too_many_operators": 422,
    "too_many_plans": 422,
    "move_waits": 409,
    "domain_taken": 409,
    "run_not_failed": 409,
    "endpoint_disabled": 409,
    "too_many_endpoints": 409,
    "test_waits": 409,
    "not_whole": 409,
    "last_administrator": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "required": 422,
    "invalid": 422,
    "out_of_range": 422,
    "unknown_field": 422,
    "too_many_requests": 429,
    "forecast_running": 429,
    "too_many_answers": 429,
    "too_many_forecasts": 429,
    "too_many_invitations": 429,
    "busy": 503,
    "clock_leapt": 503,
}
"""Beside these, ``duplicate_…`` is 409, ``unknown_…`` is 404 in the address and 422 in the body, the rest is 422."""

_OF_STATUS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    500: "internal_error",
    503: "unavailable",
}
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "union_tag_not_found": "required",
    **dict.fromkeys(
        (
            "greater_than", "greater_than_equal", "less_than", "less_than_equal", "string_too_long",
            "string_too_short", "too_long", "too_short", "out_of_range",
        ),
        "out_of_range",
    ),
}  # fmt: skip
_OUT_OF_RANGE = "22003"
_INSTANT = "Write the instant with its offset, such as 2026-02-01T00:00:00Z."
_SENTENCES = {
    "missing": "Give a value for `{field}`.",
    "extra_forbidden": "Remove this field; it is not known here.",
    "string_type": "Write it as text, in quotes.",
    "bool_type": "Write true or false, without quotes.",
    "literal_error": "Write one of {expected}.",
    "list_type": "Send a list.",
    "greater_than": "Write more than {gt}.",
    "greater_than_equal": "Write {ge} or more.",
    "less_than": "Write less than {lt}.",
    "less_than_equal": "Write {le} or less.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_too_short": "Write at least {min_length} characters.",
    "too_long": "Send at most {max_length} of them.",
    "too_short": "Send at least {min_length} of them.",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "Write a whole number."),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "Send an object with named fields."),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), "Write the id as Abono gave it, such as {example}."),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"), _INSTANT
    ),
}
"""What to do about a value, by the kind of its error; the library's own sentences speak to programmers."""
_EXAMPLE = "019b7715-7e88-7f60-8a52-41d5ce1f5c6f"


class FieldProblem(BaseModel):
    """One field that is to blame."""

    field: Annotated[str, Field(description="The dotted path of the field.", examples=["amount"])]
    code: Annotated[str, Field(examples=["required"])]
    detail: Annotated[str, Field(examples=["Give a value for `amount`."])]


class Problem(BaseModel):
    """Why a call was refused, or failed (RFC 9457). Programs rely on ``code``; ``detail`` is for people."""

    type: Annotated[
        str, Field(description="Where the code is explained.", examples=["/api/v1/docs#insufficient_funds"])
    ]
    title: Annotated[str, Field(examples=["Payment Required"])]
    status: Annotated[int, Field(examples=[402])]
    detail: Annotated[str, Field(description="One sentence that says what to do.")]
    code: Annotated[str, Field(description="Stable; what programs branch on.", examples=["insufficient_funds"])]
    field: Annotated[str | None, Field(description="What of the request is to blame, if anything is.")] = None
    instance: Annotated[
        str, Field(description="This very call, also in `X-Request-Id`; name it when you ask for help.")
    ]
    short_by: Annotated[
        str | None, Field(description="How much money is missing, in the currency beside it.", examples=["12.30"])
    ] = None
    amount: Annotated[
        str | None, Field(description="What it would take, or bring, now: not what was allowed.", examples=["117.81"])
    ] = None
    limit: Annotated[
        str | None, Field(description="The `at_most` or `at_least` that was given.", examples=["23.80"])
    ] = None
    currency: Annotated[str | None, Field(description="Of the amounts: ISO 4217.", examples=["EUR"])] = None
    errors: Annotated[list[FieldProblem] | None, Field(description="All fields to blame, if several are.")] = None


def status_of(code: str, *, in_address: bool = False) -> int:
    """The status of a refusal; ``in_address`` if the field to blame is part of the address."""
    if code in STATUS:
        return STATUS[code]
    if code.startswith("duplicate_"):
        return 409
    return 404 if code.startswith("unknown_") and in_address else 422


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: str,
    field: str | None = None,
    **more: Any,
) -> HttpResponse:
    """The answer that tells of a problem."""
    told = Problem(
        type=f"/api/v1/docs#{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        field=field or None,
        instance=f"urn:uuid:{getattr(request, 'id', '')}",
        **more,
    )
    return HttpResponse(told.model_dump_json(exclude_none=True), status=status, content_type=MEDIA_TYPE)


def refused(request: HttpRequest, refusal: Refusal | InvalidValue) -> HttpResponse:
    """The answer to what an operation refuses."""
    address = request.resolver_match.kwargs if request.resolver_match else {}
    status = status_of(refusal.code, in_address=refusal.field in address)
    money = _money_of(refusal)
    errors = getattr(refusal, "errors", None)
    return problem(request, status, refusal.code, refusal.message, refusal.field, errors=errors, **money)


def _money_of(refusal: Refusal | InvalidValue) -> dict[str, str]:
    """The amounts that a refusal is about."""
    match refusal:
        case InsufficientFunds(missing=missing, currency=currency):
            return {"short_by": format_amount(missing, currency), "currency": currency}
        case AmountChanged(amount=amount, limit=limit, currency=currency):
            return {
                "amount": format_amount(amount, currency),
                "limit": format_amount(limit, currency),
                "currency": currency,
            }
    return {}


def unreadable(request: HttpRequest, invalid: ValidationError) -> HttpResponse:
    """The answer to fields that do not fit their schema; all are told, the first at the top."""
    errors = [_field_problem(error) for error in invalid.errors]
    first = errors[0]
    told = errors if errors[1:] else None
    return problem(request, status_of(first.code), first.code, first.detail, first.field, errors=told)


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    source, *path = (str(part) for part in error["loc"])
    if source == "body" and path[:1] == ["body"]:
        path = path[1:]
    field = ".".join(path)
    return FieldProblem(field=field, code=_CODES.get(error["type"], "invalid"), detail=_sentence(error, field))


def _sentence(error: Mapping[str, Any], field: str) -> str:
    """What to do about a value that does not fit its schema."""
    known = error.get("ctx") or {}
    if error["type"] == "string_pattern_mismatch":
        return FORMS.get(known["pattern"], "Write it in the form that /api/v1/docs shows for `{field}`.").format(
            field=field
        )
    if error["type"] in _SENTENCES:
        return _SENTENCES[error["type"]].format(**{**known, "field": field, "example": _EXAMPLE})
    told = str(error["msg"]).removeprefix("Value error, ")
    return f"{told[:1].upper()}{told[1:].removesuffix('.')}."


def of_status(request: HttpRequest, status: int) -> HttpResponse:
    """The answer where all that is known is a status."""
    sentences = {
        400: "The request cannot be read; send one JSON value in UTF-8, every field once.",
        404: "There is nothing at this address; see /api/v1/docs for those there are.",
        405: "This address does not know the method; the header Allow names those it knows.",
        413: "The request is too large; send less at once.",
        415: "Send the body as JSON, with the header `Content-Type: application/json`.",
        500: "Something failed on our side and nothing was written; ask again, and name the instance if it stays.",
        503: "The database does not answer, or the call took too long; nothing was written, ask again in a moment.",
    }
    known = HTTPStatus(status)
    code = _OF_STATUS.get(status, known.name.lower())
    return problem(request, status, code, sentences.get(status, known.description or known.phrase))


def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to a bug, or to a database that is away: nothing of it is told, all of it is logged."""
    got_request_exception.send(sender=problem, request=request)
    answer = of_status(request, 503 if is_away(error) else 500)
    if is_away(error):
        answer["Retry-After"] = "5"
    log_response("Internal Server Error", response=answer, request=request, exception=error)
    return answer


def answer_to(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to whatever a call raises."""
    match error:
        case Refusal() | InvalidValue():
            answer = refused(request, error)
        case ValidationError():
            answer = unreadable(request, error)
        case AuthenticationError():
            sentence = "Send the header `Authorization: Bearer abono_…` with a key that is valid; staff make keys."
            answer = problem(request, 401, "unauthorized", sentence)
            answer["WWW-Authenticate"] = 'Bearer realm="Abono"'
        case HttpError():
            answer = of_status(request, error.status_code)
        case RequestDataTooBig():
            answer = of_status(request, 413)
        case DataError() if getattr(error.__cause__, "sqlstate", "") == _OUT_OF_RANGE:
            sentence = "The numbers come to more than the books can hold; write smaller ones."
            answer = problem(request, 422, "out_of_range", sentence)
        case _:
            answer = failed(request, error)
    return answer
