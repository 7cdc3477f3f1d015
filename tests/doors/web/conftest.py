"""What tests of the web share."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from tests.doors.web.signing_world import PostOffice
from tests.doors.web.staff_world import signed_in

from abono.features.access.rights import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from abono.features.operators.queries import Operator


@pytest.fixture
def boss(house: Operator) -> Client:
    """An administrator of the house that a module of tests is about, with a browser."""
    return signed_in(house, role=Role.ADMINISTRATOR)


@pytest.fixture
def post(settings: Any) -> Iterator[PostOffice]:
    """A mail server on a port of its own."""
    office = PostOffice()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(office, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    try:
        yield office
    finally:
        server.stop()
