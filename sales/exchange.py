"""Exchange files of sales: products, must-have lists, invoices, payments."""

from django.utils.translation import gettext_lazy as _

from clients.exchange import CHANNEL, CLIENT_CODE
from config.exchange.columns import BOOLEAN, CODE, COUNT, DATE, NAME, NUMBER, Column, Ref, text
from config.exchange.files import File
from sales import services

PRODUCT = Ref("sales_product", "sku", "product_id", _("product"))
INVOICE = Ref("sales_invoice", "number", "invoice_id", _("invoice"))
SKU = ("Артикул", "Код товара", "Товар", "Номенклатура")

PRODUCTS = File(
    "products",
    (
        Column("sku", CODE, (*SKU, "Код"), required=True),
        Column("name", NAME, ("Наименование", "Название"), required=True),
        Column("category", NAME, ("Категория", "Категория товара", "Группа"), required=True),
        Column("in_focus", BOOLEAN, ("В фокусе", "Фокус"), default="true"),
    ),
    services.products_load,
    "SELECT sku, name, category, in_focus::int AS in_focus FROM sales_product ORDER BY sku",
    ("sku",),
)
MML = File(
    "mml",
    (
        Column("channel_code", CODE, ("Код канала", "Канал", "Канал продаж"), required=True, ref=CHANNEL),
        Column("sku", CODE, SKU, required=True, ref=PRODUCT),
    ),
    services.mml_load,
    """SELECT h.code AS channel_code, p.sku FROM sales_mml m
       JOIN clients_channel h ON h.id = m.channel_id JOIN sales_product p ON p.id = m.product_id ORDER BY 1, 2""",
    ("channel_code", "sku"),
)
INVOICES = File(
    "invoices",
    (
        Column("invoice", CODE, ("Накладная", "Номер накладной", "Номер документа"), required=True),
        Column("date", DATE, ("Дата", "Дата накладной", "Дата доставки"), required=True),
        Column("client_code", CODE, CLIENT_CODE, required=True),
        Column("sku", CODE, SKU, required=True),
        Column("quantity", NUMBER, ("Количество", "Кол-во"), required=True),
        Column("amount", NUMBER, ("Сумма",), required=True),
        Column("cost", NUMBER, ("Себестоимость",)),
        Column("payment_terms_days", COUNT, ("Отсрочка, дней", "Отсрочка", "Отсрочка платежа")),
    ),
    services.invoices_load,
    """SELECT i.number AS invoice, i.date, c.code AS client_code, p.sku, trim_scale(l.quantity) AS quantity,
              trim_scale(l.amount) AS amount, trim_scale(l.cost) AS cost, i.payment_terms_days
       FROM sales_invoice i JOIN clients_client c ON c.id = i.client_id
       JOIN sales_line l ON l.invoice_id = i.id JOIN sales_product p ON p.id = l.product_id
       ORDER BY i.date, i.number, l.number""",
    ("invoice",),
    """SELECT min(s.line), t.action = 'new' FROM target t JOIN stage s USING (invoice) WHERE t.action <> 'none'
       GROUP BY t.id, t.action""",
    """SELECT min(line) AS line, invoice, min(date) AS date, min(client_code) AS client_code, sum(quantity) AS quantity,
              sum(amount) AS amount, sum(cost) AS cost, min(payment_terms_days) AS payment_terms_days, NULL AS cleared
       FROM stage GROUP BY invoice""",
    """SELECT i.number AS invoice, i.date, c.code AS client_code, l.quantity, l.amount, l.cost, i.payment_terms_days
       FROM sales_invoice i JOIN clients_client c ON c.id = i.client_id
       CROSS JOIN LATERAL (SELECT sum(quantity) AS quantity, sum(amount) AS amount, sum(cost) AS cost
                           FROM sales_line WHERE invoice_id = i.id) l""",
)
PAYMENTS = File(
    "payments",
    (
        Column("invoice", CODE, ("Накладная", "Номер накладной"), required=True, ref=INVOICE),
        Column("paid_on", DATE, ("Дата", "Дата оплаты", "Оплачено"), required=True),
        Column("amount", NUMBER, ("Сумма", "Сумма оплаты"), required=True),
        Column("document", text(100), ("Документ", "Платёжный документ", "Номер платежа"), default="''"),
    ),
    services.payments_load,
    """SELECT i.number AS invoice, p.paid_on, trim_scale(p.amount) AS amount, p.document
       FROM sales_payment p JOIN sales_invoice i ON i.id = p.invoice_id ORDER BY 1, 2, 4""",
    ("invoice", "paid_on", "document"),
)
