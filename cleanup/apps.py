from django.apps import AppConfig


class CleanupConfig(AppConfig):
    name = "cleanup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cleanup import notices  # noqa: F401  registers their texts
