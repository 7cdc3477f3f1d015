"""Nothing of the web is left over: every template, style, tag and filter of ours is used somewhere."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "abono"
WEB = SOURCE / "interfaces" / "web"
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py")))
TEMPLATES = {
    path.relative_to(WEB / "templates").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((WEB / "templates").rglob("*"))
    if path.is_file()
}
OURS = {name: text for name, text in TEMPLATES.items() if name.startswith("web/")}
"""The others replace templates of Django and allauth under the names that those give them."""
STYLES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(WEB.rglob("*.css")))
SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted(WEB.rglob("*.js")))
TAGS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((WEB / "templatetags").glob("*.py")))
SET_BY_HTMX = {"htmx-request"}


def unused_templates(templates: dict[str, str], code: str) -> list[str]:
    """Templates that neither code nor another template names, whole or as a name that code puts into a folder."""
    folders = set(re.findall(r'f"([\w/]+/)\{\w+\}\.html"', code))
    unused = []
    for name in templates:
        folder, _slash, file = name.rpartition("/")
        others = (text for other, text in templates.items() if other != name)
        put_in = f"{folder}/" in folders and f'"{file.removesuffix(".html")}"' in code
        if not (put_in or f'"{name}"' in code or any(name in text for text in others)):
            unused.append(name)
    return unused


def unused_classes(styles: str, pages: str) -> list[str]:
    """Classes with rules that no page has; a name may be put together of a beginning and a number."""
    named = set(re.findall(r"[\w-]+", pages))
    rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}|url\([^)]*\)", "", styles, flags=re.DOTALL)
    classes = set(re.findall(r"\.([A-Za-z][\w-]*)", rules))
    return sorted(each for each in classes if each not in named and re.sub(r"[0-9]+$", "", each) not in named)


def unused_tags(code: str, templates: str) -> list[str]:
    """Tags and filters that no template uses."""
    tags = re.findall(r"@register\.\w*tag(?:\([^)]*\))?\s+def (\w+)", code)
    filters = re.findall(r"@register\.filter(?:\([^)]*\))?\s+def (\w+)", code)
    wanted = [(each, rf"\{{%-?\s*{each}\b") for each in tags] + [(each, rf"\|{each}\b") for each in filters]
    return [each for each, use in wanted if not re.search(use, templates)]


def test_every_template_is_used() -> None:
    assert unused_templates(OURS, CODE) == []
    left = {**OURS, "web/staff/never.html": "", "web/components/never_named.html": ""}
    assert unused_templates(left, CODE) == ["web/staff/never.html", "web/components/never_named.html"]


def test_every_class_that_is_styled_is_on_a_page() -> None:
    pages = "\n".join([*TEMPLATES.values(), CODE, SCRIPTS])
    assert set(unused_classes(STYLES, pages)) == SET_BY_HTMX
    assert set(unused_classes(STYLES + ".never-on-a-page > b { margin: 0 }", pages)) - SET_BY_HTMX == {
        "never-on-a-page"
    }


def test_every_tag_and_filter_is_used() -> None:
    pages = "\n".join(TEMPLATES.values())
    assert unused_tags(TAGS, pages) == []
    left = "@register.simple_tag\ndef never_a_tag():\n@register.filter\ndef never_a_filter(text):\n"
    assert unused_tags(TAGS + left, pages) == ["never_a_tag", "never_a_filter"]
