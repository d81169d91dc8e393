from django.urls import path

from territories import views

urlpatterns = [
    path("staff/", views.staff_list, name="staff-list"),
    path("staff/new/", views.staff_new, name="staff-new"),
    path("staff/member/<str:username>/", views.staff_member, name="staff-member"),
    path("staff/member/<str:username>/state/", views.staff_state, name="staff-state"),
    path("staff/member/<str:username>/password/", views.staff_password, name="staff-password"),
    path("staff/member/<str:username>/second-factor/", views.staff_second_factor, name="staff-second-factor"),
    path("staff/member/<str:username>/unlock/", views.staff_unlock, name="staff-unlock"),
    path("staff/member/<str:username>/hand-over/", views.staff_hand_over, name="staff-hand-over"),
    path("territories/", views.territory_list, name="territory-list"),
    path("territories/new/", views.territory_new, name="territory-new"),
    path("territories/options/", views.territory_options, name="territory-options"),
]
