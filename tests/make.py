"""Factories: the least a test needs, with names that say nothing unless given."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client as Browser

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.models import Channel, Client, Contact, Counterparty
from kpi.models import Rule
from sales.models import Product
from territories.models import Territory, TerritoryUserGrant
from territories.services import ROLE_RIGHTS

_numbers = count(1)


def territory(parent: Territory | None = None, **fields: Any) -> Territory:
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        return Territory.objects.create(
            **{"code": f"T{number}", "name": f"Territory {number}", "parent": parent} | fields
        )


def user(role: Role = Role.REP, *territories: Territory, **fields: Any) -> User:
    """A member of staff with the usual rights of the role on these territories."""
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        person = User.objects.create(
            **{"username": f"user{number}", "full_name": f"Person {number}", "role": role} | fields
        )
    for node in territories:
        grant(person, node, *ROLE_RIGHTS[role])
    return person


def grant(person: User, node: Territory, *rights: str) -> None:
    """These rights on a node."""
    with acting(actor=None, way=Way.COMMAND):
        for right in rights:
            permission = Permission.objects.get(codename=right, content_type__app_label="territories")
            TerritoryUserGrant.objects.create(user=person, content_object=node, permission=permission)


def channel(**fields: Any) -> Channel:
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        return Channel.objects.create(**{"code": f"H{number}", "name": f"Channel {number}"} | fields)


def counterparty(**fields: Any) -> Counterparty:
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        return Counterparty.objects.create(**{"code": f"P{number}", "name": f"Counterparty {number}"} | fields)


def product(**fields: Any) -> Product:
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        return Product.objects.create(**{"sku": f"S{number}", "name": f"Product {number}", "category": "Any"} | fields)


def client(place: Territory, **fields: Any) -> Client:
    number = next(_numbers)
    with acting(actor=None, way=Way.COMMAND):
        made = Client.objects.create(
            **{"code": f"C{number:04d}", "name": f"Client {number}", "territory": place} | fields
        )
    made.refresh_from_db()
    return made


def contact(client: Client, **fields: Any) -> Contact:
    with acting(actor=None, way=Way.COMMAND):
        return Contact.objects.create(**{"client": client, "full_name": f"Person {next(_numbers)}"} | fields)


def rule(name: str, value: int) -> Rule:
    with acting(actor=None, way=Way.COMMAND):
        return Rule.objects.create(name=name, value=value)


def signed_in(person: User) -> Browser:
    """A browser of this person, in English: the texts of the code itself, compiled translations or not."""
    browser = Browser()
    browser.cookies["django_language"] = "en"
    with acting(actor=None, way=Way.BROWSER):  # signing in writes the moment to the person's row
        browser.force_login(person)
    return browser
