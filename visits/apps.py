from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "visits"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.filters import Flag, add_flag
        from visits.selectors import not_visited_this_month

        add_flag("no-visit", Flag(_("Without a visit this month"), not_visited_this_month, costly=True))
