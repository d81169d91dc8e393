"""What hangs on a client in this app (clients/duplicates/hanging.py): it was asked and said of the one client only."""

from clients.duplicates.hanging import Hanging

HANGING = (
    Hanging("cleanup_sheet", stays=True),
    Hanging("cleanup_answer", column="merge_into_id", stays=True),
    Hanging("cleanup_verified", stays=True),
)
