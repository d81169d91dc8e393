from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0008_merged")]

    operations = [
        migrations.AddIndex(
            "client",
            models.Index(
                condition=models.Q(("merged_into", None), ("lat__isnull", False)),
                fields=["lat", "lon"],
                include=("status", "category", "territory", "id"),
                name="client_place",
            ),
        ),
    ]
