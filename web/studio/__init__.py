"""The studio: operating models looked at, drawn, compared, approved and made live."""

from flask import abort, request

from engine.exchange import LARGEST_PARCEL
from web.studio import approving, editing, moving, versions, workspace

BLUEPRINTS = (
    workspace.blueprint,
    moving.blueprint,
    approving.blueprint,
    versions.blueprint,
    editing.blueprint,
)
MOST_POSTED = LARGEST_PARCEL + 64 * 1024
"""What a browser may send to the studio at once."""


def accept_files() -> None:
    """Let the request be as large as files are, and refuse a larger one before it is read."""
    request.max_content_length = MOST_POSTED
    if (request.content_length or 0) > MOST_POSTED:
        abort(
            413,
            f"What you sent has {(request.content_length or 0) / 1_048_576:.0f} MB; at most "
            f"{LARGEST_PARCEL // 1_048_576} MB can be sent at once. Send the files one by one.",
        )


__all__ = ["BLUEPRINTS", "accept_files"]
