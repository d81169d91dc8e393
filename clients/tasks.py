"""The steps of the jobs of clients, for the workers."""

from accounts.jobs.services import step
from clients.exports import export_step

step("clients.export")(export_step)
