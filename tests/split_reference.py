"""Splits in time once more, in plain Python: rows are divided first, then the rows of each pair in each part are merged. A log is a
list of (user, item, value, time in seconds); results are by (user, item)."""
import collections
import ctypes
import math

HOLDOUT_TIES = 22  # kernels/base/philox.hpp


def _philox(counter, key):
    counter, key = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def id_key(name):
    """XXH3-64 of an id's text."""
    content = str(name).encode()
    function = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    function.restype, function.argtypes = ctypes.c_uint64, (ctypes.c_char_p, ctypes.c_size_t)
    return function(content, len(content))


def draw(seed, purpose, first, number):
    """In [0, 1)."""
    words = _philox((first & 0xFFFFFFFF, first >> 32, number, purpose), (seed & 0xFFFFFFFF, seed >> 32))
    return ((words[0] << 32 | words[1]) >> 11) * 2.0**-53


def pair_draw(seed, purpose, user, item):
    """In [0, 1); user and item are ids."""
    second = id_key(item)
    return draw((seed + (second >> 32) * 0x9E3779B97F4A7C15) % 2**64, purpose, id_key(user), second & 0xFFFFFFFF)


def pairs_of(log):
    """{(user, item): [(value, time), ...]} in the order of the log."""
    pairs = collections.defaultdict(list)
    for user, item, value, time in log:
        pairs[user, item].append((value, time))
    return pairs


def merge(rows, policy):
    values = [value for value, _ in rows]
    if policy == "sum":
        return sum(values)
    if policy == "mean":
        return sum(values) / len(values)
    if policy == "max":
        return max(values)
    last = max(time for _, time in rows)
    return [value for value, time in rows if time == last][-1]


def possible(log, least):
    """The rows of pairs whose rows in some time span add up to `least`: others are no interaction in any part of any split."""
    def reaches(rows):
        times = sorted({time for _, time in rows})
        return any(sum(v for v, t in rows if first <= t <= last) >= least for first in times for last in times if first <= last)
    kept = {pair for pair, rows in pairs_of(log).items() if reaches(rows)}
    return [row for row in log if row[:2] in kept]


def leave_last(log, count, seed):
    """The held-out (user, item, time)."""
    items = {item: row for row, item in enumerate(sorted({item for _, item, *_ in log}))}
    by_user = collections.defaultdict(set)
    for user, item, _, time in log:
        by_user[user].add((time, pair_draw(seed, HOLDOUT_TIES, user, item), items[item], item))
    return {(user, item, time) for user, events in by_user.items() if len(events) > count
            for time, _, _, item in sorted(events)[-count:]}


def temporal(log, fraction):
    """The held-out (user, item, time), and the last time before the cut."""
    units = {(user, item, time) for user, item, _, time in log}
    times = sorted(time for *_, time in units)
    kept = len(times) - math.floor(fraction * len(times))
    last = times[kept - 1]
    return {unit for unit in units if unit[2] > last}, last


def divide(log, heldout, policy, repeats="drop", least=-math.inf):
    """Training, held-out part and pairs with rows in both; a part whose merged value is below `least` is none."""
    training_rows = pairs_of(row for row in log if (row[0], row[1], row[3]) not in heldout)
    heldout_rows = pairs_of(row for row in log if (row[0], row[1], row[3]) in heldout)
    def accepted(rows):
        merged = {pair: merge(of_pair, policy) for pair, of_pair in rows.items()}
        return {pair: value for pair, value in merged.items() if value >= least}
    training, held = accepted(training_rows), accepted(heldout_rows)
    both = training_rows.keys() & heldout_rows.keys() & (training.keys() | held.keys())
    repeated = {pair: merge(rows, policy) for pair, rows in pairs_of(log).items() if pair in both}
    if repeats == "drop":
        held = {pair: value for pair, value in held.items() if pair not in training}
    return training, held, repeated


def leakage(training, heldout, log):
    """The figures of a split; `training` and `heldout` are {(user, item): time of the latest row in that part}."""
    first_of_user, first_of_item, latest = {}, {}, collections.defaultdict(list)
    for (user, _), time in heldout.items():
        first_of_user[user] = min(first_of_user.get(user, math.inf), time)
    for _, item, _, time in log:
        first_of_item[item] = min(first_of_item.get(item, math.inf), time)
    for (user, _), time in training.items():
        latest[user].append(time)
    first = min(heldout.values())
    gaps = sorted(time - max(before) for (user, _), time in heldout.items()
                  if (before := [t for t in latest[user] if t <= time]))
    users, items = {user for user, _ in heldout}, {item for _, item in heldout}
    figures = {
        "training_after_own_heldout": sum(t > first_of_user.get(u, math.inf) for (u, _), t in training.items()) / len(training),
        "training_after_first_heldout": sum(t > first for t in training.values()) / len(training),
        "heldout_of_future_items": sum(first_of_item[i] >= t for (_, i), t in heldout.items()) / len(heldout),
        "cold_users": len(users - {user for user, _ in training}),
        "cold_items": len(items - {item for _, item in training}),
    }
    if gaps:
        figures["median_gap_days"] = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2 / 86400
    return figures
