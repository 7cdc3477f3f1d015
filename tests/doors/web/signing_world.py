"""People who sign in, and the mail they get: through a real SMTP server, from jobs that a real worker does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.core.cache import cache
from django.db import connection
from django.test import Client
from procrastinate.contrib.django import app

from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role
from abono.features.operators.operations import add_operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from abono.features.operators.queries import Operator

PASSWORD = "correct horse battery"
LOGIN = "/sign/login/"


@dataclass
class Somebody:
    """Somebody with a password, and why they are let in."""

    email: str
    user: int
    operator: Operator
    membership: int


def provider() -> Operator:
    """An operator at the root."""
    return add_operator(f"root-{uuid4()}", "Northern Light", {"currency": "EUR"})


def below(parent: Operator) -> Operator:
    """An operator below another."""
    made = add_operator(f"below-{uuid4()}", "Southern Light", {"currency": "EUR"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operators_operator SET parent_id = %s WHERE id = %s", [parent.id, made.id])
    return made


def somebody(
    operator: Operator | None = None,
    *,
    role: Role | None = Role.ADMINISTRATOR,
    kind: Kind = Kind.STAFF,
    name: str = "Ada",
    account: int | None = None,
    locale: str = "",
) -> Somebody:
    """Somebody who can sign in with PASSWORD."""
    operator = operator or provider()
    email = f"{uuid4().hex[:12]}@example.com"
    now = datetime.now(UTC)
    user = add_user(email, now=now, name=name, password=PASSWORD, locale=locale)
    membership = add_membership(user, operator.id, kind, now=now, role=role, account=account)
    return Somebody(email, user, operator, membership)


def browser(address: str = "127.0.0.1", **options: Any) -> Client:
    """A new browser at a network address."""
    return Client(REMOTE_ADDR=address, **options)


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> HttpResponse:
    """Fill in the form of the sign-in."""
    answer: HttpResponse = client.post(LOGIN, {"login": email, "password": password, **more})  # type: ignore[assignment]
    return answer


def signed_in(person: Somebody, address: str = "127.0.0.1") -> Client:
    """A browser in which somebody is signed in."""
    client = browser(address)
    answer = sign_in(client, person.email)
    assert answer.status_code == 302, answer.content
    return client


def is_in(client: Client) -> bool:
    """Whether a browser is let in."""
    return client.get("/").status_code == 200


def rows(table: str, **where: Any) -> list[dict[str, Any]]:
    """The rows of a table, as they are."""
    tests = " AND ".join(f"{column} = %s" for column in where) or "TRUE"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {tests} ORDER BY 1", [*where.values()])
        columns = [each.name for each in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def counts() -> Mapping[str, int]:
    """How many rows every table of people has: that nothing changed."""
    tables = ("access_user", "access_membership", "access_invitation", "access_apikey", "base_trail")
    return {table: len(rows(table)) for table in tables}


def age(email: str, seconds: float) -> None:
    """Let time pass for the attempts of an address."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_signin SET at = at - make_interval(secs => %s) WHERE email = %s", [seconds, email]
        )


def forget_limits() -> None:
    """No limit is left over from another test."""
    cache.clear()


def forget_jobs(job: int | None = None) -> None:
    """A job is done, or none is left over from another test."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE %s::bigint IS NULL OR id = %s", [job, job])


@dataclass
class PostOffice:
    """What a real SMTP server was handed."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails += [(to, mail) for to in envelope.rcpt_tos]
        return "250 OK"

    def deliver(self) -> None:
        """Do every job that waits, as a worker does it (test_signing_invited.py starts a real one)."""
        for job in rows("procrastinate_jobs", status="todo"):
            app.tasks[job["task_name"]].func(**json.loads(job["args"]))
            forget_jobs(job["id"])

    def to(self, email: str) -> list[EmailMessage]:
        """The mails to an address, the oldest first."""
        self.deliver()
        return [mail for to, mail in self.mails if to == email]


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage) -> str:
    """The one link of a mail, without the host."""
    (link,) = re.findall(r"https?://[^/\s]+(/\S+)", text_of(mail))
    return str(link)
