from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "clients.plans"

    def ready(self) -> None:
        from clients.plans import notices  # noqa: F401 (names its kinds)
