"""What rights cost: the first and a deep page of a representative's, a supervisor's, a director's and an
administrator's client list, each beside the same page of all clients, read with no condition of rights.

1,000,000 clients on 2,000 nodes (5 levels), 500 representatives of 3 routes, 50 supervisors with 2 nodes of level 3 and
a director with one of level 2, these by groups (spec/stack.md §2).
"""

from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import connection, connections
from django.test import Client as Browser

from accounts.models import Role, User, Way
from accounts.services import acting
from clients import counting, keyset
from clients.models import Client, Status
from clients.querysets import ClientQuerySet
from territories.models import Territory, TerritoryGroupGrant, TerritoryUserGrant

LEVELS = (1, 8, 80, 400, 1511)
CLIENTS = 1_000_000
TURNS = 40
PEER = "of all clients"


def fill() -> dict[str, User]:
    """Make the register; returns one person of each kind."""
    with acting(actor=None, way=Way.COMMAND), connection.cursor() as cursor:
        for level, count in enumerate(LEVELS):
            cursor.execute(
                """INSERT INTO territories_territory (code, name, parent_id, kind)
                   SELECT format('G%%s-%%s', %(level)s::int, i), format('Узел %%s.%%s', %(level)s::int, i), p.id, ''
                   FROM generate_series(0, %(count)s - 1) i
                   LEFT JOIN territories_territory p ON p.code = format('G%%s-%%s', %(level)s::int - 1, i %% %(above)s)""",
                {"level": level, "count": count, "above": LEVELS[level - 1] if level else 1},
            )
    _clients()
    right = {each.codename: each for each in Permission.objects.filter(content_type__app_label="territories")}
    nodes = {each.code: each for each in Territory.objects.filter(code__startswith="G")}
    with acting(actor=None, way=Way.COMMAND):
        people = [
            User.objects.create(username=f"{role}{i}", full_name=f"{role} {i}", role=role)
            for role, count in ((Role.REP, 500), (Role.SUPERVISOR, 50), (Role.HEAD, 1), (Role.ADMIN, 1))
            for i in range(count)
        ]
        for i, person in enumerate(people[:500]):
            for k in range(3):
                place = nodes[f"G4-{i * 3 + k}"]
                for name in ("view", "change"):
                    TerritoryUserGrant.objects.create(user=person, content_object=place, permission=right[name])
        for i, person in enumerate(people[500:551]):
            group = Group.objects.create(name=f"group {i}")
            person.groups.add(group)
            for code in (f"G2-{i}", f"G2-{79 - i}") if i < 50 else ("G1-0",):
                TerritoryGroupGrant.objects.create(group=group, content_object=nodes[code], permission=right["view"])
    return {
        "a representative": people[0], "a supervisor": people[500], "a director": people[550],
        "an administrator": people[551],
    }  # fmt: skip


def _clients() -> None:
    """As the schema's owner, without the triggers: it is reading that is measured."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'client_search'")
        search = cursor.fetchone()[0]
        cursor.execute("ALTER TABLE clients_client DISABLE TRIGGER USER; DROP INDEX client_search")
        cursor.execute(
            """INSERT INTO clients_client (code, name, territory_id, channel_id, address, phone, email, is_target, status,
                                           status_cause, lost_reason)
               SELECT 'G' || i, (ARRAY['Ромашка', 'Продукты', 'Магазин', 'Ёлка', 'Восток', 'Берёзка', 'Уют', 'Лавка'])[1 + h %% 8]
                      || ' № ' || (h / 8 %% 900000), t.id, NULL, 'г. Казань, ул. Баумана, д. ' || (h %% 200 + 1),
                      '+7 9' || lpad((h %% 1000000000)::text, 9, '0'), '', true, s.status, 'never',
                      CASE WHEN s.status = 'lost' AND h %% 2 = 0 THEN 'debt' ELSE '' END
               FROM generate_series(1, %s) i
               CROSS JOIN LATERAL (SELECT hashint8(i)::bigint & 2147483647 AS h) r
               CROSS JOIN LATERAL (SELECT (ARRAY['active', 'active', 'active', 'lost', 'potential', 'closed'])[1 + h / 7 %% 6] AS status) s
               JOIN territories_territory t ON t.code = 'G4-' || (h / 3 %% %s)""",
            [CLIENTS, LEVELS[-1]],
        )
        cursor.execute(f"ALTER TABLE clients_client ENABLE TRIGGER USER; {search}")
        cursor.execute("VACUUM ANALYZE clients_client")
        cursor.execute("ANALYZE")


def measure(report: Callable[..., None], median: Callable[..., dict[str, float]]) -> None:
    people = fill()
    everybodys = Client.objects.all()
    settings.ALLOWED_HOSTS.append("testserver")
    for name, person in people.items():
        promise = "—" if person.role == Role.HEAD else "≤ 1.3×"
        for what, deep in (("first page", False), ("page in the middle", True)):
            ours = _statements(lambda person=person: Client.objects.visible_to(person), deep)
            taken = median({"ours": ours, "peer": _statements(everybodys.all, deep)}, times=TURNS)
            report(f"list of {name}, {what}: rows and counts", taken["ours"], PEER, taken["peer"], promise)
        taken = median({"ours": _page(person, everything=False), "peer": _page(person, everything=True)}, times=TURNS)
        report(f"list of {name}, first page as HTML", taken["ours"], PEER, taken["peer"], promise)


def _statements(found: Callable[[], ClientQuerySet], deep: bool) -> Callable[[], None]:
    """Rows and the tabs' counts, as the view of the list reads them."""
    names = found().in_status("active").order_by("name_sort", "pk").values_list("name_sort", "pk")
    after = keyset.Key(*names[names.count() // 2]) if deep else None

    def read() -> None:
        counting.tally(found(), "status", Status.values)
        page = keyset.page(found().in_status("active"), after=after)
        assert len(keyset.clients(page)) == keyset.PAGE

    return read


def _page(person: User, *, everything: bool) -> Callable[[], None]:
    """The whole page; with `everything`, as if this person might see every territory."""
    with acting(actor=None, way=Way.BROWSER):
        browser = Browser()
        browser.force_login(person)

    def read() -> None:
        with ExitStack() as stack:
            for module in ("territories.selectors", "clients.querysets", "clients.selectors") if everything else ():
                stack.enter_context(mock.patch(f"{module}.territory_ids", return_value=None))
            assert browser.get("/clients/").status_code == 200

    return read
