"""What hangs on a client in this app (clients/duplicates/hanging.py)."""

from django.utils.translation import gettext_lazy as _

from clients.duplicates.hanging import Hanging

HANGING = (
    Hanging(
        "clients_contact", unique=("full_name",), what=_("contacts"),
        fill={"position": "''", "phone": "''", "email": "''", "birthday": "NULL", "notes": "''"},
    ),
    Hanging("clients_interaction", what=_("interactions")),
    Hanging("clients_client", "merged_into_id"),  # clients merged into the loser before: no chains
    Hanging("clients_placement", stays=True),  # where the loser was
    Hanging("clients_changerequest", stays=True),  # asked of the loser's card, and never rewritten
    Hanging("duplicates_unchecked", stays=True),
    Hanging("duplicates_key", stays=True),
    Hanging("duplicates_pair", "one_id", stays=True),
    Hanging("duplicates_pair", "other_id", stays=True),
    Hanging("duplicates_different", "one_id", stays=True),
    Hanging("duplicates_different", "other_id", stays=True),
    Hanging("duplicates_merge", "survivor_id", stays=True),
    Hanging("duplicates_merge", "loser_id", stays=True),
)  # fmt: skip
