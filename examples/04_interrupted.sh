#!/usr/bin/env bash
# A training that is interrupted and continues: SIGUSR2, as a batch system sends it before the time limit, ends the run
# with a checkpoint and exit code 75. The same command continues, and the model has the same bytes as without a stop.
# Run: examples/04_interrupted.sh [FOLDER], with `rankwise` on the PATH. Seconds.
set -euo pipefail
folder=${1:-example-output/04}
mkdir -p "$folder" && cd "$folder"
rm -rf checkpoints

rankwise synthesize --quiet --kind ratings --users 2000 --items 400 --interactions 30000 --output ratings.csv
rankwise prepare --quiet --input ratings.csv --output dataset.h5
train=(rankwise als --quiet --data dataset.h5 --factors 16 --epochs 60)
checkpointed=("${train[@]}" --model model.h5 --checkpoint checkpoints --checkpoint-every 20)

# `timeout` plays the batch system. A fast machine may finish first: then there is nothing to continue.
code=0
timeout --preserve-status --signal=USR2 0.4 "${checkpointed[@]}" || code=$?
echo "exit code $code"
ls checkpoints

# A script in a queue asks for code 75 and submits itself again.
if [[ $code == 75 ]]; then "${checkpointed[@]}"; fi
"${train[@]}" --model uninterrupted.h5
cmp model.h5 uninterrupted.h5
echo "The two models are the same, byte for byte."
