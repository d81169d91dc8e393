from django.urls import path

from clients.plans import views

urlpatterns = [
    path("plans/", views.plans, name="plans"),
    path("plans/add/", views.plans_add, name="plans-add"),
    path("plans/<int:pk>/", views.plan, name="plan"),
    path("clients/<path:code>/plans/", views.client_plans, name="client-plans"),
]
