"""What a catalogue says of use: what is read, what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from abono.features.catalogue.comparing import stored_services
from abono.features.catalogue.merging import judge
from abono.features.catalogue.terms import parse_catalogue
from abono.kernel.errors import InvalidValue
from tests.features import worlds

PACK = {"model": "package", "size": "10", "price": "5.00"}


def described(terms: dict[str, Any], kind: str = "usage", **service: Any) -> dict[str, Any]:
    return {
        "services": {"prints": {"kind": kind, **service}},
        "plans": {"office": {"price": "10.00", "period": "month", "services": {"prints": terms}}},
    }


def refused(catalogue: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(InvalidValue) as found:
        parse_catalogue(catalogue, "EUR", "")
    assert (found.value.code, found.value.field) == (code, path)


def test_seats_by_time_are_not_paid_on_use() -> None:
    terms = {**PACK, "seats_billed": "time"}
    assert dict(parse_catalogue(described(terms, "seats"), "EUR").plans["office"].services["prints"][1]) == terms
    refused(described({**terms, "overage": "on_use"}, "seats"), "invalid", "plans.office.services.prints.overage")


# ---- thresholds of warnings


@pytest.mark.parametrize("warn", [[], [1], [50, 80, 100], [80, 100, 150, 1000], list(range(10, 101, 10)), None])
def test_thresholds_are_kept_as_they_are_written(warn: list[int] | None) -> None:
    plan = parse_catalogue(described({"included": "10", "warn": warn}), "EUR").plans["office"]
    assert plan.services["prints"][1]["warn"] == warn


@pytest.mark.parametrize(
    ("warn", "code", "place"),
    [
        ([0], "out_of_range", ".0"),
        ([1001], "out_of_range", ".0"),
        ([80, 80], "invalid", ".1"),
        ([50, 100, 80], "invalid", ".2"),
        (["80"], "invalid", ".0"),
        ([80.5], "invalid", ".0"),
        ([True], "invalid", ".0"),
        (80, "invalid", ""),
        (list(range(1, 12)), "out_of_range", ""),
    ],
)
def test_thresholds_that_are_refused(warn: object, code: str, place: str) -> None:
    refused(described({"warn": warn}), code, f"plans.office.services.prints.warn{place}")


# ---- aggregations


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        ({}, ("sum", "")),
        ({"aggregation": "sum"}, ("sum", "")),
        ({"aggregation": "count"}, ("count", "")),
        ({"aggregation": "latest"}, ("latest", "")),
        ({"aggregation": "max", "property": None}, ("max", "")),
        ({"aggregation": "unique", "property": "visitor id"}, ("unique", "visitor id")),
    ],
)
def test_ways_of_adding_up(service: dict[str, Any], wanted: tuple[str, str]) -> None:
    found = parse_catalogue(described({"included": "10"}, **service), "EUR").services["prints"]
    assert (found.aggregation, found.property) == wanted


@pytest.mark.parametrize(
    ("kind", "service", "code", "field"),
    [
        ("usage", {"aggregation": "mean"}, "invalid", "aggregation"),
        ("usage", {"aggregation": "unique"}, "required", "property"),
        ("usage", {"aggregation": "unique", "property": "x" * 61}, "invalid", "property"),
        ("usage", {"aggregation": "unique", "property": ""}, "invalid", "property"),
        ("usage", {"aggregation": "max", "property": "visitor"}, "invalid", "property"),
        ("usage", {"property": "visitor"}, "invalid", "property"),
        ("seats", {"aggregation": "max"}, "invalid", "aggregation"),
        ("onoff", {"property": "visitor"}, "invalid", "property"),
    ],
)
def test_ways_of_adding_up_that_are_refused(kind: str, service: dict[str, Any], code: str, field: str) -> None:
    refused(described({}, kind, **service), code, f"services.prints.{field}")


@pytest.mark.parametrize("aggregation", ["max", "latest", "unique"])
def test_levels_have_no_quota_by_the_day(aggregation: str) -> None:
    service = {"aggregation": aggregation, **({"property": "visitor"} if aggregation == "unique" else {})}
    refused(described({"quota_period": "day"}, **service), "invalid", "plans.office.services.prints.quota_period")
    assert parse_catalogue(described({"quota_period": "month"}, **service), "EUR").services
    assert parse_catalogue(described({"quota_period": "day"}, aggregation="count"), "EUR").services


# ---- filters


def filtered(*filters: object, **services: dict[str, Any]) -> dict[str, Any]:
    """A plan of prints with filters, of big prints, of different visitors, of people and of support."""
    return {
        "services": {
            "prints": {"kind": "usage"},
            "big": {"kind": "usage"},
            "visitors": {"kind": "usage", "aggregation": "unique", "property": "visitor"},
            "people": {"kind": "seats"},
            "support": {"kind": "onoff"},
            "other": {"kind": "usage"},
            **services,
        },
        "plans": {
            "office": {
                "price": "10.00",
                "period": "month",
                "services": {
                    "prints": {"filters": list(filters)}, "big": {}, "visitors": {}, "people": {}, "support": {},
                },
            }
        },
    }  # fmt: skip


COLOUR = {"when": {"colour": "yes"}, "counts": "3"}


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [COLOUR],
        [COLOUR, {"when": {"colour": "yes", "size": "A3"}, "counts": "5"}],
        [COLOUR, {"when": {"colour": ["no", "grey"]}, "counts": "0.5"}],
        [{"when": {"size": ["A3", "A2"]}, "as": "big"}],
        [{"when": {"size": "A3"}, "as": "big", "counts": "0"}],
        [{"when": {"visitor": "7"}, "as": "visitors"}],
        [
            {"when": {"colour": "yes", "size": "A3"}, "counts": "5"},
            {"when": {"colour": "no", "tray": "2"}, "counts": "2"},
        ],
    ],
)
def test_filters_are_kept_as_they_are_written(filters: list[object]) -> None:
    plan = parse_catalogue(filtered(*filters), "EUR").plans["office"]
    assert plan.services["prints"][1] == {"filters": filters}


@pytest.mark.parametrize(
    ("filters", "code", "place"),
    [
        ([{"when": {}, "counts": "3"}], "out_of_range", ".0.when"),
        ([{"counts": "3"}], "required", ".0.when"),
        ([{"when": {"colour": "yes"}}], "required", ".0.counts"),
        ([{"when": {"colour": True}, "counts": "3"}], "invalid", ".0.when.colour"),
        ([{"when": {"colour": []}, "counts": "3"}], "required", ".0.when.colour"),
        ([{"when": {"colour": ["yes", 3]}, "counts": "3"}], "invalid", ".0.when.colour"),
        ([{"when": {"colour": "y" * 201}, "counts": "3"}], "invalid", ".0.when.colour"),
        ([{"when": {"c" * 61: "yes"}, "counts": "3"}], "invalid", ".0.when"),
        ([{"when": {f"p{n}": "1" for n in range(11)}, "counts": "3"}], "out_of_range", ".0.when"),
        ([{**COLOUR, "price": "3"}], "unknown_field", ".0.price"),
        ([{**COLOUR, "counts": "-1"}], "out_of_range", ".0.counts"),
        ([{**COLOUR, "counts": "1000000"}], "out_of_range", ".0.counts"),
        ([{**COLOUR, "counts": "0.0000001"}], "out_of_range", ".0.counts"),
        ([{**COLOUR, "as": "prints"}], "invalid", ".0.as"),
        ([{**COLOUR, "as": "people"}], "invalid", ".0.as"),
        ([{**COLOUR, "as": "support"}], "invalid", ".0.as"),
        ([{**COLOUR, "as": "other"}], "invalid", ".0.as"),
        ([{**COLOUR, "as": "visitors"}], "invalid", ".0.counts"),
        ([COLOUR, COLOUR], "invalid", ".1"),
        ([COLOUR, {"when": {"size": "A3"}, "counts": "2"}], "invalid", ".1"),
        (
            [{"when": {"size": ["A4", "A3"]}, "counts": "2"}, {"when": {"size": ["A3", "A2"]}, "as": "big"}],
            "invalid", ".1",
        ),
        ([COLOUR] * 51, "out_of_range", ""),
        (COLOUR, "invalid", ""),
    ],
)  # fmt: skip
def test_filters_that_are_refused(filters: Any, code: str, place: str) -> None:
    catalogue = filtered()
    catalogue["plans"]["office"]["services"]["prints"]["filters"] = filters
    refused(catalogue, code, f"plans.office.services.prints.filters{place}")


def test_only_what_is_used_has_filters() -> None:
    catalogue = filtered()
    catalogue["plans"]["office"]["services"]["people"] = {"filters": [COLOUR]}
    refused(catalogue, "invalid", "plans.office.services.people.filters")


def test_filters_of_two_services_may_name_each_other() -> None:
    catalogue = filtered({"when": {"size": "A3"}, "as": "big"})
    catalogue["plans"]["office"]["services"]["big"] = {"filters": [{"when": {"size": "A4"}, "as": "prints"}]}
    assert parse_catalogue(catalogue, "EUR").plans


# ---- a service that is in a plan


@pytest.mark.django_db
def test_a_service_in_a_plan_keeps_the_way_in_which_it_adds_up() -> None:
    visitors = {"kind": "usage", "aggregation": "unique", "property": "visitor"}
    seller = worlds.operator({"services": {"visitors": visitors, "free": visitors}, "plans": {
        "site": {"price": "10.00", "period": "month", "services": {"visitors": {}}},
    }})  # fmt: skip
    changed = {
        "visitors": {**visitors, "property": "user"},
        "free": {"kind": "usage", "aggregation": "latest"},
    }
    with transaction.atomic():
        merge = judge(seller, {"services": changed}, now=worlds.START)
    assert [(each.field, each.code) for each in merge.errors] == [("services.visitors.property", "invalid")]
    with transaction.atomic():
        merge = judge(seller, {"services": {"visitors": {"kind": "usage"}}}, now=worlds.START)
        assert [(each.field, each.code) for each in merge.errors] == [("services.visitors.aggregation", "invalid")]
        merge = judge(
            seller, {"services": {"visitors": {**visitors, "unit": "user"}, "free": changed["free"]}}, now=worlds.START
        )
        assert merge.errors == []
        merge.write()
    assert {code: (each.aggregation, each.property, each.unit) for code, each in stored_services(seller).items()} == {
        "visitors": ("unique", "visitor", "user"), "free": ("latest", "", ""),
    }  # fmt: skip


@pytest.mark.django_db
def test_a_service_in_a_plan_keeps_its_kind() -> None:
    seller = worlds.operator({"services": {"pages": {"kind": "usage"}, "free": {"kind": "usage"}}, "plans": {
        "site": {"price": "10.00", "period": "month", "services": {"pages": {"model": "standard", "unit": "1.00"}}},
    }})  # fmt: skip
    with transaction.atomic():
        for kind in ("onoff", "seats"):
            changed = {"pages": {"kind": kind}, "free": {"kind": kind}}
            merge = judge(seller, {"services": changed}, now=worlds.START)
            assert [(each.field, each.code) for each in merge.errors] == [("services.pages.kind", "invalid")]
        merge = judge(seller, {"services": {"free": {"kind": "seats"}}}, now=worlds.START)
        assert merge.errors == []
        merge.write()
    assert {code: each.kind for code, each in stored_services(seller).items()} == {"pages": "usage", "free": "seats"}
