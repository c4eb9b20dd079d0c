import os

from django.core.wsgi import get_wsgi_application

from adultapi import figures

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
# Whoever serves only reads: settings.py connects accordingly.
os.environ["SERVING"] = "true"
figures.prepare()

django_application = get_wsgi_application()

from adultapi.front import Front  # noqa: E402  (they read the settings)
from adultapi.security import secured  # noqa: E402
from adultapi.telemetry import observed  # noqa: E402

application = observed(Front(secured(django_application)))
