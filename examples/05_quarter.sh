#!/usr/bin/env bash
# Two quarters from one file: dataset, model, metrics, the model that is served, lists, segments and a page. The second
# begins at the model of the first, and serves its own only if that is not worse.
# Run: examples/05_quarter.sh [FOLDER], with `rankwise` on the PATH. Some ten seconds.
set -euo pipefail
folder=${1:-example-output/05}
mkdir -p "$folder" && cd "$folder"
rankwise synthesize --quiet --kind ratings --users 1000 --items 300 --interactions 30000 --output ratings.csv
# The first quarter has the older rows.
{ head -n 1 ratings.csv; tail -n +2 ratings.csv | sort -t, -k4,4n | sed -n 1,18000p; } > until-q1.csv
cat > quarter.ini << 'END'
[variables]
quarter = q1
log = until-q1.csv
[quarterly]
directory = ${quarter}
scheduler = local        # on a cluster leave it out: each step becomes a job of Slurm
[prepare]
input = ${log}
split = temporal:0.2     # held out: the latest rows
[als]
factors = 8
[evaluate]
metrics = recall@20,ndcg@100
[recommend]
top = 5
[kmeans users]
clusters = 4
[segments]
END
rankwise quarterly --quiet quarter.ini          # checks and prints, starts nothing
rankwise quarterly --quiet quarter.ini --submit # runs what is not done
# Longer lists: what is done stays done, and only the step `recommend` and the page run again.
sed -i 's/^top = 5/top = 8/' quarter.ini
rankwise quarterly --quiet quarter.ini --submit
rankwise quarterly status q1 --quiet
# The next quarter: the same file with last quarter's folder. q2/index.html has what has changed.
sed 's/^\[quarterly\]/[quarterly]\nprevious = q1/' quarter.ini > quarter2.ini
rankwise quarterly --quiet quarter2.ini --submit --set variables.quarter=q2 --set variables.log=ratings.csv
