/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* machines.h - machines that check_topo looks at, and what there is on each
 *
 * Each is described to hwloc by the variables that a user would set, and taken
 * by the library on its own way. With a mask it is passed off as the system that
 * this runs on, because masks are not for others. The figures are written out
 * here, not worked out by the code that is tested.
 */
#ifndef THRUM__TEST_MACHINES_H
#define THRUM__TEST_MACHINES_H

struct described {
	const char *name;
	const char *synthetic; /* as lstopo takes it, or NULL: */
	const char *xml;       /* a file of test/data/topology */
	const char *mask;      /* THRUM_CPUS; NULL none */
	int cores;             /* with a CPU left */
	int cpus;              /* left */
	int packages;          /* of all that is online */
};

/* clang-format off */
static const struct described machines[] = {
/* one package */
{ "one core", "[numa] pack:1 core:1 pu:1", NULL, NULL, 1, 1, 1 },
{ "one core of two threads", "[numa] pack:1 core:1 pu:2", NULL, NULL, 1, 2, 1 },
{ "two cores", "[numa] pack:1 core:2 pu:1", NULL, NULL, 2, 2, 1 },
{ "three cores", "[numa] pack:1 core:3 pu:1", NULL, NULL, 3, 3, 1 },
{ "four cores of two threads", "[numa] pack:1 core:4 pu:2", NULL, NULL,
  4, 8, 1 },
{ "siblings numbered far apart",
  "[numa] pack:1 core:4 pu:2(indexes=0,4,1,5,2,6,3,7)", NULL, NULL, 4, 8, 1 },
{ "numbers backwards", "[numa] pack:1 core:4 pu:1(indexes=3,2,1,0)",
  NULL, NULL, 4, 4, 1 },
{ "seven cores", "[numa] pack:1 core:7 pu:1", NULL, NULL, 7, 7, 1 },
{ "four threads a core", "[numa] pack:1 core:6 pu:4", NULL, NULL, 6, 24, 1 },
{ "eight threads a core", "[numa] pack:1 core:12 pu:8", NULL, NULL,
  12, 96, 1 },
{ "two caches", "[numa] pack:1 l3:2 core:4 pu:1", NULL, NULL, 8, 8, 1 },
{ "a cache to each core", "[numa] pack:1 l3:6 core:1 pu:2", NULL, NULL,
  6, 12, 1 },
{ "eight caches of eight cores", "[numa] pack:1 l3:8 core:8 pu:2", NULL, NULL,
  64, 128, 1 },
{ "no package", "[numa] core:4 pu:2", NULL, NULL, 4, 8, 0 },
{ "CPUs alone", "[numa] pu:5", NULL, NULL, 5, 5, 0 },
/* packages, nodes and caches in each order */
{ "two packages", "[numa] pack:2 core:3 pu:1", NULL, NULL, 6, 6, 2 },
{ "two packages numbered by turns",
  "[numa] pack:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)", NULL, NULL, 8, 8, 2 },
{ "a node to each package", "pack:2 [numa] core:4 pu:2", NULL, NULL, 8, 16, 2 },
{ "two packages of two nodes", "pack:2 numa:2 core:2 pu:1", NULL, NULL,
  8, 8, 2 },
{ "a node of two packages", "numa:2 pack:2 core:2 pu:1", NULL, NULL, 8, 8, 4 },
{ "caches in nodes in packages", "pack:2 numa:2 l3:2 core:2 pu:1", NULL, NULL,
  16, 16, 2 },
{ "four packages with hardware threads", "pack:4 numa:1 l3:1 core:10 pu:2",
  NULL, NULL, 40, 80, 4 },
{ "eight packages of a core", "[numa] pack:8 core:1 pu:1", NULL, NULL,
  8, 8, 8 },
{ "two packages of eight caches", "pack:2 numa:4 l3:2 core:4 pu:2", NULL, NULL,
  64, 128, 2 },
{ "three nodes of five cores", "numa:3 core:5 pu:1", NULL, NULL, 15, 15, 0 },
{ "128 cores in two packages", "pack:2 numa:1 l3:16 core:4 pu:2", NULL, NULL,
  128, 256, 2 },
{ "288 slow threads", "[numa] pack:1 core:72 pu:4", NULL, NULL, 72, 288, 1 },
{ "384 cores", "pack:2 numa:1 l3:16 core:12 pu:2", NULL, NULL, 384, 768, 2 },
{ "1024 cores in eight packages", "pack:8 numa:1 l3:4 core:32 pu:1", NULL, NULL,
  1024, 1024, 8 },
{ "1024 cores of two threads", "[numa] pack:8 l3:4 core:32 pu:2", NULL, NULL,
  1024, 2048, 8 },
/* written by hand: what no description says */
{ "one CPU", NULL, "onepu", NULL, 1, 1, 1 },
{ "fast cores of two threads, slow ones of one", NULL, "hybrid", NULL,
  8, 12, 1 },
{ "no cores known", NULL, "nocores", NULL, 6, 6, 0 },
{ "some CPUs in no core", NULL, "mixedcores", NULL, 4, 6, 1 },
{ "numbers with gaps", NULL, "sparse", NULL, 3, 3, 1 },
{ "a node of memory alone", NULL, "cxl", NULL, 4, 8, 2 },
{ "two kinds of memory", NULL, "hbm", NULL, 4, 4, 2 },
{ "a control group", NULL, "cpuset", NULL, 3, 3, 1 },
/* masks */
{ "second threads alone", "[numa] pack:1 core:4 pu:2", NULL, "1,3,5,7",
  4, 4, 1 },
{ "second threads of some", "[numa] pack:1 core:8 pu:2", NULL, "0-3,5,9,15",
  5, 7, 1 },
{ "holes in the mask", "[numa] pack:1 core:8 pu:1", NULL, "1,3-4,7", 4, 4, 1 },
{ "a mask of one thread", "[numa] pack:2 core:4 pu:2", NULL, "9", 1, 1, 2 },
{ "a mask of one package", "[numa] pack:2 l3:2 core:2 pu:2", NULL, "8-15",
  4, 8, 2 },
{ "a core of each package", "pack:4 numa:1 core:4 pu:2", NULL, "0,9,18,27",
  4, 4, 4 },
{ "a mask that reaches beyond", "[numa] pack:1 core:4 pu:1", NULL, "2-9",
  2, 2, 1 },
{ "slow cores alone", NULL, "hybrid", "8-11", 4, 4, 1 },
{ "the far end of gaps", NULL, "sparse", "700", 1, 1, 1 },
{ "every second of 1024 cores", "[numa] pack:8 l3:4 core:32 pu:2", NULL,
  "512-1535", 512, 1024, 8 },
};
/* clang-format on */

enum { MACHINES = sizeof(machines) / sizeof(machines[0]) };

#endif
