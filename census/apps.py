from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CensusConfig(AppConfig):
    name = "census"
    verbose_name = "Adult (Census Income)"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from census.roles import grant_reading

        post_migrate.connect(grant_reading, sender=self)
