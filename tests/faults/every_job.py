"""A small case of every job, for runs under tools that look at memory. Each finds the files of those before it."""
import pathlib

from program import run

LOG = "user,item\nann,tea\nann,cup\nbob,tea\nbob,pot\nbob,cup\ncat,pot\ncat,tea\ndan,pot\neve,cup\n"
GROUPS = "user,group,segment,offer\n" + "".join(f"{user},{'control' if user % 5 < 2 else 'treated'},s{user % 2},o\n" for user in range(1, 21))
GOODS = "id,kind,price\ntea,drink,3\ncup,ware,4\npot,ware,9\n"
PEOPLE = "id,town,age\nann,Rome,30\nbob,Oslo,40\ncat,Rome,\ndan,,50\n"
CHAIN = "[quarterly]\ndirectory = q\nscheduler = local\ncores = 1\n[prepare]\ninput = log.csv\nsplit = random:0.3\n[als]\nfactors = 2\nepochs = 1\n"

CAMPAIGN = "[campaign]\nname = c\nhorizon = 90d\nstart = 2024-10-01\nhold-out = 20%\nglobal-hold-out = 5%\nstrata = value\nbudget = 3\noffers-per-customer = 2\n" \
           "[offer tea]\nmargin = 9\nprobability = orders_q1_share\ncost = 0.4\ncapacity = 8\nchannel = mail\n[offer cup]\nmargin = 2\nprobability = 0.5\n"

# Job and arguments, in groups that need the first one and no other. "clustering" has planning too.
CASES = {
    "training": [
        ("prepare", "--input log.csv --split random:0.3 --output d.h5"),
        ("prepare", "--input log.csv --split random:0.3 --items brands.csv --output t.h5"),
        ("als", "--data d.h5 --model m.h5 --factors 2 --epochs 2 --checkpoint c"),
        ("als", "--data d.h5 --model w.h5 --factors 2 --epochs 1 --warm-start m.h5 --validation-metric ndcg@2 --checkpoint w"),
        ("evaluate", "--data d.h5 --model m.h5 --output e.json"),
        ("denoise", "--data d.h5 --output n.h5 --quarantine n.csv --factors 2 --epochs 1 --folds 2 --threshold 50"),
        ("itemcf", "--data d.h5 --model i.h5 --neighbours 2 --entry-weights log --similarity bm25"),
        ("itemcf", "--data d.h5 --model j.h5 --neighbours 2 --weights ridge"),
        ("itemcf", "--data d.h5 --model i2.h5 --neighbours all --weights ridge --normalization 0.5 --penalty 1 --train-on all"),
        ("prepare", "--input log.csv --split random:0.3 --validation random:0.3 --seed 6 --output v.h5"),
        ("als", "--data v.h5 --model v-model.h5 --factors 2 --epochs 1"),
        ("calibrate", "--data v.h5 --model v-model.h5 --top 2 --least-pairs 1 --output v.json"),
        ("recommend", "--data v.h5 --model v-model.h5 --top 2 --probability v.json --explain 1 --output v.csv"),
        ("recommend", "--data v.h5 --model v-model.h5 --top 2 --probability v.json --output v-lists.h5"),
        ("evaluate", "--data d.h5 --model i.h5 --baseline j.h5 --metrics ndcg@2,auc"),
        ("recommend", "--data d.h5 --model i2.h5 --output i.csv"),
        ("evaluate", "--data d.h5 --model m.h5 --model i.h5 --blend 1,2 --metrics ndcg@2,auc --per-user u.h5"),
        ("recommend", "--data d.h5 --model m.h5 --model i2.h5 --blend 1,2 --blend-scores rank --output b.h5"),
        ("als", "--data d.h5 --model mf.h5 --factors 2 --epochs 1 --fold interactions:1/2"),
        ("itemcf", "--data d.h5 --model if.h5 --neighbours 2 --fold interactions:1/2"),
        ("sweep blend", "--data d.h5 --model mf.h5 --model if.h5 --metric ndcg@2 --output w.json"),
        ("recommend", "--data d.h5 --model m.h5 --output r.h5"),
        ("recommend", "--data d.h5 --model m.h5 --output r.csv"),
        ("similar", "--model m.h5 --rows users --top 2 --output u.h5"),
        ("similar", "--model m.h5 --measure inner-product --max-per brand=1 --data t.h5 --columns brand --id tea --output s.jsonl.gz"),
        ("similar", "--model i.h5 --top 2 --output n.csv"),
        ("export", "--model m.h5 --output m.npz"),
        ("export", "--model m.h5 --directory arrays"),
        ("export", "--model m.h5 --output m.faiss"),
        ("export", "--model i.h5 --output i.npz"),
        ("prepare", "--input log.csv --split random:0.3 --items goods.csv --users people.csv --output f.h5"),
        ("als", "--data f.h5 --model f-model.h5 --factors 2 --epochs 2 --item-features all --user-features all --validation-metric ndcg@2"),
        ("evaluate", "--data f.h5 --model f-model.h5 --metrics ndcg@2,auc"),
        ("recommend", "--data f.h5 --model f-model.h5 --output f.csv"),
        ("kmeans", "--input m.h5 --rows users --clusters 2 --output u-clusters.h5"),
        ("recommend", "--data d.h5 --model m.h5 --segments u-clusters.h5 --least-group 1 --columns segment --split-by-segment --output g.csv.gz"),
        ("recommend", "--data d.h5 --model m.h5 --segments u-clusters.h5 --segment 0 --columns segment --output g.h5"),
        ("inspect", "m.h5"),
        ("verify", "d.h5 m.h5 i.h5 r.h5 f-model.h5"),
    ],
    "clustering": [
        ("synthesize", "--users 20 --items 10 --interactions 60 --output s.csv --truth t.h5"),
        ("kmeans", "--input m.h5 --rows items --clusters 2 --output k.h5 --checkpoint k"),
        ("kmeans", "--input m.h5 --rows items --predict k.h5 --output p.h5"),
        ("kmeans", "--input s.csv --clusters 2:3 --output s.h5"),
        ("kmeans", "--input m.h5 --rows users --clusters 2 --output ku.h5"),
        ("segments", "--data d.h5 --segments ku.h5 --points m.h5 --bootstrap 2 --against ku.h5 --against-data d.h5 --least-group 2 --output sg.json --report sg.html"),
        ("prepare", "--input s.csv --missing skip --orders day --output o.h5"),
        ("profile", "--data o.h5 --lifetime --calibrate-at 2024-06-30 --output q.h5 --report q.json --page q.html"),
        ("profile", "--data o.h5 --output q.csv"),
        ("campaign measure", "--assignment groups.csv --start 2024-01-01 --horizon 90d --hold-out 40% --outcomes o.h5 --margin 0.5 --least-group 2 "
         "--output cm.json --report cm.html --uplift cm.csv"),
        ("campaign plan", "--campaign c.ini --data o.h5 --profile q.h5 --key env:CAMPAIGN_KEY --output cp.json"),
        ("campaign assign", "--campaign c.ini --data o.h5 --profile q.h5 --key env:CAMPAIGN_KEY --created 2024-09-01 --assignment ca.h5 --lists cl.csv --explain"),
        ("campaign assign", "--campaign c.ini --data o.h5 --profile q.h5 --key env:CAMPAIGN_KEY --created 2024-09-01 --assignment cb.h5 --lists cb-lists.h5 --compression 4"),
        ("synthesize", "--users 80 --items 20 --interactions 400 --output b.csv"),
        ("prepare", "--input b.csv --missing skip --orders day --output b.h5"),
        ("profile", "--data b.h5 --at 2024-06-30 --output bp.h5"),
        ("propensity", "--profile bp.h5 --outcomes b.h5 --within 90d --folds 2 --output bs.h5 --json bs.json --report bs.html"),
        ("propensity", "--profile bp.h5 --outcomes b.h5 --target money --penalty 5 --folds 2 --score bp.h5 --output bs.csv"),
        ("verify", "bs.h5"),
        ("demand", "--data b.h5 --horizon 2 --origins 4 --least-group 2 --output bd.csv --report bd.html"),
        ("kmeans", "--input q.h5 --clusters 2 --scale log-standard --output q-logs.h5"),
        ("kmeans", "--input q.h5 --clusters 2 --scale rank --output q-ranks.h5"),
        ("plan", "--data d.h5 --factors 2 --calibrate 0 --model m.h5 --ranks 1,2 --sbatch p.sbatch --json p.json"),
        ("plan itemcf", "--data d.h5 --weights ridge --neighbours 3 --calibrate 0 --ranks 1,2"),
        ("scale", "--strong 1 --users 20 --items 10 --interactions 60 --epochs 2 --factors 2 --calibrate 0 --json y.json --plot y.svg"),
        ("doctor", "--directory ."),
    ],
    "sweep": [
        ("sweep plan", "s --data d.h5 --factors 2,3 --epochs 1 --validation interactions:2 --optimize ndcg@2 --calibrate 0"),
        ("sweep trial", "s --task t1.f1.r0"),
        ("sweep run", "s --cores 1"),
        ("sweep status", "s"),
        ("sweep resume", "s --cores 1"),
        ("sweep collect", "s"),
        ("sweep refit", "s --model f.h5 --metrics f.json"),
        ("sweep cancel", "s"),
    ],
    "quarterly": [
        ("quarterly", "chain.ini"),
        ("quarterly", "chain.ini --submit"),
        ("quarterly step", "q --step prepare"),
        ("quarterly status", "q"),
        ("quarterly cancel", "q"),
    ],
}
# doctor starts mpirun, and finds what Slurm is here: none.
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "SLURM_CONF": "/nonexistent/slurm.conf", "CAMPAIGN_KEY": "a key of these tests alone"}


def names():
    """Jobs that have a case."""
    return sorted({job for cases in CASES.values() for job, _ in cases})


def help_names():
    """Jobs that `rankwise --help` lists."""
    lines = run(["--help"]).out.split("Jobs:\n")[1].split("\n\n")[0].splitlines()
    return sorted(line[2:20].strip() for line in lines)


def write_inputs(folder):
    pathlib.Path(folder, "log.csv").write_text(LOG)
    pathlib.Path(folder, "brands.csv").write_text("item,brand\ntea,a\ncup,a\npot,b\n")
    pathlib.Path(folder, "groups.csv").write_text(GROUPS)
    pathlib.Path(folder, "goods.csv").write_text(GOODS)
    pathlib.Path(folder, "people.csv").write_text(PEOPLE)
    pathlib.Path(folder, "chain.ini").write_text(CHAIN)
    pathlib.Path(folder, "c.ini").write_text(CAMPAIGN)


def run_group(group, folder, launcher=None, env=None):
    """Runs each case of a group and yields it as it ended."""
    for job, arguments in CASES[group]:
        yield run([*job.split(), *arguments.split()], cwd=folder, launcher=launcher, env=ENVIRONMENT | (env or {}), timeout=400)
