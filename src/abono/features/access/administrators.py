"""The first administrator, whom nobody can invite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.features.access.fields import check_email, check_name
from abono.features.access.models import User
from abono.features.access.operations import add_membership, add_user, set_password
from abono.features.access.rights import Kind, Role
from abono.features.access.tasks import password_link
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import Operator, operator_by_code

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.features.access", "administrators")
PROVIDER = "provider"
"""The code of the provider that is made where there is no operator yet."""


class SeveralProviders(Refusal):
    """There are several operators at the root, and none was named."""

    code = "several_providers"


class UnknownPerson(Refusal):
    """Nobody has this e-mail address."""

    code = "unknown_person"


@dataclass(frozen=True)
class Made:
    """An administrator; ``link`` sets the password, once, where none was given."""

    email: str
    operator: Operator
    link: str | None


def make_administrator(
    email: str, *, now: datetime, name: str = "", password: str | None = None, operator: str | None = None
) -> Made:
    """An administrator of the provider, or of the operator with a code.

    Without any operator the provider is made. Somebody who can sign in already keeps their password and needs no link.
    Raises InvalidRequest, UnknownOperator, SeveralProviders, DuplicateMembership.
    """
    address, called = check_email(email), check_name(name)
    if password is not None:
        judge_password(password, address, called)
    with transaction.atomic():
        seller = _seller(operator)
        known = bool(_sql.row("can_sign_in", email=address)["can"])
        if known and password is not None:
            message = "This person has a password already, which stays; leave the password out."
            raise InvalidRequest(message, field="password")
        user = add_user(address, now=now, name=called, locale="")
        add_membership(user, seller.id, Kind.STAFF, role=Role.ADMINISTRATOR, now=now)
        if password is not None:
            set_password(user, password)
    return Made(address, seller, None if known or password is not None else password_link(user))


def link_for(email: str) -> str:
    """A link with which somebody who is locked out sets a new password, once. Raises UnknownPerson."""
    found = _sql.rows("user", email=check_email(email))
    if not found:
        raise UnknownPerson("Nobody active has this e-mail address; make an administrator with it.", field="email")
    return password_link(found[0]["id"])


def judge_password(password: str, email: str, name: str) -> None:
    """Raise InvalidRequest with all that is wrong with a password."""
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise InvalidRequest(" ".join(error.messages), field="password") from None


def _seller(code: str | None) -> Operator:
    """The operator that is named, or the provider. Raises UnknownOperator, SeveralProviders."""
    if code is not None:
        return operator_by_code(code)
    roots = [row["code"] for row in _sql.rows("roots")]
    if not roots:
        return add_operator(PROVIDER, "Provider", {})
    if len(roots) > 1 and PROVIDER not in roots:
        raise SeveralProviders(f"Name one of these operators: {', '.join(roots[:20])}.", field="--operator")
    return operator_by_code(PROVIDER if PROVIDER in roots else roots[0])
