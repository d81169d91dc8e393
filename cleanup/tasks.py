"""Steps of the clean-up's jobs, and what beat asks for; each may be repeated or killed at any point."""

from celery import shared_task

from accounts.jobs.services import step
from cleanup import approval_services, prefill, services

step("cleanup.prefill")(prefill.prefill_step)
step("cleanup.apply")(approval_services.apply_step)


@shared_task  # type: ignore[untyped-decorator]
def daily() -> None:
    """Every hour, but each has an effect once: propose this year's campaign; apply what a lost job left approved."""
    services.campaign_proposed()
    approval_services.leftovers_apply()
