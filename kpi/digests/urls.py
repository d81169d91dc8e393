from django.urls import path

from kpi.digests import views

urlpatterns = [
    path("kpi/digest/", views.digest, name="kpi-digest"),
    path("digest/unsubscribe/<str:token>/", views.unsubscribe, name="digest-unsubscribe"),
]
