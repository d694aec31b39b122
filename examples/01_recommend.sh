#!/usr/bin/env bash
# From a log of ratings to recommendations: prepare a dataset, train a model, measure it on what was held out, train the
# model that is served on everything, and list five items for each user.
# Run: examples/01_recommend.sh [FOLDER], with `rankwise` on the PATH. Seconds.
set -euo pipefail
folder=${1:-example-output/01}
mkdir -p "$folder" && cd "$folder"

# Your own log goes here: any CSV with a user, an item and, if there is one, a rating in each line.
rankwise synthesize --quiet --kind ratings --users 2000 --items 500 --interactions 60000 --output ratings.csv

# A tenth of the ratings is held out.
rankwise prepare --quiet --input ratings.csv --split random:0.1 --output dataset.h5
rankwise als --quiet --data dataset.h5 --model model.h5 --factors 16 --epochs 8

# Each metric beside its baseline, popularity: a model that is no better is not worth serving.
rankwise evaluate --quiet --data dataset.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json

# The measured model never saw the held-out part. The served one learns from all parts, for as many epochs.
rankwise als --quiet --data dataset.h5 --model final.h5 --factors 16 --train-on all --epochs-of model.h5
rankwise recommend --quiet --data dataset.h5 --model final.h5 --top 5 --output recommendations.csv
head -n 6 recommendations.csv
