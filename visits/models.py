"""Visits to clients and audits of their shelves."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from sales.models import Product


class Visit(models.Model):
    client = models.ForeignKey(Client, models.PROTECT, related_name="visits", db_index=False)
    planned_on = models.DateField(_("planned on"), db_index=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)

    class Meta:
        verbose_name = _("visit")
        constraints = [
            models.UniqueConstraint(fields=["client", "planned_on"], name="visit_key"),
            models.CheckConstraint(condition=Q(lat=None) | Q(lat__range=(-90, 90)), name="visit_lat_range"),
            models.CheckConstraint(condition=Q(lon=None) | Q(lon__range=(-180, 180)), name="visit_lon_range"),
        ]


class Audit(models.Model):
    """A look at the shelf: was the full planogram there (metric 23)?"""

    client = models.ForeignKey(Client, models.PROTECT, related_name="audits", db_index=False)
    date = models.DateField(_("date"), db_index=True)
    planogram_full = models.BooleanField(_("full planogram"))

    class Meta:
        verbose_name = _("audit")
        constraints = [models.UniqueConstraint(fields=["client", "date"], name="audit_key")]


class AuditItem(models.Model):
    """Was the product on the shelf (metric 24)?"""

    audit = models.ForeignKey(Audit, models.CASCADE, related_name="items", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, db_index=False)
    present = models.BooleanField(_("present"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit", "product"], name="audit_item_key")]
