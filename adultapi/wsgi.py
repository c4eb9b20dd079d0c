import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
os.environ["SERVING"] = "true"  # settings.py then uses read-only sessions

application = get_wsgi_application()
reverse("schema")  # imports all views before gunicorn forks, not in each worker's first request

# Django has the prefix in FORCE_SCRIPT_NAME; gunicorn would refuse paths without the prefix.
os.environ.pop("SCRIPT_NAME", None)
