"""What hangs on a client in this app (clients/duplicates/hanging.py)."""

from django.utils.translation import gettext_lazy as _

from clients.duplicates.hanging import Hanging

HANGING = (Hanging("plans_plan", what=_("plans")),)
