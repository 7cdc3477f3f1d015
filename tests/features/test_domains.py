"""Whose a domain is: asked of a real name server, and nobody's until it is proved."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from django.db import connection

from abono.features.operators import brands, tree
from abono.features.operators.access import find_operator
from abono.features.operators.brands import DomainTaken, OwnBrand, operator_by_domain
from abono.features.operators.domains import NoDomain, confirm_domain, domain_of, prove_domains
from abono.features.operators.tasks import prove_named_domains
from abono.features.operators.tree import NotAbove
from tests.features.people import staff
from tests.features.test_operator_blocks import NOW, rows, seller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "pay.example"


@dataclass
class NameServer:
    """A name server on loopback that knows some TXT records, and that others are not there; or does not answer."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, question: bytes) -> bytes | None:
        """What is sent back, if anything is."""
        query = dns.message.from_wire(question)
        name = query.question[0].name.to_text().rstrip(".")
        self.asked.append(name)
        # Whoever asks holds no row while strangers are waited for.
        assert rows(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"
        ) == [(0,)]
        if self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if name in self.texts:
            found = [f'"{text[:10]}" "{text[10:]}"' for text in self.texts[name]]  # in pieces, as long ones are
            response.answer = [dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *found)]
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """It is asked in place of the system's."""
    found = NameServer()
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    line.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                question, there = line.recvfrom(4096)
            except TimeoutError:
                continue
            answer = found.answer(question)
            if answer is not None:
                line.sendto(answer, there)
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    monkeypatch.setenv("ABONO_DNS", f"127.0.0.1:{line.getsockname()[1]}")
    yield found
    done.set()
    thread.join()
    line.close()


def named(operator: Operator, domain: str = NAME) -> tuple[str, str]:
    """The record that proves a domain which an operator names."""
    brands.save_brand(operator, OwnBrand("", "", "", domain, ""), taken=(), now=NOW)
    found = domain_of(operator.id)
    assert found is not None
    return found.record, found.value


def test_a_domain_is_whoevers_record_is_there(server: NameServer) -> None:
    top = seller()
    thief, owner = seller(top), seller(top)
    record, stolen = named(thief)
    assert named(owner)[0] == record == "_abono.pay.example"
    value = named(owner)[1]
    assert value != stolen
    server.texts[record] = ["v=spf1 -all"]
    assert prove_domains(NOW) == 0
    assert operator_by_domain(NAME) is None
    server.texts[record] = ["v=spf1 -all", value]
    assert prove_domains(NOW) == 1
    assert operator_by_domain(NAME) == owner.id
    server.texts[record] = [stolen]
    assert prove_domains(NOW + timedelta(minutes=5)) == 0  # it is proved to be another's
    assert operator_by_domain(NAME) == owner.id
    with pytest.raises(DomainTaken):
        named(seller(top))
    told = rows("SELECT operator_id FROM base_trail WHERE action = 'operator.domain'")
    assert told == [(owner.id,)]


def test_another_domain_is_proved_anew_and_other_changes_need_no_proof(server: NameServer) -> None:
    low = seller(seller())
    record, value = named(low)
    server.texts[record] = [value]
    assert prove_domains(NOW) == 1
    brands.save_brand(low, replace(brands.own_brand(low.id), brand_name="Low"), taken=(), now=NOW)
    assert operator_by_domain(NAME) == low.id
    named(low, "other.example")
    assert (operator_by_domain(NAME), operator_by_domain("other.example")) == (None, None)
    server.texts["_abono.other.example"] = [value]  # of the domain before
    assert prove_domains(NOW) == 0


def test_a_server_that_does_not_answer_holds_up_for_seconds_only(server: NameServer) -> None:
    low = seller(seller())
    named(low)
    server.silent = True
    assert prove_domains(NOW) == 0
    assert server.asked
    assert operator_by_domain(NAME) is None


def test_the_provider_confirms_it_and_needs_no_record_for_its_own() -> None:
    top = seller()
    middle = seller(top)
    low = seller(middle)
    named(low)
    boss, between = staff(top), staff(middle)
    with pytest.raises(NotAbove):
        confirm_domain(between, find_operator(between, low.id, "operator.change"), now=NOW)
    assert operator_by_domain(NAME) is None
    confirm_domain(boss, low, now=NOW)
    assert operator_by_domain(NAME) == low.id
    with pytest.raises(NoDomain):
        confirm_domain(boss, low, now=NOW)
    named(top, "top.example")
    assert operator_by_domain("top.example") == top.id


def test_whoever_names_many_domains_keeps_nobody_elses_waiting(server: NameServer) -> None:
    """Of 25 operators of one tenant, named anew before each run, and one of another: that one is asked in each run."""
    top = seller()
    many, other = seller(top), seller(top)
    below = [tree.add_below(many.id, f"d-{uuid4()}", "D", {}, now=NOW) for _ in range(25)]
    for each in (0, 1):
        for number, operator in enumerate(below):
            named(operator, f"n{number}-{each}.example")
        if not each:
            record, value = named(other)
        server.asked.clear()
        assert prove_domains(NOW + timedelta(minutes=5 * each)) == 0
        assert record in server.asked
        assert len(server.asked) == 20
    server.texts[record] = [value]
    assert prove_domains(NOW + timedelta(minutes=10)) == 1


def test_servers_that_do_not_answer_take_their_time_together(server: NameServer) -> None:
    top = seller()
    for number in range(4):
        named(seller(top), f"s{number}.example")
    server.silent = True
    began = time.monotonic()
    assert prove_domains(NOW) == 0
    assert time.monotonic() - began < 10  # 4 x 5 seconds one after the other
    assert prove_named_domains.lock  # and one run at a time takes no more than one place
