"""The only code that writes sales."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from clients.exchange import CLIENT
from config import sql
from config.exchange.columns import Column
from config.exchange.merging import ANALYZE_ABOVE, Counts, merge, rename


def products_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="sales_product", columns=columns, key=("sku",))


def mml_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="sales_mml", columns=columns, key=("channel_code", "sku"))


def payments_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(
        cursor, table="sales_payment", columns=columns, key=("invoice", "paid_on", "document"), add_up="amount"
    )


def invoices_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `invoices`): the lines of an invoice in the file replace all its stored lines.

    Lines of one invoice must agree on date, client and terms. Unchanged invoices are not written.
    """
    rename(cursor, "client_code", CLIENT)
    cursor.execute("UPDATE stage SET payment_terms_days = 0 WHERE cleared ~ '\\mpayment_terms_days\\M'")
    try:
        with transaction.atomic():
            return _invoices_write(cursor)
    except (_RowsMissing, IntegrityError):
        pass  # some rows cannot be taken: they are looked for only then, for it costs as much again
    unknown = _("unknown: %(what)s")
    reasons = {
        "client": unknown % {"what": _("client")},
        "product": unknown % {"what": _("product")},
        "zero": _("must not be 0"),
        "sign": _("must carry the sign of the quantity"),
        "differs": _("differs from the first line of the invoice"),
    }
    cursor.execute(sql.read("sales", "invoices_check"), reasons)
    return _invoices_write(cursor)


class _RowsMissing(Exception):
    """Not every staged row found its way into an invoice."""


def _invoices_write(cursor: CursorWrapper) -> Counts:
    cursor.execute(sql.read("sales", "invoices_load"))
    while cursor.nextset():
        pass  # on to the last statement, which writes the lines
    written = cursor.rowcount
    cursor.execute(
        "SELECT coalesce(sum(lines) FILTER (WHERE action = 'none'), 0),"
        " coalesce(sum(lines) FILTER (WHERE action = 'new'), 0), (SELECT count(*) FROM stage) FROM target"
    )
    unchanged, new, staged = map(int, cursor.fetchone())
    if written + unchanged != staged:
        raise _RowsMissing(f"{staged - written - unchanged} rows")
    if written > ANALYZE_ABOVE:
        cursor.execute("ANALYZE sales_invoice; ANALYZE sales_line")
    return Counts(staged, written, new)
