"""The second reckoning: the 24 metrics, the split and the ranks, straight from the exchange files.

Written from the text of `spec/kpi.md` and `spec/exchange.md` alone, in plain Python with exact
arithmetic, so that the product's SQL has something independent to be held against. It knows no
database and no history: territory, channel and rules are those of the files. Files are expected to
be clean (English headers, comma CSV, keys unique); a row the product would turn away raises here.
"""

import csv
import gzip
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import floor
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

Metrics = dict[str, int | Fraction | None]
# profit, potential, category, recency, frequency, monetary; "" where there is none.
Ranks = tuple[str, str, str, str, str, str]

# fmt: off
KEYS = (
    "okb", "pakb", "akb", "pakb_coverage", "okb_coverage", "stable_akb", "stability", "system_outlets",
    "system_share", "category_akb", "category_share", "visit_plan", "orders", "effective_orders", "visit_rate",
    "effective_visit_rate", "visit_cost", "order_cost", "order_margin", "useful_income_share", "overdue_share",
    "system_payments", "planogram_coverage", "distribution",
)
# fmt: on

DEFAULT_RULES = {
    "reporting_months": Decimal(1),
    "akb_min_amount": Decimal(0),
    "akb_min_skus": Decimal(1),
    "order_min_amount": Decimal(0),
    "order_min_skus": Decimal(1),
    "order_min_categories": Decimal(1),
    "category_min_skus": Decimal(3),
    "system_threshold": Decimal("0.75"),
}
LETTERS = "ABCDE"
ZERO = Decimal(0)


class Line(NamedTuple):
    """One row of an invoice; a sale when the quantity is positive, else a return."""

    day: date
    sku: str
    quantity: Decimal
    amount: Decimal
    cost: Decimal  # an empty cost counts as 0 (metric 19)


@dataclass
class Invoice:
    client: str
    day: date
    terms: int
    total: Decimal = ZERO
    payments: list[tuple[date, Decimal]] = field(default_factory=list)

    @property
    def due(self) -> date:
        return self.day + timedelta(days=self.terms)

    def paid_by(self, day: date) -> Decimal:
        return sum((amount for paid_on, amount in self.payments if paid_on <= day), ZERO)


@dataclass
class Audit:
    full: bool
    present: set[str] = field(default_factory=set)


@dataclass
class Client:
    code: str
    territory: str
    channel: str  # "" is a channel of its own
    counterparty: str
    is_target: bool
    opened: date | None
    closed: date | None
    potential: Decimal | None
    lines: list[Line] = field(default_factory=list)  # by day, once the base is read
    invoices: list[Invoice] = field(default_factory=list)
    visits: list[date] = field(default_factory=list)
    done: set[date] = field(default_factory=set)  # the planned dates of visits that were made
    audits: dict[date, Audit] = field(default_factory=dict)

    def lines_in(self, first: date, last: date) -> list[Line]:
        low = bisect_left(self.lines, first, key=attrgetter("day"))
        high = bisect_right(self.lines, last, key=attrgetter("day"))
        return self.lines[low:high]

    def orders_in(self, first: date, last: date) -> list[list[Line]]:
        """An order is a date with at least one sale line; it is given as that date's sale lines."""
        sales = [line for line in self.lines_in(first, last) if line.quantity > 0]
        return [list(lines) for _, lines in groupby(sales, key=attrgetter("day"))]

    def visits_in(self, first: date, last: date) -> int:
        return sum(first <= day <= last for day in self.visits)

    def latest_audit_in(self, first: date, last: date) -> Audit | None:
        days = [day for day in self.audits if first <= day <= last]
        return self.audits[max(days)] if days else None

    def closed_by(self, day: date) -> bool:
        return self.closed is not None and self.closed <= day


@dataclass
class Base:
    today: date
    parents: dict[str, str] = field(default_factory=dict)  # territory -> the node above, "" for a root
    kinds: dict[str, str] = field(default_factory=dict)
    reps: dict[str, str] = field(default_factory=dict)  # username -> territory
    channels: set[str] = field(default_factory=set)
    categories: dict[str, str] = field(default_factory=dict)  # sku -> product category
    focus: dict[str, set[str]] = field(default_factory=dict)  # focus category -> its focus SKUs
    mml: dict[str, set[str]] = field(default_factory=dict)  # channel -> SKUs
    rules: dict[str, Decimal] = field(default_factory=lambda: dict(DEFAULT_RULES))
    contracts: dict[str, list[date]] = field(default_factory=dict)  # counterparty -> signing dates
    clients: dict[str, Client] = field(default_factory=dict)
    costs: dict[tuple[str, date], Decimal] = field(default_factory=dict)  # (territory, first of month)

    # Reading

    @classmethod
    def read(cls, folder: Path | str, today: date | None = None) -> "Base":
        """The base that loading `folder` into an empty register would give."""
        base = cls(today=today or date.today())  # noqa: DTZ011 — the distributor's day is the machine's here
        folder = Path(folder)

        for row in rows(folder, "territories", "code"):
            base.parents[row["code"]] = row["parent_code"]
            base.kinds[row["code"]] = row["kind"]
        for code, parent in base.parents.items():
            known(parent in base.parents or not parent, "territory", code, parent)

        for row in rows(folder, "staff", "username"):
            if row["role"] == "rep" and row["territory_code"]:
                base.reps[row["username"]] = row["territory_code"]
        base.channels = {row["code"] for row in rows(folder, "channels", "code")}
        for row in rows(folder, "products", "sku"):
            base.categories[row["sku"]] = row["category"]
            if row["in_focus"] != "0":
                base.focus.setdefault(row["category"], set()).add(row["sku"])
        for row in rows(folder, "mml", "channel_code", "sku"):
            known(row["channel_code"] in base.channels, "mml", *row.values())
            known(row["sku"] in base.categories, "mml", *row.values())
            base.mml.setdefault(row["channel_code"], set()).add(row["sku"])
        for row in rows(folder, "rules", "name"):
            known(row["name"] in DEFAULT_RULES, "rules", row["name"])
            base.rules[row["name"]] = number(row["value"])

        counterparties = {row["code"] for row in rows(folder, "counterparties", "code")}
        for row in rows(folder, "contracts", "number"):
            known(row["counterparty_code"] in counterparties, "contracts", *row.values())
            base.contracts.setdefault(row["counterparty_code"], []).append(day_of(row["signed_on"]))

        for row in rows(folder, "clients", "code"):
            known(row["territory_code"] in base.parents, "clients", *row.values())
            known(not row["channel_code"] or row["channel_code"] in base.channels, "clients", *row.values())
            known(not row["counterparty_code"] or row["counterparty_code"] in counterparties, "clients", *row.values())
            base.clients[row["code"]] = Client(
                code=row["code"],
                territory=row["territory_code"],
                channel=row["channel_code"],
                counterparty=row["counterparty_code"],
                is_target=row["is_target"] != "0",
                opened=day_of(row["opened_on"]) if row["opened_on"] else None,
                closed=day_of(row["closed_on"]) if row["closed_on"] else None,
                potential=number(row["potential_monthly"]) if row["potential_monthly"] else None,
            )

        for row in rows(folder, "visits", "client_code", "planned_on"):
            base.clients[row["client_code"]].visits.append(day_of(row["planned_on"]))
            if row["done_at"]:
                base.clients[row["client_code"]].done.add(day_of(row["planned_on"]))
        base._read_invoices(folder)
        for row in rows(folder, "audits", "client_code", "date"):
            base.clients[row["client_code"]].audits[day_of(row["date"])] = Audit(row["planogram_full"] == "1")
        for row in rows(folder, "audit_items", "client_code", "date", "sku"):
            known(row["sku"] in base.categories, "audit_items", *row.values())
            if row["present"] == "1":
                base.clients[row["client_code"]].audits[day_of(row["date"])].present.add(row["sku"])
            else:
                known(day_of(row["date"]) in base.clients[row["client_code"]].audits, "audit_items", *row.values())
        for row in rows(folder, "route_costs", "territory_code", "month"):
            known(row["territory_code"] in base.parents, "route_costs", *row.values())
            parts = [row["salary"], row["amortization"], row["fuel"]]
            base.costs[row["territory_code"], day_of(row["month"] + "-01")] = sum(
                (number(part) for part in parts if part), ZERO
            )
        return base

    def _read_invoices(self, folder: Path) -> None:
        days: dict[str, date] = {}  # parsing each of a million equal dates once
        invoices: dict[str, Invoice] = {}
        for row in rows(folder, "invoices"):
            client, sku = self.clients[row["client_code"]], row["sku"]
            known(sku in self.categories, "invoices", *row.values())
            day = days.get(row["date"]) or days.setdefault(row["date"], day_of(row["date"]))
            terms = int(row["payment_terms_days"] or 0)
            invoice = invoices.get(row["invoice"])
            if invoice is None:
                invoice = invoices[row["invoice"]] = Invoice(client.code, day, terms)
                client.invoices.append(invoice)
            known((invoice.client, invoice.day, invoice.terms) == (client.code, day, terms), "invoices", *row.values())
            quantity, amount = number(row["quantity"]), number(row["amount"])
            known(quantity != 0 and quantity * amount >= 0, "invoices", *row.values())
            invoice.total += amount
            client.lines.append(Line(day, sku, quantity, amount, number(row["cost"]) if row["cost"] else ZERO))
        for client in self.clients.values():
            client.lines.sort(key=attrgetter("day"))
        # Rows of one key add up, so payments need no key check.
        for row in rows(folder, "payments"):
            invoices[row["invoice"]].payments.append((day_of(row["paid_on"]), number(row["amount"])))

    # The 24 metrics

    def metrics(self, territory: str, d0: date, d1: date, by: str | None = None) -> tuple[Metrics, dict[str, Metrics]]:
        """The metrics of a territory for whole calendar months, and those of its groups.

        by="children": the direct children; "route": nodes of kind route at or below; "channel" and
        "category": those that a client in scope has, "" for none; "manager": representatives with a place in it.
        """
        if d0 != first_of(d0) or d1 != last_of(d1) or d0 > d1:
            raise ValueError(f"not whole calendar months: {d0}..{d1}")
        nodes = self.subtree(territory)
        scope = self._scope(nodes)
        groups: dict[str, Metrics] = {}
        if by in ("children", "route"):
            if by == "children":
                codes = [code for code, parent in self.parents.items() if parent == territory]
            else:
                codes = [code for code in self.parents if code in nodes and self.kinds[code] == "route"]
            for code in codes:
                below = self.subtree(code)
                groups[code] = self._reckon(self._scope(below), below, d0, d1)
        elif by in ("channel", "category"):
            members: dict[str, list[Client]] = defaultdict(list)
            ranked = self.ranks(min(d1, self.today)) if by == "category" else {}
            for client in scope:
                if by == "channel":
                    members[client.channel].append(client)
                else:
                    members[ranked[client.code][2] if client.code in ranked else ""].append(client)
            groups = {code: self._reckon(clients, None, d0, d1) for code, clients in sorted(members.items())}
        elif by == "manager":
            for person, place in self.reps.items():
                if held := self.subtree(place) & nodes:
                    groups[person] = self._reckon(self._scope(held), held, d0, d1)
        elif by is not None:
            raise ValueError(by)
        return self._reckon(scope, nodes, d0, d1), groups

    def behind(self, key: str, territory: str, d0: date, d1: date) -> set[str]:
        """The clients a metric is made of: those in its numerator or its denominator (for 12-14: with at least one)."""
        scope = self._scope(self.subtree(territory))
        okb = self.okb(scope, d0, d1)
        akb = self.akb(okb, d0, d1)
        pakb, system = self.pakb(okb, d0, d1), self.system_outlets(okb, d0, d1)
        ordered = [client for client in okb if client.orders_in(d0, d1)]
        effective = [client for client in okb if self.effective_orders(client, d0, d1)]
        earning = [client for client in okb if self.margin([client], d0, d1)]
        audited = [client for client in okb if client.latest_audit_in(d0, d1)]
        found: dict[str, list[Client]] = {
            "okb": okb,
            "pakb": pakb,
            "akb": akb,
            "pakb_coverage": akb + pakb,
            "okb_coverage": okb,
            "stable_akb": self.stable_akb(akb, d0, d1),
            "stability": akb,
            "system_outlets": system,
            "system_share": system + akb,
            "category_akb": self.category_akb(akb, d0, d1),
            "category_share": akb,
            "visit_plan": pakb,
            "orders": ordered,
            "effective_orders": effective,
            "visit_rate": ordered + pakb,
            "effective_visit_rate": effective + pakb,
            "visit_cost": pakb,
            "order_cost": ordered,
            "order_margin": ordered + earning,
            "useful_income_share": ordered + earning,
            "overdue_share": [client for client in scope if self.overdue_share([client], d1) is not None],
            "system_payments": [client for client in scope if self.system_payments([client], d0, d1) is not None],
            "planogram_coverage": audited,
            "distribution": [client for client in audited if self.mml.get(client.channel)],
        }
        return {client.code for client in found[key]}

    def almost(self, key: str, territory: str, d0: date, d1: date) -> dict[str, set[tuple[str, Fraction, str]]]:
        """The clients a metric leaves out, or that pull it down, with what each lacks: what, how much, of which."""
        nodes = self.subtree(territory)
        scope = self._scope(nodes)
        okb = self.okb(scope, d0, d1)
        akb, pakb = self.akb(okb, d0, d1), self.pakb(okb, d0, d1)

        def out_of(whole: list[Client], part: list[Client]) -> list[Client]:
            inside = {client.code for client in part}
            return [client for client in whole if client.code not in inside]

        reasons: Callable[[Client], Iterable[tuple[str, Fraction | Decimal | int, str]]]
        match key:
            case "okb":
                clients, reasons = out_of(scope, okb), lambda client: self._not_in_base(client, d0, d1)
            case "pakb" | "visit_plan" | "visit_cost":
                clients, reasons = (
                    out_of(okb, pakb),
                    lambda client: [("visit_planned", len(client.orders_in(d0, d1)), "")],
                )
            case "akb" | "okb_coverage":
                clients, reasons = out_of(okb, akb), lambda client: self._not_worked(client, d0, d1)
            case "pakb_coverage":
                clients, reasons = out_of(pakb, akb), lambda client: self._not_worked(client, d0, d1)
            case "stable_akb" | "stability":
                clients = out_of(okb if key == "stable_akb" else akb, self.stable_akb(akb, d0, d1))
                reasons = lambda client: self._not_stable(client, d0, d1)
            case "system_outlets" | "system_share":
                clients = out_of(okb if key == "system_outlets" else akb, self.system_outlets(okb, d0, d1))
                reasons = lambda client: self._not_system(client, d0, d1)
            case "category_akb" | "category_share":
                clients = out_of(okb if key == "category_akb" else akb, self.category_akb(akb, d0, d1))
                working = {client.code for client in akb}
                reasons = lambda client: (
                    self._not_category(client, d0, d1) if client.code in working else self._not_worked(client, d0, d1)
                )
            case "orders" | "order_cost":
                clients = [client for client in okb if not client.orders_in(d0, d1)]
                reasons = lambda client: [(self._no_order(client, d0, d1), 1, "")]
            case "effective_orders":
                clients = [client for client in okb if not self.effective_orders(client, d0, d1)]
                reasons = lambda client: (
                    self._nearest_order(client, d0, d1) or [(self._no_order(client, d0, d1), 1, "")]
                )
            case "visit_rate":
                clients = [client for client in pakb if client.visits_in(d0, d1) > len(client.orders_in(d0, d1))]
                reasons = lambda client: [("orders", client.visits_in(d0, d1) - len(client.orders_in(d0, d1)), "")]
            case "effective_visit_rate":
                clients = [
                    client for client in pakb if client.visits_in(d0, d1) > self.effective_orders(client, d0, d1)
                ]
                reasons = lambda client: [
                    ("effective_orders", client.visits_in(d0, d1) - self.effective_orders(client, d0, d1), ""),
                    *self._nearest_order(client, d0, d1),
                ]
            case "order_margin" | "useful_income_share":
                ours = self._reckon(scope, nodes, d0, d1)
                asked = ours["order_margin" if key == "order_margin" else "order_cost"] or Fraction(0)
                short = {
                    client.code: asked * len(client.orders_in(d0, d1)) - Fraction(self.margin([client], d0, d1))
                    for client in okb
                    if client.orders_in(d0, d1)
                }
                clients = [client for client in okb if short.get(client.code, 0) > 0]
                reasons = lambda client: [("margin", short[client.code], "")]
            case "overdue_share":
                clients = [client for client in scope if self.overdue_share([client], d1)]
                reasons = lambda client: [("payment", self._overdue(client, d1), "")]
            case "system_payments":
                clients = [client for client in scope if self._unpaid_in_time(client, d0, d1)]
                reasons = lambda client: [("payment_in_time", self._unpaid_in_time(client, d0, d1), "")]
            case "planogram_coverage" | "distribution":
                full = key == "planogram_coverage"
                clients = [
                    client for client in okb if (audit := client.latest_audit_in(d0, d1))
                    and (not audit.full if full else self._mml_missing(client, d0, d1))
                ]  # fmt: skip
                reasons = lambda client: [
                    *([("planogram", 1, "")] if full else []),
                    *([("mml", missing, "")] if (missing := self._mml_missing(client, d0, d1)) else []),
                ]
        return {
            client.code: {(what, Fraction(much), which) for what, much, which in reasons(client)} for client in clients
        }

    def _not_in_base(self, client: Client, d0: date, d1: date) -> Iterator[tuple[str, int, str]]:
        if not client.is_target:
            yield "target", 1, ""
        if client.opened and client.opened > d1:
            yield "opened", (client.opened - d1).days, str(client.opened)
        if client.closed and client.closed < d0:
            yield "not_closed", (d0 - client.closed).days, str(client.closed)

    def _no_order(self, client: Client, d0: date, d1: date) -> str:
        if any(d0 <= day <= d1 for day in client.done):
            return "order_after_visit"
        return "order_at_visit" if client.visits_in(d0, d1) else "order"

    def _not_worked(self, client: Client, d0: date, d1: date) -> Iterator[tuple[str, int | Decimal, str]]:
        lines = client.lines_in(d0, d1)
        skus = {line.sku for line in lines if line.quantity > 0}
        if not skus:
            yield self._no_order(client, d0, d1), 1, ""
            return
        amount = self.rules["akb_min_amount"] - sum((line.amount for line in lines), ZERO)
        if amount > 0:
            yield "amount", amount, ""
        if len(skus) < self.rules["akb_min_skus"]:
            yield "skus", self.rules["akb_min_skus"] - len(skus), ""

    def _not_stable(self, client: Client, d0: date, d1: date) -> list[tuple[str, int, str]]:
        idle = [month for month in months_of(d0, d1) if not self.worked(client, month, last_of(month))]
        return [("months", len(idle), " ".join(map(str, idle)))]

    def _not_system(self, client: Client, d0: date, d1: date) -> list[tuple[str, int | Decimal, str]]:
        visits, effective = client.visits_in(d0, d1), self.effective_orders(client, d0, d1)
        if not visits:
            return [("visit_planned", len(client.orders_in(d0, d1)), "")]
        enough = next(n for n in range(visits * 1000) if n > self.rules["system_threshold"] * visits)
        return [("effective_orders", enough - effective, ""), *self._nearest_order(client, d0, d1)]

    def _not_category(self, client: Client, d0: date, d1: date) -> Iterator[tuple[str, int | Decimal, str]]:
        bought = {line.sku for line in client.lines_in(d0, d1) if line.quantity > 0}
        for category, skus in self.focus.items():
            if (missing := self.rules["category_min_skus"] - len(bought & skus)) > 0:
                yield "category_skus", missing, category

    def _nearest_order(self, client: Client, d0: date, d1: date) -> list[tuple[str, int | Decimal, str]]:
        """Of the orders that aren't effective, the one whose missing shares add up to the least."""
        asked = [self.rules[f"order_min_{what}"] for what in ("amount", "skus", "categories")]
        orders = []
        for sales in client.orders_in(d0, d1):
            has = [
                sum((line.amount for line in sales), ZERO),
                Decimal(len({line.sku for line in sales})),
                Decimal(len({self.categories[line.sku] for line in sales})),
            ]
            short = [max(want - got, ZERO) for want, got in zip(asked, has, strict=True)]
            if any(short):
                shares = [Fraction(gap) / Fraction(want) for gap, want in zip(short, asked, strict=True) if gap]
                orders.append((sum(shares), short))
        if not orders:
            return []
        _distance, short = min(orders)
        names = ("order_amount", "order_skus", "order_categories")
        return [(name, gap, "") for name, gap in zip(names, short, strict=True) if gap]

    def _overdue(self, client: Client, d1: date) -> Decimal:
        late = [i for i in client.invoices if i.terms > 0 and i.day <= d1 and i.due < d1]
        return sum((max(invoice.total - invoice.paid_by(d1), ZERO) for invoice in late), ZERO)

    def _unpaid_in_time(self, client: Client, d0: date, d1: date) -> Decimal:
        due = [i for i in client.invoices if i.terms > 0 and i.total > 0 and d0 <= i.due <= d1]
        return sum((max(invoice.total - invoice.paid_by(invoice.due), ZERO) for invoice in due), ZERO)

    def _mml_missing(self, client: Client, d0: date, d1: date) -> int:
        audit, positions = client.latest_audit_in(d0, d1), self.mml.get(client.channel, set())
        return len(positions - audit.present) if audit else 0

    def subtree(self, territory: str) -> set[str]:
        """T and all nodes below it."""
        known(territory in self.parents, "territory", territory)
        found, more = {territory}, {territory}
        while more:
            more = {code for code, parent in self.parents.items() if parent in more}
            found |= more
        return found

    def _scope(self, nodes: set[str]) -> list[Client]:
        return [client for client in self.clients.values() if client.territory in nodes]

    def _reckon(self, scope: list[Client], nodes: set[str] | None, d0: date, d1: date) -> Metrics:
        """All metrics of the clients in `scope`; `nodes` are the territories whose costs they bear, if any."""
        okb = self.okb(scope, d0, d1)
        akb = self.akb(okb, d0, d1)
        pakb = len(self.pakb(okb, d0, d1))
        stable = len(self.stable_akb(akb, d0, d1))
        system = len(self.system_outlets(okb, d0, d1))
        category = len(self.category_akb(akb, d0, d1))
        visits = sum(client.visits_in(d0, d1) for client in okb)  # 12
        orders = sum(len(client.orders_in(d0, d1)) for client in okb)  # 13
        effective = sum(self.effective_orders(client, d0, d1) for client in okb)
        order_margin = ratio(self.margin(okb, d0, d1), orders)  # 19
        cost = None if nodes is None else self.route_cost(nodes, d0, d1)
        order_cost = None if cost is None else ratio(cost, orders)  # 18
        return {
            "okb": len(okb),
            "pakb": pakb,
            "akb": len(akb),
            "pakb_coverage": ratio(len(akb), pakb),  # 4
            "okb_coverage": ratio(len(akb), len(okb)),  # 5
            "stable_akb": stable,
            "stability": ratio(stable, len(akb)),  # 7
            "system_outlets": system,
            "system_share": ratio(system, len(akb)),  # 9
            "category_akb": category,
            "category_share": ratio(category, len(akb)),  # 11
            "visit_plan": visits,
            "orders": orders,
            "effective_orders": effective,
            "visit_rate": ratio(orders, visits),  # 15
            "effective_visit_rate": ratio(effective, visits),  # 16
            "visit_cost": None if cost is None else ratio(cost, visits),  # 17
            "order_cost": order_cost,
            "order_margin": order_margin,
            "useful_income_share": self.useful_income_share(order_margin, order_cost),
            "overdue_share": self.overdue_share(scope, d1),
            "system_payments": self.system_payments(scope, d0, d1),
            "planogram_coverage": self.planogram_coverage(okb, d0, d1),
            "distribution": self.distribution(okb, d0, d1),
        }

    def okb(self, scope: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """1: target clients opened on or before d1 (or with no opening date) and not closed before d0."""
        return [
            client
            for client in scope
            if client.is_target
            and (client.opened is None or client.opened <= d1)
            and (client.closed is None or client.closed >= d0)
        ]

    def pakb(self, okb: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """2: with at least one visit planned in P."""
        return [client for client in okb if client.visits_in(d0, d1)]

    def worked(self, client: Client, first: date, last: date) -> bool:
        """An order in the window, a net amount and a number of distinct SKUs that pass the rules."""
        lines = client.lines_in(first, last)
        skus = {line.sku for line in lines if line.quantity > 0}
        net = sum((line.amount for line in lines), ZERO)
        return bool(skus) and net >= self.rules["akb_min_amount"] and len(skus) >= self.rules["akb_min_skus"]

    def akb(self, okb: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """3: that worked in P."""
        return [client for client in okb if self.worked(client, d0, d1)]

    def stable_akb(self, akb: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """6: of АКБ, that worked in each calendar month of P."""
        months = list(months_of(d0, d1))
        return [client for client in akb if all(self.worked(client, month, last_of(month)) for month in months)]

    def system_outlets(self, okb: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """8: planned visits in P, and effective orders / planned visits strictly above the threshold."""
        threshold = self.rules["system_threshold"]
        return [
            client
            for client in self.pakb(okb, d0, d1)
            if self.effective_orders(client, d0, d1) > threshold * client.visits_in(d0, d1)
        ]

    def category_akb(self, akb: Iterable[Client], d0: date, d1: date) -> list[Client]:
        """10: of АКБ, that bought enough distinct focus SKUs in each focus category."""
        found = []
        for client in akb:
            bought = {line.sku for line in client.lines_in(d0, d1) if line.quantity > 0}
            if all(len(bought & skus) >= self.rules["category_min_skus"] for skus in self.focus.values()):
                found.append(client)
        return found

    def effective_orders(self, client: Client, d0: date, d1: date) -> int:
        """14: orders with enough sale amount, distinct SKUs and distinct categories, a day taken together."""
        return sum(
            sum(line.amount for line in sales) >= self.rules["order_min_amount"]
            and len({line.sku for line in sales}) >= self.rules["order_min_skus"]
            and len({self.categories[line.sku] for line in sales}) >= self.rules["order_min_categories"]
            for sales in client.orders_in(d0, d1)
        )

    def route_cost(self, nodes: set[str], d0: date, d1: date) -> Decimal:
        """17, 18: salary + amortization + fuel of the nodes `T` and below, months of P."""
        return sum(
            (cost for (territory, month), cost in self.costs.items() if territory in nodes and d0 <= month <= d1), ZERO
        )

    def margin(self, okb: Iterable[Client], d0: date, d1: date) -> Decimal:
        """19: amount - cost over all lines in P, returns too."""
        return sum((line.amount - line.cost for client in okb for line in client.lines_in(d0, d1)), ZERO)

    def useful_income_share(self, order_margin: Fraction | None, order_cost: Fraction | None) -> Fraction | None:
        """20: (19 - 18) / 19."""
        if order_margin is None or order_cost is None or order_margin == 0:
            return None
        return (order_margin - order_cost) / order_margin

    def overdue_share(self, scope: Iterable[Client], d1: date) -> Fraction | None:
        """21: at the end of d1, overdue rest / whole rest of invoices on credit, all clients of S."""
        overdue = whole = ZERO
        for client in scope:
            for invoice in client.invoices:
                # An invoice of a later date does not exist yet at the end of d1.
                if invoice.terms == 0 or invoice.day > d1:
                    continue
                rest = max(invoice.total - invoice.paid_by(d1), ZERO)
                whole += rest
                if invoice.due < d1:
                    overdue += rest
        return ratio(overdue, whole)

    def system_payments(self, scope: Iterable[Client], d0: date, d1: date) -> Fraction | None:
        """22: of invoices on credit due in P, the amount paid in time / the total, all clients of S."""
        paid = total = ZERO
        for client in scope:
            for invoice in client.invoices:
                if invoice.terms > 0 and invoice.total > 0 and d0 <= invoice.due <= d1:
                    paid += min(invoice.total, invoice.paid_by(invoice.due))
                    total += invoice.total
        return ratio(paid, total)

    def planogram_coverage(self, okb: Iterable[Client], d0: date, d1: date) -> Fraction | None:
        """23: of the clients audited in P, the share whose latest audit in P found the full planogram."""
        latest = [audit for client in okb if (audit := client.latest_audit_in(d0, d1))]
        return ratio(sum(audit.full for audit in latest), len(latest))

    def distribution(self, okb: Iterable[Client], d0: date, d1: date) -> Fraction | None:
        """24: over the latest audits in P, MML positions present / MML positions required."""
        present = required = 0
        for client in okb:
            if audit := client.latest_audit_in(d0, d1):
                positions = self.mml.get(client.channel, set())
                present += len(audit.present & positions)
                required += len(positions)
        return ratio(present, required)

    # The split

    def split(self, day: date) -> dict[str, str]:
        """closed / active / lost / potential of every client as of a day."""
        start = minus_months(day, int(self.rules["reporting_months"]))  # W = (start, day]
        return {client.code: self._status(client, start, day) for client in self.clients.values()}

    def _status(self, client: Client, start: date, day: date) -> str:
        if client.closed_by(day):
            return "closed"
        if client.orders_in(start + timedelta(days=1), day):
            return "active"
        if client.orders_in(date.min, day):
            return "lost"
        signed = [signed_on for signed_on in self.contracts.get(client.counterparty, []) if signed_on <= day]
        return "lost" if signed and max(signed) <= start else "potential"

    # The ranks

    def ranks(self, day: date) -> dict[str, Ranks]:
        """Profit, potential, category and RFM of the clients not closed by the day, as the rank file shows them."""
        first = minus_months(day, 12) + timedelta(days=1)
        open_clients = [client for client in self.clients.values() if not client.closed_by(day)]
        margins = {
            client.code: sum((line.amount - line.cost for line in lines), ZERO)
            for client in open_clients
            if (lines := client.lines_in(first, day))
        }
        potentials = {client.code: client.potential for client in open_clients if client.potential is not None}
        profit, potential = self._letters(margins), self._letters(potentials)
        recency, frequency, monetary = self._rfm(open_clients, first, day)
        return {
            code: (
                profit.get(code, ""),
                potential.get(code, ""),
                category_of(profit.get(code, ""), potential.get(code, "")),
                recency.get(code, ""),
                frequency.get(code, ""),
                monetary.get(code, ""),
            )
            for code in (client.code for client in open_clients)
        }

    def _letters(self, values: dict[str, Decimal]) -> dict[str, str]:
        """A-D by the share of the strictly greater values within the channel; E for a value <= 0."""
        by_channel: dict[str, list[str]] = defaultdict(list)
        for code in values:
            by_channel[self.clients[code].channel].append(code)
        letters = {}
        for codes in by_channel.values():
            positive = sum((values[code] for code in codes if values[code] > 0), ZERO)
            greater = ZERO
            for value, tied in groupby(sorted(codes, key=lambda code: -values[code]), key=lambda code: values[code]):
                same = list(tied)
                for code in same:
                    letters[code] = "E" if value <= 0 else abcd(Fraction(greater) / Fraction(positive))
                greater += value * len(same)
        return letters

    def _rfm(self, clients: Iterable[Client], first: date, day: date) -> tuple[dict[str, str], ...]:
        """R, F and M scored 1-5 over all clients with an order in the window, whatever the channel."""
        dates, counts, amounts = {}, {}, {}
        for client in clients:
            if orders := client.orders_in(first, day):
                dates[client.code] = orders[-1][0].day.toordinal()
                counts[client.code] = len(orders)
                amounts[client.code] = sum((line.amount for line in client.lines_in(first, day)), ZERO)
        return scores(dates), scores(counts), scores(amounts)


def abcd(share: Fraction) -> str:
    if share < Fraction("0.5"):
        return "A"
    if share < Fraction("0.8"):
        return "B"
    return "C" if share < Fraction("0.95") else "D"


def category_of(profit: str, potential: str) -> str:
    """With both ranks, round-half-up((2 * profit + potential) / 3); with one, that one."""
    if not (profit and potential):
        return profit or potential
    mean = Fraction(2 * (LETTERS.index(profit) + 1) + LETTERS.index(potential) + 1, 3)
    return LETTERS[floor(mean + Fraction(1, 2)) - 1]


def scores(values: Mapping[str, int | Decimal]) -> dict[str, str]:
    """min(5, 1 + floor(5 * percent_rank)); percent_rank = clients strictly below / (clients - 1), 0 for a lone one."""
    ordered = sorted(values.values())
    others = max(len(ordered) - 1, 1)
    return {code: str(min(5, 1 + 5 * bisect_left(ordered, value) // others)) for code, value in values.items()}


def ratio(over: int | Decimal, under: int | Decimal) -> Fraction | None:
    return Fraction(over) / Fraction(under) if under else None


# Dates


def first_of(day: date) -> date:
    return day.replace(day=1)


def last_of(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_of(d0: date, d1: date) -> Iterator[date]:
    """The first days of the months of a period."""
    month = first_of(d0)
    while month <= d1:
        yield month
        month = last_of(month) + timedelta(days=1)


def minus_months(day: date, months: int) -> date:
    """31 May - 1 month = 30 April: the same day of the month, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# Files


def rows(folder: Path, name: str, *key: str) -> Iterator[dict[str, str]]:
    """The rows of a file, if the folder has it; a missing column reads as empty, and so does a single `-`."""
    seen = set()
    for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz"):
        if not path.exists():
            continue
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines, restval=""):
                clean = defaultdict(str, {column: "" if cell == "-" else cell for column, cell in row.items()})
                if key:
                    value = tuple(clean[column] for column in key)
                    known(value not in seen, name, "twice", *value)
                    seen.add(value)
                yield clean


def known(holds: bool, *what: str) -> None:
    if not holds:
        raise ValueError(f"not a clean data set: {', '.join(what)}")


def day_of(text: str) -> date:
    return date.fromisoformat(text)


def number(text: str) -> Decimal:
    """A decimal whose sums stay within the 28 digits that Decimal adds without rounding."""
    value = Decimal(text)
    known(abs(value) < 10**12 and int(value.as_tuple().exponent) >= -6, "number", text)
    return value
