from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]

    operations = [
        migrations.AddField(model_name="subscription", name="counts_from", field=models.DateField(null=True)),
    ]
