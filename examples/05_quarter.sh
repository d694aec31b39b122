#!/usr/bin/env bash
# A whole quarter from one file: dataset, model, metrics, the model that is served, lists and segments. What is done stays
# done: a changed step runs again, and those that read from it.
# Run: examples/05_quarter.sh [FOLDER], with `rankwise` on the PATH. Some ten seconds.
set -euo pipefail
folder=${1:-example-output/05}
mkdir -p "$folder" && cd "$folder"

rankwise synthesize --quiet --kind ratings --users 1000 --items 300 --interactions 30000 --output ratings.csv
cat > quarter.ini << 'END'
[quarterly]
directory = q1
scheduler = local        # on a cluster leave it out: each step becomes a job of Slurm
cores = 2
[prepare]
input = ratings.csv
split = random:0.1
[als]
factors = 8
epochs = 4
[evaluate]
metrics = recall@20,ndcg@100
[recommend]
top = 5
[kmeans users]
clusters = 4
END
rankwise quarterly --quiet quarter.ini          # checks and prints, starts nothing
rankwise quarterly --quiet quarter.ini --submit # runs what is not done

# Longer lists: only the step `recommend` runs again.
sed -i 's/^top = 5/top = 8/' quarter.ini
rankwise quarterly --quiet quarter.ini --submit
rankwise quarterly status q1 --quiet
