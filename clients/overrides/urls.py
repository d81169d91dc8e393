from django.urls import path

from clients.overrides import views

urlpatterns = [
    path("clients/<path:code>/category/", views.category_page, name="client-category"),
    path("clients/<path:code>/category-note/", views.category_note, name="client-category-note"),
]
