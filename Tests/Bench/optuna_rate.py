"""Trials a second of a constant objective in Optuna with SQLite storage.

usage: optuna_rate.py FOLDER TRIALS PROCESSES
"""
import json
import multiprocessing
import sys
import time

import optuna


def work(storage, trials, barrier):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="bench", storage=storage, sampler=optuna.samplers.RandomSampler())
    barrier.wait()
    study.optimize(lambda trial: 0.5, n_trials=trials)


def main():
    folder, trials, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # A process that finds the file locked waits, as two processes need.
    storage = f"sqlite:///{folder}/study.sqlite?timeout=60"
    optuna.create_study(study_name="bench", storage=storage)
    barrier = multiprocessing.Barrier(processes + 1)
    workers = [
        multiprocessing.Process(target=work, args=(storage, trials // processes, barrier)) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    if any(worker.exitcode != 0 for worker in workers):
        sys.exit("a process of the study failed")
    done = trials // processes * processes
    print(json.dumps({
        "about": f"{optuna.__version__}, SQLite, constant objective",
        "perSecond": done / seconds,
    }))


if __name__ == "__main__":
    # A fresh interpreter for each: a connection to SQLite must not be carried over a fork.
    multiprocessing.set_start_method("spawn")
    main()
