from django.urls import path

from kpi.efforts import views

urlpatterns = [
    path("kpi/efforts/", views.efforts, name="kpi-efforts"),
    path("kpi/efforts/norms/", views.rules, name="kpi-effort-rules"),
    path("clients/<path:code>/efforts/", views.client_efforts, name="client-efforts"),
]
