"""Whose turn a request takes: remembered by credential, and found out in a stranger's turn where it is not known."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from abono.base.database import OPERATOR
from abono.interfaces.web.senders import address_of, credential_of
from abono.project.turns import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

Environ = dict[str, Any]
_TENANT, _JUDGED = "abono.tenant", "abono.judged"
_MOST_REMEMBERED = 10_000


class Callers:
    """The tenants of the credentials that were used last: of valid ones only, so that nobody's guesses push any out."""

    def __init__(self, operator_of: Callable[[Environ], int | None], tenant_of: Callable[[int], int]) -> None:
        self._operator_of, self._tenant_of = operator_of, tenant_of
        self._tenants: OrderedDict[bytes, int] = OrderedDict()

    def of(self, environ: Environ) -> Caller:
        """Who asks, as far as the head of a request says so: without a credential, or with an unknown one, a stranger.

        A stranger's turn is all that it takes to find out whose it is; nobody works as a stranger who is none.
        """
        tenant = self._tenants.get(credential_of(environ))
        return Caller(address_of(environ), "") if tenant is None else Caller(credential_of(environ), tenant)

    def is_unknown(self, environ: Environ) -> bool:
        """Whether a credential has to be judged before it is known whose turn its request takes."""
        credential = credential_of(environ)
        return bool(credential) and credential not in self._tenants and _JUDGED not in environ

    def judge(self, environ: Environ) -> int | None:
        """The operator of whoever sends, 0 if it is a stranger, None if nobody can say; for a thread."""
        operator = self._operator_of(environ)
        environ[_JUDGED] = True
        if operator:
            environ[OPERATOR] = operator
            self.note(environ)
        return operator

    def note(self, environ: Environ) -> None:
        """Note the tenant, if a request turned out to be somebody's; for a thread."""
        if OPERATOR in environ:
            environ[_TENANT] = self._tenant_of(environ.pop(OPERATOR))

    def remember(self, environ: Environ) -> None:
        """Keep what a thread found out; for the event loop."""
        tenant = environ.pop(_TENANT, None)
        if tenant is None:
            return
        credential = credential_of(environ)
        self._tenants[credential] = tenant
        self._tenants.move_to_end(credential)
        if len(self._tenants) > _MOST_REMEMBERED:
            self._tenants.popitem(last=False)
