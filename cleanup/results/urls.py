from django.urls import path

from cleanup.results import views

urlpatterns = [
    path("campaigns/<int:pk>/progress/", views.progress_page, name="campaign-progress"),
    path("campaigns/<int:pk>/result/", views.result_page, name="campaign-result"),
    path("campaigns/<int:pk>/result.xlsx", views.result_workbook, name="campaign-result-xlsx"),
]
