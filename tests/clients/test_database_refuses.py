"""What comes round the services is refused by the database itself (spec/product.md, rules 1 and 4)."""

from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from accounts.models import HistoryEvent, Way
from accounts.services import acting
from clients.models import Client
from config import embedded
from tests import make

pytestmark = pytest.mark.django_db
KEPT = [
    "clients_client", "clients_contact", "clients_counterparty", "clients_contract", "clients_channel",
    "clients_changerequest", "clients_fieldrule",
    "territories_territory", "territories_territoryusergrant", "territories_territorygroupgrant", "accounts_user",
    "accounts_user_groups", "auth_group", "kpi_rule", "sales_product", "sales_mml",
    "clients_interaction", "overrides_categoryoverride", "plans_plan", "duplicates_merge", "duplicates_different",
    "targets_target", "efforts_effortrule", "digests_digestsetting", "otp_totp_totpdevice", "jobs_export",
    "cleanup_campaign", "cleanup_questionnaire", "cleanup_version", "cleanup_section", "cleanup_question",
    "cleanup_answer", "cleanup_photo", "cleanup_decision", "cleanup_applied",
]  # fmt: skip
KEYS = {model._meta.db_table: model._meta.pk.column for model in apps.get_models(include_auto_created=True)}


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def refused(statement: str, *, saying: str, error: type[DatabaseError] = ProgrammingError) -> None:
    with pytest.raises(error, match=saying):
        run(statement)


@pytest.fixture
def shop() -> Client:
    return make.client(make.territory(), counterparty=make.counterparty(), channel=make.channel())


@pytest.fixture
def owner(django_db_setup: None, servers: embedded.Endpoints) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(servers.database_url(embedded.OWNER_ROLE)) as db:
        yield db
        db.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clients_client SET name = 'x'",
        "UPDATE clients_client SET name = name WHERE false",
        "INSERT INTO clients_channel (code, name) VALUES ('Z', 'Z')",
        "INSERT INTO clients_contact (client_id, full_name, position, is_decision_maker, phone, email, notes)"
        " SELECT id, 'A', '', false, '', '', '' FROM clients_client",
        "UPDATE clients_counterparty SET inn = ''",
        "DELETE FROM clients_contact",
        "DELETE FROM clients_contract",
        "UPDATE territories_territory SET name = 'x'",
        "UPDATE accounts_user SET role = 'admin'",
        "DELETE FROM territories_territoryusergrant",
    ],
)
def test_a_write_without_a_way_is_refused(shop: Client, statement: str) -> None:
    refused(statement, saying="no way is set")
    with acting(actor=None, way=Way.COMMAND):
        run(statement)


@pytest.mark.parametrize("table", KEPT)
def test_no_kept_table_is_written_without_a_way(db: None, table: str) -> None:
    key = KEYS[table]
    for statement in (
        f"INSERT INTO {table} ({key}) SELECT {key} FROM {table} WHERE false",
        f"UPDATE {table} SET {key} = {key} WHERE false",
        f"DELETE FROM {table} WHERE false",
    ):
        refused(statement, saying="no way is set|permission denied")


def test_the_way_ends_with_its_transaction(shop: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        run("UPDATE clients_client SET phone = '5'")
    refused("UPDATE clients_client SET phone = '6'", saying="no way is set")


def test_the_way_of_an_inner_change_does_not_stay_for_the_outer_one(shop: Client) -> None:
    person = make.user()
    with acting(actor=person, way=Way.BROWSER):
        with acting(actor=None, way=Way.JOB, reference="inner"):
            run("UPDATE clients_client SET phone = '5'")
        run("UPDATE clients_client SET phone = '6'")
    ways = HistoryEvent.objects.filter(table="clients_client", operation="U").order_by("pk")
    assert list(ways.values_list("way", "actor_id", "reference")) == [
        ("job", None, "inner"),
        ("browser", person.pk, ""),
    ]


def test_a_bulk_change_has_an_event_for_each_row_that_changed(shop: Client) -> None:
    others = [make.client(shop.territory, phone=phone) for phone in ("1", "2", "2")]
    before = HistoryEvent.objects.count()
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk__in=[other.pk for other in others]).update(phone="2")
    assert HistoryEvent.objects.count() == before + 1


@pytest.mark.parametrize(
    "table", ["clients_client", "clients_channel", "clients_counterparty", "territories_territory"]
)
def test_the_history_keeps_what_was_and_what_became(shop: Client, table: str) -> None:
    with acting(actor=None, way=Way.COMMAND):
        run(f"UPDATE {table} SET name = 'New'")
    made, changed = HistoryEvent.objects.filter(table=table).order_by("pk")[:2]
    assert (made.operation, changed.operation) == ("I", "U")
    assert (changed.old, changed.new) == ({"name": made.new["name"]}, {"name": "New"})


@pytest.mark.parametrize(
    "table",
    [
        "clients_client",
        "clients_changerequest",
        "clients_counterparty",
        "clients_channel",
        "territories_territory",
        "sales_product",
        "accounts_user",
    ],
)
def test_nothing_of_the_register_is_deleted(shop: Client, table: str) -> None:
    with acting(actor=None, way=Way.COMMAND):
        refused(f"DELETE FROM {table}", saying="permission denied")


@pytest.mark.parametrize("table", KEPT)
def test_no_table_of_the_register_is_truncated_not_even_by_its_owner(
    owner: psycopg.Connection[tuple[object, ...]], table: str
) -> None:
    refused(f"TRUNCATE {table} CASCADE", saying="permission denied")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never truncated"):
        owner.execute(f"TRUNCATE {table} CASCADE".encode())


CHANGES = {
    "clients_client": "phone = phone || '1'", "clients_contact": "phone = '2'", "clients_counterparty": "name = 'x'",
    "clients_contract": "credit_limit = 5", "clients_channel": "name = 'x'", "territories_territory": "name = 'x'",
    "accounts_user": "full_name = 'x'", "auth_group": "name = 'x'", "kpi_rule": "value = 7",
    "sales_product": "name = 'x'",
    "sales_mml": "product_id = (SELECT max(id) FROM sales_product)",
    "territories_territoryusergrant": "permission_id = (SELECT max(id) FROM auth_permission)",
    "territories_territorygroupgrant": "permission_id = (SELECT max(id) FROM auth_permission)",
    "accounts_user_groups": "group_id = (SELECT max(id) FROM auth_group)",
}  # fmt: skip


@pytest.fixture
def one_of_each(shop: Client) -> None:
    with acting(actor=None, way=Way.COMMAND), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO clients_contact (client_id, full_name, position, is_decision_maker, phone, email, notes)
                SELECT id, 'A', '', false, '1', '', '' FROM clients_client;
            INSERT INTO clients_contract (number, counterparty_id, signed_on)
                SELECT '1', id, '2024-01-01' FROM clients_counterparty;
            INSERT INTO accounts_user (username, password, full_name, role, email, first_name, last_name, is_superuser,
                                       is_staff, is_active, date_joined)
                VALUES ('u', 'secret', 'A', 'rep', '', '', '', false, false, true, now());
            INSERT INTO auth_group (name) VALUES ('north'), ('south');
            INSERT INTO accounts_user_groups (user_id, group_id)
                SELECT u.id, min(g.id) FROM accounts_user u, auth_group g GROUP BY u.id;
            INSERT INTO territories_territoryusergrant (user_id, content_object_id, permission_id)
                SELECT u.id, t.id, (SELECT min(id) FROM auth_permission) FROM accounts_user u, territories_territory t;
            INSERT INTO territories_territorygroupgrant (group_id, content_object_id, permission_id)
                SELECT min(g.id), t.id, (SELECT min(id) FROM auth_permission) FROM auth_group g, territories_territory t
                GROUP BY t.id;
            INSERT INTO kpi_rule (name, value) VALUES ('akb_min_skus', 1);
            INSERT INTO sales_product (sku, name, category, in_focus)
                VALUES ('s', 'S', 'c', true), ('t', 'T', 'c', true);
            INSERT INTO sales_mml (channel_id, product_id)
                SELECT h.id, min(p.id) FROM clients_channel h, sales_product p GROUP BY h.id
            """
        )


@pytest.mark.parametrize("table", CHANGES)
def test_of_every_table_the_history_keeps_what_was_and_what_became(one_of_each: None, table: str) -> None:
    created = HistoryEvent.objects.filter(table=table, operation="I").latest("pk")
    assert created.new is not None
    assert created.new["id"] == created.row_id
    column = CHANGES[table].split()[0]
    with acting(actor=None, way=Way.COMMAND):
        run(f"UPDATE {table} SET {CHANGES[table]} WHERE id = {created.row_id}")
    changed = HistoryEvent.objects.get(table=table, operation="U", row_id=created.row_id)
    assert set(changed.new) == set(changed.old) == {column}
    assert changed.new != changed.old


def test_of_a_password_the_history_keeps_only_that_it_was_changed(one_of_each: None) -> None:
    with acting(actor=None, way=Way.COMMAND):
        run("UPDATE accounts_user SET password = 'another', last_login = now()")
    created, changed = HistoryEvent.objects.filter(table="accounts_user").order_by("pk")
    assert created.new is not None
    assert "password" not in created.new
    assert (changed.old, changed.new) == ({"password": None}, {"password": None})
    with acting(actor=None, way=Way.COMMAND):
        run("UPDATE accounts_user SET last_login = now()")  # signing in is no change
    assert HistoryEvent.objects.filter(table="accounts_user").count() == 2


def test_a_temporary_table_does_not_catch_the_history(shop: Client) -> None:
    before = HistoryEvent.objects.count()
    run("CREATE TEMP TABLE history_event (LIKE public.history_event INCLUDING ALL);"
        "CREATE TEMP TABLE history_changeset (LIKE public.history_changeset INCLUDING ALL);"
        "GRANT ALL ON pg_temp.history_event, pg_temp.history_changeset TO PUBLIC")  # fmt: skip
    with acting(actor=None, way=Way.COMMAND):
        run("UPDATE clients_client SET phone = '5'")
    run("DROP TABLE pg_temp.history_event, pg_temp.history_changeset")
    assert HistoryEvent.objects.count() == before + 1


def test_a_session_cannot_have_numbers_rounded_in_the_history(shop: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        run("SET LOCAL extra_float_digits = -10; UPDATE clients_client SET lat = 55.123456789012")
    assert HistoryEvent.objects.latest("pk").new == {"lat": 55.123456789012}


def test_no_function_with_the_owners_rights_looks_at_temporary_tables_first(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
                       " WHERE prosecdef AND nspname = 'public'")  # fmt: skip
        functions = cursor.fetchall()
    assert len(functions) > 5
    for name, settings in functions:
        assert "search_path=pg_catalog, public, pg_temp" in (settings or []), name


@pytest.mark.parametrize("table", KEPT)
def test_every_table_of_the_register_is_under_history(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'", [table])
        assert {"history_insert", "history_update", "history_delete", "history_truncate"} <= {
            name for (name,) in cursor
        }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history_event SET way = 'job'",
        "DELETE FROM history_event",
        "TRUNCATE history_event",
        'INSERT INTO history_event (at, "table", row_id, operation, way, reference, database_user)'
        " VALUES (now(), 'x', 1, 'I', 'job', '', 'x')",
        "SELECT nextval('history_event_id_seq')",
        "SELECT setval('history_event_id_seq', 1)",
        "ALTER TABLE history_event ADD note text",
        "CREATE TRIGGER mine BEFORE INSERT ON history_event FOR EACH ROW EXECUTE FUNCTION history_refuse_truncate()",
        "UPDATE history_seal SET events = 0",
        "DELETE FROM history_seal",
        "INSERT INTO history_seal VALUES (1, now(), 1, 1, '', '')",
        "UPDATE history_horizon SET last_id = 0",
        "DELETE FROM history_horizon",
        "UPDATE history_changeset SET reverts = ''",
        "DELETE FROM history_changeset",
        "INSERT INTO history_changeset VALUES ('load:1', now(), 'load', '', NULL)",
        "DROP FUNCTION seal_history",
        "ALTER FUNCTION history_write() SET search_path = pg_temp",
        "ALTER FUNCTION history_write() SECURITY INVOKER",
        "SET SESSION AUTHORIZATION basis_owner",
        "ALTER TABLE clients_client DISABLE TRIGGER ALL",
        "ALTER TABLE clients_client DISABLE TRIGGER history_update",
        "DROP TRIGGER history_update ON clients_client",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION history_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP TABLE history_event",
        "SET ROLE basis_owner",
        "CREATE TABLE mine ()",
        "DELETE FROM django_migrations",
    ],
)  # fmt: skip
def test_the_application_cannot_touch_history_or_what_keeps_it(shop: Client, statement: str) -> None:
    with acting(actor=None, way=Way.COMMAND):
        refused(statement, saying="permission denied|must be owner")


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE clients_client SET opened_on = '2024-01-02', closed_on = '2024-01-01'", "client_closed_after_opened"),
        ("UPDATE clients_client SET lat = 91", "client_lat_range"),
        ("UPDATE clients_client SET lon = -181", "client_lon_range"),
        ("UPDATE clients_client SET status = 'asleep'", "client_status_known"),
        ("UPDATE clients_client SET lost_reason = 'luck'", "client_reason_known"),
        ("UPDATE clients_counterparty SET inn = '123'", "counterparty_inn_form"),
        ("UPDATE clients_counterparty SET kpp = '123'", "counterparty_kpp_form"),
        ("INSERT INTO clients_contract (number, counterparty_id, signed_on, valid_until)"
         " SELECT '1', id, '2024-01-02', '2024-01-01' FROM clients_counterparty", "contract_dates_in_order"),
        ("INSERT INTO clients_contract (number, counterparty_id, signed_on, payment_terms_days)"
         " SELECT '1', id, '2024-01-02', -1 FROM clients_counterparty", "contract_terms_not_negative"),
        ("INSERT INTO clients_channel (code, name) SELECT code, name FROM clients_channel", "clients_channel_code"),
        ("INSERT INTO territories_routecost (territory_id, month, salary, amortization, fuel)"
         " SELECT id, '2024-01-02', 0, 0, 0 FROM territories_territory", "route_cost_month_first_day"),
        ("UPDATE territories_territory SET kind = 'planet'", "territory_kind_known"),
        ("UPDATE territories_territory SET parent_id = id", "territory_not_own_parent|below itself"),
    ],
)  # fmt: skip
def test_the_database_keeps_the_rules_of_the_register(shop: Client, statement: str, constraint: str) -> None:
    with acting(actor=None, way=Way.COMMAND):
        refused(statement, saying=constraint, error=IntegrityError)


def test_the_version_cannot_be_set_by_hand(shop: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        run("UPDATE clients_client SET version = 77")
        assert Client.objects.get().version == 1
        run("UPDATE clients_client SET version = 77, name = 'x'")
        assert Client.objects.get().version == 2


def test_what_jobs_derive_raises_no_version(shop: Client) -> None:
    with acting(actor=None, way=Way.JOB):
        run("UPDATE clients_client SET status = 'lost', category = 'A', last_order_on = '2024-01-01'")
    assert Client.objects.get().version == 1


def test_an_invoice_of_a_client_that_does_not_exist(db: None) -> None:
    with pytest.raises(IntegrityError, match="does not exist"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sales_invoice (number, client_id, date, payment_terms_days, total, margin, has_sale)"
            " VALUES ('N', 999999999, current_date, 0, 1, 1, true)"
        )
