"""What a node of the tree is to reach in a metric by the end of a period."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.fields import NumericField
from kpi.metrics import BY_KEY
from territories.models import Territory


class Target(models.Model):
    """The value of one metric that a node and all below it are to reach in a run of whole months.

    A target is of exactly its period: a quarter's does not follow from its months', for most metrics do not add up
    over time.
    """

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+")
    metric = models.CharField(_("metric"), max_length=32)
    d0 = models.DateField()
    d1 = models.DateField()
    value = NumericField(_("target"))  # in the metric's own unit: a share is 0.25
    by_hand = models.BooleanField(default=True)  # typed for this node, and not made by splitting that of the node above
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("target")
        constraints = [
            models.UniqueConstraint(fields=["d0", "d1", "territory", "metric"], name="target_key"),
            models.CheckConstraint(condition=Q(d0__day=1, d0__lt=F("d1")), name="target_whole_months"),
            models.CheckConstraint(condition=Q(value__gte=0), name="target_not_negative"),
            models.CheckConstraint(condition=Q(metric__in=list(BY_KEY)), name="target_metric_known"),
        ]
