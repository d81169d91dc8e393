from django.db import migrations

from config import sql

UNDO = """
DROP TRIGGER kept ON results_outcome;
DROP TRIGGER kept ON results_result;
DROP FUNCTION results_kept;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0001_initial")]
    operations = [sql.migration("cleanup/results", "kept", UNDO)]
