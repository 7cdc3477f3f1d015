"""Time zones: only those that both sides compute with may be chosen, whatever the machine calls its own."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from abono.features.operators.operations import add_operator
from abono.features.operators.zones import zones
from abono.kernel.errors import InvalidValue

pytestmark = pytest.mark.django_db


def test_both_sides_know_every_zone() -> None:
    assert len(zones()) > 500
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"} <= zones()
    assert all(ZoneInfo(name).key == name for name in zones())
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        assert zones() - {name for (name,) in cursor.fetchall()} == set()


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "right/UTC", "zone.tab"),
        *("europe/berlin", "Europe/Berlin ", "Europe", "../UTC", "/etc/localtime", "Europe/Berlin\0", "\ud800"),
        *("CEST", "+03", "<+03>-3", "EST5EDT4", "", 1, None),
    ],
)
def test_no_other_zone_can_be_set(name: object) -> None:
    with pytest.raises(InvalidValue) as refused:
        add_operator("north", "North", {"time_zone": name})
    assert (refused.value.code, refused.value.field) == ("invalid", "time_zone")
