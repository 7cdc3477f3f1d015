"""The web as a WSGI application."""

from __future__ import annotations

import gc

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 -- all pages are there before the first request
# What is there for good is not gone through again for garbage, which would hold requests up for a tenth of a second.
gc.collect()
gc.freeze()
