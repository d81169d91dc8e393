"""What hangs on a client in this app (clients/duplicates/hanging.py)."""

from django.utils.translation import gettext_lazy as _

from clients.duplicates.hanging import Hanging

HANGING = (
    Hanging(
        "visits_visit", unique=("planned_on",), fill={"done_at": "NULL", "lat": "NULL", "lon": "NULL"}, what=_("visits")
    ),
    Hanging("visits_audit", unique=("date",), what=_("audits")),
)
