"""The document store: labels, proofs and imports under keys that begin with the seller; a local folder or S3."""

from pathlib import Path
from urllib.parse import urlparse
from uuid import UUID

from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from common.errors import NotFound


def document_key(seller_id: UUID, kind: str, name: str) -> str:
    """The key of a seller's document: `<seller>/<kind>/<name>`."""
    return f"{seller_id}/{kind}/{name}"


class Documents:
    """Whole files, written once under a key and never changed."""

    def __init__(self, url: str) -> None:
        parsed = urlparse(url)
        self._store: ObjectStore
        if parsed.scheme == "file":
            folder = Path(parsed.path)
            folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(folder)
        else:
            self._store = S3Store(parsed.netloc, prefix=parsed.path.strip("/") or None)

    async def put(self, key: str, content: bytes) -> None:
        """Write `content` under `key`; the same key again replaces it whole."""
        await self._store.put_async(key, content)

    async def get(self, key: str) -> bytes:
        """The content under `key`; raises NotFound."""
        try:
            result = await self._store.get_async(key)
        except (NotFoundError, FileNotFoundError):
            raise NotFound(
                f"document {key} is not in the document store",
                remedy="It may have been erased after its retention time; upload it again.",
                code="document_not_found",
                key=key,
            ) from None
        return bytes(await result.bytes_async())

    async def delete(self, key: str) -> None:
        """Remove the document, if it is there."""
        try:
            await self._store.delete_async(key)
        except (NotFoundError, FileNotFoundError):
            return
