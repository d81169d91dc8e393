from django.db import migrations

from config import sql

UNDO = ";".join(
    f"DROP TRIGGER history_{event} ON otp_totp_totpdevice" for event in ("insert", "update", "delete", "truncate")
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_signing_in"), ("otp_totp", "0003_add_timestamps")]
    operations = [sql.migration("accounts", "second_factor", UNDO)]
