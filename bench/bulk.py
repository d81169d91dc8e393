"""New values for 10,000 clients at once with their history, beside the same UPDATE bare, without any trigger: what the
job's steps spend in the database, and the look beforehand."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection, connections

from accounts.models import HistoryEvent, Role, User, Way
from accounts.services import acting, new_reference
from clients.bulk import services
from clients.bulk.models import Edit
from clients.models import Channel, Client

BULK = 10_000
TURNS = 3
BARE = "a bare UPDATE, no triggers"


class _DatabaseTime:
    """Adds up what the statements on the connection take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def counted(self) -> AbstractContextManager[None]:
        return connection.execute_wrapper(self)

    def __call__(self, run: Callable[..., Any], *rest: Any) -> Any:
        start = time.perf_counter()
        try:
            return run(*rest)
        finally:
            self.seconds += time.perf_counter() - start


def measure(report: Callable[..., None]) -> None:
    with acting(actor=None, way=Way.COMMAND):
        admin, _made = User.objects.get_or_create(username="bench-bulk", defaults={"role": Role.ADMIN})
    channels = list(Channel.objects.all()[:2])
    ids = list(Client.objects.filter(merged_into=None).order_by("pk").values_list("pk", flat=True)[:BULK])
    chosen = services.selection_create(user=admin, found=Client.objects.filter(pk__any=ids))
    kinds: dict[str, Callable[[int], dict[str, Any]]] = {
        "a channel": lambda turn: {"channel": channels[turn % 2]},
        "a potential": lambda turn: {"potential_monthly": 1000 + turn},
        "a phone and an address": lambda turn: {"phone": f"8 900 {turn:07}", "address": f"Street {turn}"},
    }
    for name, values in kinds.items():
        ours, looks, bares = [], [], []
        _bare(chosen.ids, values(-1))
        for turn in range(TURNS):
            edit = services.edit_create(selection=chosen, changes=values(2 * turn))
            looks.append(_look(edit))
            ours.append(_do(edit))
            assert HistoryEvent.objects.filter(reference=edit.reference).count() == BULK
            bares.append(_bare(chosen.ids, values(2 * turn + 1)))
        middle = TURNS // 2
        what, peer = f"{name} for {BULK:,} clients at once", sorted(bares)[middle]
        report(f"{what}, database time", sorted(ours)[middle], BARE, peer, "< 1 s")
        report(f"{what}: the look beforehand", sorted(looks)[middle], BARE, peer, "< 1 s")


def _do(edit: Edit) -> float:
    """What the steps of the job spend in the database: the last step to its commit."""
    spent = _DatabaseTime()
    seen = list(zip(edit.ids, edit.versions, strict=True))
    with spent.counted():
        for begin in range(0, len(seen), services.STEP):
            done = services.clients_bulk_update(
                user=edit.owner, seen=seen[begin : begin + services.STEP], changes=services.changes_of(edit),
                reference=edit.reference, way=Way.BROWSER,
            )  # fmt: skip
            assert done.written == len(seen[begin : begin + services.STEP]), done
    return spent.seconds


def _look(edit: Edit) -> float:
    spent = _DatabaseTime()
    with spent.counted():
        services.edit_plan(edit)
    return spent.seconds


def _bare(ids: list[int], values: dict[str, Any]) -> float:
    """The same change as the schema's owner, with every trigger off."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE clients_client DISABLE TRIGGER USER")
    try:
        with acting(actor=None, way=Way.COMMAND, reference=new_reference("bulk")):
            start = time.perf_counter()
            Client.objects.filter(pk__any=ids).update(**values)
            taken = time.perf_counter() - start
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE clients_client ENABLE TRIGGER USER")
    return taken
