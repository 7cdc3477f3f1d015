"""Whose a domain is: a TXT record proves it, or the provider confirms it. Until then it serves nothing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.operators.brands import DomainTaken
from abono.features.operators.tree import NotAbove, node

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.operators.access import Actor
    from abono.features.operators.queries import Operator

_sql = statements("abono.features.operators", "brands")
_SERVER = "ABONO_DNS"
"""The name server that is asked, as address:port; the system's own where it is not set."""
_SECONDS = 5.0  # float: from the question to the answer, however many servers are asked
_AT_A_TIME = 20
_DNS_PORT = 53


class NoDomain(Refusal):
    """The operator has named no domain that is still to be proved."""

    code = "no_domain"


@dataclass(frozen=True)
class Domain:
    """A domain that an operator named; who may set the TXT record ``record`` to ``value`` owns it."""

    name: str
    record: str
    value: str
    proved_at: datetime | None


def domain_of(operator: int) -> Domain | None:
    """The domain that an operator named, if it did."""
    row = _sql.row("named", id=operator)
    if not row["domain"]:
        return None
    return Domain(row["domain"], *_proof(operator, row["domain"]), row["domain_proved_at"])


def confirm_domain(person: Actor, operator: Operator, *, now: datetime) -> None:
    """The provider says that the domain is the operator's. Raises NotAbove, NoDomain, DomainTaken."""
    if node(person.operator).parent_id is not None:
        message = "Only the provider confirms a domain; prove it by the TXT record."
        raise NotAbove(message, field="domain")
    named = domain_of(operator.id)
    if named is None or named.proved_at is not None:
        message = "There is no domain that is still to be proved; name one first."
        raise NoDomain(message, field="domain")
    if not _prove(operator.id, operator.code, named.name, now):
        message = f"{named.name} is proved to be another operator's; choose one of your own."
        raise DomainTaken(message, field="domain")


def prove_domains(now: datetime) -> int:
    """Look the records up of domains that are to be proved, tenants in turn; answers how many were.

    All are asked at once, so that slow servers take their time together. Runs outside any transaction: nothing is held
    while strangers' servers are waited for.
    """
    proved = 0
    rows = _sql.rows("unproved", most=_AT_A_TIME)
    for row in rows:
        _sql.run("tried", id=row["id"], now=now)
    proofs = [_proof(row["id"], row["domain"]) for row in rows]
    with ThreadPoolExecutor(_AT_A_TIME) as asking:
        found = list(asking.map(_texts, [name for name, _ in proofs]))
    for row, (_, value), texts in zip(rows, proofs, found, strict=True):
        if value in texts:
            proved += _prove(row["id"], row["code"], row["domain"], now)
    return proved


def _prove(operator: int, code: str, domain: str, now: datetime) -> bool:
    """Whether the domain is the operator's from now on: it still names it, and it is proved to be nobody else's."""
    try:
        with transaction.atomic():
            proved = _sql.run("prove", id=operator, domain=domain, now=now)
            if proved:
                record("operator.domain", code, operator=operator, at=now, after={"domain": domain})
    except IntegrityError:
        return False
    return bool(proved)


def _proof(operator: int, domain: str) -> tuple[str, str]:
    """The name and the value of the record: another operator's value proves nothing for this one."""
    token = salted_hmac("abono.domain", f"{operator}:{domain}", algorithm="sha256").hexdigest()[:32]
    return f"_abono.{domain}", f"abono={token}"


def _texts(name: str) -> set[str]:
    """The TXT records of a name; none if nobody answers in time. What speaks DNS is loaded where it is needed."""
    import dns.exception
    import dns.resolver

    server = os.environ.get(_SERVER, "")
    try:
        resolver = dns.resolver.Resolver(configure=not server)
        if server:
            address, _, port = server.rpartition(":")
            resolver.nameservers, resolver.port = [address], int(port or _DNS_PORT)
        answer = resolver.resolve(name, "TXT", search=False, lifetime=_SECONDS)
    except (dns.exception.DNSException, ValueError):
        return set()
    return {b"".join(each.strings).decode("ascii", "replace") for each in answer}
