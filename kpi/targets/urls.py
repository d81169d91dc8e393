from django.urls import path

from kpi.targets import views

urlpatterns = [path("kpi/targets/", views.targets, name="targets")]
