"""What was sold to whom, and what was paid. Filled from the accounting system."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client
from config.fields import NumericField


class Product(models.Model):
    sku = models.CharField(_("SKU"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    category = models.CharField(_("product category"), max_length=255)
    in_focus = models.BooleanField(_("in focus"), default=True)

    class Meta:
        verbose_name = _("product")

    def __str__(self) -> str:
        return self.name


class Mml(models.Model):
    """A position of a channel's must-have list (metric 24)."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="mml")
    product = models.ForeignKey(Product, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "product"], name="mml_key")]


class Invoice(models.Model):
    """Head of an invoice; `total`, `margin` and `has_sale` follow from its lines (sales/sql/invoices_load.sql)."""

    number = models.CharField(_("number"), max_length=64)
    # Checked by a trigger for all rows of a statement at once: row by row it takes a tenth of a load.
    client = models.ForeignKey(Client, models.PROTECT, related_name="invoices", db_index=False, db_constraint=False)
    date = models.DateField(_("date"))
    payment_terms_days = models.IntegerField(_("payment terms, days"), default=0)
    total = NumericField(_("total"))  # Σ amount
    margin = NumericField()  # Σ (amount − cost), an empty cost being 0
    has_sale = models.BooleanField()  # at least one line with quantity > 0: part of an order

    class Meta:
        verbose_name = _("invoice")
        indexes = [
            models.Index(fields=["client", "date"], name="invoice_client_date"),
            models.Index(fields=["date"], name="invoice_date"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="invoice_key"),
            models.CheckConstraint(condition=Q(payment_terms_days__gte=0), name="invoice_terms_not_negative"),
        ]

    def __str__(self) -> str:
        return self.number


class Line(models.Model):
    """One row of an invoice: quantity > 0 a sale, < 0 a return; amount and cost carry its sign.

    Client and date are those of the invoice, repeated so that a quarter is read without a join. No foreign keys
    in the database: a million rows a load are checked as a set (docs/decisions/003-invoice-lines.md).
    """

    pk = models.CompositePrimaryKey("invoice", "number")
    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", db_constraint=False, db_index=False)
    number = models.IntegerField()
    client = models.ForeignKey(Client, models.PROTECT, db_constraint=False, db_index=False)
    date = models.DateField()
    product = models.ForeignKey(Product, models.PROTECT, db_constraint=False, db_index=False)
    quantity = NumericField()
    amount = NumericField()
    cost = NumericField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, amount__gte=0) & (Q(cost=None) | Q(cost__gte=0))
                | Q(quantity__lt=0, amount__lte=0) & (Q(cost=None) | Q(cost__lte=0)),
                name="line_signs_agree",
            ),
        ]


class Payment(models.Model):
    """Money paid on an invoice."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="payments", db_index=False)
    paid_on = models.DateField(_("paid on"))
    document = models.CharField(_("document"), max_length=100, blank=True, default="")
    amount = NumericField(_("amount"))

    class Meta:
        verbose_name = _("payment")
        constraints = [models.UniqueConstraint(fields=["invoice", "paid_on", "document"], name="payment_key")]
