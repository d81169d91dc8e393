from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial"), ("accounts", "0002_history")]
    operations = [
        sql.migration(
            "clients",
            "register",
            "DROP INDEX client_search; DROP FUNCTION client_version, client_keep_placement CASCADE",
        )
    ]
