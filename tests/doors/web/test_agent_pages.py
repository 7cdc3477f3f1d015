"""The pages of agents: who has them, what they say, and that an agent sees the own accounts only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation
from tests.doors.web.portal_world import Portal, ago, picture, roll, send, text

from abono.base.trail import trail_of_account
from abono.features.access.rights import Kind
from abono.features.accounts.queries import account_by_number
from abono.features.billing import money, orders
from abono.interfaces.web import formats
from abono.interfaces.web.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/agent/accounts/new/"


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def opened(client: Client, number: str, name: str = "Boris Example", **values: str) -> int:
    """An account that an agent opens by the form."""
    answer = send(client, NEW, number=number, name=name, locale="ru", **values)
    assert answer.status_code == 303, text(answer)
    return int(answer["Location"].rstrip("/").rpartition("/")[2])


def addresses(account: int) -> dict[str, str]:
    """Every address of the agent's area."""
    import_module("abono.interfaces.web.urls")
    return {
        page.name: reverse(page.name, kwargs={"account": account} if "<int:account>" in page.path else {})
        for page in PAGES
        if page.kinds == frozenset({Kind.AGENT})
    }


def test_all_pages_are_for_agents_only(portal: Portal) -> None:
    agent, staff, nobody = portal.agent(), portal.staff(), Client()
    subscriber = portal.subscriber(portal.account())
    pages = addresses(opened(agent, "501"))
    assert len(pages) == 3
    before = picture()
    for name, address in pages.items():
        assert agent.get(address).status_code == 200, name
        assert nobody.get(address).status_code == 302, name
        assert staff.get(address).status_code == 404, name
        assert subscriber.get(address).status_code == 404, name
        assert subscriber.post(address, {"number": "1", "name": "a", "locale": "en"}).status_code in {404, 405}, name
    assert agent.get("/").status_code == 200
    assert picture() == before


def test_an_agent_opens_an_account_that_is_the_agents_own(portal: Portal) -> None:
    portal.account(number="1041")
    agent = portal.agent()
    assert "Leave it empty to take the next number." in text(agent.get(NEW))
    account = opened(agent, "")
    assert account_by_number(portal.seller.id, "1042") == account
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, locale, agent_id FROM accounts_profile WHERE account_id = %s", [account])
        ((name, locale, given_to),) = cursor.fetchall()
        cursor.execute("SELECT kind FROM access_membership WHERE id = %s", [given_to])
        assert cursor.fetchall() == [("agent",)]
    assert (name, locale) == ("Boris Example", "ru")
    (line,) = trail_of_account(account, 5)
    assert (line["action"], line["origin"]) == ("account.open", "web")
    assert "Account 1042 is open." in text(agent.get(f"/agent/accounts/{account}/"))


def test_a_form_that_is_sent_twice_opens_one_account(portal: Portal) -> None:
    agent, key = portal.agent(), str(uuid4())
    first, again = (send(agent, NEW, key=key, number="601", name="Boris", locale="ru") for _time in range(2))
    assert (first.status_code, again.status_code) == (303, 303)
    assert first["Location"] == again["Location"]
    agent.get("/agent/accounts/")  # what happened is said once
    assert text(agent.get("/agent/accounts/")).count("601") == 1


def test_a_refused_account_keeps_what_was_typed(portal: Portal) -> None:
    portal.account(number="700")
    agent = portal.agent()
    before = picture()
    for number, name, said in (
        ("700", "Ada", "There is an account with this number already."),
        ("7" * 41, "Ada", "at most 40 characters"),
        ("701", "", "This field is required."),
    ):
        refused = send(agent, NEW, number=number, name=name, locale="en")
        assert refused.status_code == 422
        assert said in text(refused)
        assert not name or f'value="{name}"' in refused.content.decode()
    assert send(agent, NEW, number="701", name="Ada", locale="xx").status_code == 422
    assert send(agent, NEW, key="<", number="701", name="Ada", locale="en").status_code == 422
    assert picture() == before


def test_an_agent_sees_nobody_elses_account(portal: Portal) -> None:
    agent, other = portal.agent(), portal.agent()
    foreign, plain = opened(other, "801", "Foreign Name"), portal.account(number="802")
    opened(agent, "803", "Own Name")
    for account in (foreign, plain, 10**25):
        assert agent.get(f"/agent/accounts/{account}/").status_code == 404
    for page in ("/", "/agent/accounts/", "/agent/accounts/?search=80", "/agent/accounts/?search=Foreign"):
        said = text(agent.get(page))
        assert "Foreign Name" not in said
        assert "802" not in said
    assert "Own Name" in text(agent.get("/agent/accounts/?search=Own"))
    assert "No account of yours is called so" in text(agent.get("/agent/accounts/?search=Foreign"))
    assert agent.get("/agent/accounts/?after=damaged").status_code == 422


def test_home_and_account_say_how_it_stands(portal: Portal) -> None:
    agent = portal.agent()
    assert "You have brought nobody yet" in text(agent.get("/"))
    good, stopped = opened(agent, "901"), opened(agent, "902")
    opened(agent, "903")
    for account, paid in ((good, 5_000), (stopped, 1_000)):
        money.pay(account, paid, now=ago(40))
        orders.subscribe(account, "line", unit="door", now=ago(40))
    roll()
    said = text(agent.get("/"))
    for label, count in (("With something active", 1), ("With something suspended", 1)):
        assert f"{label} ? What is “{label}”?" in said
        assert said.partition(f"{label} ?")[2].partition(".")[2].split()[0] == str(count)
    page = text(agent.get(f"/agent/accounts/{good}/"))
    assert "line" in page
    assert "door" in page
    assert "10.00" in page
    assert formats.bare_amount(3_000, "RUB") not in page  # the balance is the subscriber's business
    assert "Suspended funds" in text(agent.get(f"/agent/accounts/{stopped}/"))


def test_the_list_has_pages(portal: Portal) -> None:
    agent = portal.agent()
    for number in range(1_000, 1_052):
        opened(agent, str(number))
    first = agent.get("/agent/accounts/").content.decode()
    link = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert first.count("Boris Example") == 50
    assert agent.get("/agent/accounts/" + link.replace("&amp;", "&")).content.decode().count("Boris Example") == 2


@pytest.mark.parametrize("locale", ["en", "ru", "de", "tr", "es"])
def test_all_pages_are_shown_in_every_language(portal: Portal, locale: str) -> None:
    agent = portal.agent(locale)
    account = opened(agent, "990")
    money.pay(account, 5_000, now=ago(40))
    orders.subscribe(account, "line", now=ago(40))
    roll()
    for address in ("/", *addresses(account).values()):
        answer = agent.get(address)
        assert answer.status_code == 200
        assert f'lang="{locale}"' in answer.content.decode()
