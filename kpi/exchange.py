"""The exchange file of rules, and all exchange files in the order in which they are taken."""

from clients import exchange as clients
from clients.duplicates import exchange as duplicates
from config.exchange.columns import NUMBER, Column, choice
from config.exchange.files import File
from kpi import services
from kpi.models import RuleName
from sales import exchange as sales
from territories import exchange as territories
from visits import exchange as visits

RULES = File(
    "rules",
    (
        Column("name", choice(*RuleName.values), ("Правило", "Наименование", "Название"), required=True),
        Column("value", NUMBER, ("Значение",), required=True),
    ),
    services.rules_load,
    "SELECT name, trim_scale(value) AS value FROM kpi_rule ORDER BY name",
    ("name",),
    "SELECT line, NULL FROM stage",
)
FILES = (
    territories.TERRITORIES, territories.STAFF, clients.CHANNELS, sales.PRODUCTS, sales.MML, RULES,
    clients.COUNTERPARTIES, clients.CONTRACTS, clients.CLIENTS, duplicates.MERGES, clients.CONTACTS, visits.VISITS,
    sales.INVOICES, sales.PAYMENTS, visits.AUDITS, visits.AUDIT_ITEMS, territories.ROUTE_COSTS,
)  # fmt: skip
