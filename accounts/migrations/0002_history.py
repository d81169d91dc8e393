from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        sql.migration(
            "accounts", "history", """DROP FUNCTION history_keep, history_write, history_refuse_truncate CASCADE"""
        )
    ]
