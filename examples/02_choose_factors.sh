#!/usr/bin/env bash
# Which number of factors, which regularization? A sweep tries them by cross-validation on this machine, and then the
# chosen trial is trained on the whole training part and measured once on what no trial has seen.
# Run: examples/02_choose_factors.sh [FOLDER], with `rankwise` on the PATH. Some ten seconds.
set -euo pipefail
folder=${1:-example-output/02}
mkdir -p "$folder" && cd "$folder"
rm -rf search # a sweep's folder is made once; `rankwise sweep resume` continues an interrupted one

rankwise synthesize --quiet --kind ratings --users 1000 --items 300 --interactions 30000 --output ratings.csv
rankwise prepare --quiet --input ratings.csv --split random:0.1 --output dataset.h5

# Options of als; several values are what is searched.
cat > search.ini << 'END'
factors = 4, 16
regularization = 0.003, 0.03
epochs = 4
validation = interactions:2
optimize = ndcg@100
END
rankwise sweep plan search --quiet --config search.ini --data dataset.h5 --calibrate 0
rankwise sweep run search --quiet --cores 2

# The choice and its reasons: search/results/report.html for people, summary.json for programs.
cat search/results/winner.ini
rankwise sweep refit search --quiet --model chosen.h5 --metrics chosen.json
