"""Prints how many jobs that do nothing one pgqueuer worker drains in a second, for deploy/bench queue.

usage: pgqueuer_drain.py DATABASE_URL JOBS

The database must be one of its own: pgqueuer's tables are made in it.
"""

import asyncio
import logging
import sys
import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode


async def main(url: str, jobs: int) -> None:
    connection = await asyncpg.connect(url)
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    payload = b'{"survey": 1, "customer": "c1"}'
    for start in range(0, jobs, 5000):
        count = min(5000, jobs - start)
        await queries.enqueue(["none"] * count, [payload] * count, [0] * count)
    await connection.execute("VACUUM ANALYZE")
    worker = PgQueuer(driver)
    done = 0

    @worker.entrypoint("none")
    async def none(job: Job) -> None:
        nonlocal done
        done += 1

    began = time.monotonic()
    await worker.qm.run(batch_size=100, mode=QueueExecutionMode.drain)
    elapsed = time.monotonic() - began
    if done != jobs:
        raise SystemExit(f"{done} of {jobs} jobs ran")
    print(f"{done / elapsed:.0f}")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        runner = asyncio.run
    runner(main(sys.argv[1], int(sys.argv[2])))
