from django.urls import path

from visits import views

urlpatterns = [
    path("day/", views.my_day, name="my-day"),
    path("visits/<int:pk>/", views.visit_done, name="visit-done"),
    path("clients/<path:code>/visits/", views.client_visits, name="client-visits"),
]
