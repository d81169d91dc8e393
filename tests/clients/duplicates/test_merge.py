"""A merge moves everything, its undoing brings everything back, and no number counts a merged client."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import ChangeSet, HistoryEvent, Role, User, Way
from accounts.services import acting
from clients import reverts
from clients.duplicates import hanging, services
from clients.duplicates.models import Merge
from clients.models import Client, Contact, Interaction
from clients.plans.models import Plan
from clients.services import Conflict
from kpi import services as kpi
from kpi.models import PeriodClient
from sales.models import Invoice, Line
from territories.models import Territory
from tests import make
from visits.models import Audit, Visit

pytestmark = pytest.mark.django_db
JANUARY = (date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture
def team() -> Territory:
    return make.territory()


@pytest.fixture
def boss(team: Territory) -> User:
    return make.user(Role.SUPERVISOR, team)


@pytest.fixture
def keeps(team: Territory) -> Client:
    return full(make.client(team, code="KEEP", name="Ромашка", phone=""), "Анна", date(2026, 1, 5))


@pytest.fixture
def goes(team: Territory) -> Client:
    return full(make.client(team, code="GO", name="Ромашка ООО", phone="+7 900 111-22-33"), "Борис", date(2026, 1, 6))


def full(client: Client, person: str, day: date) -> Client:
    """Give a client one of everything that hangs on clients."""
    with acting(actor=None, way=Way.COMMAND):
        Contact.objects.create(client=client, full_name=person)
        Interaction.objects.create(client=client, kind="call", said=person, at=datetime(2026, 1, 5, tzinfo=UTC))
        invoice = Invoice.objects.create(
            number=f"I{client.pk}", client=client, date=day, total=9, margin=1, has_sale=True, payment_terms_days=0
        )
        product = make.product()
        Line.objects.create(
            invoice=invoice, number=1, client=client, date=day, product=product, quantity=1, amount=9, cost=8
        )
        Visit.objects.create(client=client, planned_on=day)
        Audit.objects.create(client=client, date=day, planogram_full=True)
        Plan.objects.create(client=client, manager=make.user(), kind="return", due_on=day)
    return client


def merge(user: User, keeps: Client, goes: Client, *take: str) -> Merge:
    return services.clients_merge(
        user=user, survivor=keeps.pk, loser=goes.pk, versions={keeps.pk: keeps.version, goes.pk: goes.version},
        take=take, way=Way.API,
    )  # fmt: skip


def undo(user: User, merged: Merge) -> Merge:
    return services.merge_undo(user=user, pk=merged.pk, way=Way.API)


def snapshot(*clients: Client) -> dict[str, list[Any]]:
    """All rows that hang on these clients, and they themselves; without versions and what is derived."""
    found = {}
    with connection.cursor() as cursor:
        for each in hanging.everything():
            if not each.stays:
                cursor.execute(
                    f"SELECT to_jsonb(t) - 'version' FROM {each.table} t WHERE {each.column} = ANY(%s) ORDER BY 1",
                    [[client.pk for client in clients]],
                )
                found[each.table] = cursor.fetchall()
        cursor.execute(
            "SELECT to_jsonb(t) - 'version' FROM clients_client t WHERE id = ANY(%s) ORDER BY 1",
            [[client.pk for client in clients]],
        )
        found["themselves"] = cursor.fetchall()
    return found


def test_every_foreign_key_to_a_client_is_spoken_of() -> None:
    keys = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.is_relation and field.related_model is Client
    }
    spoken_of = [(each.table, each.column) for each in hanging.everything()]
    assert sorted(spoken_of) == sorted(keys)


def test_everything_that_hangs_on_the_loser_goes_to_the_survivor(boss: User, keeps: Client, goes: Client) -> None:
    merge(boss, keeps, goes)
    for each in hanging.everything():
        if not each.stays and each.table != "clients_client":
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*) FILTER (WHERE {each.column} = %s), count(*) FILTER (WHERE {each.column} = %s)"
                    f" FROM {each.table}",
                    [keeps.pk, goes.pk],
                )
                assert cursor.fetchone() == (2, 0), each.table
    goes.refresh_from_db()
    assert (goes.merged_into, goes.status, goes.status_cause) == (keeps, "closed", "merged")


def test_undoing_a_merge_restores_both_with_everything(boss: User, keeps: Client, goes: Client) -> None:
    before = snapshot(keeps, goes)
    undo(boss, merge(boss, keeps, goes, "name", "phone"))
    assert snapshot(keeps, goes) == before


def test_the_survivor_gets_the_chosen_fields_and_keeps_the_others(boss: User, keeps: Client, goes: Client) -> None:
    merge(boss, keeps, goes, "phone")
    keeps.refresh_from_db()
    assert (keeps.name, keeps.phone, keeps.code) == ("Ромашка", "+7 900 111-22-33", "KEEP")


def test_what_both_have_stays_once_and_is_filled_from_the_other(boss: User, keeps: Client, goes: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        Contact.objects.create(client=keeps, full_name="Вера", position="Owner")
        Contact.objects.create(client=goes, full_name="Вера", position="Seller", phone="5")
        Visit.objects.create(client=goes, planned_on=date(2026, 1, 5), done_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    before = snapshot(keeps, goes)
    merged = merge(boss, keeps, goes)
    vera = keeps.contacts.get(full_name="Вера")
    assert (vera.position, vera.phone) == ("Owner", "5")
    assert keeps.visits.get(planned_on=date(2026, 1, 5)).done_at is not None
    undo(boss, merged)
    assert snapshot(keeps, goes) == before


def test_a_merge_and_its_undoing_are_in_the_history_with_their_reference(
    boss: User, keeps: Client, goes: Client
) -> None:
    merged = merge(boss, keeps, goes, "phone")
    events = HistoryEvent.objects.filter(reference=f"merge:{merged.pk}")
    assert {event.table for event in events} >= {"clients_client", "duplicates_merge"}
    assert events.get(table="clients_client", row_id=goes.pk).new["merged_into_id"] == keeps.pk
    for reference in (f"merge:{merged.pk}", f"event:{events[0].pk}"):  # not piece by piece
        with pytest.raises(ChangeSet.DoesNotExist):
            reverts.change(make.user(Role.ADMIN), reference)
    undo(boss, merged)
    assert HistoryEvent.objects.filter(reference=f"unmerge:{merged.pk}", actor=boss, row_id=goes.pk).exists()


def test_later_changes_of_what_was_merged_stand_against_undoing_it_in_words(
    boss: User, keeps: Client, goes: Client
) -> None:
    merged = merge(boss, keeps, goes, "phone")
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk=keeps.pk).update(phone="7")
    with pytest.raises(ValidationError) as refused:
        undo(boss, merged)
    assert goes.phone in refused.value.messages[0]
    goes.refresh_from_db()
    assert goes.merged_into == keeps


def test_what_was_edited_since_goes_back_as_it_is_and_what_was_removed_stays_so(
    boss: User, keeps: Client, goes: Client
) -> None:
    merged = merge(boss, keeps, goes)
    with acting(actor=None, way=Way.COMMAND):
        Contact.objects.filter(full_name="Борис").update(phone="8")
        Visit.objects.filter(client=keeps, planned_on=date(2026, 1, 6)).delete()
    undo(boss, merged)
    assert goes.contacts.get().phone == "8"
    assert not goes.visits.exists()


def test_pointers_lead_to_the_living_client_in_one_step_and_back(
    boss: User, team: Territory, keeps: Client, goes: Client
) -> None:
    third = make.client(team)
    first = merge(boss, goes, third)
    goes.refresh_from_db()
    second = merge(boss, keeps, goes)
    third.refresh_from_db()
    assert third.merged_into == keeps
    with pytest.raises(ValidationError):
        undo(boss, first)
    undo(boss, second)
    third.refresh_from_db()
    assert third.merged_into == goes
    undo(boss, first)
    third.refresh_from_db()
    assert third.merged_into is None


def test_the_database_refuses_a_chain_of_pointers(team: Territory, keeps: Client, goes: Client) -> None:
    third = make.client(team)

    def point(client: Client, to: Client) -> None:
        with transaction.atomic(), acting(actor=None, way=Way.COMMAND):
            Client.objects.filter(pk=client.pk).update(merged_into=to)

    point(goes, keeps)
    for client, to in ((third, goes), (keeps, third), (keeps, keeps)):
        with pytest.raises(IntegrityError):
            point(client, to)


def test_merging_needs_the_right_to_approve_on_both(team: Territory, boss: User, keeps: Client) -> None:
    elsewhere = make.client(make.territory())
    with pytest.raises(Client.DoesNotExist):
        merge(boss, keeps, elsewhere)
    mine = make.client(team)
    with pytest.raises(PermissionDenied):
        merge(make.user(Role.REP, team), keeps, mine)
    merged = merge(boss, keeps, mine)
    with pytest.raises(PermissionDenied):
        undo(make.user(Role.REP, team), merged)
    with pytest.raises(Merge.DoesNotExist):
        undo(make.user(Role.SUPERVISOR, make.territory()), merged)


def test_a_client_that_somebody_has_just_changed_is_not_merged_unseen(boss: User, keeps: Client, goes: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk=goes.pk).update(phone="9")
    with pytest.raises(Conflict):
        merge(boss, keeps, goes)


def test_a_merged_client_is_in_no_list_and_no_number_of_any_period(boss: User, keeps: Client, goes: Client) -> None:
    def numbers() -> tuple[int, int, int, int]:
        period = kpi.period_current(*JANUARY)
        rows = PeriodClient.objects.filter(period=period, client__in=[keeps, goes])
        return tuple(sum(getattr(row, name) for row in rows) for name in ("okb", "akb", "orders", "visit_plan"))  # type: ignore[return-value]

    assert numbers() == (2, 2, 2, 2)
    merged = merge(boss, keeps, goes)
    assert numbers() == (1, 1, 2, 2)
    assert list(Client.objects.visible_to(boss)) == [keeps]
    kpi.refresh()
    goes.refresh_from_db()
    assert (goes.status, goes.status_cause) == ("closed", "merged")
    undo(boss, merged)
    assert numbers() == (2, 2, 2, 2)
    kpi.refresh()
    goes.refresh_from_db()
    assert goes.status != "closed"


# --- loads that name the loser -----------------------------------------------------------------------------------

HEAD = "code,name,territory_code,phone\n"


def test_rows_for_the_losers_code_go_to_the_survivor(
    load: Callable[..., int], boss: User, keeps: Client, goes: Client
) -> None:
    sku = Line.objects.get(client=keeps).product.sku
    merge(boss, keeps, goes)
    code = load(
        contacts="client_code,full_name\nGO,Глеб\n",
        visits="client_code,planned_on\nGO,2026-02-01\nKEEP,2026-02-01\n",
        invoices=f"invoice,date,client_code,sku,quantity,amount\nX1,2026-02-01,GO,{sku},1,5\n",
        audits="client_code,date,planogram_full\nGO,2026-02-01,1\n",
        audit_items=f"client_code,date,sku,present\nGO,2026-02-01,{sku},1\n",
    )
    assert code == 0
    assert keeps.contacts.filter(full_name="Глеб").exists()
    assert keeps.visits.filter(planned_on=date(2026, 2, 1)).count() == 1
    assert Invoice.objects.get(number="X1").client == keeps
    assert Line.objects.get(invoice__number="X1").client_id == keeps.pk
    assert keeps.audits.get(date=date(2026, 2, 1)).items.count() == 1
    assert not goes.visits.exists()


def test_the_losers_own_row_is_taken_unchanged_and_turned_away_in_words_if_it_says_something_new(
    load: Callable[..., int], tmp_path: Any, team: Territory, boss: User, keeps: Client, goes: Client
) -> None:
    merge(boss, keeps, goes)
    assert load(clients=f"{HEAD}GO,Ромашка ООО,{team.code},+7 900 111-22-33\n") == 0
    assert load(clients=f"{HEAD}GO,Ромашка плюс,{team.code},\n") == 1
    assert "GO" in (tmp_path / "rejected.csv").read_text()
    goes.refresh_from_db()
    assert goes.name == "Ромашка ООО"


def test_a_file_of_merges_merges_once_and_what_cannot_be_is_turned_away(
    load: Callable[..., int], keeps: Client, goes: Client
) -> None:
    merges = "code,survivor_code\nGO,KEEP\n"
    assert load(merges=merges) == 0
    goes.refresh_from_db()
    assert goes.merged_into == keeps
    assert keeps.contacts.count() == 2
    assert load(merges=merges) == 0
    assert Merge.objects.count() == 1
    assert load(merges="code,survivor_code\nKEEP,GO\nNONE,KEEP\n") == 1
