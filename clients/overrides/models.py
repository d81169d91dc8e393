"""Categories that a person has put in place of the derived one, until a day. Written by clients/services.py."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Category, Client


class CategoryOverride(models.Model):
    """The category in force of a client, instead of what follows from profit and potential.

    Client.category holds it as well: lists and counts read that. `derived` is what the rules say meanwhile, and what
    comes back when the override ends: the row goes then, and the history keeps it.
    """

    client = models.OneToOneField(Client, models.PROTECT, related_name="category_override")
    category = models.CharField(_("category"), max_length=1, choices=Category)
    derived = models.CharField(_("derived category"), max_length=1, choices=Category, blank=True, default="")
    until = models.DateField(_("in force until"))  # the last day on which it holds
    reason = models.CharField(_("reason"), max_length=300)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("category set by hand")
        indexes = [models.Index(fields=["until"], name="category_override_until")]
        constraints = [
            models.CheckConstraint(condition=Q(category__in=Category.values), name="category_override_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="category_override_with_reason"),
        ]

    def __str__(self) -> str:
        return self.category
