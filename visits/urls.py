from django.urls import path

from visits import views

urlpatterns = [path("clients/<path:code>/visits/", views.client_visits, name="client-visits")]
