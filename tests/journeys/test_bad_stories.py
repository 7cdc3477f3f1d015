"""A story that cannot be right is refused before anything is played: the file, the field, the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from abono.interfaces.cli.stories.reading import read_story
from abono.kernel.errors import InvalidValue

WORLD = """
operator: {currency: EUR, time_zone: Europe/Berlin}
start: 2026-01-01
catalogue:
  services: {line: {kind: onoff}}
  plans: {dsl: {price: "10.00", period: month, services: {line: {}}}}
accounts: {a: {}}
"""

BAD = {
    "no start": ("operator: {}\nsteps: []", "start", "required"),
    "not a mapping": ("- 1", "", "invalid"),
    "not yaml": ("a: [", "line 1", "invalid"),
    "too deep": ("a: " + "[" * 32 + "]" * 32, "line 1", "invalid"),
    "far too deep": ("[" * 100_000, "line 1", "invalid"),
    "a thousand million values": (
        "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
        "line 7",
        "invalid",
    ),
    "an alias of itself": ("a: &a [*a]", "line 1", "invalid"),
    "a letter beyond all alphabets": ('start: 2026-01-01\naccounts: {"\\UFFFFFFFF": {}}', "", "invalid"),
    "half a letter": ('start: 2026-01-01\naccounts: {"\\ud800": {}}', "accounts.\ud800", "invalid"),
    "a name with a sign that nobody sees": (
        "start: 2026-01-01\naccounts: {a\u200b: {}}",
        "accounts.a\u200b",
        "invalid",
    ),
    "one name in two spellings": (
        "start: 2026-01-01\naccounts: {\xe9: {}, e\u0301: {}}",
        "accounts.e\u0301",
        "invalid",
    ),
    "a key twice": ("start: 2026-01-01\nstart: 2026-01-02", "line 2", "invalid"),
    "unknown section": (WORLD + "colour: blue", "colour", "unknown_field"),
    "unknown zone": ("start: 2026-01-01\noperator: {time_zones: UTC}", "operator.time_zones", "unknown_field"),
    "unknown currency": ("start: 2026-01-01\noperator: {currency: EURO}", "operator.currency", "invalid"),
    "unknown step": (WORLD + "steps: [{give: {}}]", "steps.1.give", "unknown_field"),
    "two actions": (
        WORLD + "steps: [{pay: {account: a, amount: '1.00'}, advance: {}}]",
        "steps.1.advance",
        "invalid",
    ),
    "no amount": (WORLD + "steps: [{pay: {account: a}}]", "steps.1.pay.amount", "required"),
    "amount as a number": (WORLD + "steps: [{pay: {account: a, amount: 10.0}}]", "steps.1.pay.amount", "invalid"),
    "too many decimals": (WORLD + "steps: [{pay: {account: a, amount: '1.005'}}]", "steps.1.pay.amount", "invalid"),
    "too much": (
        WORLD + "steps: [{pay: {account: a, amount: '99999999999999.00'}}]",
        "steps.1.pay.amount",
        "out_of_range",
    ),
    "back in time": (WORLD + "steps: [{at: 2025-12-31, advance: {}}]", "steps.1.at", "out_of_range"),
    "no such day": (WORLD + "steps: [{at: 2026-02-30, advance: {}}]", "steps.1.at", "invalid"),
    "a slip of the year": (WORLD + "steps: [{at: 9999-12-31, advance: {}}]", "steps.1.at", "out_of_range"),
    "a downtime without an end": (
        WORLD + "steps: [{downtime: {until: 3000-01-01}}]",
        "steps.1.downtime.until",
        "out_of_range",
    ),
    "a price of a day that never comes": (
        WORLD + "steps: [{price: {plan: dsl, price: '1.00', from: 9999-12-31}}]",
        "steps.1.price.from",
        "out_of_range",
    ),
    "a pause until a day that never comes": (
        WORLD + "steps: [{pause: {subscription: s, until: 3000-01-01}}]",
        "steps.1.pause.until",
        "out_of_range",
    ),
    "a start before the clocks": ("start: 1969-12-31", "start", "out_of_range"),
    "nothing to block": (WORLD + "steps: [{block: {}}]", "steps.1.block.subscription", "required"),
    "expecting nonsense": (WORLD + "steps: [{expect: {people: {}}}]", "steps.1.expect.people", "unknown_field"),
    "plan without price": (
        "start: 2026-01-01\ncatalogue: {plans: {p: {period: month}}}",
        "catalogue.plans.p.price",
        "required",
    ),
    "plan of an unknown service": (
        "start: 2026-01-01\ncatalogue: {plans: {p: {period: month, price: '1.00', services: {x: {}}}}}",
        "catalogue.plans.p.services.x",
        "invalid",
    ),
    "calendar with N days": (
        "start: 2026-01-01\ncatalogue: {plans: {p: {period: 30 days, anchor: calendar, price: '1.00'}}}",
        "catalogue.plans.p.anchor",
        "invalid",
    ),
    "early block without look-ahead": (
        "start: 2026-01-01\ncatalogue: {plans: {p: {period: month, early_block: true, price: '1.00'}}}",
        "catalogue.plans.p.look_ahead",
        "required",
    ),
}


@pytest.mark.parametrize(("text", "field", "code"), BAD.values(), ids=BAD.keys())
def test_bad_story(tmp_path: Path, text: str, field: str, code: str) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue) as refused:
        read_story(path)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_yaml_words_and_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(
        WORLD + 'steps: [{expect: {subscriptions: {on: {next: {on: 2026-02-01, amount: "1.00"}, plan: yes}}}}]',
        encoding="utf-8",
    )
    (step,) = read_story(path).steps
    assert step.expect == {"subscriptions": {"on": {"next": {"on": "2026-02-01", "amount": "1.00"}, "plan": "yes"}}}
