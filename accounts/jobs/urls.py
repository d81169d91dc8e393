from django.urls import path

from accounts.jobs import views

urlpatterns = [
    path("jobs/", views.job_list, name="job-list"),
    path("jobs/<int:pk>/", views.job_page, name="job"),
    path("jobs/<int:pk>/cancel/", views.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/file/", views.job_file, name="job-file"),
    path("exports/", views.export_list, name="export-list"),
]
