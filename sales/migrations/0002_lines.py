from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial")]
    operations = [
        sql.migration("sales", "lines", """DROP INDEX line_date; DROP FUNCTION invoice_client_exists CASCADE""")
    ]
