"""The exchange file of merges: without it a dump would bring merged clients back to life."""

from clients.duplicates import services
from config.exchange.columns import CODE, Column
from config.exchange.files import File

MERGES = File(
    "merges",
    (
        Column("code", CODE, ("Код", "Код клиента"), required=True),
        Column("survivor_code", CODE, ("Код основного клиента", "Объединён с"), required=True),
    ),
    services.merges_load,
    """SELECT l.code, s.code AS survivor_code FROM clients_client l JOIN clients_client s ON s.id = l.merged_into_id
       ORDER BY l.code""",
    ("code",),
    picked="SELECT line, NULL::boolean FROM stage",
    extra=True,
)
