import pytest
from django.contrib.auth.models import Group
from guardian.shortcuts import assign_perm

from accounts.models import Role
from clients import selectors
from clients.models import Client
from tests import make

pytestmark = pytest.mark.django_db


def test_a_territory_takes_in_all_below_it() -> None:
    region = make.territory()
    route = make.territory(make.territory(region))
    inside, _outside = make.client(route), make.client(make.territory())
    assert list(Client.objects.below(region)) == [inside]


def test_a_manager_is_who_holds_the_territory_directly() -> None:
    region = make.territory()
    route = make.territory(region)
    make.user(Role.HEAD, region, username="head")
    make.user(Role.REP, route, username="rep")
    one = make.client(route)
    assert list(Client.objects.of_manager("rep")) == [one]
    assert list(Client.objects.of_manager("head")) == []


def test_a_manager_may_hold_the_territory_by_a_group() -> None:
    route, rep = make.territory(), make.user(Role.REP, username="rep")
    with make.acting(actor=None, way=make.Way.COMMAND):
        group = Group.objects.create(name="north")
        rep.groups.add(group)
        assign_perm("territories.view", group, route)
    one = make.client(route)
    assert list(Client.objects.of_manager("rep")) == [one]
    assert list(selectors.managers_of(route)) == list(selectors.managers(rep)) == [rep]
