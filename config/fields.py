"""Column types that Django lacks."""

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
