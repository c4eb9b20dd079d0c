import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
os.environ["SERVING"] = "true"  # settings.py then connects to read only

application = get_wsgi_application()

# Django knows the prefix by FORCE_SCRIPT_NAME; gunicorn would refuse paths without it.
os.environ.pop("SCRIPT_NAME", None)
