"""Finding clients by what somebody types: name, code, INN, phone, address, mistyped or in the other keyboard layout.

Nothing here reads more of the register than a page may: docs/decisions/041-search.md.
"""

import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Q, TextField, Value, When
from django.db.models.functions import Concat

from accounts.models import User
from clients.columns import Row
from clients.columns import rows as read_rows
from clients.models import Client, Counterparty, Status
from clients.querysets import ClientQuerySet
from config import sql
from config.once import once_a_page

MANY = 1_000  # hits: up to here they are known one by one, beyond the list walks along its order
FEW = 3  # results, below which what is similar is looked for too
SHOWN = 8
MOST_WORDS = 8  # of a text, that are looked at for typos
CANDIDATES = 60  # that are put in order for the palette
OWNERS = 1_000
LEAST_INN_DIGITS = 5

PHONE = re.compile(r"\+?\d[\d\s().\-–]{6,}\d")
SEPARATORS = re.compile(r"[\s().+\-–]")
QUOTES = re.compile(r"[«»\"“”„'`(),;]+")
LEGAL_FORMS = frozenset(["ооо", "оао", "зао", "пао", "нао", "ао", "ип", "чп", "тд", "тоо", "llc", "ltd"])
LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбю"
OTHER_LAYOUT = str.maketrans(LATIN + RUSSIAN, RUSSIAN + LATIN)


def words_of(text: str) -> list[str]:
    """The words to look for, small letters, ё as е, without quotes and legal forms (unless there is nothing else).

    A whole phone number is one word of ten digits, whatever its spaces and prefix.
    """

    def phone(match: re.Match[str]) -> str:
        digits = SEPARATORS.sub("", match[0])
        return f" {digits} " if len(digits) in (10, 11) else match[0]

    plain = QUOTES.sub(" ", PHONE.sub(phone, text.replace("\0", "")).lower().replace("ё", "е"))
    words = [re.sub(r"^\+?[78](\d{10})$", r"\1", word) for word in plain.split()]
    return [word for word in words if word not in LEGAL_FORMS] or words


def key_of(text: str) -> str:
    """As `client_name_key` makes it of a name."""
    plain = re.sub(r"[\W_]+", " ", text.lower().replace("ё", "е"))
    words = plain.split()
    return " ".join(word for word in words if word not in LEGAL_FORMS)


def holds(words: Iterable[str]) -> Q:
    """Every word occurs: in the name, code, address or phone, or begins the INN of the counterparty."""
    condition = Q()
    for word in words:
        condition &= _holds(word)
    return condition


def _holds(word: str) -> Q:
    # A shorter one has no trigram within it, but at the beginning of a word it has.
    condition = Q(search__contains=word if len(word) > 2 else f" {word}")
    digits = SEPARATORS.sub("", word)
    if digits.isdecimal():
        if digits != word:
            condition |= Q(search__contains=digits)  # part of a phone, written with dashes
        # Resolved first: an OR over a join would keep the trigram index from being used.
        if len(digits) >= LEAST_INN_DIGITS and (owners := _owners(digits)):
            condition |= Q(counterparty__any=owners)
    return condition


@once_a_page
def _owners(digits: str) -> list[int]:
    """The counterparties whose INN begins with these."""
    return list(Counterparty.objects.filter(inn__startswith=digits).values_list("pk", flat=True)[:OWNERS])


class Search(NamedTuple):
    """`found`: all that fit. Of MANY or fewer the ids are known; of more it is a condition without an index, for
    orders that have nothing to do with the text. `best`: the MANY to show first, where there are more."""

    found: ClientQuerySet
    condition: Q | None = None
    some: Sequence[int] = ()  # of many

    @property
    def dense(self) -> bool:
        return self.condition is not None


def searched(found: ClientQuerySet, text: str) -> Search:
    """Those of `found` in which every word of `text` occurs; if in none, those with the most similar words."""
    words = words_of(text)
    if not words:
        return Search(found)
    condition = holds(words)
    ids = _ids(found, condition)
    if not ids and (meant := alternatives(text)):
        condition = meant
        ids = _ids(found, condition)
    if len(ids) <= MANY:
        return Search(found.among(ids))
    # By their index they would all be read before the first is shown: the planner is not to see that there is one.
    hidden = found.annotate(text=Concat("search", Value(""), output_field=TextField())).filter(_unindexed(condition))
    hidden.many = True
    return Search(hidden, condition, ids)


def best_of(found: ClientQuerySet, text: str, condition: Q, some: Sequence[int] = ()) -> ClientQuerySet:
    """MANY of `found`, of which `some` are known already: those whose name begins with the text, by name, before the
    others that fit. Along the names' order a word of a name may come after half of the register."""
    ids = _beginning(found, key_of(text), MANY)
    if len(ids) < MANY:
        ids += list(some or _ids(found, condition))[: MANY - len(ids)]
    return found.among(ids)


def nearness(text: str) -> Concat:
    """A text to sort hits by: the very code, the name, its beginning, the others; each by name."""
    key = key_of(text)
    near = [When(code__iexact=text.strip(), then=Value("0"))]
    if key:
        near += [When(name_sort=key, then=Value("1")), When(name_sort__startswith=key, then=Value("2"))]
    return Concat(Case(*near, default=Value("3")), "name_sort", output_field=TextField())


def _beginning(found: ClientQuerySet, key: str, limit: int) -> list[int]:
    if not key:
        return []
    # The parts of the base each have their names in order.
    named = found.filter(name_sort__gte=key, name_sort__lt=key + "\U0010ffff", status__in=Status.values)
    return list(named.order_by().values_list("pk", flat=True)[:limit])


def _unindexed(condition: Q) -> Q:
    """The same of the annotation `text` in place of the column `search`."""
    children: list[Any] = [
        _unindexed(child) if isinstance(child, Q) else (child[0].replace("search__", "text__"), child[1])  # type: ignore[index]
        for child in condition.children
    ]
    return Q(*children, _connector=condition.connector, _negated=condition.negated)


def _ids(found: ClientQuerySet, condition: Q) -> list[int]:
    return list(found.filter(condition).order_by().values_list("pk", flat=True)[: MANY + 1])


def alternatives(text: str) -> Q | None:
    """What may have been meant: the same keys in the other layout, or words of the register like the mistyped ones."""
    turned, words = words_of(text.lower().translate(OTHER_LAYOUT)), key_of(text).split()[:MOST_WORDS]
    in_other_layout, *known = _any(holds(turned), *map(_holds, words))
    if turned and in_other_layout:
        return holds(turned)
    mistyped = [word for word, there in zip(words, known, strict=True) if word.isalpha() and not there]
    meant = similar_words([*mistyped, *(word.translate(OTHER_LAYOUT) for word in mistyped)]) if mistyped else {}
    condition = Q()
    for word in words:
        if word in mistyped:
            others = meant.get(word) or meant.get(word.translate(OTHER_LAYOUT))
            if not others:
                return None
            condition &= reduce(or_, map(_holds, others))
        else:
            condition &= _holds(word)
    return condition or None


def _any(*conditions: Q) -> list[bool]:
    """Whether some client meets each of these, in one statement."""
    parts = [Client.objects.filter(each).values(one=Value(1)).query.sql_with_params() for each in conditions]
    with connection.cursor() as cursor:
        exist = ", ".join(f"EXISTS ({part})" for part, _parameters in parts)
        cursor.execute(f"SELECT {exist}", [parameter for _part, some in parts for parameter in some])
        return list(cursor.fetchone())


def similar_words(words: list[str]) -> dict[str, list[str]]:
    """For each word those of the register that differ from it by a letter or two, nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(sql.read("clients", "similar_words"), {"words": words})
        return dict(cursor.fetchall())


def best(user: User, text: str) -> list[Row]:
    """The clients that fit best of those this person may see, SHOWN at most; similar ones if few fit."""
    words = words_of(text)
    key = key_of(text)
    if not words:
        return []
    visible = Client.objects.visible_to(user)
    exact = text.strip()
    ids = list(visible.filter(code__in={exact, exact.upper()}).values_list("pk", flat=True))
    ids += _beginning(visible, key, CANDIDATES)
    ids += visible.filter(holds(words)).order_by().values_list("pk", flat=True)[:CANDIDATES]
    if len(set(ids)) < FEW and (meant := alternatives(text)):
        ids += visible.filter(meant).order_by().values_list("pk", flat=True)[:CANDIDATES]
    found = read_rows(list(dict.fromkeys(ids)))
    return sorted(found, key=lambda row: rank(row, words, key))[:SHOWN]


def rank(row: Row, words: list[str], key: str) -> tuple[Any, ...]:
    """Less is better: the very code, phone or INN; the name; its beginning; words of it; the rest. Closed ones last."""
    name = key_of(row.name)
    digits = re.sub(r"\D", "", row.phone)
    whole = "".join(words)
    if row.code.lower() == whole or (whole.isdecimal() and (digits[-10:] == whole or row.inn == whole)):
        place = 0
    elif name == key:
        place = 1
    elif key and name.startswith(key):
        place = 2
    elif row.code.lower().startswith(whole):
        place = 3
    elif all(any(part.startswith(word) for part in name.split()) for word in words):
        place = 4
    elif all(word in name for word in words):
        place = 5
    else:
        place = 6
    return place, row.status == Status.CLOSED, name, row.pk
