/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* cgroup.c - what the control groups of this process leave it: time and CPUs
 *
 * Two files say where to look. /proc/self/cgroup has a line for each hierarchy
 * with the group that the process is in, `4:cpu,cpuacct:/a/b` in version 1,
 * `0::/a/b` in version 2. /proc/self/mountinfo says where a hierarchy is
 * mounted, and which group of it, the root of the mount, is seen there:
 *
 *   36 25 0:32 /a /sys/fs/cgroup/cpu rw,nosuid shared:9 - cgroup none rw,cpu
 *              |  |                                       |            |
 *              |  mount point                    type of hierarchy  controllers
 *              root of the mount
 *
 * So this process is in /sys/fs/cgroup/cpu + /b. Limits of all groups above
 * hold too, so the walk goes on up to the mount point; the tightest counts. A
 * group that is not below the root of the mount (a container may see its own
 * group named from outside, with a path as /../other) cannot be found from
 * there: that mount says nothing. But a mount whose root is above the
 * namespace, /.. or /../.., shows a group that holds ours: its own limit is
 * one of ours. A hierarchy may be mounted more than once; each mount that
 * shows us tells the truth, so all are asked.
 *
 * The two files are read once for all controllers: to write the list of mounts
 * takes the system longer than all the rest here (40 to 120 us for 21 mounts).
 *
 * Who is in a hurry looks first where systems mount these hierarchies, in
 * /sys/fs/cgroup: if our group is there, by the name it goes by, that is taken
 * for it. It is another one only if that mount shows a part of the hierarchy,
 * and in this part there is a group of the same name again.
 */
#include "config.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif

/* A system with tens of thousands of mounts stays below this. */
#define FILE_BYTES_MAX (16u << 20)

/* What is looked for in every group from ours upwards. */
struct search {
	const char *root;       /* before every path */
	const char *controller; /* "cpu" or "cpuset" */
	/* Look into the group at dir, path without root, and return true to
	 * end the walk of this mount. */
	bool (*look)(struct search *search, const char *dir, int version);
	struct cgroup_limits *limits;
	char *group[3]; /* of this process by version; NULL it is in none */
	bool done;      /* found where it is usually mounted */
};

static bool join(char *out, size_t size, const char *a, const char *b,
                 const char *c)
{
	int n = snprintf(out, size, "%s%s%s", a, b, c);
	return n >= 0 && (size_t)n < size;
}

/* All of a file as a string, to be freed; NULL if it cannot be had. The size
 * is not known before: files of /proc say 0. */
static char *slurp(const char *root, const char *path)
{
	char name[CGROUP_PATH_BYTES];
	if (!join(name, sizeof(name), root, path, ""))
		return NULL;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;

	size_t room = 4096, length = 0;
	char *text = malloc(room);
	while (text) {
		ssize_t n = read(fd, text + length, room - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		length += (size_t)n;
		if (n == 0) {
			text[length] = '\0';
			break;
		}
		if (length + 1 < room)
			continue;
		if (room >= FILE_BYTES_MAX)
			goto fail;
		char *more = realloc(text, room *= 2);
		if (!more)
			goto fail;
		text = more;
	}
	close(fd);
	return text;
fail:
	free(text);
	close(fd);
	return NULL;
}

/* Read a control file of the group at dir. */
static char *slurp_in(const struct search *s, const char *dir,
                      const char *name)
{
	char path[CGROUP_PATH_BYTES];
	if (!join(path, sizeof(path), dir, "/", name))
		return NULL;
	return slurp(s->root, path);
}

/* Cut the next part off *rest, at one of the bytes of separators; NULL when
 * there is none. As strsep, which not every system has. */
static char *cut(char **rest, const char *separators)
{
	char *part = *rest;
	if (!part)
		return NULL;
	char *end = part + strcspn(part, separators);
	*rest = *end == '\0' ? NULL : end + 1;
	*end = '\0';
	return part;
}

/* Is word one of a list with commas? */
static bool listed(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (const char *p = list;; p++) {
		size_t part = strcspn(p, ",");
		if (part == length && memcmp(p, word, length) == 0)
			return true;
		p += part;
		if (*p == '\0')
			return false;
	}
}

/* mountinfo writes blanks, tabs, line ends and backslashes as \ooo. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *p = text; *p != '\0';) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' &&
		    p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 +
			               (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

/* Does a part of path say `..`? */
static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")) != NULL; p += 3)
		if (p[3] == '/' || p[3] == '\0')
			return true;
	return false;
}

/* Is root made of `/..` alone: a group above the top of our namespace? */
static bool is_above(const char *root)
{
	const char *p = root;
	while (strncmp(p, "/..", 3) == 0)
		p += 3;
	return p != root && *p == '\0';
}

/* Where group is below the mount of root: "" at the mount point itself. NULL
 * if it is not, or nobody can tell. */
static const char *below(const char *group, const char *root)
{
	size_t length = strlen(root);
	if (length == 1 && root[0] == '/')
		length = 0;
	if (strncmp(group, root, length) != 0 ||
	    (group[length] != '/' && group[length] != '\0'))
		return is_above(root) && !has_dotdot(group) ? "" : NULL;
	group += length;
	if (has_dotdot(group))
		return NULL;
	return strcmp(group, "/") == 0 ? "" : group;
}

/* The group of this process in the hierarchy of version 2, or in that of the
 * controller in version 1, to be freed; NULL if the process is in none. */
static char *group_of(const char *groups, const char *controller, int version)
{
	char *text = strdup(groups), *rest = text, *group = NULL;
	for (char *line; !group && (line = cut(&rest, "\n")) != NULL;) {
		const char *id = cut(&line, ":");
		const char *controllers = cut(&line, ":");
		if (!line || line[0] != '/')
			continue;
		bool ours = version == 2 ?
			strcmp(id, "0") == 0 && controllers[0] == '\0' :
			listed(controllers, controller);
		if (ours)
			group = strdup(line);
	}
	free(text);
	return group;
}

static void walk(struct search *s, const char *mount, const char *group,
                 int version)
{
	char dir[CGROUP_PATH_BYTES];
	size_t top = strlen(mount);
	if (!join(dir, sizeof(dir), mount, group, ""))
		return;
	for (;;) {
		if (s->look(s, dir, version))
			return;
		char *slash = strrchr(dir, '/');
		if (!slash || slash < dir + top)
			return;
		*slash = '\0';
	}
}

/* The hierarchy of a type, mounted with options, at mount, its group root at the
 * top there: if it can limit us, walk. */
static void try_mount(struct search *s, const char *type, const char *options,
                      const char *root, const char *mount)
{
	int version = strcmp(type, "cgroup2") == 0 ? 2 :
		strcmp(type, "cgroup") == 0 && listed(options, s->controller) ?
		1 : 0;
	const char *group = s->group[version];
	const char *rest = group ? below(group, root) : NULL;
	if (rest && mount[0] == '/')
		walk(s, mount, rest, version);
}

/* One line of mountinfo, for each of count searches. */
static void try_line(struct search *s, int count, char *line)
{
	char *field[5] = { NULL };
	for (int i = 0; i < 5; i++)
		field[i] = cut(&line, " ");
	if (!field[4] || !line)
		return;

	char *tail = strstr(line, " - ");
	if (!tail)
		return;
	tail += 3;
	const char *type = cut(&tail, " ");
	if (!cut(&tail, " ") || !tail)
		return;

	unescape(field[3]);
	unescape(field[4]);
	for (int i = 0; i < count; i++)
		if (!s[i].done)
			try_mount(&s[i], type, tail, field[3], field[4]);
}

/* Walk from where our group is if the hierarchy is mounted as usual. A
 * controller is in one hierarchy at a time: if we have a group for it in one of
 * version 1, that is it.
 * @return whether it was there, or there is none to be found. */
static bool try_usual(struct search *s)
{
	int version = s->group[1] ? 1 : 2;
	const char *group = s->group[version];
	char mount[64], procs[CGROUP_PATH_BYTES], dir[CGROUP_PATH_BYTES];

	if (!group)
		return true;
	if (has_dotdot(group) ||
	    !join(mount, sizeof(mount), "/sys/fs/cgroup",
	          version == 1 ? "/" : "", version == 1 ? s->controller : ""))
		return false;
	group = below(group, "/");
	if (!join(dir, sizeof(dir), s->root, mount, group) ||
	    !join(procs, sizeof(procs), dir, "/cgroup.procs", "") ||
	    access(procs, F_OK) != 0)
		return false;
	walk(s, mount, group, version);
	return true;
}

static void try_mounts(struct search *s, int count)
{
	char *mounts = slurp(s->root, "/proc/self/mountinfo"), *rest = mounts;
	for (char *line; (line = cut(&rest, "\n")) != NULL;)
		try_line(s, count, line);
	free(mounts);
}

static void search_all(struct search *s, int count, bool hurry)
{
	char *groups = slurp(s->root, "/proc/self/cgroup");
	for (int i = 0; groups && i < count; i++)
		for (int version = 1; version <= 2; version++)
			s[i].group[version] = group_of(groups, s[i].controller,
			                               version);
	bool done = groups == NULL;
	free(groups);
	if (hurry && !done) {
		done = true;
		for (int i = 0; i < count; i++)
			done &= s[i].done = try_usual(&s[i]);
	}
	if (!done)
		try_mounts(s, count);
	for (int i = 0; i < count; i++) {
		free(s[i].group[1]);
		free(s[i].group[2]);
	}
}

/* A whole file that is one number, or two, as `max` and -1 are not. */
static bool read_numbers(const char *text, int count, int64_t number[])
{
	const char *p = thrum__decimal_skip(text);
	for (int i = 0; i < count; i++) {
		uint64_t value;
		if (!thrum__decimal_uint(&p, INT64_MAX, &value))
			return false;
		number[i] = (int64_t)value;
		const char *next = thrum__decimal_skip(p);
		if (next == p && *p != '\0')
			return false;
		p = next;
	}
	return *p == '\0';
}

/* A quota below another one, by cross products that cannot overflow: doubles
 * hold what the system takes (periods of 1 ms to 1 s) to the last bit. */
static bool tighter(int64_t quota, int64_t period, const struct cgroup_quota *q)
{
	return !q->limited || (double)quota * (double)q->period_us <
	                      (double)q->quota_us * (double)period;
}

static void take_quota(struct search *s, const char *dir, const char *name,
                       int64_t quota, int64_t period)
{
	if (quota <= 0 || period <= 0)
		return;
	int64_t cpus = quota / period + (quota % period != 0);
	struct cgroup_quota *q = &s->limits->quota;
	if (cpus > INT_MAX || !tighter(quota, period, q))
		return;
	q->limited = true;
	q->cpus = (int)cpus;
	q->quota_us = quota;
	q->period_us = period;
	if (!join(q->file, sizeof(q->file), dir, "/", name))
		q->file[0] = '\0';
}

static bool look_quota(struct search *s, const char *dir, int version)
{
	const char *name = version == 2 ? "cpu.max" : "cpu.cfs_quota_us";
	char *text = slurp_in(s, dir, name);
	char *period = version == 2 || !text || text[0] == '-' ? NULL :
		slurp_in(s, dir, "cpu.cfs_period_us");
	int64_t number[2];
	bool understood = text && (version == 2 ?
		read_numbers(text, 2, number) :
		period && read_numbers(text, 1, number) &&
			read_numbers(period, 1, number + 1));
	if (understood)
		take_quota(s, dir, name, number[0], number[1]);
	free(text);
	free(period);
	return false;
}

/* The first group on the way up that says something: an empty file of
 * version 2 means as the group above. */
static bool look_cpuset(struct search *s, const char *dir, int version)
{
	static const char *const names[3][2] = {
		{ NULL, NULL },
		{ "cpuset.effective_cpus", "cpuset.cpus" },
		{ "cpuset.cpus.effective", "cpuset.cpus" },
	};
	struct cgroup_limits *l = s->limits;
	if (l->cpus.count > 0)
		return true;
	for (int i = 0; i < 2; i++) {
		const char *name = names[version][i];
		char *text = slurp_in(s, dir, name);
		bool found = text && thrum__cpulist_parse(&l->cpus, text) == 0;
		free(text);
		if (!found)
			continue;
		if (!join(l->cpus_file, sizeof(l->cpus_file), dir, "/", name))
			l->cpus_file[0] = '\0';
		return true;
	}
	return false;
}

void thrum__cgroup_limits(struct cgroup_limits *limits, const char *root,
                          bool hurry)
{
	int before = errno;
	memset(limits, 0, sizeof(*limits));
	struct search search[] = { { .root = root,
		                     .controller = "cpu",
		                     .look = look_quota,
		                     .limits = limits },
		                   { .root = root,
		                     .controller = "cpuset",
		                     .look = look_cpuset,
		                     .limits = limits } };
	search_all(search, 2, hurry);
	errno = before;
}
