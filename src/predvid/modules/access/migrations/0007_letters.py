from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0006_tokens'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='mail',
            name='error',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='mail',
            name='error_values',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='mail',
            name='not_before',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
