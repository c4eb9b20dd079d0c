"""The pages for people."""

from django.urls import path

from census.pages import views

urlpatterns = [
    path("", views.page, name="home"),
    path("favicon.ico", views.favicon),
]
