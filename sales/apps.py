from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    name = "sales"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.filters import Flag, add_flag
        from sales.selectors import is_debtor

        add_flag("debtor", Flag(_("Debtors: payment overdue"), is_debtor, costly=True))
