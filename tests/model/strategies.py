"""Random stories: worlds, and what may be asked in them. Names are numbers that telling reduces to what there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Script = list[tuple[Any, ...]]

MONEY = ("0.01", "1.00", "3.33", "5.00", "9.99", "10.00", "20.00", "31.00", "100.00")
ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Asia/Kolkata", "America/Havana")
SERVICES = {
    "thing": {"kind": "onoff", "price": "3.00"},
    "book": {"kind": "onoff", "tax": "reduced", "price": "1.00"},
    "calls": {"kind": "usage", "unit": "call", "price": "1.00"},
    "people": {"kind": "seats", "unit": "person", "tax": "reduced", "price": "2.00"},
}
PAUSES = ("freeze", "lose", {"mode": "freeze", "fee": "0.50"}, {"mode": "lose", "days_per_year": 10, "min_days": 2})
PERIODS = ("month", "month", "month", "week", "10 days", "day", "2 weeks", "quarter", "2 months", "30 days")


@st.composite
def counted(draw: st.DrawFn) -> dict[str, Any]:
    """How a plan counts a service."""
    model = draw(st.sampled_from(["none", "package", "package", "standard", "graduated", "volume"]))
    record: dict[str, Any] = {"included": draw(st.sampled_from(["0", "2", "10"]))}
    if model == "none":
        if draw(st.booleans()):
            record["limit"] = "hard"
    elif model == "package":
        record |= {"model": "package", "size": draw(st.sampled_from(["1", "5"])), "price": "1.50"}
        if draw(st.booleans()):
            record["overage"] = "on_use"
    elif model == "standard":
        record |= {"model": "standard", "unit": "0.35"}
    else:
        tiers = [{"up_to": "4", "unit": "0.50", "flat": "0.25"}, {"up_to": None, "unit": "0.10", "flat": "0"}]
        record |= {"model": model, "tiers": tiers}
    if model != "none" and draw(st.integers(0, 3)) == 0:
        record["minimum"] = "0.75"
    return record


@st.composite
def plans(draw: st.DrawFn, *, usage: bool) -> dict[str, Any]:
    """Any combination of a plan's terms."""
    period = draw(st.sampled_from(PERIODS))
    anchors: list[Any] = ["start", 1, 15, 31] if period[0].isdigit() else ["start", "start", "calendar", 15, 31]
    services: dict[str, Any] = draw(st.sampled_from([{"thing": {}}, {"thing": {}, "book": {"quantity": "2"}}]))
    services = {**services}
    plan: dict[str, Any] = {
        "price": draw(st.sampled_from(["10.00", "9.99", "31.00", "7.77", "30.05", "0.00", "0.10", None])),
        "period": period,
        "anchor": draw(st.sampled_from(anchors)),
        "first_period": draw(st.sampled_from(["full", "prorate", "free"])),
        "charge": draw(st.sampled_from(["advance", "advance", "arrears", "daily"])),
        "priority": draw(st.sampled_from([100, 1, 200])),
        "on_shortfall": draw(st.sampled_from(["suspend", "suspend", "suspend", "owe", "end"])),
        "resume": draw(st.sampled_from(["restart", "remainder", "full"])),
        "pause": draw(st.sampled_from(PAUSES)),
        "services": services,
    }
    if plan["price"] is None:
        del plan["price"]
    if draw(st.booleans()):
        plan["look_ahead"] = draw(st.sampled_from(["3 days", "12 hours", "36 hours", "1 weeks"]))
        plan["early_block"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        plan["trial"] = draw(st.sampled_from(["3 days", "14 days"]))
    if draw(st.integers(0, 3)) == 0:
        plan["setup_fee"] = "2.50"
    if draw(st.integers(0, 9)) == 0:
        plan["renew"] = False
    if usage:
        services["calls"] = draw(counted())
        if draw(st.integers(0, 3)) == 0:
            services["calls"]["quota_period"] = "day"
        if draw(st.booleans()):
            services["people"] = draw(counted())
            services["people"]["seats_billed"] = draw(st.sampled_from(["peak", "peak", "end"]))
    return plan


@st.composite
def worlds(draw: st.DrawFn, *, usage: bool = False) -> dict[str, Any]:
    """An operator, a start, two or three plans and two accounts."""
    zone = draw(st.sampled_from(ZONES))
    start = datetime(2025, 1, 1) + timedelta(days=draw(st.integers(0, 364)), hours=draw(st.sampled_from([0, 0, 9, 23])))  # noqa: DTZ001 -- local
    made = draw(st.lists(plans(usage=usage), min_size=2, max_size=3))
    account = st.fixed_dictionaries(
        {"balance": st.sampled_from(["0.00", "10.00", "35.00", "100.00", "-4.00"]),
         "credit_limit": st.sampled_from(["0.00", "0.00", "5.00", "30.00"])}
    )  # fmt: skip
    return {
        "scenario": "random",
        "operator": {
            "currency": "EUR", "time_zone": zone, "prices_include_tax": draw(st.booleans()),
            "tax": draw(st.sampled_from(["0", "19"])), "tax_reduced": "7",
        },
        "start": start.isoformat(),
        "catalogue": {"services": SERVICES, "plans": {f"p{n}": plan for n, plan in enumerate(made)}},
        "accounts": {"a": draw(account), "b": draw(account)},
    }  # fmt: skip


def scripts(*, downtimes: bool = False, usage: bool = False) -> st.SearchStrategy[Script]:
    """What may be asked, after some orders."""
    which, money = st.integers(0, 3), st.sampled_from(MONEY)
    ends = st.sampled_from(["now", "now", "period_end"])
    passing = st.tuples(st.just("pass"), st.sampled_from([0, 1, 5, 24, 24, 72, 168, 24 * 20, 24 * 31]))
    options: list[st.SearchStrategy[tuple[Any, ...]]] = [
        passing,
        passing,
        st.tuples(st.just("midnight"), st.sampled_from([1, 1, 2, 7, 15, 31]), st.sampled_from([0, 0, -1])),
        st.tuples(st.just("subscribe"), which, which, st.sampled_from(["1", "1", "2", "0.5"])),
        st.tuples(st.just("pay"), which, money),
        st.tuples(st.just("unlock"), which, st.sampled_from([0, -1])),
        st.tuples(st.sampled_from(["refund", "adjust"]), which, st.sampled_from([*MONEY, "-10.00"])),
        st.tuples(st.just("credit_limit"), which, st.sampled_from(["0.00", "5.00", "30.00"])),
        st.tuples(st.just("promise"), which, money, st.sampled_from([1, 2, 5, 40]), st.sampled_from(["0.00", "1.00"])),
        st.tuples(st.just("change"), which, which, st.sampled_from([None, None, "1", "3"]), ends),
        st.tuples(st.just("cancel"), which, ends, st.sampled_from(["none", "prorated"])),
        st.tuples(st.just("pause"), which, st.sampled_from([None, 1, 5, 40])),
        st.tuples(st.just("resume"), which),
        st.tuples(st.sampled_from(["block", "unblock"]), which),
        st.tuples(st.sampled_from(["block_all", "unblock_all"]), which),
        st.tuples(st.just("price"), which, st.sampled_from(["10.00", "4.44", "0.00"]), st.sampled_from([0, 1, 20])),
    ]
    if downtimes:
        options.append(st.tuples(st.just("downtime"), st.sampled_from([5, 24, 60, 24 * 20, 24 * 40])))
    if usage:
        amount = st.sampled_from(["1", "2", "5", "6", "20", "-1", "-3", "0.5"])
        options += [
            st.tuples(st.just("use"), which, amount, st.sampled_from([None, None, 0, 5, 24, 24 * 20])),
            st.tuples(st.just("use"), which, amount, st.none()),
            st.tuples(st.just("seats"), which, st.sampled_from(["1", "3", "6", "-1", "-2"])),
        ]
    orders = st.lists(st.tuples(st.just("subscribe"), which, which, st.just("1")), min_size=1, max_size=4)
    rest = st.lists(st.one_of(options), min_size=6, max_size=30)
    return st.builds(lambda first, more: [*first, *more], orders, rest)
