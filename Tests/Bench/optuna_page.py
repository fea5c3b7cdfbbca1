"""Milliseconds until optuna-dashboard shows a study of many finished trials in SQLite, as page_times.py measures them.

usage: optuna_page.py FOLDER TRIALS RUNS
"""
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version

import optuna
from sqlalchemy import create_engine, text

import page_times


def main():
    folder, trials, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = f"sqlite:///{folder}/study.sqlite"
    study = optuna.create_study(study_name="bench", storage=storage)
    # One by one they would take half an hour: the rows that Optuna itself writes, many at once.
    study.add_trial(optuna.trial.create_trial(value=0.5))
    with create_engine(storage).begin() as connection:
        numbers = [{"n": number} for number in range(1, trials)]
        connection.execute(text(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)"
            " SELECT :n, study_id, state, datetime_start, datetime_complete FROM trials WHERE number = 0"), numbers)
        connection.execute(text(
            "INSERT INTO trial_values (trial_id, objective, value, value_type)"
            " SELECT trial_id, 0, 0.5, 'FINITE' FROM trials WHERE number > 0"))
        made = connection.execute(text("SELECT count(*) FROM trials JOIN trial_values USING (trial_id)")).scalar()
    assert made == trials, made
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/dashboard/"
    server = subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), "optuna-dashboard"), storage, "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address).close()
                break
            except OSError:
                time.sleep(0.1)
        page_times.measure(address, "bench", runs, f"optuna-dashboard {version('optuna-dashboard')}")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
