"""Passwords with argon2id, one at a time in a thread of its own: each takes tens of milliseconds, and 19 MiB that the
thread keeps. More threads would keep as much each.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# The parameters that OWASP recommends for argon2id with 19 MiB.
_TIME_COST, _MEMORY_KIB, _PARALLELISM = 2, 19_456, 1


class Argon2Passwords:
    """See the port."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=_PARALLELISM)
        self._nobody = self._hasher.hash("the password of nobody")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; without a hash the same work is done, so that time tells nothing."""
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._thread, self._verify, password_hash or self._nobody, password)
        return right and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
