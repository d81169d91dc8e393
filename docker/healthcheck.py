"""HEALTHCHECK of the web container: /health/ must answer 200. It is exempt from the redirect to https."""

import os
import sys
from http.client import HTTPConnection

# Any Host but one of ALLOWED_HOSTS is answered with 400.
host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".*") or "localhost"
connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
try:
    connection.request("GET", "/health/", headers={"Host": host})
    response = connection.getresponse()
except OSError as error:
    sys.exit(str(error))
if response.status != 200:
    sys.exit(f"{response.status} {response.read(300).decode(errors='replace')}")
