"""How an operator looks: its name, colours, logo, domain and where its people are helped."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import IntegrityError, transaction

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.texts import one_line
from abono.base.trail import record
from abono.kernel.contrast import contrast, mixed, parse_colour

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.operators", "brands")

DAY = ("#ffffff", "#f6f5f2", "#efeeea")
NIGHT = ("#101418", "#131416", "#17191b", "#1b1d20", "#24272b")
"""What an accent meets by day and by night: the text on it, then the grounds it is text on (the design's tokens)."""
_SOFT = {DAY: ("#ffffff", 9), NIGHT: ("#1b1d20", 16)}
"""The ground that the accent itself tints, and by how many percent."""
READABLE = Decimal("4.5")
"""The least contrast of text (WCAG 2.2, 1.4.3)."""
MOST_BYTES = 200 * 1024
_LONGEST_NAME = 80
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST_DOMAIN = 253
_LONGEST_SUPPORT = 254
_SIGNS = {"image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",)}


class PoorContrast(Refusal):
    """Text in or on this colour could not be read by everybody."""

    code = "poor_contrast"


class DomainTaken(Refusal):
    """The domain is another operator's, or this installation's own."""

    code = "domain_taken"


class UnknownPicture(Refusal):
    """The file is no picture that is taken as a logo."""

    code = "unknown_picture"


@dataclass(frozen=True)
class Brand:
    """How an operator looks, with what it has from those above; empty: as the design itself.

    ``logo_of`` is the operator whose logo it is, ``logo_digest`` changes with the picture.
    """

    operator_id: int
    name: str
    colour: str
    colour_dark: str
    support: str
    logo_of: int | None
    logo_digest: str


@dataclass(frozen=True)
class OwnBrand:
    """What an operator has set itself; empty: as those above."""

    brand_name: str
    colour: str
    colour_dark: str
    domain: str
    support: str


@dataclass(frozen=True)
class Logo:
    """A picture: its media type, bytes and digest."""

    type: str
    content: bytes
    digest: str


def brand_of(operator: int) -> Brand:
    """How an operator looks."""
    return Brand(**_sql.row("brand", id=operator))


def own_brand(operator: int) -> OwnBrand:
    """What an operator has set itself."""
    return OwnBrand(**_sql.row("own", id=operator))


def operator_by_domain(host: str) -> int | None:
    """The operator whose domain a host name is proved to be (in small letters, without a port), if it is anybody's."""
    found = _sql.rows("by_domain", domain=host)
    return int(found[0]["id"]) if found else None


def provider() -> int | None:
    """The operator at the root; the first if there are several, None before there is one."""
    found = _sql.rows("provider")
    return int(found[0]["id"]) if found else None


def save_brand(operator: Operator, wanted: OwnBrand, *, taken: Collection[str], now: datetime) -> None:
    """How an operator looks from now on. ``taken`` are this installation's own host names.

    Without a colour for the night, the nearest to the colour that can be read there is taken when it is shown. Raises
    InvalidRequest, InvalidValue, PoorContrast, DomainTaken. A domain is served once it is proved (see ``domains``).
    """
    before = own_brand(operator.id)
    after = OwnBrand(
        brand_name=_name(wanted.brand_name),
        colour=_colour(wanted.colour, "colour", DAY),
        colour_dark=_colour(wanted.colour_dark, "colour_dark", NIGHT),
        domain=_domain(wanted.domain, taken),
        support=_support(wanted.support),
    )
    if after.colour_dark and not after.colour:
        message = "Choose a colour for the day as well, or none at all."
        raise InvalidRequest(message, field="colour", code="required")
    if after == before:
        return
    if operator_by_domain(after.domain) not in {None, operator.id}:
        raise _taken(after.domain)
    try:
        with transaction.atomic():
            _sql.run(
                "save",
                now=now,
                id=operator.id,
                name=after.brand_name,
                colour=after.colour,
                colour_dark=after.colour_dark,
                domain=after.domain,
                support=after.support,
            )
            record(
                "operator.brand", operator.code, operator=operator.id, at=now, before=vars(before), after=vars(after)
            )
    except IntegrityError:
        raise _taken(after.domain) from None


def _taken(domain: str) -> DomainTaken:
    return DomainTaken(f"{domain} is the domain of another operator; choose one of your own.", field="domain")


def night_colour(brand: Brand) -> str:
    """The colour for the night: the one that was chosen, or the nearest to the colour that can be read there."""
    return brand.colour_dark or (_lighter(brand.colour) if brand.colour else "")


@lru_cache
def _lighter(colour: str) -> str:
    mixes = (mixed(colour, "#ffffff", percent) for percent in range(0, 101, 2))
    return next(each for each in mixes if _least(each, NIGHT) >= READABLE)


def _least(colour: str, met: tuple[str, ...]) -> Decimal:
    """The lowest contrast that a colour has with what it meets."""
    ground, percent = _SOFT[met]
    return min(contrast(colour, each) for each in (*met, mixed(ground, colour, percent)))


def save_logo(operator: Operator, content: bytes, *, now: datetime) -> None:
    """A logo: PNG, JPEG or WebP by its first bytes, up to MOST_BYTES. Raises UnknownPicture, InvalidRequest."""
    if len(content) > MOST_BYTES:
        message = f"The logo may have up to {MOST_BYTES // 1024} KB; this file has {-(-len(content) // 1024)} KB."
        raise InvalidRequest(message, field="logo", code="out_of_range")
    kind = _type(content)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        _sql.run("save_logo", operator=operator.id, type=kind, content=content, digest=digest, now=now)
        after = {"type": kind, "bytes": len(content), "digest": digest}
        record("operator.logo", operator.code, operator=operator.id, at=now, after=after)


def remove_logo(operator: Operator, *, now: datetime) -> None:
    """No logo of its own any more."""
    with transaction.atomic():
        if _sql.run("remove_logo", operator=operator.id):
            record("operator.logo", operator.code, operator=operator.id, at=now, after={})


def logo_of(operator: int) -> Logo | None:
    """The logo of an operator's own, if it has one."""
    found = _sql.rows("logo", operator=operator)
    if not found:
        return None
    return Logo(found[0]["type"], bytes(found[0]["content"]), found[0]["digest"])


def _name(text: str) -> str:
    return one_line(text, "brand_name", _LONGEST_NAME)


def _colour(text: str, field: str, met: tuple[str, ...]) -> str:
    if not text.strip():
        return ""
    colour = parse_colour(text, field)
    ratio = _least(colour, met)
    if ratio < READABLE:
        wanted = "a darker" if met is DAY else "a lighter"
        message = (
            f"Text in and on {colour} has a contrast of {ratio}:1 only; at least {READABLE}:1 is needed to read it."
            f" Choose {wanted} colour."
        )
        raise PoorContrast(message, field=field)
    return colour


def _domain(text: str, taken: Collection[str]) -> str:
    written = text.strip().lower().rstrip(".")
    if not written:
        return ""
    try:
        host = written.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    labels = host.split(".")
    named = len(labels) > 1 and all(_LABEL.fullmatch(each) for each in labels) and not labels[-1].isdigit()
    if not named or len(host) > _LONGEST_DOMAIN:
        message = "Write a host name alone, such as billing.example.com."
        raise InvalidRequest(message, field="domain")
    if host in taken:
        message = f"{host} is the address of this installation itself; choose a domain of the operator's own."
        raise DomainTaken(message, field="domain")
    return host


def _support(text: str) -> str:
    address = text.strip()
    if not address:
        return ""
    check = URLValidator(schemes=["https"]) if "://" in address else validate_email
    try:
        check(address)
    except ValidationError:
        address = ""
    if not address or len(address) > _LONGEST_SUPPORT:
        message = "Write an e-mail address, or an address that begins with https://."
        raise InvalidRequest(message, field="support")
    return address


def _type(content: bytes) -> str:
    for kind, signs in _SIGNS.items():
        if content.startswith(signs):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    message = "Choose a PNG, JPEG or WebP picture; other kinds, SVG among them, are not taken."
    raise UnknownPicture(message, field="logo")
