#!/usr/bin/env bash
# Segments of users: train factors, let the silhouette choose the number of clusters, and keep the segments' numbers when
# the model is trained once more.
# Run: examples/03_segments.sh [FOLDER], with `rankwise` on the PATH. Seconds.
set -euo pipefail
folder=${1:-example-output/03}
mkdir -p "$folder" && cd "$folder"

rankwise synthesize --quiet --users 2000 --items 400 --interactions 50000 --segments 6 --output orders.csv
rankwise prepare --quiet --input orders.csv --output dataset.h5
rankwise als --quiet --data dataset.h5 --model model.h5 --factors 12 --epochs 6

# Several numbers of clusters: the table compares them, the file holds the best of the stable ones.
rankwise kmeans --quiet --input model.h5 --rows users --metric cosine --clusters 4:8 --output segments.h5 \
  --export segments.csv --quality quality.json
head -n 4 segments.csv

# Next quarter: a warm start keeps what the dimensions mean, so the old centroids are the place to begin.
rankwise als --quiet --data dataset.h5 --model next.h5 --factors 12 --epochs 2 --warm-start model.h5
rankwise kmeans --quiet --input next.h5 --rows users --metric cosine --init segments.h5 --output next-segments.h5
