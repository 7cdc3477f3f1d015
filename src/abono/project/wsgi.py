"""The web as a WSGI application."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

# No page and no call may keep a thread, and the rows it locks, for longer.
os.environ.setdefault("ABONO_STATEMENT_SECONDS", "30")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 -- all pages are there before the first request
# What is there for good is not gone through again for garbage, which would hold requests up for a tenth of a second.
gc.collect()
gc.freeze()
