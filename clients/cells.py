"""What of a client can be edited where it stands: in a cell of the list, by the name of its column, or on the card."""

# The fields that each holds
CELLS: dict[str, tuple[str, ...]] = {
    "name": ("name",), "code": ("code",), "counterparty": ("counterparty",), "channel": ("channel",),
    "territory": ("territory",), "reason": ("lost_reason",), "phone": ("phone",), "email": ("email",),
    "address": ("address",), "coordinates": ("lat", "lon"), "opened": ("opened_on",), "closed": ("closed_on",),
    "potential": ("potential_monthly",),
}  # fmt: skip
