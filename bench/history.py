"""What the history costs: an edit and a bulk change beside the same without its trigger, taking 10,000 changes back,
and proving a million events beside one pass of sha256 over the same rows."""

from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from accounts import audit
from accounts.models import HistoryEvent, Role, User, Way
from accounts.services import acting, history_sealed, new_reference
from clients.models import Client
from clients.services import changes_revert, client_update

BULK = 10_000
EVENTS = 1_000_000
EDITS = 50
WITHOUT = "without history"


def measure(report: Callable[..., None], median: Callable[..., dict[str, float]]) -> None:
    with acting(actor=None, way=Way.COMMAND):
        admin = User.objects.get(username=f"{Role.ADMIN}0")
    codes = list(Client.objects.order_by("pk").values_list("code", flat=True)[:EDITS])
    chosen = list(Client.objects.order_by("pk").values_list("pk", flat=True)[:BULK])
    number = 0

    def edit() -> None:
        nonlocal number
        for code in codes:
            number += 1
            client = Client.objects.get(code=code)
            client_update(
                user=admin, code=code, version=client.version, changes={"phone": str(number)}, way=Way.BROWSER
            )

    def bulk(reference: str = "") -> None:
        nonlocal number
        number += 1
        with acting(actor=admin, way=Way.BROWSER, reference=reference):
            Client.objects.filter(pk__in=chosen).update(phone=str(number))

    taken = median({"ours": edit, WITHOUT: _without(edit)}, times=7)
    report(f"{EDITS} edits of a client", taken["ours"], WITHOUT, taken[WITHOUT], "≤ 1.5×")
    references = [new_reference("bulk") for _turn in range(3)]
    each = iter(references)
    taken = median({"ours": lambda: bulk(next(each)), WITHOUT: _without(bulk)})
    report(f"a change of {BULK:,} clients at once", taken["ours"], WITHOUT, taken[WITHOUT], "< 3 s")
    bulk(last := new_reference("bulk"))
    back = median({"ours": lambda: changes_revert(user=admin, reference=last, way=Way.BROWSER)}, times=1)
    report(f"taking {BULK:,} changes back", back["ours"], "making them", taken["ours"], "< 3 s")
    _seal_and_verify(report, median)


def _without(action: Callable[[], Any]) -> Callable[[], Any]:
    """The same while the owner has switched the trigger off."""

    def run() -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE clients_client DISABLE TRIGGER history_update")
        try:
            action()
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("ALTER TABLE clients_client ENABLE TRIGGER history_update")

    return run


def _seal_and_verify(report: Callable[..., None], median: Callable[..., dict[str, float]]) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            'INSERT INTO history_event (at, "table", row_id, operation, way, reference, database_user, old, new)'
            ' SELECT clock_timestamp(), e."table", e.row_id, e.operation, e.way, e.reference, e.database_user, e.old, e.new'
            " FROM (SELECT * FROM history_event ORDER BY id DESC LIMIT 10000) e,"
            " generate_series(1, greatest(0, (%s - (SELECT count(*) FROM history_event)) / 10000 + 1))",
            [EVENTS],
        )
    history_sealed()  # notes how far
    history_sealed()
    events = HistoryEvent.objects.count()

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(sha256(convert_to(e::text, 'UTF8'))) FROM history_event e")

    def verify() -> None:
        assert audit.broken_seals() == []

    taken = median({"ours": verify, "bare": bare})
    report(f"audit verify, {events:,} events", taken["ours"], "sha256 of every row", taken["bare"], "< 60 s")
