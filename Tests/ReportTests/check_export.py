"""Opens an export with TensorBoard and MLflow and prints what they read, as JSON: check_export.py TENSORBOARD_DIR MLFLOW_DIR"""

import json
import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # MLflow 3 wants it.

from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

answer = {"tensorboard": {}, "mlflow": {}}
for name in sorted(os.listdir(sys.argv[1])):
    folder = os.path.join(sys.argv[1], name)
    if os.path.isdir(folder):
        events = EventAccumulator(folder).Reload()
        answer["tensorboard"][name] = {
            tag: [[entry.step, entry.value] for entry in events.Scalars(tag)] for tag in events.Tags()["scalars"]
        }
        start, end = (
            HParamsPluginData.FromString(events.summary_metadata["_hparams_/" + tag].plugin_data.content)
            if "_hparams_/" + tag in events.summary_metadata else None
            for tag in ["session_start_info", "session_end_info"]
        )
        answer["tensorboard"][name]["hparams"] = {
            key: getattr(value, value.WhichOneof("kind")) for key, value in start.session_start_info.hparams.items()
        }
        answer["tensorboard"][name]["outcome"] = end and end.session_end_info.status

client = MlflowClient("file://" + os.path.abspath(os.path.join(sys.argv[2], "mlruns")))
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id]):
        answer["mlflow"][run.info.run_name] = {
            "experiment": experiment.name,
            "status": run.info.status,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "losses": [[entry.step, entry.value] for entry in client.get_metric_history(run.info.run_id, "loss")],
            "artefacts": [entry.path for entry in client.list_artifacts(run.info.run_id)],
        }
json.dump(answer, sys.stdout)
