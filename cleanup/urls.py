from django.urls import path

from cleanup import approval_views, views

urlpatterns = [
    path("campaigns/", views.campaign_list, name="campaign-list"),
    path("campaigns/new/", views.campaign_new, name="campaign-new"),
    path("campaigns/<int:pk>/", views.campaign_page, name="campaign"),
    path("campaigns/<int:pk>/edit/", views.campaign_edit, name="campaign-edit"),
    path("campaigns/<int:pk>/copy/", views.campaign_copy, name="campaign-copy"),
    path("campaigns/<int:pk>/move/", views.campaign_move, name="campaign-move"),
    path("campaigns/<int:pk>/approve/", approval_views.approve_page, name="campaign-approve"),
    path("campaigns/<int:pk>/decide/", approval_views.decide, name="campaign-decide"),
    path("campaigns/photos/<uuid:key>/", approval_views.photo, name="campaign-photo"),
]
