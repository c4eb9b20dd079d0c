"""The pages for people."""

from django.urls import path, re_path

from census.pages import dataset, downloads
from census.pages.explorer import views
from census.pages.sharing import shared

urlpatterns = [
    path("", shared(views.explorer), name="home"),
    path("people", shared(dataset.people), name="people"),
    path("columns", shared(dataset.columns), name="columns"),
    path("about", shared(dataset.about_page), name="about"),
    path("ask", views.ask_route, name="ask"),
    re_path(r"^narrow\.(?P<kind>svg|vega)$", shared(views.narrow), name="narrow"),
    path("download", downloads.bundle, name="bundle"),
    path("favicon.ico", views.favicon),
]
