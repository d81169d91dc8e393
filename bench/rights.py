"""What rights cost: the first and a deep page of a representative's, a supervisor's, a director's and an
administrator's client list, each beside the same page of all clients, read with no condition of rights.

The register is bench/base.py's.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

from django.test import Client as Browser

from accounts.models import Role, User, Way
from accounts.services import acting
from clients import counting, keyset
from clients.models import Client, Status
from clients.querysets import ClientQuerySet

TURNS = int(os.environ.get("BENCH_TIMES", "40"))
PEER = "of all clients"


def people() -> dict[str, User]:
    """One person of each kind (bench/base.py)."""
    names = {"a representative": Role.REP, "a supervisor": Role.SUPERVISOR, "a director": Role.HEAD}
    names["an administrator"] = Role.ADMIN
    return {name: User.objects.get(username=f"{role}0") for name, role in names.items()}


def measure(report: Callable[..., None], median: Callable[..., dict[str, float]]) -> None:
    everybodys = Client.objects.all()
    for name, person in people().items():
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
