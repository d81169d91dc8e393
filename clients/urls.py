from django.urls import path

from clients import views

urlpatterns = [
    path("clients/", views.client_list, name="client-list"),
    path("counterparties/", views.counterparty_options, name="counterparty-options"),
    path("clients/<path:code>/edit/", views.client_edit, name="client-edit"),
    path("clients/<path:code>/reason/", views.client_reason, name="client-reason"),
    path("clients/<path:code>/history/", views.client_history, name="client-history"),
    path("clients/<path:code>/", views.client_card, name="client-card"),
]
