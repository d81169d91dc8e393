"""The preparation of sheets, held against a reckoning in plain Python over the exchange files it was loaded from."""

import math
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Role, Way
from accounts.services import acting
from cleanup import prefill, services
from cleanup.models import Sheet, Verified
from clients.duplicates.models import Pair
from clients.models import Client, Contract
from kpi.services import months_before
from sales.models import Invoice, Line
from tests import make
from tests.cleanup.conftest import World

CLIENTS = 120
GOOD_INNS = ["7707083893", "500100732259"]


def km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Haversine, with the mean radius of 6371 km."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(h))


def inn_valid(inn: str) -> bool:
    def digit(weights: list[int]) -> int:
        return sum(w * int(d) for w, d in zip(weights, inn, strict=False)) % 11 % 10

    if len(inn) == 10:
        return digit([2, 4, 10, 3, 5, 9, 4, 6, 8]) == int(inn[9])
    return digit([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == int(inn[10]) and digit([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == int(
        inn[11]
    )


def digits(phone: str) -> str:
    only = "".join(letter for letter in phone if letter.isdigit())
    return only[1:] if len(only) == 11 and only[0] in "78" else only


class Base:
    """A made base: some of everything, by a seeded dice."""

    def __init__(self, world: World, seed: int) -> None:
        dice = random.Random(seed)
        self.today = timezone.localdate()
        self.since = months_before(self.today, 12)
        self.world = world
        channels = [make.channel(), make.channel()]
        products = [make.product(category=name) for name in ("Bread", "Milk", "Fish")]
        parties = [make.counterparty(inn=inn) for inn in ("", *GOOD_INNS, "7707083890", "500100732250")]
        self.expired: dict[int, str] = {}
        with acting(actor=None, way=Way.COMMAND):
            untils = [None, self.today - timedelta(days=5), self.today]
            for party, until in zip(parties[1:4], untils, strict=True):
                Contract.objects.create(
                    number=f"K{party.pk}", counterparty=party, signed_on=date(2020, 1, 1), valid_until=until
                )
                if until and until < self.today:
                    self.expired[party.pk] = f"K{party.pk}"
        phones = ["", "+7 (495) 111-22-33", "8 495 111 22 33", "12", "4950000001"]
        self.clients: list[Client] = []
        self.inn: dict[int, str] = {}
        self.decides: set[int] = set()
        self.orders: dict[int, set[date]] = defaultdict(set)
        self.bought: dict[int, Counter[str]] = defaultdict(Counter)
        self.verified: dict[int, date] = {}
        number = 0
        for _n in range(CLIENTS):
            route = dice.choice([world.route, world.other_route])
            placed = dice.random() < 0.8
            party = dice.choice([None, *parties])
            client = make.client(
                route, address=dice.choice(["", "Tverskaya 1"]),
                phone=dice.choice([*phones, f"495{dice.randrange(10**7):07d}"]),
                email=dice.choice(["", "a@b.ru"]), channel=dice.choice([None, *channels]), counterparty=party,
                lat=55 + dice.gauss(0, 0.02) + (3 if dice.random() < 0.05 else 0) if placed else None,
                lon=37 + dice.gauss(0, 0.02) if placed else None,
                potential_monthly=dice.choice([None, 5000]),
                opened_on=dice.choice([None, self.today - timedelta(days=30), date(2020, 1, 1)]),
            )  # fmt: skip
            self.clients.append(client)
            self.inn[client.pk] = party.inn if party else ""
            if dice.random() < 0.5:
                make.contact(client, is_decision_maker=dice.random() < 0.7)
                if client.contacts.filter(is_decision_maker=True).exists():
                    self.decides.add(client.pk)
            if dice.random() < 0.3:
                self.verified[client.pk] = self.today - timedelta(days=dice.choice([10, 500, 900]))
                Verified.objects.create(client=client, on=self.verified[client.pk])
            for _order in range(dice.choice([0, 0, 1, 4])):
                number += 1
                day = self.today - timedelta(days=dice.choice([3, 20, 200, 500]) + dice.randrange(3))
                amount, product = dice.randrange(1, 100), dice.choice(products)
                with acting(actor=None, way=Way.COMMAND):
                    invoice = Invoice.objects.create(
                        number=f"I{number}", client=client, date=day, total=amount, margin=1, has_sale=True
                    )
                    Line.objects.create(
                        invoice=invoice, number=1, client=client, date=day, product=product, quantity=1, amount=amount
                    )
                if self.since < day <= self.today:
                    self.orders[client.pk].add(day)
                    self.bought[client.pk][product.category] += amount
        ids = [client.pk for client in self.clients]
        self.pairs = []
        for _n in range(15):
            one, other = sorted(dice.sample(ids, 2))
            score = dice.choice([62, 70, 95])
            if not any((one, other) == pair[:2] for pair in self.pairs):
                self.pairs.append((one, other, score))
                Pair.objects.create(one_id=one, other_id=other, score=score)

    def extents(self) -> dict[int, tuple[float, float, float]]:
        """By territory: median place, and three times the median distance, two kilometres at least."""
        places: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for one in self.clients:
            if one.lat is not None and one.lon is not None:
                places[one.territory_id].append((one.lat, one.lon))
        found = {}
        for territory, points in places.items():
            if len(points) >= 5:
                lat = statistics.median(point[0] for point in points)
                lon = statistics.median(point[1] for point in points)
                found[territory] = (lat, lon, max(2, 3 * statistics.median(km((lat, lon), point) for point in points)))
        return found

    def expected(self, one: Client) -> tuple[set[str], int]:
        """Findings and score."""
        inn = self.inn[one.pk]
        placed = one.lat is not None and one.lon is not None
        missing = {
            "address": not one.address, "phone": not one.phone, "channel": one.channel_id is None, "place": not placed,
            "counterparty": one.counterparty_id is None, "inn": not inn,
            "potential_monthly": one.potential_monthly is None, "contact": one.pk not in self.decides,
        }  # fmt: skip
        weights = [8, 8, 6, 6, 4, 4, 2, 2]
        filled = sum(weight for weight, lacks in zip(weights, missing.values(), strict=True) if not lacks)
        phone_valid = len(digits(one.phone)) == 10 and digits(one.phone)[0] in "3456789"
        invalid = {"phone": bool(one.phone) and not phone_valid, "inn": bool(inn) and not inn_valid(inn)}
        extent = self.extents().get(one.territory_id)
        far = bool(extent and placed and km(extent[:2], (one.lat or 0, one.lon or 0)) > extent[2])
        expired = one.counterparty_id in self.expired
        valid = 8 * phone_valid + 3 + 5 * (bool(inn) and inn_valid(inn)) + 6 * (placed and not far) + 3 * (not expired)
        on = self.verified.get(one.pk, date.min)
        verified = 20 if on > self.since else 10 if on > months_before(self.today, 24) else 0
        mine = [pair for pair in self.pairs if one.pk in pair[:2]]
        single = 0 if any(score >= 70 for *_pair, score in mine) else 15
        shared = Counter(digits(each.phone) for each in self.clients if digits(each.phone))
        findings = {
            "missing": any(missing.values()), "invalid": any(invalid.values()), "duplicates": bool(mine),
            "no_sales": not self.orders[one.pk] and (one.opened_on is None or one.opened_on <= self.since),
            "far": far, "shared_phone": shared[digits(one.phone)] > 2, "contract": expired,
        }  # fmt: skip
        return {name for name, holds in findings.items() if holds}, filled + valid + verified + single


@pytest.mark.parametrize("seed", [1, 2])
def test_findings_scores_and_people_are_those_of_a_plain_reckoning(world: World, seed: int) -> None:
    base = Base(world, seed)
    with connection.cursor() as cursor:  # the pairs are given by hand here
        cursor.execute("DELETE FROM duplicates_unchecked")
    campaign = world.running()
    sheets = {sheet.client_id: sheet for sheet in Sheet.objects.filter(campaign=campaign)}
    assert set(sheets) == {one.pk for one in base.clients}
    seen: Counter[str] = Counter()
    for one in base.clients:
        sheet = sheets[one.pk]
        findings, score = base.expected(one)
        assert (one.code, set(sheet.findings), sheet.score_before) == (one.code, findings, score)
        assert sheet.rep_id == (world.rep if one.territory_id == world.route.pk else world.other_rep).pk
        assert set(sheet.details) == findings
        seen.update(findings)
    assert set(seen) == {"missing", "invalid", "duplicates", "no_sales", "far", "shared_phone", "contract"}


def shop(world: World, channel: Any, product: Any, days: int = 3) -> Client:
    client = make.client(world.route, channel=channel)
    today = timezone.localdate()
    with acting(actor=None, way=Way.COMMAND):
        for day in range(1, days + 1):
            invoice = Invoice.objects.create(
                number=f"{client.code}-{day}", client=client, date=today - timedelta(days=day), total=10, margin=5,
                has_sale=True,
            )  # fmt: skip
            Line.objects.create(
                invoice=invoice, number=1, client=client, date=invoice.date, product=product, quantity=1, amount=10
            )
    return client


def test_a_client_that_buys_like_another_channel_is_proposed_for_it_with_the_reason(world: World) -> None:
    retail, horeca = make.channel(), make.channel()
    sweets, coffee = make.product(category="Sweets"), make.product(category="Coffee")
    for _number in range(20):
        shop(world, retail, sweets, 1)
        shop(world, horeca, coffee, 1)
    odd, unknown, rare = shop(world, retail, coffee), shop(world, None, coffee), shop(world, retail, coffee, 2)
    campaign = world.running()
    proposed = dict(campaign.sheets.values_list("client_id", "proposed_channel_id"))
    assert (proposed[odd.pk], proposed[unknown.pk], proposed[rare.pk]) == (horeca.pk, horeca.pk, None)
    reason = campaign.sheets.get(client=odd).reasons["channel"]
    assert reason["orders"] == 3
    assert reason["likeness"] > 95
    assert reason["own"] < 50


def test_the_proposed_category_follows_from_the_ranks_of_the_last_12_months(world: World) -> None:
    channel, product = make.channel(), make.product()
    client = shop(world, channel, product)
    sheet = world.running().sheets.get(client=client)
    assert (sheet.proposed_category, sheet.reasons["category"]["profit"]) == ("A", "A")
    assert sheet.reasons["category"]["orders"] == 3


def test_the_scope_is_what_was_chosen_and_closed_clients_are_asked_only_by_name(world: World) -> None:
    channel = make.channel()
    inside = make.client(world.route, channel=channel)
    make.client(world.route)
    make.client(make.territory(world.company), channel=channel)
    closed = make.client(world.route, channel=channel, closed_on=date(2020, 1, 1), status="closed")
    campaign = world.running(territories=[world.team.pk], channels=[channel.pk])
    assert list(campaign.sheets.values_list("client_id", flat=True)) == [inside.pk]
    services.campaign_close(user=world.admin, pk=campaign.pk)
    again = world.running(statuses=["closed"])
    assert list(again.sheets.values_list("client_id", flat=True)) == [closed.pk]


def test_a_step_done_twice_makes_no_sheet_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [make.client(world.route) for _number in range(5)]
    campaign = services.campaign_start(user=world.admin, pk=world.campaign().pk)
    job = campaign.prefill_job
    assert job
    monkeypatch.setattr(prefill, "CHUNK", 2)
    assert not prefill.prefill_step(job)
    for _step in range(2):
        assert not prefill.prefill_step(job)
    job.position = {"after": clients[1].pk}  # killed before its position was written
    while not prefill.prefill_step(job):
        pass
    assert sorted(campaign.sheets.values_list("client_id", flat=True)) == [one.pk for one in clients]


def test_who_answers_is_the_nearest_of_the_role_above(world: World, sheet_of: Callable[..., Sheet]) -> None:
    client = make.client(world.route)
    nobody = make.client(make.territory(world.company, kind="route"))
    campaign = world.running()
    assert (sheet_of(campaign, client).rep_id, sheet_of(campaign, nobody).rep_id) == (world.rep.pk, None)
    services.campaign_close(user=world.admin, pk=campaign.pk)
    again = world.running(answers="supervisor")
    assert (sheet_of(again, client).rep_id, sheet_of(again, nobody).rep_id) == (world.supervisor.pk, None)
    assert make.user(Role.REP).pk != world.rep.pk
