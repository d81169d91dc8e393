from django.urls import path

from kpi.imports import views

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/<int:pk>/", views.import_page, name="import"),
    path("imports/<int:pk>/columns/", views.import_columns, name="import-columns"),
    path("imports/<int:pk>/load/", views.import_load, name="import-load"),
    path("imports/<int:pk>/errors/", views.import_errors, name="import-errors"),
]
