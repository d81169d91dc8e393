"""The two registers that pages are measured on: 1,000,000 clients, and a tenth of them, made alike and each in a data
directory of its own, so that both can be asked in turn.

2,000 nodes (5 levels), 500 representatives of 3 routes, 50 supervisors with 2 nodes of level 3 and a director with one of
level 2, these by groups (spec/stack.md §2); names of 3,375 made words, of which some are frequent and most are not; two
invoices of two lines for each client, a contact for every fifth.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CLIENTS = int(os.environ.get("BENCH_REGISTER", "1000000"))
TENTH = CLIENTS // 10
LEVELS = (1, 8, 80, 400, 1511)
SYLLABLES = ["ба", "ве", "ги", "до", "жу", "за", "ки", "ло", "му", "ну", "пе", "ра", "си", "то", "фа"]
KINDS = ["Магазин", "Продукты", "ИП", "ООО", "Минимаркет", "Павильон", "Супермаркет", "Киоск"]
STREETS = ["Баумана", "Пушкина", "Гагарина", "Первомайская", "Заводская", "Чехова", "Ямашева", "Декабристов", "Садовая"]


def folder(clients: int) -> Path:
    from bench.__main__ import HOME

    return HOME / f"register{clients}"


def enter(clients: int) -> None:
    """Make this process work on the register of so many clients, made first if it is not there."""
    home = folder(clients)
    home.mkdir(parents=True, exist_ok=True)
    os.environ["CRM_DATA_DIR"] = str(home)
    from config import embedded

    embedded.attach(home)
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS.append("testserver")
    call_command("migrate", verbosity=0)
    if not (home / "made").exists():
        print(f"a register of {clients:,} clients is being made", file=sys.stderr, flush=True)
        fill(clients)
        (home / "made").touch()


def apart(clients: int, program: str) -> dict[str, Any]:
    """What `program` prints as JSON, in a process that works on the register of so many clients."""
    code = f"from bench import base; base.enter({clients}); {program}"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def fill(clients: int) -> None:
    from accounts.models import Way
    from accounts.services import acting

    with acting(actor=None, way=Way.COMMAND):
        _tree()
        _people()
    _register(clients)


def _tree() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for level, count in enumerate(LEVELS):
            cursor.execute(
                """INSERT INTO territories_territory (code, name, parent_id, kind)
                   SELECT format('G%%s-%%s', %(level)s::int, i), format('Узел %%s.%%s', %(level)s::int, i), p.id, ''
                   FROM generate_series(0, %(count)s - 1) i
                   LEFT JOIN territories_territory p ON p.code = format('G%%s-%%s', %(level)s::int - 1, i %% %(above)s)""",
                {"level": level, "count": count, "above": LEVELS[level - 1] if level else 1},
            )
        cursor.execute(
            "INSERT INTO clients_channel (code, name) SELECT 'ch' || i, 'Канал ' || i FROM generate_series(0, 5) i"
        )


def _people() -> None:
    from django.contrib.auth.models import Group, Permission

    from accounts.models import Role, User
    from territories.models import Territory, TerritoryGroupGrant, TerritoryUserGrant

    right = {each.codename: each for each in Permission.objects.filter(content_type__app_label="territories")}
    nodes = {each.code: each for each in Territory.objects.all()}
    people = {
        role: [
            User.objects.create(username=f"{role}{i}", full_name=f"{role} {i}", role=role) for i in range(count)
        ]
        for role, count in ((Role.REP, 500), (Role.SUPERVISOR, 50), (Role.HEAD, 1), (Role.ADMIN, 1), (Role.ANALYST, 1))
    }  # fmt: skip
    TerritoryUserGrant.objects.bulk_create(
        TerritoryUserGrant(user=person, content_object=nodes[f"G4-{i * 3 + k}"], permission=right[name])
        for i, person in enumerate(people[Role.REP]) for k in range(3) for name in ("view", "change")
    )  # fmt: skip
    for i, person in enumerate([*people[Role.SUPERVISOR], *people[Role.HEAD], *people[Role.ANALYST]]):
        group = Group.objects.create(name=f"group {i}")
        person.groups.add(group)
        names = ["view"] if person.role == Role.ANALYST else ["view", "change", "approve"]
        for code in (f"G2-{i}", f"G2-{79 - i}") if person.role == Role.SUPERVISOR else ("G1-0",):
            for name in [*names, "manage"] if person.role == Role.HEAD else names:
                TerritoryGroupGrant.objects.create(group=group, content_object=nodes[code], permission=right[name])


def _register(clients: int) -> None:
    """As the schema's owner, without the triggers, the indexes afterwards: it is reading that is measured."""
    from django.db import connections

    words = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
    values = {"n": clients, "words": words, "kinds": KINDS, "streets": STREETS, "routes": LEVELS[-1]}
    tables = [
        "sales_product",
        "clients_client",
        "clients_counterparty",
        "clients_contact",
        "sales_invoice",
        "sales_line",
    ]
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE '%%UNIQUE%%'",
            [tables],
        )
        indexes = dict(cursor.fetchall())
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for statement in STATEMENTS:
            cursor.execute(statement, values)
        for definition in indexes.values():
            cursor.execute(definition)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO clients_word (word) SELECT DISTINCT word FROM clients_client,"
            " client_words(name || ' ' || address) word WHERE length(word) BETWEEN 4 AND 64 ON CONFLICT DO NOTHING"
        )
        cursor.execute("VACUUM ANALYZE")


STATEMENTS = (
    "INSERT INTO sales_product (sku, name, category, in_focus)"
    " SELECT 'SKU' || i, 'Товар ' || i, 'Категория ' || i %% 8, true FROM generate_series(0, 299) i",
    "INSERT INTO clients_counterparty (code, name, inn, kpp)"
    " SELECT 'L' || i, 'ООО Контрагент ' || i, '16' || lpad((hashint8(i + 17)::bigint & 67108863)::text, 8, '0'), ''"
    " FROM generate_series(1, %(n)s / 5) i",
    """INSERT INTO clients_client (code, name, territory_id, channel_id, counterparty_id, address, lat, lon, phone, email,
                                   is_target, status, status_cause, lost_reason, category, opened_on, last_order_on,
                                   potential_monthly)
       SELECT 'G' || i, s.kind || ' «' || s.word || '» № ' || (h / 8 %% 900000), t.id, channel.id,
              CASE WHEN i %% 5 > 0 THEN owner.id END, 'г. Казань, ул. ' || s.street || ', д. ' || (h %% 200 + 1),
              55 + h %% 9973 / 5000.0, 49 + h %% 9967 / 5000.0,
              CASE WHEN h %% 11 > 0 THEN '+7 9' || lpad((h %% 1000000000)::text, 9, '0') ELSE '' END, '', true, s.status,
              'never', CASE WHEN s.status = 'lost' AND h %% 2 = 0 THEN 'debt' ELSE '' END,
              (ARRAY['A', 'B', 'C', ''])[1 + h / 5 %% 4], DATE '2015-01-01' + (h %% 3700)::int,
              CASE WHEN s.status <> 'potential' THEN DATE '2026-11-25' - (h %% 400)::int END, 1000 + h %% 100000
       FROM generate_series(1, %(n)s) i
       CROSS JOIN LATERAL (SELECT hashint8(i)::bigint & 2147483647 AS h, hashint8(-i)::bigint & 2147483647 AS g) r
       CROSS JOIN LATERAL (
           SELECT (%(kinds)s::text[])[1 + h %% 8] AS kind, (%(streets)s::text[])[1 + g %% 9] AS street,
                  (%(words)s::text[])[1 + floor(power(g / 2147483648.0, 3) * 3375)::int] AS word,
                  (ARRAY['active', 'active', 'active', 'lost', 'potential', 'closed'])[1 + h / 7 %% 6] AS status
       ) s
       JOIN territories_territory t ON t.code = 'G4-' || (h / 3 %% %(routes)s)
       JOIN clients_channel channel ON channel.code = 'ch' || g %% 6
       LEFT JOIN clients_counterparty owner ON owner.code = 'L' || (1 + g %% (%(n)s / 5))
       ORDER BY i""",
    "INSERT INTO clients_contact (client_id, full_name, position, is_decision_maker, phone, email, birthday, notes)"
    " SELECT id, 'Иванова Анна', 'товаровед', true, '', '', DATE '1980-01-01' + (id %% 9000)::int, ''"
    " FROM clients_client WHERE id %% 5 = 1",
    "INSERT INTO sales_invoice (number, client_id, date, payment_terms_days, total, margin, has_sale)"
    " SELECT 'I' || id || '-' || k, id, DATE '2026-07-01' + (id %% 70 + 70 * k)::int, 14, 3000, 600, true"
    " FROM clients_client, generate_series(0, 1) k ORDER BY k, id %% 70, id",
    "INSERT INTO sales_line (invoice_id, number, client_id, date, product_id, quantity, amount, cost)"
    " SELECT i.id, k, i.client_id, i.date, p.id, 5, 1500, 1200"
    " FROM sales_invoice i, generate_series(1, 2) k JOIN sales_product p ON p.sku = 'SKU' || k * 7 ORDER BY i.id",
)

if __name__ == "__main__":
    enter(int(sys.argv[1]))
