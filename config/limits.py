"""How often: counters in Valkey, shared by all processes, for the API and the sign-in."""

import logging
import time
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache
from redis.exceptions import RedisError

from config.env import Rate

log = logging.getLogger(__name__)


def spend(rate: Rate, *who: str) -> int:
    """Count one more of `who`: 0 if within the rate, else the seconds until it may go on.

    Windows are fixed: at their edge twice the rate can pass. Without Valkey nothing is limited: better than no service.
    """
    now = time.time()
    key = ":".join(("limit", *who, str(int(now // rate.seconds))))
    try:
        cache.add(key, 0, rate.seconds)
        over = cache.incr(key) > rate.times
    except (RedisError, ValueError) as error:  # ValueError: gone between the two
        log.warning("Rates are not limited: %s", error)
        return 0
    return int(rate.seconds - now % rate.seconds) + 1 if over else 0


def spent(rate: Rate, *who: str) -> int:
    """As `spend`, without counting."""
    now = time.time()
    try:
        over = cache.get(":".join(("limit", *who, str(int(now // rate.seconds)))), 0) >= rate.times
    except RedisError as error:
        log.warning("Rates are not limited: %s", error)
        return 0
    return int(rate.seconds - now % rate.seconds) + 1 if over else 0


def place(ip: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 subscriber is given whole."""
    if not ip:
        return ""
    address = ip_address(ip)
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
