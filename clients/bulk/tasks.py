"""The steps of the jobs of bulk edits, for the workers."""

from accounts.jobs.services import step
from clients.bulk.services import edit_step

step("bulk.edit")(edit_step)
