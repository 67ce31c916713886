# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# peer_joblib.py - what joblib takes for the same, for peer_joblib.c
#
#   peer_joblib.py QUESTION SECONDS
#
# Prints the median and the p90 of the readings, in nanoseconds a call, that are
# taken for that time after three calls to warm up. With BENCH_LIBRARY=numpy it
# is what NumPy takes, for what it can do. Files are in a folder of its own in
# /dev/shm, or where TMPDIR says, which is removed.

import os
import shutil
import sys
import tempfile
import time

import joblib
import numpy

N = 10_000_000  # 80 MB of doubles


def readings(op, seconds):
    for _ in range(3):
        op()
    taken = []
    end = time.perf_counter_ns() + int(1e9 * seconds)
    while len(taken) < 5 or time.perf_counter_ns() < end:
        start = time.perf_counter_ns()
        op()
        taken.append(time.perf_counter_ns() - start)
        if len(taken) >= 100_000:
            break
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 9 // 10]


def cached(folder, function, **options):
    return joblib.Memory(folder, verbose=0, **options).cache(function)


def half(x):
    return x / 2


def first(x):
    return x[0]


def many(n):
    return numpy.arange(n, dtype=float)


def ask_numpy(question, folder, seconds):
    path, x = os.path.join(folder, "x.npy"), many(N)
    if question == "dump":
        return readings(lambda: numpy.save(path, x), seconds)
    numpy.save(path, x)
    if question == "load":
        return readings(lambda: numpy.load(path), seconds)
    if question == "map":
        return readings(lambda: numpy.load(path, mmap_mode="r"), seconds)
    sys.exit(2)


def ask(question, folder, seconds):
    if os.environ.get("BENCH_LIBRARY") == "numpy":
        return ask_numpy(question, folder, seconds)
    path = os.path.join(folder, "x.joblib")
    if question == "scalar":
        f = cached(folder, half)
        return readings(lambda: f(1.5), seconds)
    if question == "array":
        f, x = cached(folder, first), many(N)
        return readings(lambda: f(x), seconds)
    if question == "mapped":
        f = cached(folder, many, mmap_mode="r")
        return readings(lambda: f(N), seconds)
    if question == "copied":
        f = cached(folder, many)
        return readings(lambda: f(N), seconds)
    if question == "miss":
        f, i = cached(folder, half), iter(range(1 << 60))
        return readings(lambda: f(next(i)), seconds)
    x = many(N)
    if question == "hash":
        return readings(lambda: joblib.hash(x), seconds)
    if question == "dump":
        return readings(lambda: joblib.dump(x, path), seconds)
    joblib.dump(x, path)
    if question == "load":
        return readings(lambda: joblib.load(path), seconds)
    if question == "map":
        return readings(lambda: joblib.load(path, mmap_mode="r"), seconds)
    sys.exit(2)


def main():
    where = os.environ.get("TMPDIR")
    if where is None and os.access("/dev/shm", os.W_OK):
        where = "/dev/shm"
    folder = tempfile.mkdtemp(prefix="thrum-joblib-", dir=where)
    try:
        median, p90 = ask(sys.argv[1], folder, float(sys.argv[2]))
        print(median, p90)
    finally:
        shutil.rmtree(folder)


main()
