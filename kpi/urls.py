from django.urls import path

from kpi import views

urlpatterns = [
    path("kpi/", views.kpi_matrix, name="kpi-matrix"),
    path("kpi/matrix.xlsx", views.kpi_workbook, name="kpi-workbook"),
    path("kpi/<slug:key>/clients/", views.kpi_behind, name="kpi-behind"),
    path("kpi/<slug:key>/almost/", views.kpi_almost, name="kpi-almost"),
    path("clients/<path:code>/kpi/", views.client_kpi, name="client-kpi"),
]
