"""Who acts: the context that every write to the register needs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.models import User, Way


@contextmanager
def acting(*, actor: User | None, way: Way, reference: str = "", ip: str | None = None) -> Iterator[None]:
    """A transaction whose changes are written into the history as done by `actor` by `way`.

    `reference` names the load, request or job; `actor` is None for jobs and the command line.
    Without it the database refuses writes to the register (accounts/sql/history.sql).
    """
    with transaction.atomic():
        before = _set_context([str(actor.pk) if actor else "", way.value, reference, ip or ""])
        yield
        # Set back for what follows in an outer transaction; a failed one forgets by itself.
        _set_context(before)


def _set_context(values: list[str]) -> list[str]:
    """Set the four values for this transaction; the former ones are returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('app.actor', true), ''), coalesce(current_setting('app.way', true), ''),"
            " coalesce(current_setting('app.reference', true), ''), coalesce(current_setting('app.ip', true), '')"
        )
        before = list(cursor.fetchone() or ())
        cursor.execute(
            "SELECT set_config('app.actor', %s, true), set_config('app.way', %s, true),"
            " set_config('app.reference', %s, true), set_config('app.ip', %s, true)",
            values,
        )
    return before


def password_set(*, user: User, password: str) -> None:
    """Give a member of staff a password."""
    user.set_password(password)
    user.save(update_fields=["password"])
