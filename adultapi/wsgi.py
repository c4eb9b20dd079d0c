import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
# Whoever serves only reads: settings.py connects accordingly.
os.environ["SERVING"] = "true"

application = get_wsgi_application()
