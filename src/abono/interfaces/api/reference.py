"""The contract: OpenAPI 3.1 made of what the endpoints declare, and a page that people can read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.html import escape
from django.utils.safestring import mark_safe
from ninja import NinjaAPI
from ninja.parser import Parser
from ninja.responses import NinjaJSONEncoder

from abono.interfaces.api.calls import ENDPOINTS, Endpoint, Key, guarded
from abono.interfaces.api.examples import example_of
from abono.interfaces.api.once import HEADER, LONGEST_KEY, ONE_KEY
from abono.interfaces.api.problems import MEDIA_TYPE, Problem, answer_to, of_status, status_of
from abono.kernel.quotes import parse_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

_REFUSED = 400
_FAILURES = ("internal_error", "unavailable")
_STATUS = {"malformed": 400, "internal_error": 500, "unavailable": 503}
_CODE = re.compile(r"`([^`]+)`")
_DESCRIPTION = """\
Everything that staff can do in the web, for programs. Amounts are decimal strings in the currency beside them, instants
are RFC 3339 in UTC, days are civil days of the operator. Every refusal is `application/problem+json` with a stable
`code`. Fields and parameters that are not known are refused, so that a typing error is noticed.
"""
_REPEATABLE = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "Makes the call repeatable: the same key with the same request gets the first answer again and "
    "does nothing twice, for at least a day. Refusals are not kept.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": ONE_KEY},
    "example": "0b0f6c0e-5d0e-4c6b-8f0a-3b1c9e7d2a11",
}
_TELLS = {
    "malformed": "The request cannot be read; send one JSON value in UTF-8, every field once.",
    "unauthorized": "Send the header `Authorization: Bearer abono_…` with a key that is valid; staff make keys.",
    "forbidden": "This needs the right 'payment.create', which you do not have; ask an administrator.",
    "not_found": "There is nothing here; look it up in the list.",
    "insufficient_funds": "The account is short by 12.30 EUR; let it be topped up and ask again.",
    "amount_changed": "It takes 117.81 EUR now, more than 23.80; ask for a preview and decide anew.",
    "unknown_price": "No price of 'gold' begins on 2026-02-01; look at the list of its prices.",
    "key_conflict": "The key 'order-17' was used before for a different request; use a new key.",
    "too_large": "The request is too large; send less at once.",
    "unsupported_media_type": "Send the body as application/json.",
    "invalid": 'Write a decimal number in quotes, such as "12.50".',
    "unknown_field": "Remove this field; known here are amount, text.",
    "forecast_running": "Another forecast is being made for the same operator; ask again when it is finished.",
    "too_many_forecasts": "3 forecasts of the operator wait to be made already; look at them first.",
    "too_many_answers": "1000 large answers are kept for this key already; send less in a call, or send it without"
    " Idempotency-Key, with a key in each event.",
    "too_many_requests": "The key, or all keys of its operator together, asked too often; wait for Retry-After.",
    "busy": "The accounts are being worked on; nothing was written, ask again in a moment.",
    "clock_leapt": "The clock leapt by 2 h. Nothing is booked by it, nothing was written; ask again when it is right.",
    "unavailable": "The database does not answer, or the call took too long; nothing was written, ask again.",
    "internal_error": "Something failed on our side and nothing was written; ask again.",
    "grant_active": "A promise is running; the next can be made when it is repaid or over.",
    "subscription_suspended": "The subscription is suspended; let it return first.",
    "unknown_subscription": "The account has no such subscription; choose one of its own.",
    "unknown_service": "The plan of the subscription has no such service; look at its services.",
    "not_quantifiable": "The service is there or not; there is nothing of it to count in this way.",
    "reservation_closed": "There is no such reservation that is open; make a new one.",
    "quota_exceeded": "This is more than is left of what is included; use less, or change the plan.",
    "subscription_ended": "The subscription has ended; order a new one.",
    "subscription_ending": "The subscription is cancelled and ends at its boundary; take the cancellation back first.",
    "balance_limit": "The balance would be more than the books can hold, 15 digits; book less.",
    "not_paused": "The subscription is not paused; there is nothing to resume.",
    "pause_not_allowed": "This plan cannot be paused.",
    "currency_mismatch": "The plan is sold in EUR; the account is kept in RUB.",
    "unknown_plan": "There is no plan 'gold'; choose one of the catalogue.",
    "duplicate_number": "There is an account '100200' already; choose another number.",
    "duplicate_operator": "There is an operator 'north' already; choose another code.",
    "duplicate_plan": "North sells a plan 'gold' already; withdraw or rename that one first.",
    "duplicate_membership": "This person is let in for that already; look them up in the list of people.",
    "operator_blocked": "This operator, or one above it, is blocked: nothing new is sold until the block is lifted.",
    "operator_in_use": "Accounts are kept in EUR already; an operator that has accounts keeps its currency.",
    "not_above": "This is your own operator; only somebody above it may do that.",
    "blocked_from_above": "The block was set by an operator above yours, which alone lifts it; ask there.",
    "not_parent": "North does not stand directly below Provider; only its parent can offer it plans.",
    "offered_plan": "The plan 'gold' is offered by Provider, who sets its price; ask there for another.",
    "tree_cycle": "By then South stands below North, so North cannot move there; choose another parent.",
    "too_many_operators": "There are 1000 operators already; ask whoever runs the installation for more.",
    "too_many_plans": "An operator sells at most 1000 plans, and all of a tenant 10000; ask for more.",
    "too_many_moves": "20 moves of this operator wait already; withdraw one of them first.",
    "move_waits": "A move on 2026-03-01 waits already; withdraw it first.",
    "out_of_range": "Write a whole number from 1 to 200.",
    "required": "Give a value for `amount`.",
    "too_many_accounts": "25000 accounts are due within 30 days; ask for fewer, or the worker: POST /forecasts.",
    "not_whole": "Somebody else lets this person in too; end what belongs to your own operators instead.",
    "last_administrator": "This is the last administrator of the operator; make somebody else one first.",
    "run_not_failed": "Nothing of this run failed; start a new one.",
    "private_address": "10.0.0.7 is not an address of the public Internet; use one that is.",
    "too_many_invitations": "1000 invitations were sent within a day, as many as may be; send this one tomorrow.",
    "too_many_endpoints": "An operator may have 50 endpoints; change one of them, or take a program between.",
    "test_waits": "A test is on its way to this endpoint already; look at its deliveries to see what came of it.",
    "endpoint_disabled": "The endpoint is switched off and is told nothing; switch it on first.",
    "period_closed": "2026-01-01 has passed; let the price begin on 2026-02-01 or later.",
}
"""An example of every refusal's sentence."""
_MORE = {
    "insufficient_funds": {"field": "account", "short_by": "12.30", "currency": "EUR"},
    "amount_changed": {"field": "at_most", "amount": "117.81", "limit": "23.80", "currency": "EUR"},
}
"""What else a refusal tells."""


class StrictParser(Parser):
    """Every field of a body once, and numbers as JSON knows them."""

    def parse_body(self, request: HttpRequest) -> Any:
        """What the body says. Raises InvalidValue, which is told as malformed."""
        return parse_record(request.body)


class Api(NinjaAPI):
    """Ninja with what OpenAPI leaves to us: rights, repeatable calls, refusals and examples."""

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Whatever a call raises is answered by a problem."""
        return answer_to(request, exc)

    contract: dict[str, Any] | None = None

    def get_openapi_schema(self, **_options: Any) -> Any:
        """The whole contract, worked out once."""
        if self.contract is None:
            self.contract = self._whole()
        return self.contract

    def _whole(self) -> dict[str, Any]:
        schema: dict[str, Any] = super().get_openapi_schema()
        components = schema["components"]["schemas"]
        told = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.update(told.pop("$defs", {}))
        components["Problem"] = told
        declared = {each.name: each for each in ENDPOINTS}
        for methods in schema["paths"].values():
            for operation in methods.values():
                _complete(operation, declared[operation["operationId"]])
        return schema


def _complete(operation: dict[str, Any], declared: Endpoint) -> None:
    """What ninja does not say of an endpoint."""
    operation["security"] = [{"Key": [declared.right] if declared.right else []}]
    operation["x-right"] = declared.right
    needs = f"Needs the right `{declared.right}`." if declared.right else "Any valid key may call this."
    operation["description"] = f"{declared.description}\n\n{needs}".strip()
    if declared.once:
        operation["parameters"] = [*operation.get("parameters", []), _REPEATABLE]
    answers = operation["responses"]
    content = answers.get(declared.status, {}).get("content", {})
    if declared.answer is not None and content:
        content["application/json"]["example"] = example_of(declared.answer)
    if declared.csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    body = operation.get("requestBody")
    if body:
        body["required"] = True
        for name, value in declared.view.__annotations__.items():
            if name == "body":
                body["content"]["application/json"]["example"] = example_of(value)
    for status, codes in _refusals(declared, has_body=bool(body)).items():
        answers[status] = _answer_of(status, codes)


def _refusals(declared: Endpoint, *, has_body: bool) -> dict[int, list[str]]:
    """The codes that an endpoint may answer, by status."""
    codes = ["malformed", "unauthorized", "unknown_field", "invalid", "too_many_requests", *_FAILURES]
    if declared.right:
        codes.append("forbidden")
    if "{" in declared.path:
        codes.append("not_found")
    if has_body:
        codes += ["too_large", "unsupported_media_type"]
    if declared.writes:
        codes += ["busy", "clock_leapt"]
    if declared.once:
        codes += ["key_conflict", "too_many_answers"]
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys([*codes, *declared.refusals]):
        status = _STATUS.get(code) or status_of(code)
        by_status.setdefault(status, []).append(code)
    return dict(sorted(by_status.items()))


def _answer_of(status: int, codes: list[str]) -> dict[str, Any]:
    """A problem as an answer, with an example of every code."""
    told = {
        code: {
            "summary": code,
            "value": {
                "type": f"/api/v1/docs#{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": _TELLS[code],
                "code": code,
                "instance": "urn:uuid:6d0c1d5e-0f4b-4c39-9a53-2f0a9f4f6a51",
                **_MORE.get(code, {}),
            },
        }
        for code in codes
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": ", ".join(codes), "content": {MEDIA_TYPE: {"schema": schema, "examples": told}}}


@cache
def api() -> Api:
    """The API with every endpoint that was declared."""
    made = Api(
        title="Abono",
        version=version("abono"),
        description=_DESCRIPTION,
        urls_namespace="api",
        openapi_url=None,
        docs_url=None,
        parser=StrictParser(),
    )
    for each in ENDPOINTS:
        made.default_router.api_operation(
            [each.method],
            each.path,
            auth=Key(each.right),
            response={each.status: each.answer},
            operation_id=each.name,
            summary=each.summary,
            description=each.description,
            tags=[each.tag],
            url_name=each.name,
        )(guarded(each))
    return made


def _answer_shown(operation: Mapping[str, Any]) -> str:
    return next((_shown(answer) for status, answer in operation["responses"].items() if int(status) < _REFUSED), "")


def _shown(described: Mapping[str, Any] | None) -> str:
    """The example of a body, for people."""
    content = (described or {}).get("content", {}).get("application/json", {})
    return json.dumps(content["example"], indent=2, ensure_ascii=False) if "example" in content else ""


def _as_code(text: str) -> str:
    """A text in which what stands between backticks is code."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 -- escaped before


@dataclass(frozen=True)
class _Document:
    """What everybody is told alike, made once in a process: it costs a stranger's call nothing but its sending."""

    content: bytes
    type: str

    def answer(self, request: HttpRequest) -> HttpResponse:
        """All of it, or that the caller has it already."""
        if request.method not in {"GET", "HEAD"}:
            return of_status(request, 405)
        etag = f'"{sha256(self.content).hexdigest()[:32]}"'
        told = HttpResponse(self.content, content_type=self.type, headers={"ETag": etag, "Cache-Control": "no-cache"})
        return get_conditional_response(request, etag, response=told) or told


def contract(request: HttpRequest) -> HttpResponse:
    """The contract for programs."""
    return _contract().answer(request)


def page(request: HttpRequest) -> HttpResponse:
    """The reference for people: every endpoint with its right, its fields and its refusals."""
    return _page().answer(request)


@cache
def _contract() -> _Document:
    told = json.dumps(api().get_openapi_schema(), cls=NinjaJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return _Document(told.encode(), "application/json; charset=utf-8")


@cache
def _page() -> _Document:
    schema = api().get_openapi_schema()
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            shown = {
                "request_example": _shown(operation.get("requestBody")),
                "answer_example": _answer_shown(operation),
            }
            told = {"method": method.upper(), "path": path, **operation, **shown}
            told["description"] = _as_code(operation["description"])
            told["parameters"] = [
                {**each, "description": _as_code(each.get("description", ""))} for each in operation["parameters"]
            ]
            tags.setdefault(operation["tags"][0], []).append(told)
    codes = [
        {"code": code, "status": _STATUS.get(code) or status_of(code), "tell": tell}
        for code, tell in sorted(_TELLS.items())
    ]
    info = {**schema["info"], "description": _as_code(schema["info"]["description"])}
    with translation.override("en"):
        text = render_to_string("api/reference.html", {"info": info, "tags": tags, "codes": codes})
    return _Document(text.encode(), "text/html; charset=utf-8")
