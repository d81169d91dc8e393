"""The demo distributor: a folder of exchange files (spec/exchange.md) of an invented food company, for `manage.py load`.

Each client is made, traded with and written before the next one, so memory does not grow with the base; the same
arguments give the same bytes. Inside, days are numbers from the first day of the first month, money is in kopecks.
"""

import csv
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import atan2, ceil, cos, pi, radians
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple, Self, TextIO

from config import demo_words as words
from config.demo_words import CATEGORIES, CHANNELS, CITIES, REGIONS, ChannelWords, City

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
RULES = {
    "reporting_months": 1,
    "akb_min_amount": 500,
    "akb_min_skus": 2,
    "order_min_amount": 2000,
    "order_min_skus": 5,
    "order_min_categories": 2,
    "category_min_skus": 2,
    "system_threshold": 0.75,
}
CLIENTS_A_ROUTE = 70
ROUTES_A_TEAM = 5
PLANNED_AHEAD = 21  # days

Life = Literal["regular", "new", "lost", "potential", "closed", "off_target"]
LIVES: tuple[Life, ...] = ("regular", "new", "lost", "potential", "closed", "off_target")
LIFE_WEIGHTS = (43, 22, 7.5, 18, 6.5, 3)
CHAIN_LIFE_WEIGHTS = (66, 15, 8, 5, 5.5, 0.5)
# Shares of outlets visited every week, every second and every fourth one.
RHYTHMS = {"chain": (14, 40, 46), "wholesale": (15, 45, 40), "b2g": (3, 40, 57), "horeca": (2, 28, 70),
           "online": (8, 35, 57), "retail": (0.8, 19, 80.2)}  # fmt: skip
# Payers: in time, late, bad. The mean delays are such that a tenth to a fifth of what is owed is overdue.
PAYERS = (83, 14, 3)
TERMS = (0, 7, 14, 21, 30)
TERM_WEIGHTS = {"chain": (0, 0, 15, 35, 50), "b2g": (5, 0, 15, 20, 60), "wholesale": (15, 10, 30, 30, 15)}


class Logins(NamedTuple):
    """A username of each role, all along one branch of the tree."""

    rep: str
    supervisor: str
    head: str
    admin: str
    analyst: str


class _Files:
    """The open files of the folder: `row` for what may need quotes, `text` for ready lines."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._rows: dict[str, Callable[[Sequence[Any]], Any]] = {}
        self._texts: dict[str, TextIO] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for name, columns in COLUMNS.items():
            file = self._stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
            file.write(columns + "\n")
            self._texts[name] = file
            self._rows[name] = csv.writer(file, lineterminator="\n").writerow

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def row(self, name: str, *values: object) -> None:
        self._rows[name](values)

    def text(self, name: str) -> Callable[[str], int]:
        return self._texts[name].write


class _Calendar:
    """Days 0 … today + 3 weeks, month by month; day 0 is the first of the month `months` − 1 before today's."""

    def __init__(self, today: date, months: int) -> None:
        year, month = divmod(today.year * 12 + today.month - months, 12)
        self.first = date(year, month + 1, 1)
        self.today = (today - self.first).days
        self.months = months
        quarter = (today.year * 12 + today.month - 1) // 3 - 1  # the one before the current one
        self.visits_from = max(0, (date(quarter // 4, quarter % 4 * 3 + 1, 1) - self.first).days)
        days = [self.date(day) for day in range(self.today + PLANNED_AHEAD + 1)]
        self.iso = [day.isoformat() for day in days]
        self.stamp = [day.strftime("%y%m%d") for day in days]
        self.month = [day.year * 12 + day.month - 1 for day in days]
        self.first_month = self.month[0]
        self.free = [day.weekday() == 6 or (day.month, day.day) == (1, 1) for day in days]

    def date(self, day: int) -> date:
        return self.first + timedelta(day)

    def delivery(self, visit: int, rng: Random) -> int:
        """The day on which an order taken on a visit arrives: the next one, half of Friday's on Monday."""
        day = visit + (3 if self.date(visit).weekday() == 4 and rng.random() < 0.5 else 1)
        while day <= self.today and self.free[day]:
            day += 1
        return day


class _Product(NamedTuple):
    sku: str
    category: int  # index in CATEGORIES
    lot: int  # orders are multiples of it
    price: int
    cost: int


class _Item(NamedTuple):
    """A line to be: sign of the quantity as in the file, price and cost of one piece."""

    product: int
    quantity: int
    price: int
    cost: int


@dataclass(slots=True)
class _Route:
    code: str
    town: str
    lat: float
    lon: float
    spread: float  # of its outlets, degrees of latitude
    quota: int
    diligence: float  # share of planned visits that are made


@dataclass(slots=True)
class _Branch:
    city: City
    routes: list[_Route] = field(default_factory=list)
    streets: tuple[str, ...] = ()


@dataclass(slots=True)
class _Owner:
    """A counterparty to be: what it pays like and what was sold to it."""

    code: str
    channel: ChannelWords
    terms: int
    payer: int  # index in PAYERS
    chain: str
    person: words.Person | None
    sold: int = 0
    since: int = 10**6


@dataclass(slots=True)
class _Client:
    code: str
    life: Life
    route: _Route
    owner: _Owner
    opened: int
    closed: int | None
    begins: int  # first and last day of trade, and a break in it
    ends: int
    gap: tuple[int, int]
    every: int  # weeks between visits
    first_visit: int
    planned: bool
    appetite: float  # chance of an order at a visit
    lots: float
    lines: float
    assortment: list[int]
    shelf: float  # how much of the must-have list it keeps
    lat: float
    lon: float


def write(folder: Path, *, clients: int = 5000, months: int = 18, today: date, seed: int = 1) -> Logins:
    """Write the demo distributor as of `today` into `folder`, replacing files of the same names.

    `clients` outlets, closed ones included; facts of the `months` calendar months that end with today's.
    """
    if clients < 1 or months < 1:
        raise ValueError("clients and months must be at least 1")
    with _Files(folder) as files:
        demo = _Demo(files, Random(seed), _Calendar(today, months))
        demo.write_goods_and_rules()
        branches, logins = demo.write_tree(clients)
        for branch in branches:
            demo.write_branch(branch)
    return logins


def _split(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights, adding up to the total."""
    whole = sum(weights)
    marks = [round(total * mark / whole) for mark in accumulate(weights)]
    return [mark - before for mark, before in zip(marks, [0, *marks], strict=False)]


class _Demo:
    def __init__(self, files: _Files, rng: Random, calendar: _Calendar) -> None:
        self.files, self.rng, self.calendar = files, rng, calendar
        self.products: list[_Product] = []
        self.tastes: dict[str, list[float]] = {}  # by channel: cumulative weights of the products
        self.mml: dict[str, list[int]] = {}
        self.price_lists: dict[tuple[str, int], list[tuple[int, int]]] = {}  # by channel and month: price, cost
        self.usernames: dict[str, int] = {}
        self.clients = self.owners = 0
        self.branch_code = self.tax_region = ""
        self.branch_owners = 0
        self.numbers: list[int] = []  # invoices of the branch by day
        self.seasons = {m: [category.season[m % 12] for category in CATEGORIES] for m in calendar.month}

    # --- goods and rules ---

    def write_goods_and_rules(self) -> None:
        """Channels, products, must-have lists, rules."""
        rng, row = self.rng, self.files.row
        popularity: list[float] = []
        for index, category in enumerate(CATEGORIES):
            for number, item in enumerate(category.items.split(";")):
                name, size, price, box = (part.strip() for part in item.split("|"))
                for brand, label in enumerate(category.brands):
                    sku = f"{category.code}{number * 10 + brand + 1:03d}"
                    list_price = int(int(price) * 100 * (1 - 0.11 * brand) * rng.uniform(0.97, 1.03)) // 10 * 10
                    cost = round(list_price * rng.uniform(0.65, 0.85))
                    self.products.append(_Product(sku, index, max(1, int(box) // 2), list_price, cost))
                    popularity.append((1.6 / (1 + 0.25 * number)) * (0.7 if brand else 1) * rng.uniform(0.6, 1.4))
                    in_focus = category.in_focus and rng.random() < 0.85
                    row("products", sku, f"{name} «{label}», {size}", category.name, int(in_focus))
        every = range(len(self.products))
        for channel in CHANNELS:
            weights = [popularity[p] * channel.taste[self.products[p].category] for p in every]
            self.tastes[channel.code] = list(accumulate(weights))
            self.mml[channel.code] = sorted(sorted(every, key=lambda p: -weights[p])[: channel.mml])
            row("channels", channel.code, channel.name)
            for p in self.mml[channel.code]:
                row("mml", channel.code, self.products[p].sku)
            for month in range(self.calendar.months):
                # Prices move once a quarter.
                rise = 1.018 ** ((self.calendar.first_month + month) // 3 - self.calendar.first_month // 3)
                self.price_lists[channel.code, self.calendar.first_month + month] = [
                    (round(product.price * channel.price * rise / 10) * 10, round(product.cost * rise))
                    for product in self.products
                ]
        for name, value in RULES.items():
            row("rules", name, value)

    # --- the tree ---

    def write_tree(self, clients: int) -> tuple[list[_Branch], Logins]:
        """Territories, staff and route costs for so many clients; the branches with their routes come back."""
        rng, row = self.rng, self.files.row
        routes = max(1, round(clients / CLIENTS_A_ROUTE))
        cities = CITIES[: max(1, min(len(CITIES), routes // 3))]
        quotas = iter(_split(clients, [rng.uniform(0.88, 1.12) for _ in range(routes)]))
        row("territories", "VOLGA", words.COMPANY, "", "company")
        admin = self._hire("admin", "VOLGA", 0.0)
        analyst = self._hire("analyst", "VOLGA", 0.0)
        heads: dict[str, str] = {}
        branches: list[_Branch] = []
        supervisor = rep = ""
        for city, size in zip(cities, _split(routes, [city.weight for city in cities]), strict=True):
            if city.region not in heads:
                row("territories", city.region, REGIONS[city.region], "VOLGA", "region")
                heads[city.region] = self._hire("head", city.region, city.tatar)
            row("territories", city.code, city.name, city.region, "branch")
            branch = _Branch(city, streets=(*words.STREETS, *city.streets.split(", ") * 3))
            branches.append(branch)
            for team, length in enumerate(_split(size, [1] * ceil(size / (ROUTES_A_TEAM + 1))), start=1):
                row("territories", f"{city.code}-{team}", f"{city.name}, команда {team}", city.code, "team")
                boss = self._hire("supervisor", f"{city.code}-{team}", city.tatar)
                supervisor = supervisor or boss
                for number in range(1, length + 1):
                    route = self._route(city, f"{city.code}-{team}-{number}", len(branch.routes), next(quotas))
                    branch.routes.append(route)
                    title = f"{city.name}, маршрут {team}-{number}" + f" ({route.town})" * (route.town != city.name)
                    row("territories", route.code, title, f"{city.code}-{team}", "route")
                    worker = self._hire("rep", route.code, city.tatar)
                    rep = rep or worker
        first = branches[0].city.region
        self._hire("analyst", first, 0.0)
        return branches, Logins(rep, supervisor, heads[first], admin, analyst)

    def _hire(self, role: str, territory: str, tatar: float) -> str:
        """Somebody of a role on a territory; the username, unlike any before, comes back."""
        rng = self.rng
        person = words.person(rng, female=0.35, tatar=tatar)
        username = f"{words.latin(person.last)}.{words.latin(person.first)[0]}"
        number = self.usernames[username] = self.usernames.get(username, 0) + 1
        username += str(number) if number > 1 else ""
        self.files.row("staff", username, person.full, role, territory, f"{username}@{words.MAIL_DOMAIN}")
        return username

    def _route(self, city: City, code: str, index: int, quota: int) -> _Route:
        """A route in the city or, each fourth, in a satellite town; its costs are written."""
        rng = self.rng
        town, lat, lon = city.towns[index // 4 % len(city.towns)] if index % 4 == 3 else (city.name, city.lat, city.lon)
        near = town == city.name
        reach = 0.028 if near else 0.006
        salary, car, fuel = rng.uniform(54, 74), rng.uniform(7, 11), rng.uniform(8, 12) if near else rng.uniform(13, 19)
        for month in range(self.calendar.months):
            year, ordinal = divmod(self.calendar.first_month + month, 12)
            winter = 1.12 if ordinal in (11, 0, 1) else 1.0
            wages = salary * (1 + 0.006 * month) * rng.uniform(0.95, 1.08)
            costs = (round(wages) * 1000, round(car) * 1000, round(fuel * winter * rng.uniform(0.9, 1.1), 1) * 1000)
            self.files.row("route_costs", code, f"{year}-{ordinal + 1:02d}", *(f"{cost:.0f}" for cost in costs))
        wide = 1 / cos(radians(lat))
        return _Route(code, town, lat + rng.gauss(0, reach), lon + rng.gauss(0, reach) * wide, 0.011 if near else 0.009,
                      quota, rng.uniform(0.84, 0.98))  # fmt: skip

    # --- the register ---

    def write_branch(self, branch: _Branch) -> None:
        """Counterparties of a branch until its routes are full, with all that hangs on them."""
        self.branch_code, self.tax_region, self.branch_owners = branch.city.code, branch.city.tax_region, 0
        self.numbers = [0] * len(self.calendar.iso)
        slots = [route for route in branch.routes for _ in range(route.quota)]
        self.rng.shuffle(slots)
        while slots:
            self._write_owner(branch, slots)

    def _write_owner(self, branch: _Branch, slots: list[_Route]) -> None:
        """A legal entity with its outlets, which take their places from the slots."""
        rng = self.rng
        channel = rng.choices(CHANNELS, [c.weight for c in CHANNELS])[0]
        if channel.code == "chain":
            outlets = 4 + int(rng.expovariate(1 / 9))
        elif channel.code in ("retail", "horeca") and rng.random() < 0.13:
            outlets = 2 + int(rng.expovariate(1 / 1.3))
        else:
            outlets = 1
        sole = channel.code in ("retail", "horeca", "online") and rng.random() < 0.68
        terms = rng.choices(TERMS, TERM_WEIGHTS.get(channel.code, (34, 18, 27, 15, 6)))[0]
        owner = _Owner(
            code=f"CP-{self.owners + 1:05d}",
            channel=channel,
            terms=terms,
            payer=rng.choices(range(3), PAYERS)[0],
            chain=rng.choice(words.CHAIN_WORDS if channel.code == "chain" else words.SHOP_WORDS)
            if outlets > 3 or channel.code == "chain"
            else "",
            person=words.person(rng, female=0.55, tatar=branch.city.tatar) if sole else None,
        )
        weights = CHAIN_LIFE_WEIGHTS if channel.code == "chain" else LIFE_WEIGHTS
        lives = rng.choices(LIVES, weights, k=min(outlets, len(slots)))
        prospect = all(life == "potential" for life in lives)
        named = not prospect or rng.random() < 0.6
        for number, life in enumerate(lives, start=1):
            self._write_client(branch, slots, owner, life, number, named)
        if named:
            self._write_counterparty(owner, contract=not prospect or rng.random() < 0.12)

    def _write_counterparty(self, owner: _Owner, *, contract: bool) -> None:
        """The legal entity and, if it has one, its contract, with a limit after what it buys."""
        rng, calendar, row = self.rng, self.calendar, self.files.row
        self.owners += 1
        self.branch_owners += 1
        company = owner.person is None
        known = rng.random() > 0.015
        if owner.person:
            name = f"ИП {owner.person.full}"
        elif owner.channel.code == "b2g":
            name = f"{rng.choice(('МБОУ', 'МАУ', 'ГАУЗ', 'ГБУ'))} «{rng.choice(words.FIRM_WORDS)}»"
        else:
            prefix, word = rng.choice(words.FIRM_PREFIXES), rng.choice(words.FIRM_WORDS)
            name = f"ООО «{prefix}{word.lower() if prefix == 'Торг' else word}»"
        inn = words.inn(self.tax_region, self.branch_owners, company=company) if known else ""
        row("counterparties", owner.code, name, inn, f"{self.tax_region}9901001" if company and known else "")
        if not contract:
            return
        month = owner.sold / 100 / max(1, calendar.months)
        limit = max(2, ceil(month * owner.terms / 30 * 1.5 / 10_000)) * 10_000 if owner.terms else 0
        signed = calendar.date(min(owner.since, calendar.today) - rng.randrange(12))
        today = calendar.date(calendar.today)
        if rng.random() < 0.1:
            old = signed - timedelta(rng.randrange(400, 1200))
            number = f"ДП-{self.owners:05d}/{old:%y}-А"
            row("contracts", number, owner.code, old, signed - timedelta(1), 0, 0)
        way, until = rng.random(), None
        if way < 0.4:
            until = date(today.year, 12, 31)
        elif way < 0.5:  # runs out soon, or ran out and nobody noticed
            until = today + timedelta(rng.randrange(-45, 60))
        row("contracts", f"ДП-{self.owners:05d}/{signed:%y}", owner.code, signed,
            until if until and until >= signed else "", owner.terms, limit)  # fmt: skip

    def _write_client(
        self, branch: _Branch, slots: list[_Route], owner: _Owner, life: Life, number: int, named: bool
    ) -> None:
        """One outlet with its contacts, orders, visits and audits; sometimes a second card of the same shop."""
        rng, calendar = self.rng, self.calendar
        client = self._client(slots.pop(), owner, life)
        sold = self._trade(client)
        owner.sold += sold
        owner.since = min(owner.since, client.opened)
        street = rng.choice(branch.streets if client.route.town == branch.city.name else words.STREETS)
        channel = owner.channel.code
        name = words.outlet(rng, channel, street, owner.chain, number)
        address = words.address(rng, branch.city, client.route.town, street)
        phone = words.phone(rng) if rng.random() > 0.06 else ""
        if rng.random() < 0.012:
            name = name.upper()
        mail = f"{words.latin(name)[:16]}{rng.randrange(1, 99)}@pochta.example" if rng.random() < 0.28 else ""
        located, opened = rng.random() > 0.07, calendar.date(client.opened) if rng.random() > 0.03 else ""
        self.files.row(
            "clients", client.code, name, client.route.code, channel if rng.random() > 0.02 else "",
            owner.code if named else "", address if rng.random() > 0.015 else "",
            f"{client.lat:.6f}" if located else "", f"{client.lon:.6f}" if located else "", phone, mail,
            int(life != "off_target"), opened, "" if client.closed is None else calendar.date(client.closed),
            self._potential(client, sold),
        )  # fmt: skip
        self._write_contacts(client, branch.city.tatar)
        if slots and life == "regular" and channel == "retail" and not owner.chain and rng.random() < 0.02:
            # Another rep has entered the same shop as a new one: food for the clean-up.
            twin = self._client(slots.pop(), owner, "potential")
            twin.lat, twin.lon = client.lat + rng.gauss(0, 1e-4), client.lon + rng.gauss(0, 1e-4)
            self._trade(twin)
            plain = name.replace("«", "").replace("»", "")
            name = (
                plain.lower() if rng.random() < 0.4 or "«" not in name else name[name.index("«") + 1 : name.index("»")]
            )
            spelt = address.replace("г. ", "").replace("д. ", "") if rng.random() < 0.7 else address.replace("ул. ", "")
            self.files.row(
                "clients", twin.code, name, twin.route.code, channel, "", spelt, f"{twin.lat:.6f}",
                f"{twin.lon:.6f}", phone.replace("+7", "8").replace(" ", ""), "", 1, calendar.date(twin.opened), "", "",
            )  # fmt: skip

    def _potential(self, client: _Client, sold: int) -> int | str:
        """What the outlet could buy in a month, in roubles; unknown for some."""
        rng = self.rng
        if rng.random() < 0.12:
            return ""
        if rng.random() < 0.01:
            return 0
        if sold <= 0:
            month = rng.lognormvariate(10, 0.9) * client.owner.channel.lots
        else:
            traded = max(1.0, (client.ends - client.begins) / 30)
            month = sold / 100 / traded * (1 + rng.lognormvariate(-0.4, 0.9))
        return max(1, round(month / 1000)) * 1000

    def _write_contacts(self, client: _Client, tatar: float) -> None:
        rng, calendar, owner = self.rng, self.calendar, client.owner
        people = {}
        if owner.person and not owner.chain and rng.random() < 0.7:
            people[owner.person.full] = "владелец"
        for _ in range(rng.choices((0, 1, 2, 3), (4, 50, 34, 12))[0]):
            position = rng.choice(words.POSITIONS[owner.channel.code].split(", "))
            people[words.person(rng, female=0.68, tatar=tatar).full] = position
        for full_name, position in list(people.items())[:3]:
            birthday: date | str = ""
            if rng.random() < 0.55:
                birthday = calendar.date(calendar.today - rng.randrange(22 * 365, 64 * 365))
                if rng.random() < 0.03:  # somebody to congratulate this week and next
                    soon = calendar.date(calendar.today + rng.randrange(14))
                    birthday = date(birthday.year, soon.month, min(soon.day, 28))
            self.files.row(
                "contacts", client.code, full_name, position, int(position in words.DECIDES),
                words.phone(rng) if rng.random() < 0.8 else "",
                f"{words.latin(full_name.split()[0])}{rng.randrange(60, 99)}@pochta.example" if rng.random() < 0.2 else "",
                birthday, rng.choice(words.NOTES) if rng.random() < 0.3 else "",
            )  # fmt: skip

    def _client(self, route: _Route, owner: _Owner, life: Life) -> _Client:
        """An outlet on a route: where it lies, how long it trades and what its habits are."""
        rng, today = self.rng, self.calendar.today
        self.clients += 1
        lat = route.lat + rng.gauss(0, route.spread)
        lon = route.lon + rng.gauss(0, route.spread) / cos(radians(lat))
        opened, ends, closed = -rng.randrange(40, 4200), today, None
        if life == "new" or (life in ("potential", "off_target") and rng.random() < 0.5):
            opened = int(today * rng.random() ** 0.8)
        elif life == "lost":
            ends = max(0, today - 36 - int(max(1, today - 60) * rng.random() ** 1.3))
            opened = rng.randrange(0, ends + 1) if rng.random() < 0.25 else opened
        elif life == "closed":
            closed = today - int(today * 1.5 * rng.random())
            opened = closed - rng.randrange(30, 3000)
            ends = closed - rng.randrange(1, 60)
        begins = max(0, opened + rng.randrange(2, 15))
        if life == "regular" and rng.random() < 0.27:  # long on the list, won only now
            begins = max(begins, int(today * rng.random()))
        if life == "potential":
            begins, ends = 1, 0
        gap = (0, -1)
        if life == "regular" and rng.random() < 0.07:
            start = int(rng.random() * today)
            gap = (start, start + rng.randrange(50, 120))
        trades = ends >= begins
        every = rng.choices((1, 2, 4), RHYTHMS[owner.channel.code])[0] if trades and life != "off_target" else 4
        appetite = rng.uniform(*{1: (0.35, 0.97), 2: (0.28, 0.86), 4: (0.65, 0.99)}[every])
        size = rng.lognormvariate(0, 0.5) * {1: 1.5, 2: 1.15, 4: 0.9}[every]
        lines = owner.channel.lines * size**0.3
        # Neighbours are visited on one weekday: a day's route is a sector seen from the middle of the route.
        weekday = int((atan2(lat - route.lat, lon - route.lon) / pi + 1) / 2 * 4.999)
        start = max(0, opened)
        first_visit = start + (weekday - self.calendar.date(start).weekday()) % 7 + 7 * rng.randrange(every)
        taste = self.tastes[owner.channel.code]
        drawn = rng.choices(range(len(taste)), cum_weights=taste, k=int(lines * 4.5)) if trades else []
        if life == "lost" and not owner.chain and rng.random() < 0.15:
            owner.payer = 2
        return _Client(
            code=str(100_000 + self.clients), life=life, route=route, owner=owner, opened=opened, closed=closed,
            begins=begins, ends=ends, gap=gap, every=every, first_visit=first_visit,
            planned=life != "off_target" and owner.channel.code != "online" and (trades or rng.random() < 0.65),
            appetite=0.35 if life == "off_target" else appetite, lots=size * owner.channel.lots, lines=lines,
            assortment=list(dict.fromkeys(drawn)), shelf=rng.uniform(0.45, 0.9), lat=lat, lon=lon,
        )  # fmt: skip

    # --- trade ---

    def _trade(self, client: _Client) -> int:
        """Visits, audits and orders of a client over the whole time; the net sum sold comes back."""
        rng, calendar = self.rng, self.calendar
        random, today = rng.random, calendar.today
        last = today + PLANNED_AHEAD if client.closed is None else client.closed
        pursued = client.life != "lost" or random() < 0.6
        previous: list[_Item] = []
        visits: list[str] = []
        sold = 0
        for day in range(client.first_visit, last + 1, 7 * client.every):
            trading = client.begins <= day <= client.ends and not client.gap[0] <= day <= client.gap[1]
            visited = client.planned and (pursued or day <= client.ends)
            done = visited and day < today and random() < client.route.diligence
            if visited and day >= calendar.visits_from:
                visits.append(self._visit(client, day, done=done))
            if done and random() < 0.013 * client.every:
                self._write_audit(client, day)
            # Who is not visited orders by himself: the online shops always, others when the rep does not come.
            chance = client.appetite if done or not client.planned else 0.35 * client.appetite
            if trading and day < today and random() < chance:
                arrives = calendar.delivery(day, rng)
                if arrives <= today and (client.closed is None or arrives <= client.closed):
                    total, previous = self._order(client, arrives, previous)
                    sold += total
            if trading and random() < 0.03:
                arrives = calendar.delivery(day + rng.randrange(1, 5), rng) if day + 5 < today else today + 1
                if arrives <= min(today, client.ends):
                    total, previous = self._order(client, arrives, previous)
                    sold += total
        self.files.text("visits")("".join(visits))
        return sold

    def _visit(self, client: _Client, day: int, *, done: bool) -> str:
        """A line of visits.csv: the mark is where the rep stood, now and then far from the shop."""
        planned_on = self.calendar.iso[day]
        if not done:
            return f"{client.code},{planned_on},,,\n"
        rng = self.rng
        hour, minute = divmod(9 * 60 + int(rng.random() * 530), 60)
        blur = 0.0002 if rng.random() > 0.02 else 0.02
        where = f"{client.lat + rng.gauss(0, blur):.6f},{client.lon + rng.gauss(0, blur):.6f}"
        if rng.random() < 0.04:
            where = ","
        return f"{client.code},{planned_on},{planned_on} {hour:02d}:{minute:02d},{where}\n"

    def _write_audit(self, client: _Client, day: int) -> None:
        """A look at the shelf: what the client buys is mostly there."""
        random, head = self.rng.random, f"{client.code},{self.calendar.iso[day]},"
        habit = frozenset(client.assortment)
        lines = []
        found = 0
        mml = self.mml[client.owner.channel.code]
        for product in mml:
            present = random() < (0.6 + client.shelf * 0.42 if product in habit else client.shelf * 0.8)
            found += present
            if present or random() < 0.9:  # a position left out of the audit is absent
                lines.append(f"{head}{self.products[product].sku},{int(present)}\n")
        full = found >= 0.72 * len(mml) and random() < 0.8
        self.files.text("audits")(f"{head}{int(full)}\n")
        self.files.text("audit_items")("".join(lines))

    def _order(self, client: _Client, day: int, previous: list[_Item]) -> tuple[int, list[_Item]]:
        """An order delivered on a day, with returns from the previous one; the net sum and the items sold."""
        random = self.rng.random
        month = self.calendar.month[day]
        season, prices = self.seasons[month], self.price_lists[client.owner.channel.code, month]
        products, assortment = self.products, client.assortment
        length = len(assortment)
        lots = client.lots * (1 + 0.008 * (month - self.calendar.first_month))
        wanted = max(1, int(client.lines * (0.5 + 1.1 * random())))
        items = []
        for product in dict.fromkeys([assortment[int(length * random() ** 1.6)] for _ in range(wanted)]):
            _, category, lot, _, _ = products[product]
            demand = season[category]
            if demand < 1 and random() > demand:
                continue
            quantity = lot * (1 + int(lots * demand * (0.2 + 1.4 * random())))
            items.append(_Item(product, quantity, *prices[product]))
        returns = []
        if previous and random() < 0.15:
            start = int(random() * len(previous))
            for item in previous[start : start + 1 + int(random() * 3)]:
                returns.append(item._replace(quantity=-1 - int(random() * min(item.quantity, 8))))
        # Chilled goods often come with papers of their own; so do returns.
        cut = len(items) // 2 if random() < 0.03 else 0
        papers = [items[:cut], items[cut:], returns] if random() < 0.25 else [items[:cut], items[cut:] + returns]
        return sum(self._write_invoice(client, day, paper) for paper in papers), items or previous

    def _write_invoice(self, client: _Client, day: int, items: list[_Item]) -> int:
        """An invoice and its payments; the total comes back, 0 for no items."""
        if not items:
            return 0
        self.numbers[day] += 1
        number = f"{self.branch_code}-{self.calendar.stamp[day]}-{self.numbers[day]:03d}"
        head, tail = f"{number},{self.calendar.iso[day]},{client.code},", f",{client.owner.terms}\n"
        products = self.products
        total = 0
        lines = []
        for product, quantity, price, cost in items:
            amount = quantity * price
            total += amount
            lines.append(
                f"{head}{products[product].sku},{quantity},{amount / 100:.2f},{quantity * cost / 100:.2f}{tail}"
            )
        self.files.text("invoices")("".join(lines))
        if total > 0:
            self._write_payments(client, number, day, total)
        return total

    def _write_payments(self, client: _Client, number: str, day: int, total: int) -> None:
        """How an invoice was paid up to today: in time, late, by parts, not at all."""
        rng, random, owner = self.rng, self.rng.random, client.owner
        due = day + owner.terms
        document = "ПП" if owner.terms or owner.person is None else "ПКО"
        if not owner.terms:
            paid = day if random() < 0.97 else day + 1 + int(random() * 9)
        elif owner.payer == 0:
            paid = due - int(random() * min(owner.terms, 5)) if random() < 0.94 else due + 1 + int(random() * 6)
        elif owner.payer == 1:
            paid = due - 2 + int(random() * 16)
        else:
            if client.life == "lost" and day > client.ends - 30:  # left with a debt
                return
            paid = due + 5 + int(random() * 60)
        part = 0
        if owner.terms and random() < (0.04 if owner.payer == 0 else 0.25):
            part = int(total * rng.uniform(0.3, 0.7))
        rows = [(paid, total - part), (paid + 2 + int(random() * 14), part)]
        self.files.text("payments")(
            "".join(
                f"{number},{self.calendar.iso[on]},{amount / 100:.2f},{document} {rng.randrange(1, 99999)}\n"
                for on, amount in rows
                if amount and on <= self.calendar.today
            )
        )
