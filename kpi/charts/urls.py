from django.urls import path

from kpi.charts import views

urlpatterns = [
    path("kpi/charts/", views.kpi_charts, name="kpi-charts"),
    path("kpi/charts/<slug:key>/clients/", views.kpi_chart_clients, name="kpi-chart-clients"),
]
