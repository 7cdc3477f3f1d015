"""How operators look: readable colours, pictures that are pictures, domains that are nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import transaction

import abono
from abono.base.refusal import InvalidRequest, Refusal
from abono.features.operators import brands
from abono.features.operators.brands import DAY, NIGHT, OwnBrand
from abono.kernel.errors import InvalidValue
from tests.features.test_operator_blocks import NOW, rows, seller

NONE = OwnBrand("", "", "", "", "")
OWN = frozenset({"abono.example", "localhost"})
PNG, JPEG, WEBP = b"\x89PNG\r\n\x1a\n" + b"x", b"\xff\xd8\xff\xe0x", b"RIFF\x04\0\0\0WEBPx"


def test_the_colours_are_those_of_the_design() -> None:
    css = (Path(abono.__file__ or "").parent / "interfaces/web/static/abono/tokens.css").read_text()
    tokens = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", css))
    day, night = zip(
        *(tokens[name].split(", ") for name in ("on-accent", "page", "surface", "raised", "sunken")), strict=True
    )
    assert set(day) == set(DAY)
    assert set(night) == set(NIGHT)
    soft = re.search(r"--accent-soft: .*--brand\) (\d+)%, (#\w{6})\).*--brand-dark\) (\d+)%, (#\w{6})\)", css)
    assert soft is not None
    assert [(soft[2], int(soft[1])), (soft[4], int(soft[3]))] == list(brands._SOFT.values())  # noqa: SLF001


@pytest.mark.django_db
class TestBrands:
    def test_what_is_not_set_is_as_above(self) -> None:
        top = seller()
        low = seller(top)
        brands.save_brand(
            top, OwnBrand("North", "#1d4f91", "", "pay.north.example", "help@north.example"), taken=OWN, now=NOW
        )
        brands.save_logo(top, PNG, now=NOW)
        shown = brands.brand_of(low.id)
        assert (shown.name, shown.colour, shown.support, shown.logo_of) == (
            low.name, "#1d4f91", "help@north.example", top.id,
        )  # fmt: skip
        brands.save_brand(low, replace(NONE, colour="#7a1f5c"), taken=OWN, now=NOW)
        brands.save_logo(low, WEBP, now=NOW)
        shown = brands.brand_of(low.id)
        assert (shown.colour, shown.logo_of) == ("#7a1f5c", low.id)
        brands.remove_logo(low, now=NOW)
        assert brands.brand_of(low.id).logo_of == top.id
        assert brands.operator_by_domain("pay.north.example") == top.id
        assert brands.operator_by_domain("") is None
        told = rows("SELECT action FROM base_trail WHERE operator_id = %s ORDER BY id", low.id)
        assert [action for (action,) in told if action.startswith("operator")] == [
            "operator.brand", "operator.logo", "operator.logo",
        ]  # fmt: skip

    def test_the_night_has_a_colour_that_can_be_read(self) -> None:
        top = seller()
        for colour in ("#000000", "#1d4f91", "#7a1f5c", "#0b5345"):
            brands.save_brand(top, replace(NONE, colour=colour), taken=OWN, now=NOW)
            night = brands.night_colour(brands.brand_of(top.id))
            brands.save_brand(top, replace(NONE, colour=colour, colour_dark=night), taken=OWN, now=NOW)
            assert brands.night_colour(brands.brand_of(top.id)) == night

    def test_refusals_change_nothing(self) -> None:
        top, other = seller(), seller()
        brands.save_brand(other, replace(NONE, domain="other.example"), taken=OWN, now=NOW)
        before = rows("SELECT to_jsonb(o) FROM operators_operator AS o ORDER BY id")
        cases: list[tuple[type[Exception], str, str, OwnBrand]] = [
            (brands.PoorContrast, "poor_contrast", "colour", replace(NONE, colour="#ffcc00")),
            (brands.PoorContrast, "poor_contrast", "colour_dark", OwnBrand("", "#1d4f91", "#1d4f91", "", "")),
            (InvalidValue, "invalid", "colour", replace(NONE, colour="blue")),
            (InvalidRequest, "required", "colour", replace(NONE, colour_dark="#93bcf4")),
            (InvalidRequest, "out_of_range", "brand_name", replace(NONE, brand_name="x" * 81)),
            (InvalidRequest, "invalid", "brand_name", replace(NONE, brand_name="a\x00b")),
            (brands.DomainTaken, "domain_taken", "domain", replace(NONE, domain="OTHER.example.")),
            (brands.DomainTaken, "domain_taken", "domain", replace(NONE, domain="abono.example")),
            *(
                (InvalidRequest, "invalid", "domain", replace(NONE, domain=text))
                for text in ("localhost1", "127.0.0.1", "a..b", "-a.example", "a.example:8000", "https://a.example",
                             "a.example/x", "a b.example", "*.example", ".b.example", "x" * 64 + ".io", "a_b.example")
            ),
            *(
                (InvalidRequest, "invalid", "support", replace(NONE, support=text))
                for text in ("help", "javascript:alert(1)", "http://a.example", "ftp://a.example", "a@b@c")
            ),
        ]  # fmt: skip
        for kind, code, field, wanted in cases:
            with pytest.raises(kind) as refused, transaction.atomic():
                brands.save_brand(top, wanted, taken=OWN, now=NOW)
            assert (refused.value.code, refused.value.field) == (code, field), wanted  # type: ignore[attr-defined]
            assert rows("SELECT to_jsonb(o) FROM operators_operator AS o ORDER BY id") == before

    def test_the_ratio_is_named(self) -> None:
        with pytest.raises(brands.PoorContrast, match=r"has a contrast of 1\.\d\d:1 only; at least 4\.5:1"):
            brands.save_brand(seller(), replace(NONE, colour="#ffcc00"), taken=OWN, now=NOW)

    def test_a_domain_of_another_script(self) -> None:
        top = seller()
        brands.save_brand(top, replace(NONE, domain="счёт.example"), taken=OWN, now=NOW)
        assert brands.own_brand(top.id).domain == "счёт".encode("idna").decode() + ".example"
        assert brands.own_brand(top.id).domain.isascii()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a",
            b"RIFF\0\0\0\0WAVE",
            b"<?xml",
            b" " + PNG,
            b"\xff\xd8",
        ],
    )
    def test_what_is_no_picture_is_refused(self, content: bytes) -> None:
        top = seller()
        with pytest.raises(Refusal) as refused:
            brands.save_logo(top, content, now=NOW)
        assert (refused.value.code, refused.value.field) == ("unknown_picture", "logo")
        assert brands.logo_of(top.id) is None

    def test_pictures(self) -> None:
        top = seller()
        for content, kind in ((PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")):
            brands.save_logo(top, content, now=NOW)
            kept = brands.logo_of(top.id)
            assert kept is not None
            assert (kept.type, kept.content) == (kind, content)
        with pytest.raises(InvalidRequest) as refused:
            brands.save_logo(top, PNG + bytes(brands.MOST_BYTES), now=NOW)
        assert refused.value.code == "out_of_range"
        brands.save_logo(top, PNG.ljust(brands.MOST_BYTES, b"x"), now=NOW)
