"""Chains of the register. Rights are applied here and nowhere else."""

import re
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Q

from accounts.models import User
from territories.models import Territory, TerritoryPath, TerritoryUserGrant
from territories.selectors import territory_ids

if TYPE_CHECKING:
    from clients.models import Client  # noqa: F401

WITHOUT = "-"  # as a filter: clients that have none
LEAST_INN_DIGITS = 5  # of the beginning of an INN, for it to be looked for
PHONE = re.compile(r"\+?\d[\d\s().\-–]{6,}\d")
SEPARATORS = re.compile(r"[\s().+\-–]")


class ClientQuerySet(models.QuerySet["Client"]):
    def _granted(self, user: User, right: str) -> "ClientQuerySet":
        ids = territory_ids(user, right)
        return self if ids is None else self.filter(territory_id__in=ids)

    def visible_to(self, user: User) -> "ClientQuerySet":
        """The clients that exist for this person: those of the territories they may see, and below."""
        return self._granted(user, "view")

    def changeable_by(self, user: User) -> "ClientQuerySet":
        """The clients this person may change."""
        return self._granted(user, "change")

    def below(self, territory: Territory) -> "ClientQuerySet":
        """The clients of a territory and of all below it."""
        ids = TerritoryPath.objects.filter(above=territory).values_list("below_id", flat=True)
        return self.filter(territory_id__in=list(ids))

    def of_manager(self, username: str) -> "ClientQuerySet":
        """The clients of the territories granted to this member of staff directly."""
        grants = TerritoryUserGrant.objects.filter(user__username=username, permission__codename="view")
        return self.filter(territory_id__in=list(grants.values_list("content_object_id", flat=True)))

    def filtered(
        self, *, territory: Territory | None = None, channel: str = "", category: str = "", manager: str = ""
    ) -> "ClientQuerySet":
        """By territory (and all below it), code of a channel, category and username of a manager.

        WITHOUT as a channel or category stands for the clients that have none.
        """
        found = self.below(territory) if territory else self
        if channel:
            found = found.filter(channel=None) if channel == WITHOUT else found.filter(channel__code=channel)
        if category:
            found = found.filter(category="" if category == WITHOUT else category)
        return found.of_manager(manager) if manager else found

    def searched(self, text: str) -> "ClientQuerySet":
        """The clients in whose code, name, address, phone or INN every word of `text` occurs.

        Case and ё/е are the same; a phone is found however it is written, an INN by its beginning.
        """
        found = self
        for word in search_words(text):
            found = found.filter(_has_word(word))
        return found


def search_words(text: str) -> list[str]:
    """The words to look for. A whole phone number is one word of ten digits, whatever its spaces and prefix."""

    def phone(match: re.Match[str]) -> str:
        digits = SEPARATORS.sub("", match[0])
        return f" {digits} " if len(digits) in (10, 11) else match[0]

    words = PHONE.sub(phone, text.replace("\0", "")).lower().replace("ё", "е").split()
    return [re.sub(r"^\+?[78](\d{10})$", r"\1", word) for word in words]


def _has_word(word: str) -> Q:
    condition = Q(search__contains=word)
    digits = SEPARATORS.sub("", word)
    if digits.isdecimal():
        if digits != word:
            condition |= Q(search__contains=digits)  # part of a phone, written with dashes
        if len(digits) >= LEAST_INN_DIGITS:
            # Resolved first: an OR over a join would keep the trigram index from being used.
            owners = apps.get_model("clients", "Counterparty").objects.filter(inn__startswith=digits)
            if ids := list(owners.values_list("pk", flat=True)[:1000]):
                condition |= Q(counterparty_id__in=ids)
    return condition
