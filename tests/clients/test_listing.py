import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Role, User
from clients.listing import Listing
from clients.models import Client, Contact
from tests import make

pytestmark = pytest.mark.django_db


class Register:
    """Some forty clients of every kind on a small tree, and a head of sales who sees all but one of them."""

    def __init__(self) -> None:
        dice = random.Random(7)
        self.region, other = make.territory(code="REGION"), make.territory()
        teams = [make.territory(self.region, code=f"TEAM{number}") for number in (1, 2)]
        routes = [make.territory(team, code=f"{team.code}-{number}") for team in teams for number in (1, 2)]
        self.below = {node.code: {node.pk} for node in routes}
        for team in teams:
            self.below[team.code] = {team.pk, *(node.pk for node in routes if node.parent_id == team.pk)}
        channels = [make.channel(code=f"ch{number}") for number in (1, 2)]
        owner = make.counterparty()
        for number in range(40):
            make.client(
                dice.choice([*routes, *teams]), name=f"{dice.choice(['Лавка', 'Киоск'])} {number}",
                channel=dice.choice([None, *channels]), category=dice.choice(["", "A", "B", "C"]),
                status=dice.choice(["active", "lost", "lost", "closed"]),
                lost_reason=dice.choice(["", "debt", "other"]),
                phone=dice.choice(["", "+7 912 345-67-89"]), lat=dice.choice([None, 55.5]), lon=37.5,
                counterparty=dice.choice([None, owner]),
            )  # fmt: skip
        make.client(other, name="Чужая лавка")
        self.head: User = make.user(Role.HEAD, self.region)
        self.rep: User = make.user(Role.REP, routes[0], username="rep")
        self.route = routes[0].pk
        self.clients = list(Client.objects.exclude(territory=other).select_related("channel"))

    def listed(self, query: str) -> set[int]:
        return set(Listing(QueryDict(query), self.head).found().values_list("pk", flat=True))


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("", lambda c, r: c.status == "active"),
        ("status=all", lambda c, r: True),
        ("status=lost&reason=-", lambda c, r: c.status == "lost" and not c.lost_reason),
        ("status=lost&reason=-&reason=debt", lambda c, r: c.status == "lost" and c.lost_reason != "other"),
        ("status=all&category=A&category=B", lambda c, r: c.category in ("A", "B")),
        ("status=all&category=-", lambda c, r: not c.category),
        ("status=all&channel=ch1", lambda c, r: c.channel is not None and c.channel.code == "ch1"),
        ("status=all&channel=ch1&channel=-", lambda c, r: c.channel is None or c.channel.code == "ch1"),
        ("status=all&territory=TEAM1", lambda c, r: c.territory_id in r.below["TEAM1"]),
        ("status=all&manager=rep", lambda c, r: c.territory_id == r.route),
        ("status=all&flag=no-phone", lambda c, r: not c.phone),
        ("status=all&flag=no-coordinates&flag=no-phone", lambda c, r: not c.phone and c.lat is None),
        ("status=all&flag=no-counterparty", lambda c, r: c.counterparty_id is None),
        ("status=all&search=киоск&category=C", lambda c, r: "Киоск" in c.name and c.category == "C"),
        # nonsense is left out
        ("status=all&category=Z&channel=nope&flag=nope&manager=nope&reason=debt", lambda c, r: True),
    ],
)  # fmt: skip
def test_a_filter_leaves_what_plain_python_would(
    register: Register, query: str, holds: Callable[[Client, Register], bool]
) -> None:
    assert register.listed(query) == {client.pk for client in register.clients if holds(client, register)}


def test_birthdays_within_a_week_and_none_else() -> None:
    route, today = make.territory(), timezone.localdate()
    expected = set()
    for ahead in (-1, 0, 7, 8):
        client, day = make.client(route), today + timedelta(days=ahead)
        with make.acting(actor=None, way=make.Way.COMMAND):
            Contact.objects.create(client=client, full_name="Анна", birthday=date(1980, day.month, day.day))
        expected |= {client.pk} if ahead in (0, 7) else set()
    found = Listing(QueryDict("status=all&flag=birthday"), make.user(Role.HEAD, route)).found()
    assert set(found.values_list("pk", flat=True)) == expected


def test_the_file_has_the_order_of_the_list(register: Register) -> None:
    listing = Listing(QueryDict("status=all&sort=-code"), register.head)
    codes = [client.code for client in listing.ordered()]
    assert codes == sorted(codes, reverse=True)
    assert len(codes) == len(register.clients)
