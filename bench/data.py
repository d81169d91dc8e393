"""Exchange files of a made distributor of any size, written by DuckDB in seconds; deterministic."""

from pathlib import Path

import duckdb

PRODUCTS, CATEGORIES, LEAVES, MML = 300, 8, 400, 20


def write(folder: Path, *, clients: int, lines: int, prefix: str = "N", days: int = 360) -> None:
    """Write all that the 24 metrics need: 500 nodes, invoices of 9 lines, payments, visits, audits, route costs.

    Invoices are in the order of their dates, from 2025-01-01 on, as accounting systems export them.
    """
    invoices = lines // 9
    folder.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect()
    db.execute("SET threads = 2; SET preserve_insertion_order = true")

    def copy(name: str, query: str) -> None:
        db.execute(f"COPY ({query}) TO '{folder / name}.csv' (HEADER)")

    copy(
        "territories",
        f"""SELECT 'T0' AS code, 'Company' AS name, NULL AS parent_code, 'company' AS kind
        UNION ALL SELECT 'R' || i, 'Region ' || i, 'T0', 'region' FROM range(19) t(i)
        UNION ALL SELECT 'B' || i, 'Team ' || i, 'R' || (i % 19), 'team' FROM range(80) t(i)
        UNION ALL SELECT 'M' || i, 'Route ' || i, 'B' || (i % 80), 'route' FROM range({LEAVES}) t(i)""",
    )
    copy("channels", "SELECT 'ch' || i AS code, 'Channel ' || i AS name FROM range(6) t(i)")
    copy(
        "products",
        f"""SELECT 'SKU' || i AS sku, 'Product ' || i AS name, 'Category ' || (i % {CATEGORIES}) AS category,
            (i % 10 <> 0)::int AS in_focus FROM range({PRODUCTS}) t(i)""",
    )
    copy(
        "rules",
        """SELECT * FROM (VALUES ('akb_min_amount', 500), ('akb_min_skus', 2), ('order_min_amount', 1000),
           ('order_min_skus', 4), ('order_min_categories', 3), ('category_min_skus', 3)) r(name, value)""",
    )
    copy(
        "clients",
        f"""SELECT 'C' || i AS code, 'Магазин № ' || i AS name, 'M' || (hash(i, 1) % {LEAVES}) AS territory_code,
            'ch' || (hash(i, 2) % 6) AS channel_code, 'г. Казань, ул. Баумана, д. ' || (hash(i, 3) % 200 + 1) AS address,
            '+7 9' || lpad((hash(i, 4) % 1000000000)::varchar, 9, '0') AS phone,
            55 + (hash(i, 5) % 10000) / 5000.0 AS lat, 49 + (hash(i, 6) % 10000) / 5000.0 AS lon,
            1000 + hash(i, 7) % 100000 AS potential_monthly
            FROM range({clients}) t(i)""",
    )
    copy(
        "invoices",
        f"""SELECT '{prefix}' || head AS invoice, DATE '2025-01-01' + (head * {days} // {invoices})::int AS date,
            'C' || (hash(head, 11) % {clients}) AS client_code, 'SKU' || (hash(i, 12) % {PRODUCTS}) AS sku,
            sign * (1 + hash(i, 13) % 12) AS quantity,
            sign * (1 + hash(i, 13) % 12) * (50 + hash(hash(i, 12) % {PRODUCTS}, 14) % 300) AS amount,
            round(sign * (1 + hash(i, 13) % 12) * (50 + hash(hash(i, 12) % {PRODUCTS}, 14) % 300) * 0.8, 2) AS cost,
            (hash(head, 15) % 3) * 14 AS payment_terms_days
            FROM (SELECT i, i // 9 AS head, CASE WHEN hash(i, 16) % 50 = 0 THEN -1 ELSE 1 END AS sign
                  FROM range({invoices * 9}) t(i)) ORDER BY i""",
    )
    copy(
        "payments",
        f"""SELECT '{prefix}' || i AS invoice, DATE '2025-01-01' + (i * {days} // {invoices} + hash(i, 21) % 40)::int AS paid_on,
            500 + hash(i, 22) % 20000 AS amount, 'P' || i AS document
            FROM range({invoices}) t(i) WHERE hash(i, 15) % 3 > 0 AND hash(i, 23) % 5 > 0 ORDER BY i""",
    )
    copy(
        "visits",
        f"""SELECT 'C' || i AS client_code, DATE '2025-07-01' + (hash(i, 31) % 14 + 14 * k)::int AS planned_on
            FROM range({clients}) t(i), range(6) u(k) WHERE hash(i, 32) % 5 > 0""",
    )
    copy("mml", f"SELECT 'ch' || i AS channel_code, 'SKU' || (k * 7 + i) AS sku FROM range(6) t(i), range({MML}) u(k)")
    copy(
        "audits",
        f"""SELECT 'C' || i AS client_code, DATE '2025-07-01' + (hash(i, 41) % 90)::int AS date, hash(i, 42) % 2 AS planogram_full
            FROM range({clients}) t(i) WHERE i % 10 = 0""",
    )
    copy(
        "audit_items",
        f"""SELECT 'C' || i AS client_code, DATE '2025-07-01' + (hash(i, 41) % 90)::int AS date,
            'SKU' || (k * 7 + hash(i, 2) % 6) AS sku, hash(i, k, 43) % 2 AS present
            FROM range({clients}) t(i), range({MML}) u(k) WHERE i % 10 = 0""",
    )
    copy(
        "route_costs",
        f"""SELECT 'M' || i AS territory_code, '2025-' || lpad(k::varchar, 2, '0') AS month, 60000 + hash(i, k) % 20000 AS salary,
            10000 AS amortization, 15000 AS fuel FROM range({LEAVES}) t(i), range(1, 13) u(k)""",
    )
