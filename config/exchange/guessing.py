"""What a file of somebody else's may be: which kind, and which heading stands for which column.

A guess, shown to a person who settles it. Headings are compared with the columns' names and with what accounting
systems call them, word by word without endings; the cells below speak against a column that could not take them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz

from config.exchange.cells import unguarded
from config.exchange.columns import Bad, Column
from config.exchange.files import File
from config.exchange.reading import fold, names

ENOUGH = 72  # of 100, from which a heading is taken for a column
STEM = 5  # letters of a word that count: Russian endings change

# What the columns are called in exports, beyond the names that a load knows (columns.py); by the column's name.
ALSO: dict[str, tuple[str, ...]] = {
    "code": ("Идентификатор", "ID", "Внутренний код", "GUID", "Артикул"),
    "name": ("Имя", "Полное наименование", "Наименование полное", "Представление"),
    "territory_code": ("Район", "Участок", "Сектор", "Бизнес-регион"),
    "channel_code": ("Формат", "Тип точки", "Сегмент", "Вид клиента", "Канал сбыта"),
    "counterparty_code": ("Юрлицо", "Юридическое лицо", "Организация", "Плательщик", "Владелец", "Головной контрагент"),
    "address": ("Адрес доставки", "Фактический адрес", "Местонахождение"),
    "lat": ("Latitude", "GPS широта"),
    "lon": ("Longitude", "lng", "GPS долгота"),
    "phone": ("Контактный телефон", "Мобильный", "Тел"),
    "opened_on": ("Дата регистрации", "Дата создания", "Дата начала работы"),
    "closed_on": ("Дата прекращения", "Дата окончания работы"),
    "potential_monthly": ("Ёмкость", "Потенциал закупки"),
    "client_code": ("Покупатель", "Код ТТ", "ТТ", "Грузополучатель", "Получатель", "Точка доставки"),
    "sku": ("SKU", "Номенклатура.Артикул", "Код номенклатуры", "Код номенклатурный"),
    "category": ("Товарная группа", "Группа номенклатуры", "Вид номенклатуры", "Товарная категория"),
    "in_focus": ("Фокусный",),
    "invoice": ("Документ", "Реализация", "Документ реализации", "Регистратор", "Номер реализации", "Расходная", "№"),
    "date": ("Дата документа", "Дата отгрузки", "Дата реализации", "День"),
    "quantity": ("Количество продано", "Кол", "Шт", "Объём", "Qty"),
    "amount": ("Сумма с НДС", "Выручка", "Стоимость", "Сумма продажи", "Всего", "Сумма документа"),
    "cost": ("Себестоимость продаж", "Закупочная стоимость", "Сумма себестоимости"),
    "paid_on": ("Дата платежа", "Дата поступления"),
    "document": ("Номер документа", "Платёжное поручение", "ПКО", "Входящий номер"),
    "number": ("Договор контрагента", "№ договора"),
    "signed_on": ("Дата заключения", "От"),
    "valid_until": ("Дата окончания", "Действителен до"),
    "payment_terms_days": ("Дней отсрочки", "Срок оплаты", "Глубина кредита"),
    "credit_limit": ("Допустимая сумма задолженности", "Сумма кредита", "Лимит задолженности"),
    "full_name": ("Имя", "Фамилия Имя Отчество", "Физлицо", "Менеджер", "Торговый представитель"),
    "username": ("Login", "Учётная запись"),
    "planned_on": ("Дата плана", "Плановая дата", "День визита"),
    "done_at": ("Дата факта", "Начало визита", "Время факта", "Фактическая дата"),
    "planogram_full": ("Выкладка",),
    "present": ("Представлен", "Остаток на полке"),
    "salary": ("ФОТ", "Оклад"),
    "fuel": ("Бензин",),
    "parent_code": ("Вышестоящая", "Код вышестоящей", "Группа"),
    "notes": ("Комментарии",),
}

# Words in the name of a file, by the kind it speaks for
SPEAKS: dict[str, tuple[str, ...]] = {
    "territories": ("territor", "территор", "регион", "маршрут"),
    "staff": ("staff", "сотрудник", "персонал", "пользовател", "менеджер"),
    "channels": ("channel", "канал"),
    "products": ("product", "товар", "номенклатур", "ассортимент", "прайс"),
    "mml": ("mml", "матриц", "обязательн"),
    "rules": ("rule", "правил", "настройк"),
    "counterparties": ("counterpart", "контрагент", "юрлиц"),
    "contracts": ("contract", "договор"),
    "clients": ("client", "клиент", "торговые точки", "торговых точек", "точк", "тт", "окб"),
    "contacts": ("contact", "контактн", "контакты", "лпр"),
    "visits": ("visit", "визит", "посещени"),
    "invoices": ("invoice", "накладн", "реализац", "продаж", "отгруз", "заказ"),
    "payments": ("payment", "оплат", "платеж", "поступлен"),
    "audits": ("audits", "аудит", "планограм", "мерчандайз"),
    "audit_items": ("audit_item", "полк", "наличи"),
    "route_costs": ("route_cost", "затрат", "расход", "зарплат"),
}


class Guess(NamedTuple):
    """A kind of file, the column of each heading ("" for none), and how sure: 0..100."""

    kind: str
    mapping: dict[str, str]
    sure: int


def guess(headings: Sequence[str], samples: Sequence[Sequence[str]], files: Sequence[File], file_name: str) -> Guess:
    """The likeliest kind of a file with these headings, some rows and a name."""
    stem = file_name.lower().replace("ё", "е")
    best = Guess(files[0].name, {}, -1)
    for file in files:
        mapping = columns_of(headings, samples, file)
        found = set(mapping.values()) - {""}
        required = {column.name for column in file.columns if column.required}
        spoken = any(re.search(rf"(?<![a-zа-я]){re.escape(word)}", stem) for word in SPEAKS.get(file.name, ()))
        titled = [title for title in headings if title.strip()]
        sure = 50 * len(found & required) // len(required) + 30 * len(found) // (len(titled) or 1) + 20 * spoken
        if sure > best.sure:
            best = Guess(file.name, mapping, sure)
    return best


def columns_of(headings: Sequence[str], samples: Sequence[Sequence[str]], file: File) -> dict[str, str]:
    """By heading: the column of `file` that it is likeliest to stand for, each column once; "" for none."""
    pairs = []
    for position, heading in enumerate(headings):
        if not heading.strip():
            continue
        cells = [row[position] for row in samples if position < len(row)]
        for column in file.columns:
            score = _likeness(heading, column)
            if score >= ENOUGH and _could_take(column, cells):
                pairs.append((score, -position, heading, column.name))
    mapping = {heading: "" for heading in headings if heading.strip()}
    taken: set[str] = set()
    for _score, _position, heading, name in sorted(pairs, reverse=True):
        if not mapping[heading] and name not in taken:
            mapping[heading] = name
            taken.add(name)
    return mapping


def settled(file: File, mapping: Mapping[str, str]) -> File:
    """The file with a person's choice of headings for its columns."""
    chosen: dict[str, list[str]] = {}
    for heading, name in mapping.items():
        chosen.setdefault(name, []).append(heading)
    return file._replace(
        columns=tuple(column._replace(headings=tuple(chosen.get(column.name, ()))) for column in file.columns)
    )


def _likeness(heading: str, column: Column) -> float:
    """0..101: how alike a heading is to what a column may be called; 101 for a name that a load knows."""
    if fold(heading) in names(column):
        return 101
    return max(_alike(heading, name) for name in (column.name, *column.russian, *ALSO.get(column.name, ())))


def _alike(one: str, other: str) -> float:
    left, right = _stems(one), _stems(other)
    if not left or not right:
        return 0
    return 0.5 * fuzz.token_set_ratio(left, right) + 0.5 * fuzz.token_sort_ratio(left, right)


def _stems(text: str) -> str:
    words = re.findall(r"\w+", re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])|_", " ", text).lower().replace("ё", "е"))
    return " ".join(word[:STEM] for word in words)


def _could_take(column: Column, cells: Sequence[str]) -> bool:
    """Whether a column could take most of these cells."""
    filled = [cell.strip() for cell in cells if cell.strip() not in ("", "-")]
    bad = 0
    for cell in filled:
        try:
            column.kind.normalise(unguarded(cell))
        except Bad:
            bad += 1
    return bad * 2 <= len(filled)
