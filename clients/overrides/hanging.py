"""What hangs on a client in this app (clients/duplicates/hanging.py)."""

from clients.duplicates.hanging import Hanging

HANGING = (Hanging("overrides_categoryoverride", stays=True),)  # said of the one client only
