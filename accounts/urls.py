from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import notice_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("notices/", notice_views.notice_list, name="notice-list"),
    path("notices/read/", notice_views.notices_read, name="notices-read"),
    path("notices/<int:pk>/", notice_views.notice_open, name="notice-open"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("login/code/", views.sign_in_code, name="login-code"),
    path("logout/", LogoutView.as_view(http_method_names=["post"]), name="logout"),
    path("security/", views.security, name="security"),
    path("security/password/", views.security_password, name="security-password"),
    path("security/second-factor/", views.second_factor, name="second-factor"),
    path("security/second-factor/off/", views.second_factor_off, name="second-factor-off"),
    path("security/recovery-codes/", views.recovery_codes, name="recovery-codes"),
    path("security/sessions/end/", views.sessions_end, name="sessions-end"),
    path("security/sessions/<slug:handle>/end/", views.session_end, name="session-end"),
    path("security/token/", views.token_make, name="token-make"),
    path("security/token/end/", views.token_end, name="token-end"),
]
