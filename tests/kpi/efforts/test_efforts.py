"""Distances from the norms of efforts, against a reckoning of their own; and who may set the norms."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil, floor
from pathlib import Path
from random import Random

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import HistoryEvent, Role, Way
from accounts.services import acting
from clients.models import Channel, Client, Interaction
from kpi import services as kpi_services
from kpi.efforts import selectors
from kpi.efforts.models import EffortRule
from kpi.efforts.selectors import Kind
from kpi.efforts.services import Norm, effort_rules_set
from kpi.ranks.selectors import places
from territories.models import Territory
from tests import datasets, make
from tests.reckoning import Base

pytestmark = pytest.mark.django_db
Load = Callable[..., int]
D0, D1 = date(2025, 1, 1), date(2025, 3, 31)


def norms(random: Random) -> dict[tuple[str, str], Norm]:
    """A norm for most channels and categories, zeros, fractions and halves of one among them."""
    numbers = [None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal("1.5"), Decimal(4)]
    made = {}
    for channel in Channel.objects.all():
        for category in "ABCDE":
            norm = Norm(random.choice(numbers), random.choice(numbers))
            if norm and random.random() < 0.8:
                made[channel.code, category] = norm
                effort_rules_set(
                    user=make.user(Role.ADMIN), channel=channel, norms={category: norm}, way=Way.BROWSER
                )  # fmt: skip
    return made


def calls(random: Random) -> Counter[str]:
    """Calls at the edges of the period in local time and far from them; the number that count by client."""
    counted: Counter[str] = Counter()
    edges = {
        (2025, 1, 1, 0, 0): True, (2024, 12, 31, 23, 59): False,
        (2025, 3, 31, 23, 59): True, (2025, 4, 1, 0, 0): False, (2025, 2, 10, 12, 0): True,
    }  # fmt: skip
    with acting(actor=None, way=Way.COMMAND):
        for client in Client.objects.order_by("code"):
            for moment, counts in edges.items():
                for _number in range(random.choice((0, 0, 1, 5))):
                    kind = random.choice(("call", "call", "letter"))
                    at = datetime(*moment, tzinfo=timezone.get_default_timezone())
                    Interaction.objects.create(client=client, kind=kind, at=at, said="Said")
                    counted[client.code] += counts and kind == "call"
    return counted


@pytest.mark.parametrize("node", ["ROOT", "R1"])
def test_distances_are_those_of_the_second_reckoning(load: Load, tmp_path: Path, node: str) -> None:
    datasets.write(tmp_path / "data", 5, clients=60)
    assert load(tmp_path / "data") == 0
    kpi_services.refresh()
    random, today = Random(node), timezone.localdate()
    rules, called = norms(random), calls(random)
    base = Base.read(tmp_path / "data", today)
    ranks = base.ranks(today)
    scope = [client for client in base.clients.values() if client.territory in base.subtree(node)]
    expected: dict[Kind, dict[str, tuple[int, int, int, int, int]]] = {kind: {} for kind in Kind}
    for client in base.okb(scope, D0, D1):
        if client.closed_by(today):
            continue
        norm = rules.get((client.channel, ranks[client.code][2]))
        planned = client.visits_in(D0, D1)
        made, talks = sum(D0 <= day <= D1 for day in client.done), called[client.code]
        missing = extra = 0
        for done, a_month in ((made, norm.visits), (talks, norm.calls)) if norm else ():
            if a_month is not None:
                missing += max(0, floor(a_month * 3) - done)
                extra += max(0, done - ceil(a_month * 3))
        row = (planned, made, talks, missing, extra)
        for kind, fits in (
            (Kind.LITTLE, missing > 0), (Kind.MUCH, extra > 0), (Kind.NONE, norm is None),
            (Kind.NORM, norm is not None and not missing and not extra),
        ):  # fmt: skip
            if fits:
                expected[kind][client.code] = row
    asked, ids = selectors.span(D0, D1), places(make.user(Role.ADMIN), Territory.objects.get(code=node))
    assert asked.months == 3
    assert all(expected[kind] for kind in (Kind.LITTLE, Kind.MUCH, Kind.NONE)), "a set without them proves nothing"
    for kind in Kind:
        found = selectors.distances(asked, ids, kind, limit=1000)
        rows = {each.code: (each.planned, each.made, each.calls, each.missing, each.extra) for each in found}
        assert rows == expected[kind]
    assert selectors.counted(asked, ids) == {kind: len(rows) for kind, rows in expected.items()}
    far = [each.missing for each in selectors.distances(asked, ids, Kind.LITTLE, limit=1000)]
    assert far == sorted(far, reverse=True)
    some = next(iter(expected[Kind.MUCH]))
    one = selectors.of_client(asked, Client.objects.get(code=some))
    assert one is not None
    assert one.extra == expected[Kind.MUCH][some][4]


def test_of_a_running_period_only_the_days_that_have_passed_count() -> None:
    today = timezone.localdate()
    first, last = today.replace(day=1), kpi_services.month_end(today)
    assert selectors.span(first, last).months == Decimal(today.day) / last.day
    assert selectors.span(last + timedelta(days=1), kpi_services.month_end(last + timedelta(days=1))).months == 0


def test_only_administrators_set_norms_and_the_history_keeps_them() -> None:
    channel, team = make.channel(), make.territory()
    for role in (Role.REP, Role.SUPERVISOR, Role.HEAD, Role.ANALYST):
        with pytest.raises(PermissionDenied):
            effort_rules_set(
                user=make.user(role, team), channel=channel, norms={"A": Norm(Decimal(1))}, way=Way.BROWSER
            )  # fmt: skip
    admin = make.user(Role.ADMIN)
    for norm, changed in ((Norm(Decimal(4), None, "Net 14"), 1), (Norm(Decimal(4), None, "Net 14"), 0), (Norm(), 1)):
        assert effort_rules_set(user=admin, channel=channel, norms={"A": norm}, way=Way.BROWSER) == changed
    events = HistoryEvent.objects.filter(table="efforts_effortrule").order_by("pk")
    assert [(event.operation, event.actor) for event in events] == [("I", admin), ("D", admin)]
    assert not EffortRule.objects.exists()


def test_the_page_writes_the_cells_that_were_changed_and_leaves_what_somebody_else_changed_meanwhile() -> None:
    channel, admin = make.channel(), make.user(Role.ADMIN)
    effort_rules_set(user=admin, channel=channel, norms={"A": Norm(Decimal(4), Decimal(2))}, way=Way.BROWSER)
    prefix = f"channel{channel.pk}"
    sent = {"channel": channel.code}
    for category in "ABCDE":
        for name in ("visits", "calls", "terms", "promo"):
            seen = {"A-visits": "4", "A-calls": "2"}.get(f"{category}-{name}", "")
            sent |= {f"{prefix}-{category}-{name}": seen, f"initial-{prefix}-{category}-{name}": seen}
    effort_rules_set(user=admin, channel=channel, norms={"A": Norm(Decimal(4), Decimal(9))}, way=Way.BROWSER)
    mine = {f"{prefix}-A-visits": "0,5", f"{prefix}-B-promo": "Shelf talker"}
    browser = make.signed_in(admin)
    assert browser.post("/kpi/efforts/norms/", sent | mine).status_code == 302
    stored = {rule.category: rule for rule in EffortRule.objects.all()}
    assert (stored["A"].visits, stored["A"].calls) == (Decimal("0.5"), 9)
    assert stored["B"].promo == "Shelf talker"
    wrong = browser.post("/kpi/efforts/norms/", sent | {f"{prefix}-C-visits": "often"})
    assert wrong.status_code == 400
    assert "Enter a number" in wrong.content.decode()
    assert "C" not in {rule.category for rule in EffortRule.objects.all()}
