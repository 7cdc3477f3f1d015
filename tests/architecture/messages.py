"""Texts of the product and their translations, without a program outside Python.

``python -m tests.architecture.messages`` brings ``src/abono/locale`` up to date: new texts are added without a
translation, those that are no longer used go, and what the product reads (.mo) is made anew.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCE = Path(__file__).parents[2] / "src" / "abono"
LOCALE = SOURCE / "locale"
LANGUAGES = ("ru", "de", "tr", "es")
DATED = datetime(2026, 11, 22, tzinfo=UTC)
"""Files that say when they were written differ without reason."""
_KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}


def used() -> Catalog:
    """Every text that the product's code and templates ask a translation of."""
    catalog = Catalog()
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *SOURCE.rglob("*.txt")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # What stands around the texts becomes rows of letters; without indentation they read as Python.
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), _KEYWORDS):
            catalog.add(message, locations=[(str(path.relative_to(SOURCE)), 0)], context=context)
    return catalog


def translated(language: str) -> Catalog:
    """The translations of a language as they are kept."""
    with file_of(language, "po").open("rb") as lines:
        return read_po(lines, locale=language, domain="django")


def file_of(language: str, kind: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{kind}"


def compiled(catalog: Catalog) -> bytes:
    """What the product reads: complete translations only."""
    made = io.BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def written(catalog: Catalog) -> bytes:
    """A catalogue as a file, the same every time."""
    made = io.BytesIO()
    write_po(made, catalog, width=120, omit_header=False, sort_output=True, include_lineno=False, no_location=True)
    return made.getvalue()


def is_complete(message: Message) -> bool:
    """Whether a text is translated, in all its forms, and not by a guess."""
    forms = message.string if isinstance(message.string, list | tuple) else [message.string]
    return not message.fuzzy and all(forms)


def update() -> None:
    """Bring every language up to date with the texts that are used."""
    texts = used()
    for language in LANGUAGES:
        file = file_of(language, "po")
        file.parent.mkdir(parents=True, exist_ok=True)
        known = translated(language) if file.exists() else Catalog(locale=language)
        fresh = renewed(language, texts, known)
        file.write_bytes(written(fresh))
        file_of(language, "mo").write_bytes(compiled(fresh))
        missing = [message for message in fresh if message.id and not is_complete(message)]
        print(f"{language}: {len(fresh)} texts, {len(missing)} without a translation")  # noqa: T201


def renewed(language: str, texts: Catalog, known: Catalog) -> Catalog:
    """The texts that are used, with the translations that are known."""
    fresh = Catalog(
        locale=language, domain="django", project="Abono", version="", header_comment=f"# Abono, {language}",
        msgid_bugs_address="", last_translator="", language_team=language, fuzzy=False, charset="utf-8",
        creation_date=DATED, revision_date=DATED,
    )  # fmt: skip
    for message in texts:
        if message.id:
            old = known.get(message.id, message.context)
            fresh.add(message.id, old.string if old else None, context=message.context, flags=message.flags)
    return fresh


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
    os.environ.setdefault("ABONO_DATABASE_URL", "postgresql://nobody@/none?host=/nonexistent")
    import django

    django.setup()
    update()
