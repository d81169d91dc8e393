"""Translations without GNU gettext: `python -m config.messages update|compile|check`.

update   gathers the texts of the code and the templates into locale/ru/LC_MESSAGES/django.po, keeping translations
compile  writes the django.mo that Django reads (not in version control; `make install` does it)
check    says what lacks a translation or is no longer used, and ends with 1 if there is any
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale/ru/LC_MESSAGES/django.po"
CODE = ("accounts", "territories", "clients", "sales", "visits", "kpi", "cleanup", "config")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "N_": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip
# What django.utils.translation.template.templatize makes of a template's tags, between blanked-out text.
CALL = re.compile(r"""\b(n?p?gettext|_)\(((?:\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?)+)(?:\s*count)?\)""")
STRING = re.compile(r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

Found = tuple[str, int, str | tuple[str, ...], str | None]  # path, line, text or singular and plural, context


def of_code() -> Iterator[Found]:
    """The texts of all Python files of the product."""
    for app in CODE:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for line, text, _comments, context in extract_from_file("python", path, keywords=KEYWORDS):
                if text:
                    yield str(path.relative_to(ROOT)), line, text, context


def of_templates() -> Iterator[Found]:
    """The texts of all templates."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        source = templatize(path.read_text(), origin=str(path))
        for match in CALL.finditer(source):
            texts = [ast.literal_eval(text) for text in STRING.findall(match[2])]
            context = texts.pop(0) if "p" in match[1].split("gettext")[0] else None
            text = (texts[0], texts[1]) if match[1].startswith("n") else texts[0]
            yield str(path.relative_to(ROOT)), source.count("\n", 0, match.start()) + 1, text, context


def template_catalog() -> Catalog:
    """All texts of the product, untranslated."""
    catalog = Catalog(locale="ru", project="Basis CRM", fuzzy=False)
    for path, _line, text, context in [*of_code(), *of_templates()]:
        if text:
            catalog.add(text, locations=[(path, 1)], context=context)
    return catalog


def stored_catalog() -> Catalog:
    if not PO.exists():
        return Catalog(locale="ru", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="ru")


def is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(strings) and not message.fuzzy


def update() -> int:
    stored, wanted = stored_catalog(), template_catalog()
    for message in wanted:
        if message.id:
            known = stored.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            if known and bool(known.pluralizable) == bool(message.pluralizable):
                message.string = known.string
    PO.parent.mkdir(parents=True, exist_ok=True)
    wanted.revision_date = stored.revision_date if PO.exists() else wanted.revision_date
    wanted.creation_date = stored.creation_date if PO.exists() else wanted.creation_date
    with PO.open("wb") as file:
        write_po(file, wanted, width=110, sort_output=True, include_lineno=False)
    lacking = sum(not is_translated(message) for message in wanted if message.id)
    print(f"{PO.relative_to(ROOT)}: {len(wanted)} texts, {lacking} to translate")
    return 0


def compile_() -> int:
    for po in sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po")):
        with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source, locale=po.parts[-3]))
        print(f"{po.with_suffix('.mo').relative_to(ROOT)}")
    return 0


def check() -> int:
    stored, wanted = stored_catalog(), template_catalog()
    key = {(message.context, message.id): message for message in stored if message.id}
    needed = {(message.context, message.id) for message in wanted if message.id}
    lacking = [one for one in needed if one not in key or not is_translated(key[one])]
    for title, some in (("not translated", lacking), ("no longer used", [one for one in key if one not in needed])):
        for context, text in sorted(some, key=str):
            print(f"{title}: {text!r}" + (f" ({context})" if context else ""))
    return 1 if lacking or set(key) - needed else 0


if __name__ == "__main__":
    commands = {"update": update, "compile": compile_, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]]())
