"""What features bring for users and items without an interaction, beside a map from the features of other rows.

    benchmarks/cold_rows.py --data FOLDER [--program PATH] [--factors 32] [--epochs 8] [--penalty 5]

FOLDER has goodbooks_ratings.csv.gz, goodbooks_books.csv.gz, journey_transactions.csv.gz, journey_products.csv.gz and
journey_demographics.csv.gz. New items: a tenth is held out whole, recall@20 among these alone. New households: all rows of a
quarter of those with demographics. The random map is the same training with a table whose rows were dealt to other ids.
"""
import argparse
import csv
import gzip
import json
import pathlib
import random
import subprocess
import tempfile

from epochs import PROGRAM, run

EXPLICIT = ["--objective", "explicit", "--biases"]
BOOKS = {"id": "id", "authors": "authors", "original_publication_year": "year", "language_code": "language", "title": "title"}
PRODUCTS = {"product_id": "id", "department": "department", "brand": "brand", "product_category": "category", "product_type": "type"}


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_tables(folder, name, source, columns=None):
    """The table, and one whose rows were dealt to other ids."""
    header, rows = read(source)
    places = [header.index(column) for column in columns or header]
    rows = [[row[place] for place in places] for row in rows]
    names = list((columns or dict(zip(header, ["id", *header[1:]]))).values())
    write(folder / f"{name}-true.csv", names, rows)
    dealt = [row[1:] for row in rows]
    random.Random(1).shuffle(dealt)
    write(folder / f"{name}-random.csv", names, [[row[0], *rest] for row, rest in zip(rows, dealt)])


def write_logs(folder, data):
    header, rows = read(data / "journey_transactions.csv.gz")
    user, item = header.index("household_id"), header.index("product_id")
    cold = {row[0] for row in read(data / "journey_demographics.csv.gz")[1] if random.Random("c" + row[0]).random() < 0.25}
    write(folder / "grocer.csv", ["user", "item", "part"],
          [[row[user], row[item], "heldout" if row[user] in cold else "training"] for row in rows])


def compare(options, folder, name, prepare, side, columns, more=(), evaluate=()):
    for kind in ("true", "random"):
        table = folder / f"{name}-{kind}.csv"
        run(options.program, "prepare", "--quiet", *prepare, f"--{side}s", table, "--output", folder / f"{kind}.h5")
        run(options.program, "als", "--quiet", "--data", folder / f"{kind}.h5", "--model", folder / f"{kind}-model.h5", "--factors", options.factors,
            "--epochs", options.epochs, f"--{side}-features", columns, "--feature-penalty", options.penalty, *more)
    run(options.program, "evaluate", "--quiet", "--data", folder / "true.h5", "--model", folder / "true-model.h5", "--baseline", folder / "random-model.h5",
        "--metrics", "recall@20", "--output", folder / "metrics.json", *evaluate, stdout=subprocess.DEVNULL)
    metric = json.loads((folder / "metrics.json").read_text())["metrics"]["recall@20"]
    others = [f"{other} {found['value']:.4f}, difference {found['difference']['mean']:+.4f} "
              f"[{found['difference']['interval'][0]:+.4f}, {found['difference']['interval'][1]:+.4f}]" for other, found in metric["baselines"].items()]
    print(f"{name} {' '.join(more)} {columns}: {metric['model']:.4f} [{metric['interval'][0]:.4f}, {metric['interval'][1]:.4f}]; {'; '.join(others)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--factors", default="32")
    parser.add_argument("--epochs", default="8")
    parser.add_argument("--penalty", default="5")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_tables(folder, "books", options.data / "goodbooks_books.csv.gz", BOOKS)
        write_tables(folder, "products", options.data / "journey_products.csv.gz", PRODUCTS)
        write_tables(folder, "households", options.data / "journey_demographics.csv.gz")
        write_logs(folder, options.data)
        books = ["--input", options.data / "goodbooks_ratings.csv.gz", "--columns", "item=book_id,user=user_id,value=rating", "--duplicates", "mean", "--split",
                 "items:0.1", "--item-types", "authors=text,title=text,language=category,year=number"]
        for columns in ("authors,year", "authors,year,title,language"):
            for more in ([], EXPLICIT):
                compare(options, folder, "books", books, "item", columns, more, ["--candidates", "new"])
        grocer = ["--input", folder / "grocer.csv", "--columns", "user=user,item=item"]
        for columns in ("department", "all"):
            compare(options, folder, "products", [*grocer, "--split", "items:0.1", "--min-user-count", "2", "--min-item-count", "2", "--item-types",
                                                  "department=category,brand=category,category=category,type=category"], "item", columns, [], ["--candidates", "new"])
        for columns in ("all", "age,income"):
            compare(options, folder, "households", [*grocer[:3], "user=user,item=item,split=part", "--split", "column", "--min-user-count", "1",
                                                    "--min-item-count", "2"], "user", columns)


if __name__ == "__main__":
    main()
