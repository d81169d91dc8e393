from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_export"), ("accounts", "0002_history")]
    operations = [
        migrations.RunSQL(
            "SELECT history_keep('jobs_export')",
            "DROP TRIGGER history_insert ON jobs_export; DROP TRIGGER history_update ON jobs_export;"
            "DROP TRIGGER history_delete ON jobs_export; DROP TRIGGER history_truncate ON jobs_export",
        )
    ]
