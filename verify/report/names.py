"""File names of records and pages."""

from __future__ import annotations

import hashlib
import json
import re

from verify.report.record import Result


def file_stem(result: Result) -> str:
    """A file name for the claim: readable, and different for different claims."""
    data = result.to_json()
    asked = result.claim.property.asked
    place = result.claim.region.text if asked is None else asked.formula.text
    parts = (result.network.name, result.claim.property.name, place)
    # box(-1, 1) and box(1, 1) read the same here, as do claims about other outputs: the digest tells them apart.
    claim = [data[key] for key in ("network", "second", "property", "region_data", "outputs")]
    if asked is not None:
        claim += [data["names"], data["formula"], data["regions"]]
    return readable_name("-".join(parts), json.dumps(claim))


def readable_name(text: str, identity: str) -> str:
    """The text as a file name that is not too long, and a digest of what must tell it from others."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:100]
    return f"{readable}-{hashlib.sha256(identity.encode(errors='backslashreplace')).hexdigest()[:8]}"
