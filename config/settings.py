"""The one settings module: everything that differs between machines comes from the environment.

docs/operations.md lists the variables. Without DATABASE_URL and REDIS_URL the embedded servers are used.
"""

import os
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import embedded, env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("CRM_DATA_DIR", BASE_DIR / "var"))
DEBUG = env.flag("DEBUG", False)
EMBEDDED = not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))
ENDS = embedded.endpoints(DATA_DIR)

INSECURE_DEFAULT_SECRET = "insecure-development-secret"  # noqa: S105 — refused unless DEBUG
SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    SECRET_KEY = env.kept_secret(DATA_DIR / "secret_key") if EMBEDDED else INSECURE_DEFAULT_SECRET
if not DEBUG and SECRET_KEY == INSECURE_DEFAULT_SECRET:
    raise ImproperlyConfigured("SECRET_KEY is not set: give a long random string of your own, or DEBUG=1 to develop.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "guardian",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "accounts",
    "accounts.jobs",
    "territories",
    "clients",
    "clients.duplicates",
    "clients.bulk",
    "clients.plans",
    "clients.overrides",
    "sales",
    "visits",
    "kpi",
    "kpi.imports",
    "kpi.reopenings",
    "kpi.targets",
    "kpi.ranks",
    "kpi.efforts",
    "kpi.digests",
    "cleanup",
    "cleanup.results",
]
MIDDLEWARE = [
    "config.middleware.log_requests",
    "config.middleware.headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.real_address",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.middleware.limit_body",
    "config.middleware.refuse_nul",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.SignedInMiddleware",
    "config.middleware.one_page",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "visits.context.counters",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "config.ui"],
        },
    },
]

# The application runs as a role that owns nothing; `migrate` uses the owner (accounts/management/commands/migrate.py).
APP_URL = os.environ.get("DATABASE_URL") or ENDS.database_url(embedded.APP_ROLE)
OWNER_URL = os.environ.get("DATABASE_OWNER_URL") or (
    APP_URL if os.environ.get("DATABASE_URL") else ENDS.database_url(embedded.OWNER_ROLE)
)
DATABASES = {
    "default": env.database(APP_URL),
    "owner": {**env.database(OWNER_URL), "CONN_MAX_AGE": 0, "TEST": {"MIRROR": "default"}},
}
TIME_ZONE = os.environ.get("TIME_ZONE", "Europe/Moscow")
for _database in DATABASES.values():
    _database["TIME_ZONE"] = TIME_ZONE  # so that SQL's current_date is the distributor's day
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
_RULES = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_RULES}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": f"{_RULES}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_RULES}.CommonPasswordValidator"},
    {"NAME": f"{_RULES}.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.OtherLayoutValidator"},
]
# Who must sign in with a second factor, by role; anybody may.
SECOND_FACTOR_ROLES = env.words("SECOND_FACTOR_ROLES", "" if EMBEDDED else "admin")
OTP_TOTP_ISSUER = "Basis CRM"
OTP_TOTP_THROTTLE_FACTOR = 0  # wrong codes count as wrong tries (accounts/selectors.py)
SIGN_IN_RATE = env.rate("SIGN_IN_RATE", "60/minute")  # from one address
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static/build"
STATICFILES_DIRS = [BASE_DIR / "static/src"]
STATICFILES_FINDERS = ["config.staticfiles.PickedFinder", "django.contrib.staticfiles.finders.FileSystemFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# What people upload and what is made for them to fetch; web and worker must see the same folder.
# The day of the year, MM-DD, from which the yearly clean-up is drafted like the last one; empty: never.
CAMPAIGN_PROPOSED_ON = os.environ.get("CAMPAIGN_PROPOSED_ON", "01-10")

FILES_DIR = Path(os.environ.get("CRM_FILES_DIR", DATA_DIR / "files"))
EXPORT_ROLES = env.words("EXPORT_ROLES", "rep,supervisor,head,admin,analyst")  # who may take the list out as a file
KEEP_FILES_DAYS = env.number("KEEP_FILES_DAYS", 14)
FILE_UPLOAD_PERMISSIONS = 0o600

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or ENDS.redis_url
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A whole worker killed -9 leaves its message unacknowledged. Kombu hands it out again after the visibility
# timeout only if it sweeps often enough (spec/stack.md §6); the timeout stays above the time limit.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2400,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    # The sweep is what makes a lost message harmless: marks stay in the database until they are worked off.
    "refresh": {"task": "kpi.tasks.refresh", "schedule": 30.0, "options": {"expires": 25}},
    # The same for jobs: their rows say what is to be done.
    "jobs": {"task": "accounts.jobs.tasks.sweep", "schedule": 30.0, "options": {"expires": 25}},
    # Every minute what has changed, a few seconds at a time; after a big load until it is worked off.
    "duplicates": {"task": "clients.duplicates.tasks.check", "schedule": 60.0, "options": {"expires": 55}},
    "campaigns": {"task": "cleanup.tasks.daily", "schedule": 3600.0, "options": {"expires": 3000}},
    "campaign-results": {"task": "cleanup.results.tasks.hourly", "schedule": 3600.0, "options": {"expires": 3000}},
    "campaign-nights": {
        "task": "cleanup.results.tasks.nightly",
        "schedule": crontab(hour=4, minute=20),
        "options": {"expires": 6 * 3600},
    },
    "tidy": {"task": "accounts.tasks.tidy", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
    # Nightly: on the first of a month the ranks of the one that ended; after late documents those they touched.
    "ranks": {
        "task": "kpi.ranks.tasks.months_ranked",
        "schedule": crontab(hour=3, minute=10),
        "options": {"expires": 6 * 3600},
    },
    "digests": {"task": "kpi.digests.tasks.sweep", "schedule": 600.0, "options": {"expires": 590}},
    "seal": {"task": "accounts.tasks.seal", "schedule": 60.0, "options": {"expires": 55}},
}

# Mail: the weekly letter. With a server it goes there; embedded without one it is kept as files in the data directory;
# else nobody gets any.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True) and not EMAIL_USE_SSL
EMAIL_PORT = env.number("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 30)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Basis CRM <basis@localhost>")
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_BACKEND = "django.core.mail.backends." + ("smtp" if EMAIL_HOST else "filebased") + ".EmailBackend"
MAIL = bool(EMAIL_HOST) or EMBEDDED
DIGEST_HOUR = env.number("DIGEST_HOUR", 7)  # of Monday
# Where links in letters lead.
SITE_URL = os.environ.get("SITE_URL", f"http://localhost:{os.environ.get('PORT', '8000')}").rstrip("/")

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.cache_url(CELERY_BROKER_URL)}
}

API_RATE = env.rate("API_RATE", "1200/minute")  # of one person's calls
BAD_TOKEN_RATE = env.rate("BAD_TOKEN_RATE", "30/minute")  # from one address
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.api.Tokens",  # first: it says 401 to nobody, not 403
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.Parser"],
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS: the schema tells it all
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["config.api.Throttle"],
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Basis CRM",
    "VERSION": "1",
    "ENUM_NAME_OVERRIDES": {"StatusEnum": "clients.models.Status"},  # of `before` and `after`; check --deploy warns
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.api.refusals"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

# Bodies: what is larger is answered 413. Files have a limit of their own; the proxy's is in docker/Caddyfile.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
LARGEST_UPLOAD = env.number("LARGEST_UPLOAD_MB", 100) * 2**20

# The map of clients draws its own coordinates; a server of tiles puts streets under it.
MAP_TILES_URL = os.environ.get("MAP_TILES_URL", "")
MAP_TILES_ATTRIBUTION = os.environ.get("MAP_TILES_ATTRIBUTION", "")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", *env.origin("MAP_TILES_URL", MAP_TILES_URL)],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
# The embedded set-up answers on plain http://localhost; anything else is behind a TLS proxy, which must set
# X-Forwarded-Proto and X-Forwarded-For itself (docker/Caddyfile).
HTTPS = env.flag("HTTPS", not (EMBEDDED or DEBUG))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.number("SESSION_IDLE_HOURS", 24) * 3600  # since the last request
SESSION_LONGEST = env.number("SESSION_DAYS", 14) * 24 * 3600  # since signing in
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"number": {"()": "config.middleware.RequestNumber"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(number)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["number"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "basis.requests": {"level": "INFO" if env.flag("REQUEST_LOG", not (EMBEDDED or DEBUG)) else "WARNING"},
        # The heads of the history's seals are worth nothing unless they are kept outside the database.
        "accounts.tasks": {"level": "INFO"},
    },
}
