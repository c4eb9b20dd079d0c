"""The pages for people."""

from django.urls import path

from census.pages import downloads, looking, views

urlpatterns = [
    path("", views.explorer, name="home"),
    path("people", looking.people, name="people"),
    path("columns", looking.columns, name="columns"),
    path("about", looking.about_page, name="about"),
    path("ask", views.ask_route, name="ask"),
    path("narrow", views.narrow, name="narrow"),
    path("download", downloads.bundle, name="bundle"),
    path("favicon.ico", views.favicon),
]
