"""Exchange files of visits and audits."""

from clients.exchange import CLIENT, CLIENT_CODE
from config.exchange.columns import BOOLEAN, CODE, DATE, LATITUDE, LONGITUDE, MOMENT, Column
from config.exchange.files import File
from sales.exchange import PRODUCT, SKU
from visits import services

VISITS = File(
    "visits",
    (
        Column("client_code", CODE, CLIENT_CODE, required=True, ref=CLIENT),
        Column("planned_on", DATE, ("План", "Дата визита", "Запланирован", "Дата", "Дата по плану"), required=True),
        Column("done_at", MOMENT, ("Выполнен", "Факт", "Время визита")),
        Column("lat", LATITUDE, ("Широта",)),
        Column("lon", LONGITUDE, ("Долгота",)),
    ),
    services.visits_load,
    """SELECT c.code AS client_code, v.planned_on, v.done_at::timestamp AS done_at, v.lat, v.lon
       FROM visits_visit v JOIN clients_client c ON c.id = v.client_id ORDER BY 1, 2""",
    ("client_code", "planned_on"),
)
AUDITS = File(
    "audits",
    (
        Column("client_code", CODE, CLIENT_CODE, required=True, ref=CLIENT),
        Column("date", DATE, ("Дата", "Дата аудита"), required=True),
        Column("planogram_full", BOOLEAN, ("Планограмма", "Полная планограмма"), required=True),
    ),
    services.audits_load,
    """SELECT c.code AS client_code, a.date, a.planogram_full::int AS planogram_full
       FROM visits_audit a JOIN clients_client c ON c.id = a.client_id ORDER BY 1, 2""",
    ("client_code", "date"),
)
AUDIT_ITEMS = File(
    "audit_items",
    (
        Column("client_code", CODE, CLIENT_CODE, required=True, ref=CLIENT),
        Column("date", DATE, ("Дата", "Дата аудита"), required=True),
        Column("sku", CODE, SKU, required=True, ref=PRODUCT),
        Column("present", BOOLEAN, ("Наличие", "Есть", "Присутствует", "Есть на полке"), required=True),
    ),
    services.audit_items_load,
    """SELECT c.code AS client_code, a.date, p.sku, i.present::int AS present
       FROM visits_audititem i JOIN visits_audit a ON a.id = i.audit_id JOIN clients_client c ON c.id = a.client_id
       JOIN sales_product p ON p.id = i.product_id ORDER BY 1, 2, 3""",
    ("client_code", "date", "sku"),
)
