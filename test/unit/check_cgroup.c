/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_cgroup.c - quotas and cpusets, read from trees that are made up
 *
 * Each row is a small tree of files and what must be read from it; the files
 * are written below a directory of the test, which is then the root. Doubt
 * must always mean no limit. At the end the parser is fed noise.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"

#define V1(root, mount, options) \
	"36 25 0:32 " root " " mount " rw,nosuid shared:9 - cgroup cgroup rw," \
	options "\n"
#define V2(root, mount) \
	"31 23 0:28 " root " " mount " rw,relatime - cgroup2 cgroup2 rw\n"
#define OTHER \
	"22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,errors=remount-ro\n" \
	"23 22 0:5 / /proc rw - proc proc rw\n"

enum { FILES = 6 };

struct tree {
	const char *name;
	const char *cgroup; /* /proc/self/cgroup; NULL: there is none */
	const char *mountinfo;
	struct {
		const char *path, *text;
	} file[FILES];
	int cpus;         /* expected; 0: no limit */
	const char *from; /* expected file */
};

/* clang-format off */
static const struct tree trees[] = {
{ "nothing at all", NULL, NULL, { { 0 } }, 0, "" },
{ "no mounts", "0::/a\n", NULL, { { "/cg/a/cpu.max", "1 2\n" } }, 0, "" },
{ "no groups", NULL, V2("/", "/cg"), { { "/cg/cpu.max", "100000 100000" } },
  0, "" },
{ "empty files", "", "", { { 0 } }, 0, "" },

{ "version 1", "3:cpu:/job\n", OTHER V1("/", "/cg/cpu", "cpu"),
  { { "/cg/cpu/job/cpu.cfs_quota_us", "250000\n" },
    { "/cg/cpu/job/cpu.cfs_period_us", "100000\n" } },
  3, "/cg/cpu/job/cpu.cfs_quota_us" },
{ "version 1, joined", "4:memory:/x\n3:cpu,cpuacct:/job\n",
  OTHER V1("/", "/cg/cpu,cpuacct", "cpu,cpuacct"),
  { { "/cg/cpu,cpuacct/job/cpu.cfs_quota_us", "200000\n" },
    { "/cg/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n" } },
  2, "/cg/cpu,cpuacct/job/cpu.cfs_quota_us" },
{ "version 1, joined the other way", "3:cpuacct,cpu:/job\n",
  V1("/", "/cg/c", "cpuacct,cpu"),
  { { "/cg/c/job/cpu.cfs_quota_us", "200000\n" },
    { "/cg/c/job/cpu.cfs_period_us", "100000\n" } },
  2, "/cg/c/job/cpu.cfs_quota_us" },
{ "version 1, the group at the top", "1:cpu:/\n", V1("/", "/cg/cpu", "cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "400000\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } },
  4, "/cg/cpu/cpu.cfs_quota_us" },
{ "version 1, no limit", "1:cpu:/\n", V1("/", "/cg/cpu", "cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "-1\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } }, 0, "" },
{ "version 1, negative", "1:cpu:/\n", V1("/", "/cg/cpu", "cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "-200000\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } }, 0, "" },
{ "version 1, no period", "1:cpu:/\n", V1("/", "/cg/cpu", "cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "200000\n" } }, 0, "" },
{ "version 1, another controller", "1:cpuset:/\n",
  V1("/", "/cg/cpuset", "cpuset"),
  { { "/cg/cpuset/cpu.cfs_quota_us", "200000\n" },
    { "/cg/cpuset/cpu.cfs_period_us", "100000\n" } }, 0, "" },
{ "version 1, a tree named cpu", "1:name=cpu:/\n",
  V1("/", "/cg/cpu", "name=cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "200000\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } }, 0, "" },
{ "version 1, a container sees its group as the root",
  "3:cpu:/docker/abc\n", V1("/docker/abc", "/cg/cpu", "cpu"),
  { { "/cg/cpu/cpu.cfs_quota_us", "150000\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } },
  2, "/cg/cpu/cpu.cfs_quota_us" },
{ "version 1, a group within the container",
  "3:cpu:/docker/abc/in\n", V1("/docker/abc", "/cg/cpu", "cpu"),
  { { "/cg/cpu/in/cpu.cfs_quota_us", "300000\n" },
    { "/cg/cpu/in/cpu.cfs_period_us", "100000\n" },
    { "/cg/cpu/cpu.cfs_quota_us", "900000\n" },
    { "/cg/cpu/cpu.cfs_period_us", "100000\n" } },
  3, "/cg/cpu/in/cpu.cfs_quota_us" },

{ "version 2", "0::/a\n", OTHER V2("/", "/cg"),
  { { "/cg/a/cpu.max", "150000 100000\n" } }, 2, "/cg/a/cpu.max" },
{ "version 2, nested", "0::/a/b/c\n", V2("/", "/cg"),
  { { "/cg/a/b/c/cpu.max", "max 100000\n" },
    { "/cg/a/b/cpu.max", "300000 100000\n" },
    { "/cg/a/cpu.max", "800000 100000\n" } }, 3, "/cg/a/b/cpu.max" },
{ "version 2, the top is tightest", "0::/a/b\n", V2("/", "/cg"),
  { { "/cg/a/b/cpu.max", "800000 100000\n" },
    { "/cg/a/cpu.max", "700000 100000\n" },
    { "/cg/cpu.max", "100000 50000\n" } }, 2, "/cg/cpu.max" },
{ "version 2, other periods", "0::/a/b\n", V2("/", "/cg"),
  { { "/cg/a/b/cpu.max", "30000 10000\n" },
    { "/cg/a/cpu.max", "2500000 1000000\n" } }, 3, "/cg/a/cpu.max" },
{ "version 2, the group is gone", "0::/a/b (deleted)\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "200000 100000\n" } }, 2, "/cg/a/cpu.max" },
{ "version 2, max", "0::/\n", V2("/", "/cg"),
  { { "/cg/cpu.max", "max 100000\n" } }, 0, "" },
{ "version 2, empty", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "" } }, 0, "" },
{ "version 2, a line end alone", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "\n" } }, 0, "" },
{ "version 2, one number", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "200000\n" } }, 0, "" },
{ "version 2, three numbers", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "200000 100000 100000\n" } }, 0, "" },
{ "version 2, nonsense", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "2e5 100000\n" } }, 0, "" },
{ "version 2, negative", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "-200000 100000\n" } }, 0, "" },
{ "version 2, below one period", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "1000 100000\n" } }, 1, "/cg/a/cpu.max" },
{ "version 2, one above", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "100001 100000\n" } }, 2, "/cg/a/cpu.max" },
{ "version 2, no quota", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "0 100000\n" } }, 0, "" },
{ "version 2, no period", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "100000 0\n" } }, 0, "" },
{ "version 2, more than there can be", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "9223372036854775807 1\n" } }, 0, "" },
{ "version 2, huge but little", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "9223372036854775807 9223372036854775807\n" } },
  1, "/cg/a/cpu.max" },
{ "version 2, too large for a number", "0::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "99999999999999999999999 100000\n" } }, 0, "" },
{ "version 2, a nonsense below a limit", "0::/a/b\n", V2("/", "/cg"),
  { { "/cg/a/b/cpu.max", "what\n" }, { "/cg/a/cpu.max", "200000 100000\n" } },
  2, "/cg/a/cpu.max" },

{ "hybrid, the controller in version 1", "1:cpu:/x\n0::/y\n",
  V1("/", "/cg/cpu", "cpu") V2("/", "/cg/unified"),
  { { "/cg/cpu/x/cpu.cfs_quota_us", "500000\n" },
    { "/cg/cpu/x/cpu.cfs_period_us", "100000\n" },
    { "/cg/unified/y/cgroup.procs", "1\n" } },
  5, "/cg/cpu/x/cpu.cfs_quota_us" },
{ "hybrid, the controller in version 2", "4:memory:/x\n0::/y\n",
  V1("/", "/cg/memory", "memory") V2("/", "/cg/unified"),
  { { "/cg/unified/y/cpu.max", "200000 100000\n" } },
  2, "/cg/unified/y/cpu.max" },
{ "mounted twice", "0::/a/b\n", V2("/other", "/cg2") V2("/a", "/cg1"),
  { { "/cg1/b/cpu.max", "200000 100000\n" },
    { "/cg2/b/cpu.max", "100000 100000\n" } }, 2, "/cg1/b/cpu.max" },

{ "blanks and backslashes in paths", "0::/my job\\x\n",
  V2("/", "/c\\040g\\134\\011t"),
  { { "/c g\\\tt/my job\\x/cpu.max", "200000 100000\n" } },
  2, "/c g\\\tt/my job\\x/cpu.max" },
{ "a blank in the root of the mount", "0::/my pod/a\n",
  V2("/my\\040pod", "/cg"),
  { { "/cg/a/cpu.max", "200000 100000\n" } }, 2, "/cg/a/cpu.max" },
{ "a colon in the group", "0::/a:b:c\n", V2("/", "/cg"),
  { { "/cg/a:b:c/cpu.max", "200000 100000\n" } }, 2, "/cg/a:b:c/cpu.max" },
{ "a group that only begins like the root", "0::/docker/abcdef\n",
  V2("/docker/abc", "/cg"),
  { { "/cg/cpu.max", "200000 100000\n" } }, 0, "" },
{ "a group beside the namespace", "0::/../other\n", V2("/", "/cg"),
  { { "/cg/cpu.max", "100000 100000\n" },
    { "/other/cpu.max", "100000 100000\n" } }, 0, "" },
{ "a group above the namespace is mounted", "0::/\n", V2("/..", "/cg"),
  { { "/cg/cpu.max", "300000 100000\n" } }, 3, "/cg/cpu.max" },
{ "two above the namespace", "0::/a\n", V2("/../..", "/cg"),
  { { "/cg/cpu.max", "300000 100000\n" },
    { "/cg/a/cpu.max", "100000 100000\n" } }, 3, "/cg/cpu.max" },
{ "seen from above and beside", "0::/../other\n", V2("/..", "/cg"),
  { { "/cg/other/cpu.max", "300000 100000\n" } }, 3, "/cg/other/cpu.max" },
{ "another group above the namespace", "0::/\n", V2("/../other", "/cg"),
  { { "/cg/cpu.max", "300000 100000\n" } }, 0, "" },
{ "dots in names", "0::/a/..b/c..\n", V2("/", "/cg"),
  { { "/cg/a/..b/c../cpu.max", "200000 100000\n" } },
  2, "/cg/a/..b/c../cpu.max" },

{ "nonsense for groups", "0:\n:::\n\n0::a\nx::/a\n", V2("/", "/cg"),
  { { "/cg/a/cpu.max", "200000 100000\n" } }, 0, "" },
{ "nonsense for mounts", "0::/a\n", "1 2 3\n\n - \n31 23 0:28 / /cg rw -\n"
  "31 23 0:28 / /cg rw - cgroup2\n31 23 0:28 / cg rw - cgroup2 x rw\n",
  { { "/cg/a/cpu.max", "200000 100000\n" } }, 0, "" },
{ "no line end", "0::/a", "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw",
  { { "/cg/a/cpu.max", "200000 100000" } }, 2, "/cg/a/cpu.max" },
};
/* clang-format on */

#define TREES ((int)(sizeof(trees) / sizeof(trees[0])))

static char root[64];

static void make_root(void)
{
	strcpy(root, "/tmp/check_cgroup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const void *text, size_t length)
{
	char name[4096];
	snprintf(name, sizeof(name), "%s%s", root, path);
	for (char *p = name + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(name, 0777);
		*p = '/';
	}
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

static void put_text(const char *path, const char *text)
{
	if (text)
		put(path, text, strlen(text));
}

static void read_quota(struct cgroup_quota *quota, bool hurry)
{
	struct cgroup_limits limits;
	thrum__cgroup_limits(&limits, root, hurry);
	*quota = limits.quota;
	thrum__cpulist_free(&limits.cpus);
}

START_TEST(quota_is_as_written)
{
	const struct tree *tree = &trees[_i % TREES];
	put_text("/proc/self/cgroup", tree->cgroup);
	put_text("/proc/self/mountinfo", tree->mountinfo);
	for (int i = 0; i < FILES && tree->file[i].path; i++)
		put_text(tree->file[i].path, tree->file[i].text);

	struct cgroup_quota quota;
	errno = ENOTTY;
	read_quota(&quota, _i >= TREES);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_msg(quota.limited == (tree->cpus > 0) &&
	              quota.cpus == tree->cpus, "%s: %d", tree->name,
	              quota.cpus);
	ck_assert_msg(strcmp(quota.file, tree->from) == 0, "%s: %s",
	              tree->name, quota.file);
}
END_TEST

static void expect_cpuset(const char *expected, const char *from)
{
	struct cgroup_limits limits;
	char text[64];
	thrum__cgroup_limits(&limits, root, false);
	thrum__cpulist_format(&limits.cpus, text, sizeof(text));
	ck_assert_str_eq(text, expected);
	ck_assert_str_eq(limits.cpus_file, from);
	ck_assert_int_eq(limits.cpus.count > 0, expected[0] != '\0');
	thrum__cpulist_free(&limits.cpus);
}

START_TEST(cpuset_of_version_1)
{
	put_text("/proc/self/cgroup", "3:cpuset:/a/b\n");
	put_text("/proc/self/mountinfo", V1("/", "/cg/cpuset", "cpuset"));
	expect_cpuset("", "");
	put_text("/cg/cpuset/a/cpuset.cpus", "0-3,8\n");
	expect_cpuset("0-3,8", "/cg/cpuset/a/cpuset.cpus");
	put_text("/cg/cpuset/a/b/cpuset.effective_cpus", "1\n");
	expect_cpuset("1", "/cg/cpuset/a/b/cpuset.effective_cpus");
}
END_TEST

START_TEST(cpuset_of_version_2)
{
	put_text("/proc/self/cgroup", "0::/a\n");
	put_text("/proc/self/mountinfo", V2("/", "/cg"));
	put_text("/cg/cpuset.cpus.effective", "0-7\n");
	put_text("/cg/a/cpuset.cpus", "\n");
	expect_cpuset("0-7", "/cg/cpuset.cpus.effective");
	put_text("/cg/a/cpuset.cpus.effective", "nonsense\n");
	expect_cpuset("0-7", "/cg/cpuset.cpus.effective");
	put_text("/cg/a/cpuset.cpus.effective", "2-3\n");
	expect_cpuset("2-3", "/cg/a/cpuset.cpus.effective");
}
END_TEST

/* The list of mounts is told to lie, so that it shows whether it was asked. */
START_TEST(in_a_hurry_the_usual_place_will_do)
{
	struct cgroup_limits limits;
	put_text("/proc/self/cgroup", "5:cpuset:/job\n4:cpu,cpuacct:/job\n0::/\n");
	put_text("/proc/self/mountinfo", V1("/", "/cg", "cpu,cpuset"));
	put_text("/cg/job/cpu.cfs_quota_us", "200000\n");
	put_text("/cg/job/cpu.cfs_period_us", "100000\n");
	put_text("/cg/job/cpuset.cpus", "7\n");
	put_text("/sys/fs/cgroup/cpu/job/cgroup.procs", "1\n");
	put_text("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
	put_text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
	put_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");

	/* The cpuset is not there: only for that are the mounts asked. */
	thrum__cgroup_limits(&limits, root, true);
	ck_assert_str_eq(limits.quota.file,
	                 "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
	ck_assert_int_eq(limits.quota.cpus, 3);
	ck_assert_str_eq(limits.cpus_file, "/cg/job/cpuset.cpus");
	thrum__cpulist_free(&limits.cpus);

	thrum__cgroup_limits(&limits, root, false);
	ck_assert_str_eq(limits.quota.file, "/cg/job/cpu.cfs_quota_us");
	thrum__cpulist_free(&limits.cpus);
}
END_TEST

START_TEST(in_a_hurry_version_2_is_found_too)
{
	struct cgroup_quota quota;
	put_text("/proc/self/cgroup", "0::/a/b\n");
	put_text("/proc/self/mountinfo", "");
	put_text("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
	put_text("/sys/fs/cgroup/a/b/cpu.max", "500000 100000\n");
	read_quota(&quota, true);
	ck_assert(!quota.limited);
	put_text("/sys/fs/cgroup/a/b/cgroup.procs", "");
	read_quota(&quota, true);
	ck_assert_int_eq(quota.cpus, 4);
	put_text("/proc/self/cgroup", "0::/../a/b\n");
	read_quota(&quota, true);
	ck_assert(!quota.limited);
}
END_TEST

START_TEST(a_path_too_long_is_no_limit)
{
	static char text[3 * CGROUP_PATH_BYTES];
	memcpy(text, "0::", 3);
	for (size_t i = 3; i < sizeof(text) - 2; i += 2)
		memcpy(text + i, "/a", 2);
	put_text("/proc/self/cgroup", text);
	put_text("/proc/self/mountinfo", V2("/", "/cg"));
	put_text("/cg/cpu.max", "100000 100000\n");
	struct cgroup_quota quota;
	read_quota(&quota, false);
	ck_assert(!quota.limited);
	/* From where the group can be held on, also if a file of it cannot,
	 * what is above it limits. */
	bool limited = false;
	for (size_t left = 0; left < 60; left++) {
		text[CGROUP_PATH_BYTES + 3 - left] = '\0';
		put_text("/proc/self/cgroup", text);
		read_quota(&quota, false);
		ck_assert(quota.limited || !limited);
		limited = quota.limited;
	}
	ck_assert(limited);
}
END_TEST

START_TEST(a_mount_far_down_the_file_is_found)
{
	size_t room = 1 << 20, length = 0;
	char *text = malloc(room);
	ck_assert_ptr_nonnull(text);
	while (length < room - 4096)
		length += (size_t)sprintf(text + length, "%s", OTHER);
	length += (size_t)sprintf(text + length, "%s", V2("/", "/cg"));
	put("/proc/self/mountinfo", text, length);
	free(text);
	put_text("/proc/self/cgroup", "0::/\n");
	put_text("/cg/cpu.max", "100000 100000\n");
	struct cgroup_quota quota;
	read_quota(&quota, false);
	ck_assert_int_eq(quota.cpus, 1);
}
END_TEST

START_TEST(a_root_too_long_is_no_limit)
{
	static char name[CGROUP_PATH_BYTES + 10];
	struct cgroup_limits limits;
	memset(name, '/', sizeof(name) - 1);
	thrum__cgroup_limits(&limits, name, false);
	ck_assert(!limits.quota.limited);
	ck_assert_int_eq(limits.cpus.count, 0);
	thrum__cpulist_free(&limits.cpus);
}
END_TEST

START_TEST(what_cannot_be_read_is_no_limit)
{
	put_text("/proc/self/mountinfo", V2("/", "/cg"));
	put_text("/proc/self/cgroup/a", "a directory");
	put_text("/cg/cpu.max", "200000 100000\n");
	expect_cpuset("", "");
}
END_TEST

/* Megabytes, of which the first say what is true. */
START_TEST(what_is_without_end_is_no_limit)
{
	enum { MUCH = 17 << 20 };
	char *text = malloc(MUCH);
	ck_assert_ptr_nonnull(text);
	memset(text, '\n', MUCH);
	memcpy(text, "0::/\n", 5);
	put("/proc/self/cgroup", text, MUCH);
	put_text("/proc/self/mountinfo", V2("/", "/cg"));
	put_text("/cg/cpuset.cpus.effective", "1\n");
	expect_cpuset("", "");
	put("/proc/self/cgroup", text, MUCH >> 4);
	expect_cpuset("1", "/cg/cpuset.cpus.effective");
	free(text);
}
END_TEST

/* Nothing to expect but an answer: the sanitizers look on. */
START_TEST(noise_does_no_harm)
{
	static const char alphabet[] = "0123459:/.,\\ \n-cpu max\t\0";
	static const char mounts[] = V2("/", "/cg") V1("/", "/cg", "cpu");
	unsigned seed = 20240611u + (unsigned)_i;
	for (int round = 0; round < 50; round++) {
		static const char *const paths[] = {
			"/proc/self/cgroup", "/proc/self/mountinfo",
			"/cg/cpu.max", "/cg/cpuset.cpus.effective",
		};
		put("/proc/self/mountinfo", mounts, sizeof(mounts) - 1);
		put_text("/proc/self/cgroup", "0::/\n1:cpu:/\n");
		for (size_t i = 0; i < 4; i++) {
			char text[200];
			seed = seed * 1103515245u + 12345u;
			size_t length = (seed >> 16) % sizeof(text);
			bool keep = (seed >> 8) % 3 == 0;
			for (size_t j = 0; j < length; j++) {
				seed = seed * 1103515245u + 12345u;
				text[j] = alphabet[(seed >> 16) %
				                   sizeof(alphabet)];
			}
			if (!keep)
				put(paths[i], text, length);
		}
		struct cgroup_limits limits;
		thrum__cgroup_limits(&limits, root, false);
		ck_assert_int_eq(limits.quota.limited, limits.quota.cpus > 0);
		thrum__cpulist_free(&limits.cpus);
	}
}
END_TEST

static Suite *cgroup_suite(void)
{
	Suite *s = suite_create("cgroup");
	TCase *tc = tcase_create("trees");
	tcase_add_checked_fixture(tc, make_root, remove_root);
	tcase_add_loop_test(tc, quota_is_as_written, 0, 2 * TREES);
	tcase_add_test(tc, cpuset_of_version_1);
	tcase_add_test(tc, cpuset_of_version_2);
	tcase_add_test(tc, in_a_hurry_the_usual_place_will_do);
	tcase_add_test(tc, in_a_hurry_version_2_is_found_too);
	tcase_add_test(tc, a_path_too_long_is_no_limit);
	tcase_add_test(tc, a_root_too_long_is_no_limit);
	tcase_add_test(tc, what_cannot_be_read_is_no_limit);
	tcase_add_test(tc, what_is_without_end_is_no_limit);
	tcase_add_test(tc, a_mount_far_down_the_file_is_found);
	tcase_add_loop_test(tc, noise_does_no_harm, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(cgroup_suite());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
