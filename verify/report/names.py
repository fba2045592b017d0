"""File names of records and pages."""

from __future__ import annotations

import hashlib
import json
import re

from verify.report.record import Result

# A name that a person can read and that fits a line.
MOST = 60


def file_stem(result: Result) -> str:
    """A file name for the claim: readable, and different for different claims."""
    data = result.record()
    asked = result.claim.property.asked
    if asked is not None:
        identity = [data[key] for key in ("names", "property", "regions")]
        return readable_name(f"{result.network.name}-{asked.formula.text}", json.dumps(identity))
    parts = (result.network.name, result.claim.property.name, result.claim.region.text)
    # box(-1, 1) and box(1, 1) read the same here, as do claims about other outputs: the digest tells them apart.
    claim = [data[key] for key in ("network", "second", "property", "region_data", "outputs")]
    return readable_name("-".join(parts), json.dumps(claim))


def readable_name(text: str, identity: str) -> str:
    """The text as a file name that is not too long, and a digest of what must tell it from others."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:MOST]
    return f"{readable}-{hashlib.sha256(identity.encode(errors='backslashreplace')).hexdigest()[:8]}"
