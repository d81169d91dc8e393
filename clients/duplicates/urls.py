from django.urls import path

from clients.duplicates import views

urlpatterns = [
    path("duplicates/", views.pairs, name="duplicates"),
    path("duplicates/merge/", views.merge, name="duplicates-merge"),
    path("duplicates/different/", views.different, name="duplicates-different"),
    path("duplicates/check/", views.look_alikes, name="duplicates-check"),
    path("duplicates/merges/<int:pk>/undo/", views.undo, name="duplicates-undo"),
    path("clients/<path:code>/merged/", views.merged, name="client-merged"),
]
