"""Tasks a second of `/bin/true` in HyperQueue: its server and one worker of two cores, without a journal.

usage: hyperqueue_rate.py FOLDER TASKS
"""
import json
import logging
import os
import sys
import time

import hyperqueue
from hyperqueue.cluster import LocalCluster, WorkerConfig
from hyperqueue.job import Job


def run(client, folder, count):
    """Seconds from the submit to the end of the last task."""
    job = Job(default_workdir=folder)
    for _ in range(count - 1):
        job.program(["/bin/true"], stdout=None, stderr=None)
    # The client looks once a second whether a job is done; a file that the last task writes tells it to the millisecond.
    end = os.path.join(folder, "end")
    job.program(["/usr/bin/touch", end], stdout=None, stderr=None, priority=-1)
    start = time.time()
    client.wait_for_jobs([client.submit(job)])
    return os.stat(end).st_mtime - start


def main():
    folder, tasks = sys.argv[1], int(sys.argv[2])
    logging.disable()
    with LocalCluster(server_dir=folder, worker_config=WorkerConfig(cores=2)) as cluster:
        client = cluster.client()
        run(client, folder, 20)
        seconds = run(client, folder, tasks)
        print(json.dumps({
            "about": f"{hyperqueue.get_version()}, /bin/true on one worker of two cores, queue in memory",
            "perSecond": tasks / seconds,
        }))


if __name__ == "__main__":
    main()
