"""The steps of the jobs of imports, for the workers."""

from accounts.jobs.services import step
from kpi.imports import services

step("imports.check")(services.import_check_step)
step("imports.load")(services.import_load_step)
