from django.urls import path

from kpi.reopenings import views

urlpatterns = [path("kpi/reopenings/", views.reopenings, name="kpi-reopenings")]
