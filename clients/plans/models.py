"""Which potential clients a manager is to win, and which lost ones to win back, by when (spec/product.md, `Plan`)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from clients.models import Client


class Kind(models.TextChoices):
    ACTIVATION = "activation", _("Activation")
    RETURN = "return", _("Return")


class Stage(models.TextChoices):
    """How far it has come. Only an order wins a client: nobody sets WON by hand."""

    NEW = "new", pgettext_lazy("stage of a plan", "Not begun")
    CONTACTED = "contacted", pgettext_lazy("stage of a plan", "Contacted")
    NEGOTIATION = "negotiation", pgettext_lazy("stage of a plan", "Negotiation")
    AGREED = "agreed", pgettext_lazy("stage of a plan", "Agreed")
    WON = "won", pgettext_lazy("stage of a plan", "Won")
    GIVEN_UP = "given_up", pgettext_lazy("stage of a plan", "Given up")


OPEN = (Stage.NEW, Stage.CONTACTED, Stage.NEGOTIATION, Stage.AGREED)
BY_HAND = (*OPEN, Stage.GIVEN_UP)


class PlanQuerySet(models.QuerySet["Plan"]):
    def open(self) -> "PlanQuerySet":
        return self.filter(stage__in=OPEN)

    def visible_to(self, user: User) -> "PlanQuerySet":
        """Those of clients this person may see: who gets a route gets its plans (spec/product.md, rule 6)."""
        return self.filter(client__in=Client.objects.visible_to(user))


class Plan(models.Model):
    """A client to be won or won back."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="plans")
    manager = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("manager"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    stage = models.CharField(_("stage"), max_length=16, choices=Stage, default=Stage.NEW)
    due_on = models.DateField(_("by when"))
    why = models.CharField(_("reason"), max_length=500, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    stage_at = models.DateTimeField(default=timezone.now)  # since when it is at this stage

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="plan_kind_known"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="plan_stage_known"),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(stage__in=OPEN), name="plan_open_due")]

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN
