from django.urls import path

from kpi.ranks import views

urlpatterns = [path("kpi/moves/", views.moves, name="kpi-moves")]
