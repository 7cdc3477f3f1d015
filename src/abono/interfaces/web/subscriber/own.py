"""Which of the own accounts a page is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from abono.features.access.people import NotFound
from abono.features.accounts.access import find_account
from abono.features.accounts.queries import AccountRow, list_accounts
from abono.features.operators.brands import brand_of
from abono.features.operators.queries import Operator, operator_by_id

if TYPE_CHECKING:
    from abono.interfaces.web.pages import PersonRequest

LOOKED_AT = "my_account"
"""Where the session keeps which own account was looked at last."""
_MOST = 200
_LONGEST_ID = 18


@dataclass(frozen=True)
class Own:
    """An own account, who sells to it (``seller`` as its brand calls itself), and all own accounts of that seller."""

    account: AccountRow
    operator: Operator
    seller: str
    accounts: list[AccountRow]

    @property
    def id(self) -> int:
        """The account's id."""
        return self.account.account_id

    @property
    def currency(self) -> str:
        """The account's currency."""
        return self.account.currency

    @property
    def choices(self) -> list[dict[str, Any]]:
        """All own accounts as tabs; none where there is only one."""
        if len(self.accounts) < 2:  # noqa: PLR2004 -- there must be something to choose
            return []
        return [
            {
                "label": _("%(number)s, %(name)s") % {"number": each.number, "name": each.name}
                if each.name
                else each.number,
                "url": f"?account={each.account_id}",
                "current": each.account_id == self.id,
            }
            for each in self.accounts
        ]


def looked_at(request: PersonRequest) -> Own:
    """The account that a page to read is about: the one in the address, else the last looked at, else the first.

    What writes names its account in the address instead (see ``own``). Raises NotFound.
    """
    asked = request.GET.get("account", "")
    if asked:
        if not (asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST_ID):
            message = "There is no such account; look it up in the list."
            raise NotFound(message, field="account")
        found = own(request, int(asked))
        if request.session.get(LOOKED_AT) != found.id:
            request.session[LOOKED_AT] = found.id
        return found
    accounts = _accounts(request)
    last = request.session.get(LOOKED_AT)
    one = next((each for each in accounts if each.account_id == last), accounts[0])
    return _own(one, accounts)


def own(request: PersonRequest, account: int, *, right: str = "account.view") -> Own:
    """The own account that an address names, for what ``right`` allows. Raises NotFound, Forbidden."""
    one = find_account(request.person, account, now=request.now, right=right)
    return _own(one, _accounts(request))


def _own(one: AccountRow, accounts: list[AccountRow]) -> Own:
    return Own(one, operator_by_id(one.operator_id), brand_of(one.operator_id).name, accounts)


def _accounts(request: PersonRequest) -> list[AccountRow]:
    accounts = list_accounts(request.person, now=request.now, limit=_MOST).items
    if not accounts:
        message = "There is no account of yours here; ask whoever let you in."
        raise NotFound(message, field="account")
    return accounts
