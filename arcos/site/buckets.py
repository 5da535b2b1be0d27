"""Whether the buckets of a site can be: each name once, and room for all of them in the store.

Looks at a site that is right field by field; each app's own settings say which buckets it wants.
"""

from __future__ import annotations

from collections.abc import Iterator

from arcos.site.diagnostics import Finding
from arcos.site.document import Document, Path
from arcos.site.model import Apps, Site
from components.bucket import LONGEST_NAME, Bucket, Keeping
from components.quantity import to_bytes

#: The part of the store that quotas may promise; the rest is room in which deleted objects are cleared out.
_PROMISED = 0.8


def bucket_findings(document: Document, site: Site, at: Path) -> Iterator[Finding]:
    """Names that are used twice, and quotas that the store cannot keep, at the fields that ask for them."""
    asked = [
        ((*at, "apps", name, *path), bucket)
        for name in Apps.model_fields
        if isinstance(config := getattr(site.apps, name), Keeping)
        for path, bucket in config.buckets_asked().items()
    ]
    seen: dict[str, str] = {}
    for path, bucket in asked:
        if seen.setdefault(bucket.name, bucket.app) != bucket.app:
            what = f"the bucket `{bucket.name}` is that of `{seen[bucket.name]}` as well"
            yield document.finding(document.key(path), what, "every bucket's name once")
    yield from _too_long(document, site, asked)
    yield from _too_large(document, site, asked, at)


def _too_long(document: Document, site: Site, asked: list[tuple[Path, Bucket]]) -> Iterator[Finding]:
    prefix = site.apps.objectstore.prefix(site.name) if site.apps.objectstore else ""
    for path, bucket in asked:
        if len(whole := prefix + bucket.name) > LONGEST_NAME:
            what = f"the bucket `{whole}` has a name of {len(whole)} characters, and S3 takes {LONGEST_NAME}"
            yield document.finding(document.key(path), what, "a shorter name, or a shorter `prefix` of the binding")


def _too_large(document: Document, site: Site, asked: list[tuple[Path, Bucket]], at: Path) -> Iterator[Finding]:
    store = site.apps.objectstore.store() if site.apps.objectstore else None
    if store is None:
        return
    field, size = store
    room = to_bytes(size) * _PROMISED
    alone = [(path, bucket) for path, bucket in asked if to_bytes(bucket.quota) > room]
    for path, bucket in alone:
        what = f"the bucket `{bucket.name}` may hold {bucket.quota}, more than the store has room for"
        hint = f"or a larger `apps.objectstore.{'.'.join(field)}`, now {size}"
        yield document.finding(document.value(path), what, f"at most {_gib(room)}, four fifths of the store", hint)
    total = sum(to_bytes(bucket.quota) for _, bucket in asked)
    if total > room and not alone:
        each = ", ".join(f"{bucket.name} {bucket.quota}" for _, bucket in asked)
        what = f"the buckets may hold {_gib(total)} together ({each}), the store has room for {_gib(room)}"
        accepted = f"at least {_gib(total / _PROMISED)}, or smaller quotas"
        yield document.finding(document.value((*at, "apps", "objectstore", *field)), what, accepted)


def _gib(size: float) -> str:
    return f"{-(-size // 2**30):.0f}Gi" if size >= 2**30 else f"{-(-size // 2**20):.0f}Mi"
