"""What hangs on a client in this app (clients/duplicates/hanging.py)."""

from django.utils.translation import gettext_lazy as _

from clients.duplicates.hanging import Hanging

HANGING = (
    Hanging("sales_invoice", what=_("invoices")),
    Hanging("sales_line", through=("sales_invoice", "invoice_id")),
)
