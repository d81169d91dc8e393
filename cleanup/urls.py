from django.urls import path

from cleanup import answer_views, approval_views, questionnaire_views, views

urlpatterns = [
    path("campaigns/", views.campaign_list, name="campaign-list"),
    path("campaigns/new/", views.campaign_new, name="campaign-new"),
    path("campaigns/<int:pk>/", views.campaign_page, name="campaign"),
    path("campaigns/<int:pk>/edit/", views.campaign_edit, name="campaign-edit"),
    path("campaigns/<int:pk>/copy/", views.campaign_copy, name="campaign-copy"),
    path("campaigns/<int:pk>/move/", views.campaign_move, name="campaign-move"),
    path("campaigns/worker.js", answer_views.answer_worker, name="answer-worker"),
    path("campaigns/<int:pk>/answer/", answer_views.answer_page, name="campaign-answer"),
    path("campaigns/<int:pk>/answer/pack/", answer_views.answer_pack, name="answer-pack"),
    path("campaigns/sheets/<int:pk>/answer/", answer_views.sheet_answer, name="sheet-answer"),
    path("campaigns/sheets/<int:pk>/photo/", answer_views.sheet_photo, name="sheet-photo"),
    path("campaigns/<int:pk>/approve/", approval_views.approve_page, name="campaign-approve"),
    path("campaigns/<int:pk>/decide/", approval_views.decide, name="campaign-decide"),
    path("questionnaires/", questionnaire_views.questionnaire_list, name="questionnaire-list"),
    path("questionnaires/<int:pk>/", questionnaire_views.questionnaire_page, name="questionnaire"),
    path("questionnaires/<int:pk>/change/", questionnaire_views.questionnaire_change, name="questionnaire-change"),
    path("questionnaires/<int:pk>/questions/new/", questionnaire_views.question_edit, name="question-new"),
    path("questionnaires/<int:pk>/questions/<int:question>/", questionnaire_views.question_edit, name="question-edit"),
    path("campaigns/photos/<uuid:key>/", approval_views.photo, name="campaign-photo"),
]
