"""Whether this process can serve: what a load balancer and ``abono up`` ask, by any host and without TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import OperationalError, connection
from django.http import HttpResponse

if TYPE_CHECKING:
    from django.http import HttpRequest

HEALTH = "/healthz"
_log = structlog.get_logger(__name__)


def health(_request: HttpRequest) -> HttpResponse:
    """200 if the database answers, otherwise 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError as error:
        _log.warning("database_away", error=str(error).strip())
        return HttpResponse("the database does not answer\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
