"""Accounts: found, opened, changed, and what is written about them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.access.people import NotFound
from abono.features.accounts import profiles
from abono.features.accounts.access import find_number
from abono.features.accounts.operations import open_account
from abono.features.accounts.queries import AccountRow, list_accounts
from abono.features.operators.queries import operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.values import (
    Amount,
    Answer,
    Body,
    Currency,
    Cursor,
    GivenId,
    Id,
    Instant,
    Key,
    Locale,
    Name,
    Number,
    Paging,
    Positive,
    Search,
)
from abono.kernel.money import format_amount, minor_digits, parse_amount

TAG = "Accounts"


class Account(Answer):
    """An account with what it has and may spend; `available` = balance + credit limit + granted - held."""

    id: Id
    operator: Id
    number: Number
    name: Annotated[str, Field(examples=["Ivanov & Sons"])]
    locale: Annotated[str, Field(examples=["de"])]
    currency: Currency
    balance: Amount
    credit_limit: Annotated[Amount, Field(examples=["0.00"])]
    granted: Annotated[Amount, Field(description="What is left of promises that count now.", examples=["0.00"])]
    held: Annotated[Amount, Field(examples=["0.00"])]
    available: Amount
    active: Annotated[int, Field(description="Subscriptions that run.", examples=[2])]
    suspended: Annotated[int, Field(description="Subscriptions that are suspended.", examples=[0])]
    manager: Annotated[Id | None, Field(description="The membership of the manager who serves it.")]
    agent: Annotated[Id | None, Field(description="The membership of the agent who serves it.")]
    opened_at: Instant


class Accounts(Answer):
    """A page of accounts."""

    items: list[Account]
    next: Cursor | None


class AccountFilter(Paging):
    """Which accounts."""

    search: Annotated[Search, Field(description="Begins the number, a word of the name, or a unit.")] = ""
    number: Annotated[Number | None, Field(description="The exact number; of the nearest operator.")] = None
    operator: Annotated[Id | None, Field(description="Of one operator only.")] = None
    state: Annotated[Literal["", "suspended", "negative"], Field(description="With something suspended; in debt.")] = ""


class NewAccount(Body):
    """An account to open."""

    number: Annotated[Number | None, Field(description="Unique per operator; the next one if not given.")] = None
    name: Name | None = None
    operator: Annotated[GivenId | None, Field(description="The seller; the key's own operator if not given.")] = None
    currency: Annotated[Currency | None, Field(description="The operator's if not given.")] = None
    locale: Annotated[Locale | None, Field(description="The operator's if not given.")] = None
    credit_limit: Annotated[Positive, Field(description="Needs the right `payment.adjust` as well.")] = "0"
    manager: Annotated[GivenId | None, Field(description="A membership; see `GET /people`.")] = None
    agent: Annotated[GivenId | None, Field(description="A membership; see `GET /people`.")] = None


class ChangedAccount(Body):
    """What is to change; what is not given stays. `manager` and `agent` may be null: nobody."""

    name: Name | None = None
    locale: Locale | None = None
    manager: GivenId | None = None
    agent: GivenId | None = None


class Note(Answer):
    """What somebody wrote down about an account."""

    id: Key
    written_at: Instant
    author: Annotated[str, Field(examples=["anna@example.com"])]
    text: Annotated[str, Field(examples=["Calls back on Monday."])]


class Notes(Answer):
    """A page of the notes that count, the newest first."""

    items: list[Note]
    next: Cursor | None


class NewNote(Body):
    """A note to write."""

    text: Annotated[
        str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$", examples=["Calls back on Monday."])
    ]


def account_of(row: AccountRow) -> Account:
    """An account as it is answered."""
    shown: dict[str, Any] = {
        name: format_amount(getattr(row, name), row.currency)
        for name in ("balance", "credit_limit", "granted", "held", "available")
    }
    for name in ("number", "name", "locale", "currency", "active", "suspended", "opened_at"):
        shown[name] = getattr(row, name)
    return Account(id=row.account_id, operator=row.operator_id, manager=row.manager_id, agent=row.agent_id, **shown)


@endpoint("GET", "/accounts", right="account.view", tag=TAG, answer=Accounts, csv=True, refusals=("not_found",))
def list_of_accounts(request: Call, wanted: Query[AccountFilter]) -> Reply | HttpResponse:
    """List and search accounts.

    By operator and number; a search lists the best kind of match first. As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[AccountRow]:
        if wanted.number is not None:
            return _by_number(request, wanted.number)
        return list_accounts(
            request.person,
            now=request.now,
            search=wanted.search,
            operator=wanted.operator,
            state=wanted.state,
            after=after,
            limit=limit,
        )

    return Listed(ask, Account, account_of, Accounts).reply(request, wanted)


def _by_number(request: Call, number: str) -> Page[AccountRow]:
    try:
        return Page([find_number(request.person, number, now=request.now)])
    except NotFound:
        return Page([])


@endpoint(
    "POST", "/accounts", right="account.create", tag=TAG, answer=Account, status=201,
    refusals=("duplicate_number", "not_found"),
)  # fmt: skip
def create_account(request: Call, body: NewAccount) -> Reply:
    """Open an account.

    It begins empty. A credit limit other than 0 needs the right `payment.adjust` too, a manager or agent
    `account.change`.
    """
    person = request.person
    seller = body.operator or person.operator
    person.require_operator(seller)
    operator = operator_by_id(seller)
    currency = body.currency or operator.currency
    minor_digits(currency)
    limit = parse_amount(body.credit_limit, currency, "credit_limit")
    if limit:
        person.require("payment.adjust")
    if body.manager is not None or body.agent is not None:
        person.require("account.change")
    profiles.check_servants(person, seller, manager=body.manager, agent=body.agent)
    account = open_account(
        operator,
        body.number,
        now=request.now,
        credit_limit=limit,
        name=body.name or "",
        currency=currency,
        locale=body.locale or "",
        manager=body.manager,
        agent=body.agent,
    )
    return made(_shown(request, account, "account.create"), f"/accounts/{account}")


@endpoint("GET", "/accounts/{account}", right="account.view", tag=TAG, answer=Account)
def get_account(request: Call, account: Id) -> Account:
    """Show an account.

    With its balance, what it may spend, and how many of its subscriptions run.
    """
    return _shown(request, account, "account.view")


@endpoint("PATCH", "/accounts/{account}", right="account.change", tag=TAG, answer=Account)
def change_account(request: Call, account: Id, body: ChangedAccount) -> Account:
    """Change an account.

    Its name, its language, and whom it was given to. Its number and currency stay for good.
    """
    row = reach(request, account, "account.change")
    given = body.model_fields_set
    if given & {"name", "locale"}:
        profiles.edit_profile(account, name=body.name or row.name, locale=body.locale or row.locale, now=request.now)
    if given & {"manager", "agent"}:
        profiles.give(
            request.person,
            account,
            manager=body.manager if "manager" in given else row.manager_id,
            agent=body.agent if "agent" in given else row.agent_id,
            now=request.now,
        )
    return _shown(request, account, "account.change")


@endpoint("GET", "/accounts/{account}/notes", right="account.view", tag=TAG, answer=Notes, csv=True)
def list_notes(request: Call, account: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List what was written down about an account.

    The newest first; notes that were struck out are left out. As CSV with `Accept: text/csv`.
    """
    reach(request, account, "account.view")
    return _notes(account).reply(request, wanted)


@endpoint("POST", "/accounts/{account}/notes", right="account.change", tag=TAG, answer=Notes, status=201)
def write_note(request: Call, account: Id, body: NewNote) -> Reply:
    """Write something down about an account.

    Answers the newest notes that count.
    """
    reach(request, account, "account.change")
    profiles.write_note(account, body.text, author=request.person.name, now=request.now)
    return made(_notes(account).first(), f"/accounts/{account}/notes")


@endpoint("DELETE", "/accounts/{account}/notes/{note}", right="account.change", tag=TAG, answer=None, status=204)
def strike_note(request: Call, account: Id, note: UUID) -> Reply:
    """Strike a note out.

    It is kept and no longer listed.
    """
    reach(request, account, "account.change")
    profiles.strike_note(account, note, now=request.now)
    return gone()


def _notes(account: int) -> Listed[profiles.Note]:
    def ask(after: str | None, limit: int) -> Page[profiles.Note]:
        return profiles.notes_page(account, after=after, limit=limit)

    return Listed(ask, Note, Note.model_validate, Notes)


def _shown(request: Call, account: int, right: str) -> Account:
    """The account as it stands; whoever may do the deed may see what it did."""
    return account_of(reach(request, account, right))
