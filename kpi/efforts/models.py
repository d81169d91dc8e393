"""The matrix of efforts: what a client of a channel and category is worth. Written by kpi/efforts/services.py."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Category, Channel
from config.fields import NumericField


class EffortRule(models.Model):
    """Матрица мероприятий: visits and calls a month, terms and promotion for a channel and category.

    Without a row there is no norm: a client with neither a channel nor a category has none.
    """

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="effort_rules", db_index=False)
    category = models.CharField(_("category"), max_length=1, choices=Category)
    visits = NumericField(_("visits a month"), null=True, blank=True)  # 0.5: every other month
    calls = NumericField(_("calls a month"), null=True, blank=True)
    terms = models.CharField(_("terms"), max_length=200, blank=True, default="")
    promo = models.CharField(_("promotion"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("norm of efforts")
        constraints = [
            models.UniqueConstraint(fields=["channel", "category"], name="effort_rule_key"),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="effort_rule_category_known"),
            models.CheckConstraint(
                condition=(Q(visits=None) | Q(visits__range=(0, 100))) & (Q(calls=None) | Q(calls__range=(0, 100))),
                name="effort_rule_range",
            ),
        ]
