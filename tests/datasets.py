"""Small, random and nasty exchange data sets: all 16 files, the same bytes for the same seed.

Every trap of `spec/kpi.md` is here often enough to be met in any quarter: the list is in the
function that lays each one. The sets are clean (nothing to reject) unless the register asks for
more than `spec/exchange.md` says.
"""

import csv
import gzip
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

FIRST, LAST = date(2024, 1, 1), date(2025, 6, 30)

COLUMNS = {
    "territories": "code,name,parent_code,kind",
    "staff": "username,full_name,role,territory_code,email",
    "channels": "code,name",
    "products": "sku,name,category,in_focus",
    "mml": "channel_code,sku",
    "rules": "name,value",
    "counterparties": "code,name,inn,kpp",
    "contracts": "number,counterparty_code,signed_on,valid_until,payment_terms_days,credit_limit",
    "clients": "code,name,territory_code,channel_code,counterparty_code,address,lat,lon,phone,email,is_target,"
    "opened_on,closed_on,potential_monthly",
    "contacts": "client_code,full_name,position,is_decision_maker,phone,email,birthday,notes",
    "visits": "client_code,planned_on,done_at,lat,lon",
    "invoices": "invoice,date,client_code,sku,quantity,amount,cost,payment_terms_days",
    "payments": "invoice,paid_on,amount,document",
    "audits": "client_code,date,planogram_full",
    "audit_items": "client_code,date,sku,present",
    "route_costs": "territory_code,month,salary,amortization,fuel",
}

# Four levels; the branch of routes is uneven on purpose, and R1-B2-M2 stays without clients.
TERRITORIES = [
    ("ROOT", "Компания", "", "company"),
    ("R1", "Регион «Север»", "ROOT", "region"),
    ("R2", "Регион, «Юг»", "ROOT", "region"),
    ("M0", "Маршрут при компании", "ROOT", "route"),
    ("R1-B1", "Филиал 1", "R1", "branch"),
    ("R1-B2", "Филиал 2", "R1", "branch"),
    ("R2-T1", "Команда 1", "R2", "team"),
    ("R2-M1", "Маршрут региона", "R2", "route"),
    ("R1-B1-M1", "Маршрут 1", "R1-B1", "route"),
    ("R1-B1-M2", "Маршрут 2", "R1-B1", "route"),
    ("R1-B2-M1", "Маршрут 3", "R1-B2", "route"),
    ("R1-B2-M2", "Маршрут без клиентов", "R1-B2", "route"),
    ("R2-T1-M1", "Маршрут 4", "R2-T1", "route"),
    ("R2-T1-M2", "Маршрут 5", "R2-T1", "route"),
]
ROUTES = [code for code, _, _, kind in TERRITORIES if kind == "route" and code != "R1-B2-M2"]
INNER = [code for code, _, _, kind in TERRITORIES if kind != "route"]

# B2G has no MML, EMPTY has no client, STEPS holds the four clients whose margins stand on the rank bounds.
CHANNELS = [
    ("RETAIL", "Розница"),
    ("CHAIN", "Сети"),
    ("HORECA", "HoReCa"),
    ("B2G", "Госзаказ"),
    ("STEPS", "Ступени"),
    ("EMPTY", "Пустой"),
]
FOCUS_CATEGORIES = ["Чай", "Кофе", "Вода; соки"]
NO_FOCUS_CATEGORY = "Тара"

Price = tuple[Decimal, Decimal]  # of a piece: price, cost


@dataclass
class Draft:
    """A data set being drawn: one random stream, rows by file."""

    random: Random
    rows: dict[str, list[Sequence[object]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    invoices: int = 0

    def add(self, file: str, *cells: object) -> None:
        self.rows[file].append(cells)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def day(self, first: date = FIRST, last: date = LAST) -> date:
        """Any day, but often the first or the last of a month: where off-by-one errors live."""
        drawn = first + timedelta(days=self.random.randint(0, (last - first).days))
        if self.chance(0.4):
            edge = drawn.replace(day=self.random.choice([1, monthrange(drawn.year, drawn.month)[1]]))
            return min(max(edge, first), last)
        return drawn

    def money(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low * 100, high * 100)) / 100


@dataclass
class Drawn:
    """What later files need to know of a client."""

    code: str
    channel: str
    big: bool


def write(folder: Path | str, seed: int, clients: int = 60, gz: bool = False) -> Path:
    """Writes the 16 files into `folder`: the same seed and size, the same bytes."""
    if clients < 20:
        raise ValueError("fewer than 20 clients can't hold all the cases")
    draft = Draft(Random(seed))
    prices = _catalogue(draft)
    counterparties = _counterparties(draft, max(clients // 2, 8))
    drawn = _clients(draft, clients, counterparties)
    for client in drawn:
        _visits_and_invoices(draft, client, prices)
        _audits(draft, client)
    _steps(draft, min(prices))
    _bounds(draft, sorted(prices))
    _route_costs(draft)
    return _save(Path(folder), draft.rows, gz)


def _catalogue(draft: Draft) -> dict[str, Price]:
    """Territories, staff, channels, products, MML, rules; SKU -> (price, cost of a piece)."""
    for territory in TERRITORIES:
        draft.add("territories", *territory)
    draft.add("staff", "director", "Иванов Иван Иванович", "head", "ROOT", "director@example.com")
    draft.add("staff", "analyst", "Петрова Анна", "analyst", "ROOT", "")
    draft.add("staff", "north", "Сидоров Пётр", "supervisor", "R1", "north@example.com")
    draft.add("staff", "admin1", "Администратор", "admin", "", "")
    for number, route in enumerate(ROUTES, 1):
        draft.add("staff", f"rep{number:02}", f"Представитель {number}", "rep", route, f"rep{number:02}@example.com")
    for code, name in CHANNELS:
        draft.add("channels", code, name)

    prices: dict[str, Price] = {}
    skus: list[str] = []
    for category in [*FOCUS_CATEGORIES, NO_FOCUS_CATEGORY]:
        for number in range(1, 7):
            sku = f"{len(skus) + 1:04}"  # leading zeros are part of the code
            skus.append(sku)
            # The first five of a focus category may be left to the default, the sixth is out of focus.
            in_focus = "0" if category == NO_FOCUS_CATEGORY or number == 6 else draft.random.choice(["1", ""])
            draft.add("products", sku, f'{category} "{number}"', category, in_focus)
            price = draft.money(1, 40)
            prices[sku] = (price, (price * draft.random.randint(50, 104) / 100).quantize(Decimal("0.01")))
    for channel in ("RETAIL", "CHAIN", "HORECA", "EMPTY"):
        for sku in sorted(draft.random.sample(skus, draft.random.randint(3, 8))):
            draft.add("mml", channel, sku)

    pick = draft.random.choice
    for name, value in {
        "reporting_months": pick([1, 1, 2, 3]),
        "akb_min_amount": pick(["0", "50", "120.50"]),
        "akb_min_skus": pick([1, 2, 3]),
        "order_min_amount": pick(["0", "60", "99.99"]),
        "order_min_skus": pick([1, 2]),
        "order_min_categories": pick([1, 2]),
        "category_min_skus": pick([1, 2]),
        "system_threshold": pick(["0.75", "0.5", "0.25", "0.3334"]),
    }.items():
        draft.add("rules", name, value)
    return prices


def _counterparties(draft: Draft, count: int) -> list[str]:
    """Some own several clients, some none; contracts none, one, several, signed long ago or in the future."""
    codes = []
    for number in range(1, count + 1):
        code = f"CP{number:03}"
        codes.append(code)
        person = draft.chance(0.2)
        inn = "" if draft.chance(0.1) else valid_inn(draft.random, person=person)
        kpp = "" if person or not inn else f"{inn[:4]}01{draft.random.randint(1, 999):03}"
        draft.add("counterparties", code, f"{'ИП' if person else 'ООО'} «Контрагент, {number}»", inn, kpp)
        for part in range(draft.random.choice([0, 1, 1, 2, 3])):
            signed = draft.day(date(2019, 1, 1), FIRST) if draft.chance(0.4) else draft.day()
            valid_until = signed + timedelta(days=draft.random.choice([90, 365, 730])) if draft.chance(0.6) else ""
            terms = draft.random.choice(["", 0, 7, 14, 30])
            limit = draft.random.choice(["", "100000.00"])
            draft.add("contracts", f"{code}/{part + 1}", code, signed, valid_until, terms, limit)
    return codes


def _clients(draft: Draft, count: int, counterparties: list[str]) -> list[Drawn]:
    """Clients of every kind: on inner nodes, without channel or counterparty, non-target, closed, opened later."""
    drawn = []
    for number in range(1, count + 1):
        code = f"{number:05}" if number % 7 else f"Т-{number:03}"
        territory = draft.random.choice(INNER if draft.chance(0.2) else ROUTES)
        channel = draft.random.choice(["RETAIL", "RETAIL", "CHAIN", "HORECA", "B2G", ""])
        opened = None if draft.chance(0.4) else draft.day(date(2020, 1, 1), FIRST)
        if draft.chance(0.25):
            opened = draft.day()
        closed = draft.day(opened or FIRST) if draft.chance(0.2) else None
        # Few distinct values, so that ranks tie; "" has no potential rank, 0 is E.
        potential = draft.random.choice(["", "", "0", "100", "100", "250.50", "400", "1000", "5000"])
        draft.add(
            "clients",
            code,
            f'Магазин "Точка №{number}", павильон',
            territory,
            channel,
            "" if draft.chance(0.25) else draft.random.choice(counterparties),
            "" if draft.chance(0.3) else f"г. Тверь, ул. Мира, д. {number}",
            *(("56.8587", "35.9176") if draft.chance(0.5) else ("", "")),
            f"+7 900 000-{number // 100:02}-{number % 100:02}" if draft.chance(0.7) else "",
            f"shop{number}@example.com" if draft.chance(0.3) else "",
            draft.random.choice(["1", "1", "1", "", "0"]),
            opened,
            closed,
            potential,
        )
        if draft.chance(0.6):
            draft.add("contacts", code, "Кузнецова Мария", "директор", 1, "", "", "1980-02-29", "звонить до 12")
            if draft.chance(0.3):
                draft.add("contacts", code, "Орлов Олег", "", 0, "+7 901 111-11-11", "", "", "")
        drawn.append(Drawn(code, channel, big=number % 4 == 0))
    return drawn


def _visits_and_invoices(draft: Draft, client: Drawn, prices: dict[str, Price]) -> None:
    """A client's months: idle, visited for nothing, ordering by plan or without one."""
    if draft.chance(0.12):  # never ordered: potential, or lost by an old contract
        if draft.chance(0.5):
            for day in sorted({draft.day() for _ in range(3)}):
                draft.add("visits", client.code, day, "", "", "")
        return
    loyal = draft.chance(0.4)
    quits = draft.day(date(2024, 9, 1)) if draft.chance(0.3) else LAST
    month = FIRST
    while month <= LAST:
        end = month.replace(day=monthrange(month.year, month.month)[1])
        planned = {draft.day(month, end) for _ in range(draft.random.choice([0, 0, 1, 2, 4]))}
        for day in sorted(planned):
            done = f"{day} 10:{draft.random.randint(0, 59):02}:00" if draft.chance(0.6) else ""
            draft.add("visits", client.code, day, done, *(("56.85", "35.91") if done else ("", "")))
        if month <= quits and draft.chance(0.95 if loyal else 0.45):
            # Orders fall on planned days and on others; an order outside the dates of the client counts as well.
            days = {draft.day(month, end) for _ in range(draft.random.choice([1, 1, 2]))}
            days |= {day for day in sorted(planned) if draft.chance(0.6)}
            for day in sorted(days):
                for _ in range(2 if draft.chance(0.2) else 1):  # two invoices of a day are one order
                    _sale(draft, client, day, prices)
            if draft.chance(0.25):
                _returns(draft, client, draft.day(month, end), prices, huge=draft.chance(0.3))
        elif draft.chance(0.06):  # a month of returns only
            _returns(draft, client, draft.day(month, end), prices, huge=False)
        month = end + timedelta(days=1)


def _sale(draft: Draft, client: Drawn, day: date, prices: dict[str, Price]) -> None:
    """An invoice of sales, sometimes with a return among them, a gift, a fraction, an SKU twice."""
    skus = draft.random.choices(
        sorted(prices), k=draft.random.randint(4, 12) if client.big else draft.random.randint(1, 4)
    )
    lines = []
    for sku in skus:
        quantity = Decimal(draft.random.choice(["1", "2", "3", "5", "10", "0.5", "1.25", "2.375"]))
        if draft.chance(0.07):
            quantity = -quantity
        lines.append((sku, quantity, draft.chance(0.04)))
    _invoice(draft, client.code, day, lines, prices, terms=draft.random.choice([0, 0, 7, 7, 14, 30]))


def _returns(draft: Draft, client: Drawn, day: date, prices: dict[str, Price], huge: bool) -> None:
    """An invoice of returns only; a huge one turns the month, or the quarter, negative."""
    skus = draft.random.sample(sorted(prices), draft.random.randint(1, 2))
    lines = [(sku, Decimal(-60 if huge else -1), False) for sku in skus]
    _invoice(draft, client.code, day, lines, prices, terms=draft.random.choice([0, 14]))


def _invoice(
    draft: Draft,
    client: str,
    day: date,
    lines: Iterable[tuple[str, Decimal, bool]],
    prices: dict[str, Price],
    terms: int,
) -> None:
    draft.invoices += 1
    invoice = f"Н-{draft.invoices:06}"
    written = "" if terms == 0 and draft.chance(0.5) else terms  # no terms are 0 days
    total = Decimal(0)
    for sku, quantity, gift in lines:
        price, cost = prices[sku]
        amount = Decimal(0) if gift else (price * quantity).quantize(Decimal("0.01"))
        empty = draft.chance(0.1)
        draft.add(
            "invoices", invoice, day, client, sku, quantity, amount,
            "" if empty else (cost * quantity).quantize(Decimal("0.01")), written,
        )  # fmt: skip
        total += amount
    if total > 0 and draft.chance(0.75):
        _payments(draft, invoice, day, terms, total)


def _payments(draft: Draft, invoice: str, day: date, terms: int, total: Decimal) -> None:
    """In full or in part, over, before the invoice, on the due date, a day late, in several documents of a day."""
    due = day + timedelta(days=terms)
    paid_on = due + timedelta(days=draft.random.choice([-45, -3, 0, 0, 0, 1, 1, 10, 60]))
    kind = draft.random.choice(["full", "full", "over", "part", "halves", "documents", "twins"])
    if total < 1:
        kind = "full"  # half of a kopeck would be a payment of nothing
    half = (total / 2).quantize(Decimal("0.01"))
    document = f"ПП-{invoice[2:]}"
    if kind == "halves":
        draft.add("payments", invoice, due, half, document)
        draft.add("payments", invoice, due + timedelta(days=draft.random.choice([1, 20])), total - half, document)
    elif kind == "documents":
        draft.add("payments", invoice, paid_on, half, f"{document}/1")
        draft.add("payments", invoice, paid_on, total - half, f"{document}/2")
    elif kind == "twins":  # rows of one file with the same key add up, the empty document too
        document = draft.random.choice([document, ""])
        draft.add("payments", invoice, paid_on, half, document)
        draft.add("payments", invoice, paid_on, half, document)
    else:
        share = {"full": Decimal(1), "over": Decimal("1.3"), "part": Decimal("0.4")}[kind]
        draft.add("payments", invoice, paid_on, (total * share).quantize(Decimal("0.01")), document)


def _audits(draft: Draft, client: Drawn) -> None:
    """Several in a period with different findings; items outside the MML, MML items not listed, no items at all."""
    if draft.chance(0.4):
        return
    mml = [str(sku) for channel, sku in draft.rows["mml"] if channel == client.channel]
    skus = [str(row[0]) for row in draft.rows["products"]]
    for day in sorted({draft.day() for _ in range(draft.random.randint(1, 8))}):
        draft.add("audits", client.code, day, draft.random.choice([0, 1]))
        listed = {sku for sku in mml if draft.chance(0.7)} | set(draft.random.sample(skus, 2))
        if draft.chance(0.15):
            listed = set()
        for sku in sorted(listed):
            draft.add("audit_items", client.code, day, sku, draft.random.choice([0, 1, 1]))


def _steps(draft: Draft, sku: str) -> None:
    """A channel whose margins 50, 30, 15, 5 put c on the very bounds: 0 A, 0.5 B, 0.8 C, 0.95 D; and two ties at 0."""
    for number, margin in enumerate([50, 30, 15, 5, 0, 0], 1):
        code = f"STEP{number}"
        cells = ("R1-B1-M1", "STEPS", "", "", "", "", "", "", "1", "", "", margin * 10)
        draft.add("clients", code, f"Ступень {number}", *cells)
        _plain_invoice(draft, code, date(2025, 1, 31), [(sku, 1, Decimal(100 + margin), Decimal(100))])


def _bounds(draft: Draft, skus: list[str]) -> None:
    """Two clients standing exactly on the bounds of the rules."""
    for code in ("ZERO", "EXACT"):
        draft.add("clients", code, code, "R2-T1", "", "", "", "", "", "", "", "1", "", "", "")
    # Returns that equal the purchases: worked with akb_min_amount 0 only.
    _plain_invoice(draft, "ZERO", date(2025, 2, 1), [(sku, 1, Decimal(10), Decimal(8)) for sku in skus[:3]])
    _plain_invoice(draft, "ZERO", date(2025, 2, 28), [(sku, -1, Decimal(-10), Decimal(-8)) for sku in skus[:3]])
    # A month for each amount a rule may ask for, in three SKUs of two categories.
    for month, amount in enumerate(["50", "60", "99.99", "120.50"], 1):
        parts = [Decimal(1), Decimal(1), Decimal(amount) - 2]
        lines = [(sku, 1, part, Decimal(1)) for sku, part in zip([skus[0], skus[1], skus[6]], parts, strict=True)]
        _plain_invoice(draft, "EXACT", date(2025, month, 1), lines)
    # Three effective orders for four visits: 0.75 is not above 0.75.
    for day in (7, 14, 21):
        lines = [(sku, 10, Decimal(500), Decimal(400)) for sku in skus[:12:3]]
        _plain_invoice(draft, "EXACT", date(2025, 6, day), lines)
    for day in (7, 14, 21, 30):
        draft.add("visits", "EXACT", date(2025, 6, day), "", "", "")


def _plain_invoice(draft: Draft, client: str, day: date, lines: list[tuple[str, int, Decimal, Decimal]]) -> None:
    draft.invoices += 1
    for sku, quantity, amount, cost in lines:
        draft.add("invoices", f"Н-{draft.invoices:06}", day, client, sku, quantity, amount, cost, 0)


def _route_costs(draft: Draft) -> None:
    """For routes and inner nodes; months missing, parts empty."""
    for code, *_ in TERRITORIES:
        for month in range(18):
            if draft.chance(0.3 if code in ROUTES else 0.6):
                continue
            parts = [draft.money(100, 900), draft.money(10, 90), draft.money(10, 200)]
            cells = ["" if draft.chance(0.1) else part for part in parts]
            draft.add("route_costs", code, f"{2024 + month // 12}-{month % 12 + 1:02}", *cells)


def valid_inn(random: Random, person: bool = False) -> str:
    """An INN with right check digits: 10 digits of a company, 12 of a person."""
    digits = [random.choice([5, 6, 7]), *(random.randint(0, 9) for _ in range(9 if person else 8))]
    weights = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]
    for take in (10, 11) if person else (9,):
        digits.append(sum(w * d for w, d in zip(weights[-take:], digits, strict=True)) % 11 % 10)
    return "".join(map(str, digits))


def _save(folder: Path, files: dict[str, list[Sequence[object]]], gz: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS[name].split(","))
            writer.writerows(rows)
        if gz:
            # No time stamp in the header: the same bytes each time.
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
    return folder
