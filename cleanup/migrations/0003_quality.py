from django.db import migrations

from config import sql

UNDO = """
DROP FUNCTION cleanup_quality, cleanup_km, cleanup_inn_valid, cleanup_phone_valid, cleanup_phone;
"""


class Migration(migrations.Migration):
    dependencies = [("cleanup", "0002_guards"), ("duplicates", "0001_duplicates")]
    operations = [sql.migration("cleanup", "quality", UNDO)]
