"""Every function of arithmetic in migrations against its home in the kernel (or in zoneinfo), on random inputs.

Hypothesis draws a seed; each seed makes a whole batch that the database answers in one query. A failure names the case.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abono.features.operators.queries import Operator
from abono.kernel.calendars import Grid, Period, grid_for
from abono.kernel.charges import slice_amount
from abono.kernel.money import format_amount, parse_amount, round_half_up
from abono.kernel.rating import Package, parse_limits, parse_model, rate_amount
from abono.kernel.rating import packs as kernel_packs
from abono.kernel.tax import split_tax, tax_lines

pytestmark = pytest.mark.django_db

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
BATCH = 1500
few = settings(
    max_examples=60 if DEEP else 3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32).map(Random)

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Asuncion", "America/Havana",
    "Africa/Cairo", "Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Atlantic/Azores", "Africa/Casablanca", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "America/St_Johns",
)  # fmt: skip
"""With summer time, without, with midnights that do not exist, that exist twice, and with a day that was left out."""


def ask(expression: str, names: str, types: str, rows: list[tuple[Any, ...]]) -> list[Any]:
    """The expression for every row, in one query."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types.split())
    query = f"SELECT {expression} FROM unnest({arrays}) WITH ORDINALITY AS c ({names}, no) ORDER BY c.no"
    with connection.cursor() as cursor:
        cursor.execute(query, columns)
        return [row[0] for row in cursor.fetchall()]


def agree(rows: list[tuple[Any, ...]], answers: list[Any], expected: list[Any]) -> None:
    """Name the first case in which the database answers differently."""
    for row, answer, wanted in zip(rows, answers, expected, strict=True):
        assert answer == wanted, f"{row}: the database says {answer}, the kernel {wanted}"


def decimal(random: Random, most: int, digits: int) -> Decimal:
    return Decimal(random.randint(0, most * 10**digits)).scaleb(-digits)


def day(random: Random, first: int = 2000, last: int = 2025) -> date:
    return date.fromordinal(random.randint(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()))


def operator(zone: str) -> Operator:
    return Operator(1, "x", "x", "EUR", zone, "en", prices_include_tax=True, tax=Decimal(0), tax_reduced=Decimal(0))


@cache
def midnight(on: date, zone: str) -> datetime:
    """The first instant of a civil day, looked for in the calendar: the clock's own jumps are found by halving."""
    first = datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=20)
    low, high = 0, 40 * 4  # quarters of an hour: no zone of these years has finer offsets
    while high - low > 1:
        middle = (low + high) // 2
        if (first + timedelta(minutes=15 * middle)).astimezone(ZoneInfo(zone)).date() < on:
            low = middle
        else:
            high = middle
    return first + timedelta(minutes=15 * high)


@few
@given(seeds)
def test_half_up(random: Random) -> None:
    rows = []
    for _ in range(BATCH):
        denominator = random.randint(1, 10 ** random.randint(1, 6))
        numerator = random.choice([random.randint(-(10**13), 10**13), random.randint(-50, 50)])
        if random.random() < 0.3:  # a half, exactly
            numerator = denominator * numerator + denominator // 2
        rows.append((Decimal(numerator), Decimal(denominator)))
        rows.append((decimal(random, 10**9, 12) * random.choice([1, -1]), decimal(random, 400, 6) + 1))
    answers = ask("abono_half_up(a, b)", "a, b", "numeric numeric", rows)
    agree(rows, answers, [round_half_up(Fraction(a) / Fraction(b)) for a, b in rows])


@few
@given(seeds)
def test_slice(random: Random) -> None:
    rows = []
    for _ in range(BATCH):
        n = random.choice([1, 7, 28, 29, 30, 31, 90, 365, random.randint(1, 36_500)])
        price = random.choice([decimal(random, 10**4, random.randint(0, 8)), Decimal(random.randint(0, 10**12))])
        rows.append((price, random.randint(1, n), n))
    answers = ask("abono_slice(p, k, n)", "p, k, n", "numeric integer integer", rows)
    agree(rows, answers, [slice_amount(Fraction(p), k, n) for p, k, n in rows])


@few
@given(seeds)
def test_the_slices_of_a_cycle_add_up(random: Random) -> None:
    rows = [(decimal(random, 10**4, 4), random.choice([1, 7, 28, 29, 30, 31, 92, 366])) for _ in range(60)]
    answers = ask("(SELECT sum(abono_slice(p, k, n)) FROM generate_series(1, n) AS k)", "p, n", "numeric integer", rows)
    agree(rows, answers, [round_half_up(Fraction(p)) for p, _ in rows])


def grid(random: Random) -> Grid:
    text = random.choice(
        [
            "day",
            "week",
            "month",
            "quarter",
            "year",
            f"{random.randint(2, 40)} {random.choice(['days', 'weeks', 'months'])}",
        ]
    )
    period = Period.parse(text)
    anchors: list[Any] = ["start", random.randint(1, 31), 31, 30, 29]
    if not period.counted:
        anchors.append("calendar")
    return grid_for(period, random.choice(anchors), day(random))


@few
@given(seeds)
def test_boundary_and_cycle(random: Random) -> None:
    grids = [grid(random) for _ in range(BATCH)]
    rows = [(g.unit, g.step, g.origin, g.day, random.randint(-30, 200)) for g in grids]
    answers = ask("abono_boundary(u, s, o, d, n)", "u, s, o, d, n", "text integer date integer integer", rows)
    expected = [g.boundary(row[4]) for g, row in zip(grids, rows, strict=True)]
    agree(rows, answers, expected)
    # Days on and right beside a boundary, where the count turns, and any others.
    days = [boundary + timedelta(days=random.choice([-1, 0, 1, random.randint(-1000, 1000)])) for boundary in expected]
    asked = [(*row[:4], on) for row, on in zip(rows, days, strict=True)]
    answers = ask("abono_cycle(u, s, o, d, n)", "u, s, o, d, n", "text integer date integer date", asked)
    agree(asked, answers, [g.index_of(on) for g, on in zip(grids, days, strict=True)])


@few
@given(seeds)
def test_tax(random: Random) -> None:
    rows, expected = [], []
    for _ in range(BATCH // 3):
        lines = random.choice([1, 1, 2, 3, 5])
        rates = [random.choice([Decimal(0), Decimal(19), Decimal(7), decimal(random, 100, 3)]) for _ in range(lines)]
        weights = [random.choice([Decimal(1), Decimal(0), decimal(random, 100, 4)]) for _ in range(lines)]
        if not any(weights):
            weights[0] = Decimal(1)
        amount, inclusive = random.choice([random.randint(0, 200), random.randint(0, 10**12)]), random.random() < 0.5
        rows.append((amount, inclusive, _array(rates), _array(weights)))
        parts = tax_lines(amount, inclusive, rates, [Fraction(weight) for weight in weights])
        assert sum(part.net + part.tax for part in parts) == sum(part.gross for part in parts)
        expected.append(sum(part.tax for part in parts))
    for name in ("abono_tax", "abono_tax_lines"):
        answers = ask(f"{name}(a, i, r::numeric[], w::numeric[])", "a, i, r, w", "bigint boolean text text", rows)
        agree(rows, answers, expected)
    single = [(random.randint(0, 10**6), random.random() < 0.5, decimal(random, 100, 2)) for _ in range(BATCH)]
    answers = ask("abono_tax(a, i, ARRAY[r], ARRAY[1::numeric])", "a, i, r", "bigint boolean numeric", single)
    agree(single, answers, [split_tax(a, r, i).tax for a, i, r in single])


def _array(values: list[Decimal]) -> str:
    return "{" + ",".join(str(value) for value in values) + "}"


def days_of_interest(random: Random, zone: str) -> list[date]:
    """Days around the zone's clock changes of one year, and any others."""
    return [*(day(random) for _ in range(3)), *_clock_changes(zone, random.randint(2000, 2025))]


@cache
def _clock_changes(zone: str, year: int) -> list[date]:
    first = datetime(year, 1, 1, 12, tzinfo=UTC)
    days = [first + timedelta(days=step) for step in range(366)]
    offsets = [each.astimezone(ZoneInfo(zone)).utcoffset() for each in days]
    changes = [day for before, after, day in zip(offsets, offsets[1:], days, strict=False) if before != after]
    return [(change + timedelta(days=step)).date() for change in changes for step in range(-1, 3)]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_at_the_same_instant_everywhere(zone: str) -> None:
    """Operator.midnight, ``abono_midnight`` and the first instant of the civil day."""
    random = Random(zone)
    rows = [(on,) for _ in range(20) for on in days_of_interest(random, zone)]
    if zone == "Pacific/Apia":  # the day that was left out
        rows = [row for row in rows if row[0] != date(2011, 12, 30)]
    answers = ask(f"abono_midnight(c.day, '{zone}')", "day", "date", rows)
    mine = operator(zone)
    agree(rows, answers, [mine.midnight(on) for (on,) in rows])
    agree(rows, [mine.day(mine.midnight(on)) for (on,) in rows], [on for (on,) in rows])
    agree(rows, answers, [midnight(on, zone) for (on,) in rows])


@pytest.mark.parametrize("zone", ZONES)
def test_the_day_of_an_instant_is_the_same_everywhere(zone: str) -> None:
    random = Random(zone)
    rows = [
        (mine + timedelta(minutes=random.randint(-180, 180)),)
        for on in days_of_interest(random, zone)
        for mine in [operator(zone).midnight(on)]
    ]
    answers = ask(f"(c.at AT TIME ZONE '{zone}')::date", "at", "timestamptz", rows)
    agree(rows, answers, [operator(zone).day(at) for (at,) in rows])


@few
@given(seeds)
def test_blocked_from(random: Random) -> None:
    rows, expected = [], []
    for zone in ZONES:
        for on in days_of_interest(random, zone):
            begins = operator(zone).midnight(on)
            at = begins + random.choice(
                [timedelta(0), timedelta(microseconds=-1), timedelta(seconds=random.randint(-7200, 90_000))]
            )
            rows.append((at, zone))
            civil = at.astimezone(ZoneInfo(zone)).date()
            # The first civil day whose own first instant is not before the block.
            expected.append(civil if midnight(civil, zone) == at else civil + timedelta(days=1))
    answers = ask("abono_blocked_from(a, z)", "a, z", "timestamptz text", rows)
    agree(rows, answers, expected)


@few
@given(seeds)
def test_look(random: Random) -> None:
    rows: list[tuple[Any, ...]] = []
    expected: list[datetime | None] = []
    for zone in ZONES:
        for on in days_of_interest(random, zone):
            hours, days = random.choice([(random.randint(1, 100), None), (None, random.randint(1, 30)), (None, None)])
            at = midnight(on - timedelta(days=days or 0), zone) - timedelta(hours=hours or 0)
            begun = at + random.choice([timedelta(0), timedelta(days=-20), timedelta(hours=random.randint(-40, 40))])
            rows.append((on, hours, days, zone, begun))
            # Hours are compared by the instant, days by the civil day; what it is for has begun by then.
            near = begun > at if hours else begun.astimezone(ZoneInfo(zone)).date() > on - timedelta(days=days or 0)
            expected.append(max(at, begun) if (hours or days) and not near else None)
    answers = ask("abono_look(b, h, d, z, s)", "b, h, d, z, s", "date integer integer text timestamptz", rows)
    agree(rows, answers, expected)


@few
@given(seeds)
def test_money_is_spent_greedily(random: Random) -> None:
    rows, expected = [], []
    for account in range(150):
        left = first = random.choice([0, random.randint(-50, 50), random.randint(0, 300)])
        for place in range(random.randint(1, 8)):
            amount, always = random.choice([0, random.randint(0, 120)]), random.random() < 0.15
            rows.append((account, place, first, amount, always))
            if always or left >= amount:
                left -= amount
            expected.append(left)
    answers = ask(
        "abono_left(f, m, always) OVER (PARTITION BY acc ORDER BY place ROWS UNBOUNDED PRECEDING)",
        "acc, place, f, m, always", "integer integer bigint bigint boolean", rows,
    )  # fmt: skip
    agree(rows, answers, expected)


@few
@given(seeds)
def test_due_day(random: Random) -> None:
    rows, expected = [], []
    for _ in range(BATCH):
        today = day(random)

        def near(today: date = today) -> date:
            return today + timedelta(days=random.randint(-3, 40))

        state = random.choice(["pending", "trial", "active", "suspended", "suspended", "suspended", "ended"])
        reasons = random.choice([1, 1, 2, 3, 4, 5, 6, 7]) if state == "suspended" else 0
        early = bool(reasons & 1) and random.random() < 0.3
        charge, resume = random.choice(["advance", "arrears", "daily"]), random.choice(["restart", "remainder", "full"])
        opened, runs = random.random() < 0.8, random.random() < 0.6
        paid, boundary, price_day = near(), near(), random.choice([None, near()])
        paused = near() if reasons & 2 and random.random() < 0.7 else None
        frozen = random.randint(1, 30) if reasons & 2 and random.random() < 0.5 else None
        rows.append(
            (state, reasons, early, runs, charge, resume, opened, paid, boundary, frozen, paused, today, price_day)
        )
        wake: list[date] = []
        if state in {"pending", "trial", "active"}:  # the next slice, or the boundary
            wake = [paid if charge == "daily" and opened else boundary]
        elif state == "suspended":
            wake += [paused] if paused else []  # the pause ends by itself
            wake += [boundary] if runs and not frozen else []  # the boundary that charges nothing
            if reasons == 1 and not early:  # waits for money only: what it costs may fall at a midnight
                changes_daily = charge == "daily" or resume == "remainder"
                wake += [today + timedelta(days=1)] if changes_daily else [price_day] if price_day else []
        expected.append(min(wake) if wake else None)
    answers = ask(
        "abono_due_day(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13)",
        "p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13",
        "text integer boolean boolean text text boolean date date integer date date date",
        rows,
    )
    agree(rows, answers, expected)


@few
@given(seeds)
def test_ids_are_unique_and_lie_between_the_ids_before_and_after(random: Random) -> None:
    accounts = [random.randint(1, 2**41) for _ in range(20)]
    places = [1, 2, 3, 524_287, 524_288 + 1, 524_288 + 524_287]
    rounds: list[list[UUID]] = []
    for _ in range(20):
        with connection.cursor() as cursor:
            cursor.execute("SELECT uuidv7()")
            before = cursor.fetchone()[0]
            cursor.execute(
                "WITH head AS MATERIALIZED (SELECT left(replace(uuidv7()::text, '-', ''), 16) AS digits)"
                " SELECT abono_id(digits, a, p) FROM head CROSS JOIN unnest(%s::bigint[]) AS a"
                " CROSS JOIN unnest(%s::bigint[]) AS p ORDER BY a, p",
                [sorted(accounts), places],
            )
            made = [row[0] for row in cursor.fetchall()]
            cursor.execute("SELECT uuidv7()")
            after = cursor.fetchone()[0]
        assert all(before < each < after for each in made)
        assert all(each.version == 7 and each.variant == "specified in RFC 4122" for each in made)
        assert made == sorted(made), "of one statement the account, then the place orders"
        rounds.append(made)
    everything = [each for made in rounds for each in made]
    assert len(set(everything)) == len(everything)


def _decimal(draw: Random, most: int, places: int) -> str:
    text = f"{draw.randrange(most * 10**places + 1)}"
    whole, rest = text[:-places] or "0", text[-places:].rjust(places, "0")
    return f"{whole}.{rest}" if places else text


def _model(draw: Random) -> dict[str, Any]:
    """Any price model with any limits, as a catalogue writes it."""
    places = draw.choice([1, 2, 4])
    kind = draw.choice(["standard", "graduated", "volume", "package", "percentage"])
    terms: dict[str, Any] = {"model": kind}
    if kind == "standard":
        terms["unit"] = _decimal(draw, 3, places)
    elif kind == "package":
        terms |= {"size": draw.choice(["1", "3", "10", "0.5", "0.7", "99.999"]), "price": _decimal(draw, 20, places)}
    elif kind == "percentage":
        terms["rate"] = _decimal(draw, 30, places)
        if draw.random() < 0.5:
            terms["fixed"] = _decimal(draw, 5, places)
        if draw.random() < 0.5:
            terms |= {"min": _decimal(draw, 5, places), "max": str(draw.randrange(5, 60))}
    else:
        tops = sorted(draw.sample(range(1, 40), draw.randrange(4)))
        tiers: list[dict[str, Any]] = [{"up_to": str(top), "unit": _decimal(draw, 3, places)} for top in tops]
        tiers.append({"up_to": None, "unit": _decimal(draw, 3, places)})
        for tier in tiers:
            if draw.random() < 0.5:
                tier["flat"] = _decimal(draw, 9, 2)
        terms["tiers"] = tiers
    if draw.random() < 0.3:
        terms["minimum"] = _decimal(draw, 9, 2)
    if draw.random() < 0.3:
        terms["maximum"] = str(draw.randrange(9, 90))
    return terms


@few
@given(draw=seeds)
def test_price_models(draw: Random) -> None:
    rows, expected = [], []
    for _ in range(BATCH // 3):
        terms = _model(draw)
        currency, digits = draw.choice([("EUR", 2), ("JPY", 0), ("KWD", 3)])
        left = draw.choice(["0", "1", "40", _decimal(draw, 60, draw.choice([1, 3]))])
        limits = parse_limits(terms)
        model = parse_model({name: value for name, value in terms.items() if name not in {"minimum", "maximum"}})
        amount = rate_amount(model, Fraction(left), currency, minimum=limits[0], maximum=limits[1])
        assert parse_amount(format_amount(amount, currency), currency, "amount") == amount
        rows.append((json.dumps(terms), left, digits))
        expected.append((amount, kernel_packs(model, Fraction(left)) if isinstance(model, Package) else 0))
    answers = ask("abono_charged(a, abono_cost(a, b), c)", "a, b, c", "jsonb numeric integer", rows)
    agree(rows, answers, [amount for amount, _packs in expected])
    answers = ask("abono_packs(a, b)", "a, b", "jsonb numeric", [row[:2] for row in rows])
    agree(rows, [int(answer) for answer in answers], [count for _amount, count in expected])


def test_a_cost_beyond_the_books_is_capped() -> None:
    rows = [(json.dumps({"model": "standard", "unit": "999999999999999"}), "999999999999999", 2)]
    assert ask("abono_charged(a, abono_cost(a, b), c)", "a, b, c", "jsonb numeric integer", rows) == [10**15 - 1]


@few
@given(draw=seeds)
def test_what_is_taken_within_limits(draw: Random) -> None:
    for _ in range(20):
        used, least, most = draw.randrange(9), draw.choice([None, 0]), draw.choice([None, 5, 9])
        quantities = [draw.randrange(-4, 6) for _each in range(12)]
        wanted, now = [], used
        for quantity in quantities:
            if not ((quantity > 0 and most is not None and now + quantity > most) or (
                quantity < 0 and least is not None and now + quantity < least
            )):  # fmt: skip
                now += quantity
            wanted.append(now)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT abono_taken(%s::numeric, q, %s::numeric, %s::numeric)"
                " OVER (ORDER BY no ROWS UNBOUNDED PRECEDING)"
                " FROM unnest(%s::numeric[]) WITH ORDINALITY AS c (q, no) ORDER BY no",
                [used, least, most, quantities],
            )
            assert [int(row[0]) for row in cursor.fetchall()] == wanted


@few
@given(random=seeds)
def test_an_average_over_time(random: Random) -> None:
    def pair() -> tuple[Decimal, Decimal]:
        seconds = Decimal(random.choice([1, 60, 82_800, 86_400, 2_678_400, random.randrange(1, 40_000_000)]))
        level = Decimal(random.randrange(-10, 5_000)).scaleb(-random.randrange(7))
        return random.choice([level * seconds, level * random.randrange(1, 1_000_000)]), seconds

    def wanted(area: Decimal, seconds: Decimal) -> Decimal:
        trillionths = round_half_up(max(Fraction(area), Fraction(0)) / Fraction(seconds) * 10**12)
        return Decimal(trillionths).scaleb(-12)

    rows = [pair() for _ in range(BATCH)] + [(Decimal("0.000000000001"), Decimal(2)), (Decimal(2), Decimal(3))]
    agree(rows, ask("abono_average(a, b)", "a, b", "numeric numeric", rows), [wanted(*row) for row in rows])


@pytest.mark.parametrize(
    ("used", "included", "told"),
    [("79.99", "100", 0), ("80", "100", 80), ("99.9", "100", 80), ("100", "100", 100), ("5", "0", 0), ("-1", "3", 0)],
)
def test_thresholds_of_warnings(used: str, included: str, told: int) -> None:
    assert ask("abono_warned(a, b)", "a, b", "numeric numeric", [(used, included)]) == [told]


@pytest.mark.parametrize(
    ("used", "included", "thresholds", "told"),
    [
        ("49.99", "100", [50, 90], 0), ("50", "100", [50, 90], 50), ("1", "3", [33, 34], 33),
        ("150", "100", [50, 90], 90), ("9.99", "1", [999, 1000], 999), ("100", "100", [], 0),
        ("100", "100", None, 100), ("80", "100", None, 80),
        ("5", "0", [50], 0), ("-1", "3", [1], 0),
    ],
)  # fmt: skip
def test_thresholds_of_a_plan_s_own(used: str, included: str, thresholds: list[int] | None, told: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT abono_warned(%s::numeric, %s::numeric, %s::smallint[])", [used, included, thresholds])
        assert cursor.fetchone() == (told,)


@pytest.mark.parametrize(
    ("terms", "thresholds"),
    [({}, None), ({"warn": None}, None), ({"warn": []}, []), ({"warn": [50, 80, 1000]}, [50, 80, 1000])],
)
def test_thresholds_of_terms(terms: dict[str, Any], thresholds: list[int] | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT abono_thresholds(%s::jsonb)", [json.dumps(terms)])
        assert cursor.fetchone() == (thresholds,)


@pytest.mark.parametrize("aggregation", ["sum", "max", "latest"])
@few
@given(random=seeds)
def test_levels_after_each_report(aggregation: str, random: Random) -> None:
    """Against a list of what was taken: its sum, its most, what its latest says; nothing rises above the most."""

    def level(taken: list[tuple[int, int]]) -> int:
        if aggregation == "sum":
            return sum(number for number, _at in taken)
        if aggregation == "max":
            return max([number for number, _at in taken] + [0])
        return max(((at, number) for number, at in taken), default=(0, 0))[1]

    for _ in range(20):
        most = random.choice([None, 8])
        reports = [(random.randrange(-4, 12), random.randrange(6)) for _ in range(12)]
        taken: list[tuple[int, int]] = []
        wanted = []
        for report in reports:
            fits = not (level([*taken, report]) > level(taken) and most is not None and level([*taken, report]) > most)
            taken = [*taken, report] if fits else taken
            wanted.append((level(taken), fits))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT abono_levelled(0, NULL, %s, q, at, %s::numeric) OVER (ORDER BY no ROWS UNBOUNDED PRECEDING)"
                " FROM unnest(%s::numeric[], %s::numeric[]) WITH ORDINALITY AS c (q, at, no) ORDER BY no",
                [aggregation, most, [number for number, _at in reports], [at for _number, at in reports]],
            )
            assert [(int(row[0][0]), row[0][2] == 1) for row in cursor.fetchall()] == wanted
