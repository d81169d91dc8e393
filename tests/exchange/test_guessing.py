"""Headings as accounting systems and people write them, and what they are taken for (config/exchange/guessing.py)."""

import pytest

from config.exchange import guessing
from kpi.exchange import FILES

BY_NAME = {file.name: file for file in FILES}

# Kind, name of the file, headings with the column each stands for ("" for none), a row.
REAL = [
    ("clients", "Выгрузка.xlsx",
     [("Код", "code"), ("Наименование", "name"), ("Маршрут", "territory_code"), ("Канал сбыта", "channel_code"),
      ("Контрагент.Код", "counterparty_code"), ("Фактический адрес", "address"), ("Контактный телефон", "phone"),
      ("Менеджер", "")],
     ["000000123", "Магазин «Берёзка»", "M-12", "retail", "К-77", "г. Казань, ул. Баумана, 1", "8 (843) 200-00-00",
      "Иванов И. И."]),
    ("clients", "торговые точки на 01.11.csv",
     [("Код ТТ", "code"), ("Торговая точка", "name"), ("Код маршрута", "territory_code"), ("Тип точки", "channel_code"),
      ("Адрес доставки", "address"), ("GPS широта", "lat"), ("GPS долгота", "lon"), ("Дата создания", "opened_on")],
     ["TT-1", "Павильон № 5", "M-1", "kiosk", "Казань", "55,79", "49,12", "01.02.2024"]),
    ("counterparties", "Контрагенты.csv",
     [("Код", "code"), ("Полное наименование", "name"), ("ИНН", "inn"), ("КПП", "kpp"), ("ОКПО", "")],
     ["К-77", "ООО «Ромашка»", "7707083893", "770701001", "00032537"]),
    ("contracts", "Договоры контрагентов.xlsx",
     [("Номер договора", "number"), ("Контрагент", "counterparty_code"), ("Дата заключения", "signed_on"),
      ("Дата окончания", "valid_until"), ("Дней отсрочки", "payment_terms_days"),
      ("Лимит задолженности", "credit_limit")],
     ["Д-1/24", "К-77", "01.02.2024", "31.12.2026", "14", "500 000,00"]),
    ("products", "Номенклатура.csv",
     [("Номенклатура.Артикул", "sku"), ("Номенклатура.Наименование", "name"), ("Товарная группа", "category"),
      ("Ед. изм.", "")],
     ["A-100", "Чай чёрный 100 г", "Чай", "шт"]),
    ("invoices", "Реализация товаров.csv",
     [("Регистратор", "invoice"), ("Дата отгрузки", "date"), ("Покупатель", "client_code"), ("Артикул", "sku"),
      ("Кол-во, шт", "quantity"), ("Сумма с НДС", "amount"), ("Себестоимость продаж", "cost"), ("Склад", "")],
     ["РТУ-000123", "05.11.2026", "000000123", "A-100", "12", "1 200,00", "900,00", "Основной"]),
    ("invoices", "Продажи.xlsx",
     [("№ накладной", "invoice"), ("Дата документа", "date"), ("Код клиента", "client_code"), ("Код товара", "sku"),
      ("Количество", "quantity"), ("Выручка", "amount")],
     ["123", "2026-11-05", "C1", "A-100", "12", "1200.00"]),
    ("payments", "Поступления оплат.csv",
     [("Документ реализации", "invoice"), ("Дата платежа", "paid_on"), ("Сумма оплаты", "amount"),
      ("Платёжное поручение", "document")],
     ["РТУ-000123", "20.11.2026", "1 200,00", "ПП-55"]),
    ("visits", "Посещения.csv",
     [("Торговая точка", "client_code"), ("Плановая дата", "planned_on"), ("Время факта", "done_at")],
     ["C1", "05.11.2026", "05.11.2026 10:15:00"]),
    ("contacts", "Контактные лица.xlsx",
     [("Код клиента", "client_code"), ("Фамилия Имя Отчество", "full_name"), ("Должность", "position"),
      ("Мобильный телефон", "phone"), ("Дата рождения", "birthday")],
     ["C1", "Петрова Анна Сергеевна", "директор", "+7 912 000-00-00", "12.03.1980"]),
    ("staff", "Сотрудники.csv",
     [("Логин", "username"), ("ФИО", "full_name"), ("Роль", "role"), ("Маршрут", "territory_code")],
     ["ivanov", "Иванов И. И.", "rep", "M-1"]),
    ("territories", "Регионы и маршруты.csv",
     [("Код", "code"), ("Наименование", "name"), ("Код вышестоящей", "parent_code"), ("Вид", "kind")],
     ["M-1", "Маршрут 1", "B-1", "route"]),
    ("route_costs", "Затраты на маршруты.csv",
     [("Маршрут", "territory_code"), ("Месяц", "month"), ("ФОТ", "salary"), ("Амортизация авто", "amortization"),
      ("Бензин", "fuel")],
     ["M-1", "2026-10", "60000", "10000", "15000"]),
    ("channels", "Каналы.csv", [("Код", "code"), ("Наименование", "name")], ["retail", "Розница"]),
    ("mml", "Обязательная матрица.csv", [("Канал", "channel_code"), ("Артикул", "sku")], ["retail", "A-100"]),
    ("rules", "Правила расчёта.csv", [("Правило", "name"), ("Значение", "value")], ["akb_min_amount", "500"]),
    ("audits", "Аудиты.csv",
     [("Клиент", "client_code"), ("Дата аудита", "date"), ("Полная планограмма", "planogram_full")],
     ["C1", "05.11.2026", "1"]),
    ("audit_items", "Наличие на полке.csv",
     [("Клиент", "client_code"), ("Дата аудита", "date"), ("Артикул", "sku"), ("Наличие", "present")],
     ["C1", "05.11.2026", "A-100", "1"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "columns", "row"), REAL, ids=[f"{one[0]}: {one[1]}" for one in REAL])
def test_a_real_export_is_recognised(kind: str, name: str, columns: list[tuple[str, str]], row: list[str]) -> None:
    found = guessing.guess([heading for heading, _column in columns], [row], FILES, name)
    assert (found.kind, found.mapping) == (kind, dict(columns))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("russian", [False, True])
def test_our_own_headings_are_taken_for_their_columns(file: guessing.File, russian: bool) -> None:
    headings = {(column.russian[0] if russian else column.name): column.name for column in file.columns}
    assert guessing.columns_of(list(headings), [], file) == headings


def test_cells_speak_against_a_column_that_could_not_take_them() -> None:
    columns = guessing.columns_of(["Сумма", "Сумма прописью"], [["100", "сто рублей"]], BY_NAME["payments"])
    assert columns == {"Сумма": "amount", "Сумма прописью": ""}
    assert guessing.columns_of(["ИНН"], [["нет данных"]], BY_NAME["counterparties"]) == {"ИНН": ""}


def test_each_column_is_taken_once_and_by_the_likeliest_heading() -> None:
    columns = guessing.columns_of(["Телефон доп.", "Телефон"], [], BY_NAME["clients"])
    assert columns == {"Телефон доп.": "", "Телефон": "phone"}


def test_only_what_the_person_has_chosen_counts() -> None:
    settled = guessing.settled(BY_NAME["channels"], {"Формат": "code", "Описание": "name", "code": ""})
    assert [column.headings for column in settled.columns] == [("Формат",), ("Описание",)]
