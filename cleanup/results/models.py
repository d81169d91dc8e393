"""What a campaign came to, kept for good, and whom it reminded when. Written by cleanup/results/services.py."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from cleanup.models import Campaign
from territories.models import Territory


class Result(models.Model):
    """That a campaign's outcomes were reckoned; `final`: closed, nothing waits any more, they stay as they are."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="result")
    at = models.DateTimeField()
    final = models.BooleanField(default=False)


class Outcome(models.Model):
    """The numbers of the sheets of one territory (as prepared): {measure: {key: number}}, all of which add up; what
    they are: cleanup/results/sql/outcomes.sql. A trigger refuses to change those of a final result."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="outcomes", db_index=False)
    territory = models.ForeignKey(Territory, models.PROTECT, related_name="+", db_index=False)
    numbers = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "territory"], name="outcome_key")]


class Reminder(models.Model):
    """That a person was reminded of a campaign on a day; the row and the notice come in one transaction."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="reminders", db_index=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "person", "day"], name="reminded_once_a_day")]
