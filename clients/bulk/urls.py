from django.urls import path

from clients.bulk import views

urlpatterns = [
    path("selections/", views.select, name="selection-new"),
    path("selections/<uuid:pk>/", views.selection, name="selection"),
    path("bulk/<uuid:pk>/", views.edit, name="bulk-edit"),
    path("bulk/<uuid:pk>/again/", views.again, name="bulk-again"),
]
