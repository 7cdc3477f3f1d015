"""Invitations: one tenant's many hold up nobody's mail, and are as many as one may send."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from abono.base.tasks import send_mail
from abono.base.wall import wall
from abono.features.access.invitations import MOST_TO_RECEIVER, TooManyInvitations, invite, revoke_invitation
from abono.features.access.rights import Kind
from abono.features.access.tasks import mail_password_link
from abono.features.operators.operations import insert_operator
from tests.features.people import staff
from tests.features.test_operator_blocks import in_thread
from tests.features.worlds import START
from tests.features.worlds import operator as make_operator

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)


def below(parent: Operator) -> Operator:
    return insert_operator(f"test-{uuid4()}", "Test", {"currency": "EUR"}, parent=parent.id)


def ask(operator: Operator, email: str = "", now: datetime = START) -> int:
    address = email or f"{uuid4().hex}@example.com"
    return invite(staff(operator), address, operator=operator.id, kind=Kind.AGENT, now=now)


def handed_out() -> list[dict[str, object]]:
    """What the queue gives a worker, in its order."""
    found: list[dict[str, object]] = []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        ((worker,),) = cursor.fetchall()
        while True:
            cursor.execute("SELECT args FROM procrastinate_fetch_job_v2(ARRAY['outgoing'], %s)", [worker])
            ((args,),) = cursor.fetchall()
            if args is None:
                return found
            found.append(json.loads(args))


def test_mails_that_somebody_waits_for_go_first_and_tenants_take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    provider = make_operator()
    many, few = below(provider), below(provider)
    many_low = [below(many), below(many)]
    of_many = [ask(many_low[number % 2]) for number in range(8)]
    of_few = [ask(few), ask(few)]
    of_provider = ask(provider)
    mail_password_link.defer(email="a@example.com")
    send_mail.defer(to="a@example.com", subject="s", text="t")
    first, second, *rest = handed_out()
    assert (first, second) == ({"email": "a@example.com"}, {"to": "a@example.com", "subject": "s", "text": "t"})
    assert [each["invitation"] for each in rest] == [
        of_many[0], of_few[0], of_provider, of_many[1], of_few[1], *of_many[2:],
    ]  # fmt: skip


def test_a_tenant_sends_a_limited_number_a_day(settings: Any) -> None:
    settings.INVITATIONS_A_DAY = 3
    provider = make_operator()
    tenant, other = below(provider), below(provider)
    low = below(tenant)
    first = ask(tenant)
    revoke_invitation(staff(tenant), first, now=START)  # was sent all the same
    ask(low)
    ask(low)
    for each in (tenant, low):
        person = staff(each)
        with wall((each.id,), user=person.user), pytest.raises(TooManyInvitations) as refused:
            invite(person, "a@example.com", operator=each.id, kind=Kind.AGENT, now=START)
        assert (refused.value.code, refused.value.field) == ("too_many_invitations", None)
    ask(other)
    ask(provider)
    ask(low, now=START + timedelta(days=1))


def test_a_limited_number_waits(settings: Any) -> None:
    settings.INVITATIONS_WAITING = 2
    tenant = make_operator()
    first, _ = ask(tenant), ask(tenant)
    with pytest.raises(TooManyInvitations):
        ask(tenant)
    revoke_invitation(staff(tenant), first, now=START)
    ask(tenant)
    ask(tenant, now=START + timedelta(days=7))  # the others ran out


def test_nobody_is_mailed_without_a_pause() -> None:
    provider = make_operator()
    tenant, other = below(provider), below(provider)
    low = below(tenant)
    for number in range(MOST_TO_RECEIVER):
        ask((tenant, low)[number % 2], "grace@example.com")
    with pytest.raises(TooManyInvitations) as refused:
        ask(low, "Grace@example.com")
    assert refused.value.field == "email"
    ask(low, "ada@example.com")
    ask(other, "grace@example.com")
    ask(low, "grace@example.com", START + timedelta(hours=1))


def test_the_same_person_asked_in_many_times_at_once_has_one_invitation_that_waits() -> None:
    operator = make_operator()
    errors: list[BaseException] = []
    threads = [in_thread(lambda: ask(operator, "race@example.com"), errors) for _ in range(8)]
    for thread in threads:
        thread.join(30)
    assert {type(error) for error in errors} <= {TooManyInvitations}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_invitation WHERE revoked_at IS NULL AND accepted_at IS NULL")
        assert cursor.fetchone() == (1,)
