"""What hangs on a client in this app (clients/duplicates/hanging.py): all of it is reckoned anew."""

from clients.duplicates.hanging import Hanging

HANGING = tuple(Hanging(table, stays=True) for table in ("kpi_periodclient", "kpi_mark", "kpi_rank", "kpi_flow"))
