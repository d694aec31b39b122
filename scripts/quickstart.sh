#!/usr/bin/env bash
# quickstart.sh [FOLDER]: from nothing to recommendations on a fresh Debian 12 machine: dependencies, build, a planted log of
# 1.2 million interactions, a dataset, a model trained on two ranks, its metrics, recommendations. Files go to FOLDER
# (quickstart-output by default).
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-quickstart-output}
program=build/release/jobs/rankwise

step() { printf '\n== %s\n' "$*"; }
show_and_run() {
  printf '+ %s\n' "$*"
  "$@"
}
# Two ranks also where there is one core, and as root also in containers. Ranks are not bound: each takes its share of the
# processors.
on_two_ranks() {
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  show_and_run mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2 "$@"
}

step "1. Dependencies and build"
scripts/dependencies.sh
cmake --preset release > /dev/null
cmake --build --preset release --target rankwise
"$program" --version
mkdir -p "$out"

step "2. A shop's log with known tastes: 20,000 users, 5,000 items"
show_and_run "$program" synthesize --interactions 1200000 --seed 7 --output "$out/log.csv"

step "3. Log -> dataset, a tenth of the interactions held out"
show_and_run "$program" prepare --input "$out/log.csv" --columns user=user_id,item=item_id,time=timestamp \
  --split random:0.1 --output "$out/dataset.h5"

step "4. Dataset -> model, on two ranks"
on_two_ranks "$program" als --data "$out/dataset.h5" --model "$out/model.h5" --factors 32 --epochs 10

step "5. How good is it? Against popularity, on what was held out"
show_and_run "$program" evaluate --data "$out/dataset.h5" --model "$out/model.h5" --metrics recall@20,ndcg@100 \
  --output "$out/metrics.json"

step "6. Once more on all parts of the dataset, for the model that is served"
on_two_ranks "$program" als --data "$out/dataset.h5" --model "$out/final.h5" --factors 32 --train-on all \
  --epochs-of "$out/model.h5"

step "7. Ten recommendations for every user"
show_and_run "$program" recommend --data "$out/dataset.h5" --model "$out/final.h5" --top 10 \
  --output "$out/recommendations.csv"

step "Done"
/usr/bin/python3 - "$out" << 'END'
import csv, json, pathlib, sys

out = pathlib.Path(sys.argv[1]).resolve()
for name, what in [("log.csv", "the planted log"), ("dataset.h5", "cleaned, indexed and split"),
                   ("model.h5", "factors of users and items"), ("metrics.json", "metrics on the held-out part"),
                   ("final.h5", "factors from all parts"),
                   ("recommendations.csv", "ten items for every user")]:
    print(f"  {out / name}  ({(out / name).stat().st_size / 2**20:.1f} MiB, {what})")
with (out / "recommendations.csv").open() as file:
    rows = csv.reader(file)
    print("  recommendations begin:", "; ".join(",".join(row) for _, row in zip(range(4), rows)))
metrics = json.loads((out / "metrics.json").read_text())["metrics"]
for name, values in metrics.items():
    print(f"  {name}: model {values['model']:.4f}, popularity {values['baseline']:.4f}")
ratio = metrics["ndcg@100"]["vs_baseline"]
print(f"  The model has {ratio:.2f} times the NDCG@100 of popularity.")
sys.exit(0 if ratio > 1 else 1)
END
