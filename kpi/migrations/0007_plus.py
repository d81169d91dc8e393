from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [("kpi", "0006_charts")]
    operations = [sql.migration("kpi", "plus", "DROP AGGREGATE kpi_plus(numeric)")]
