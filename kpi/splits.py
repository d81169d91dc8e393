"""The split of the register as of a day (kpi/sql/split.sql)."""

from datetime import date

from config import sql
from kpi import rules
from kpi.months import months_before

_ALL = {"invoices": "sales_invoice", "contracts": "clients_contract", "only": ""}
_TOUCHED = {
    "invoices": "(SELECT i.* FROM touched JOIN sales_invoice i USING (client_id))",
    "contracts": "(SELECT k.* FROM touched t JOIN clients_client o ON o.id = t.client_id"
    " JOIN clients_contract k ON k.counterparty_id = o.counterparty_id)",
    "only": "WHERE c.id IN (SELECT client_id FROM touched)",
}


def split_statement(*, whole: bool = True) -> str:
    """The statement for all clients, or for those of the temporary table `touched`."""
    return sql.read("kpi", "split").format(**(_ALL if whole else _TOUCHED))


def split_parameters(as_of: date) -> dict[str, date]:
    """Its parameters: the window by the rule in force on the day."""
    months = int(rules.in_force(as_of)["reporting_months"])
    return {"as_of": as_of, "window_start": months_before(as_of, months)}
