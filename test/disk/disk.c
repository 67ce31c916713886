/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* disk.c - what a folder may look like after the power has failed; see disk.h */
#include "config.h"

#include "disk.h"

#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NODES = 256, NAMES = 256, CHANGES = 4096, SECTOR = 512,
       SEEN = 1 << 20 };

/* A file or folder, by whatever name. */
struct node {
	ino_t ino;
	bool folder;
	unsigned char *base; /* what was in it at the begin */
	size_t base_size;
};

struct name {
	char path[256]; /* below the root */
	int node;       /* -1: gone */
};

struct done {
	struct change change;
	int node;
	char path[256], to[256];
};

static struct {
	char root[PATH_MAX];
	struct node node[NODES];
	struct name base[NAMES], now[NAMES];
	struct done done[CHANGES];
	int nodes, bases, names, changes;
	uint64_t *seen; /* states that were made: a table of their hashes */
} disk;

static void must(bool well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	abort();
}

uint64_t disk_draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

/* Names: a list of paths; one that is gone stays, with no node. */

static int find(const struct name *name, int count, const char *path)
{
	for (int i = 0; i < count; i++)
		if (strcmp(name[i].path, path) == 0)
			return i;
	return -1;
}

static void put(struct name *name, int *count, const char *path, int node)
{
	int i = find(name, *count, path);
	if (i < 0) {
		must(*count < NAMES, "too many names");
		i = (*count)++;
		snprintf(name[i].path, sizeof name[i].path, "%s", path);
	}
	name[i].node = node;
}

static int node_at(const char *path)
{
	int i = find(disk.now, disk.names, path);
	return i < 0 ? -1 : disk.now[i].node;
}

static int new_node(ino_t ino, bool folder)
{
	must(disk.nodes < NODES, "too many files");
	disk.node[disk.nodes] = (struct node){ ino, folder, NULL, 0 };
	return disk.nodes++;
}

/* The last with this number: it may have been another's before. */
static int node_of(int fd)
{
	struct stat st;
	must(fstat(fd, &st) == 0, "fstat");
	for (int i = disk.nodes - 1; i >= 0; i--)
		if (disk.node[i].ino == st.st_ino)
			return i;
	return -1;
}

static bool below_root(const char *path, char out[256])
{
	size_t n = strlen(disk.root);
	if (strncmp(path, disk.root, n) != 0
	    || (path[n] != '/' && path[n] != '\0'))
		return false;
	snprintf(out, 256, "%s", path + n);
	return true;
}

/* What there is at the begin. */

static void read_base(struct node *node, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	must(fd >= 0 && fstat(fd, &st) == 0, path);
	node->base_size = (size_t)st.st_size;
	node->base = malloc(node->base_size + 1);
	must(node->base && read(fd, node->base, node->base_size)
	     == (ssize_t)node->base_size, path);
	close(fd);
}

static void look(const char *path)
{
	struct stat st;
	char below[256];
	must(lstat(path, &st) == 0 && below_root(path, below), path);
	int node = new_node(st.st_ino, S_ISDIR(st.st_mode));
	put(disk.base, &disk.bases, below, node);
	if (!S_ISDIR(st.st_mode)) {
		read_base(&disk.node[node], path);
		return;
	}
	DIR *d = opendir(path);
	must(d, path);
	for (struct dirent *e; (e = readdir(d));) {
		char inner[PATH_MAX];
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		must(snprintf(inner, sizeof inner, "%s/%s", path, e->d_name)
		     < (int)sizeof inner, path);
		look(inner);
	}
	closedir(d);
}

/* What is done. */

static void write_down(const struct change *c)
{
	struct done done = { .change = *c, .node = -1 };
	bool here = c->path && below_root(c->path, done.path);

	if (c->to && !below_root(c->to, done.to))
		return;
	switch (c->what) {
	case CHANGE_MAKE: {
		struct stat st;
		if (!here)
			return;
		must(fstat(c->fd, &st) == 0, "fstat");
		done.node = new_node(st.st_ino, false);
		break;
	}
	case CHANGE_MKDIR: {
		struct stat st;
		if (!here)
			return;
		must(stat(c->path, &st) == 0, c->path);
		done.node = new_node(st.st_ino, true);
		break;
	}
	case CHANGE_RENAME:
		done.node = here ? node_at(done.path) : -1;
		must(done.node >= 0, "a name comes from elsewhere");
		break;
	case CHANGE_UNLINK:
		if (!here)
			return;
		break;
	default:
		done.node = node_of(c->fd);
		if (done.node < 0)
			return; /* not below the root */
	}
	if (c->what == CHANGE_WRITE) {
		void *data = malloc(c->size);
		must(data, "memory");
		done.change.data = memcpy(data, c->data, c->size);
	}
	if (here)
		put(disk.now, &disk.names, done.path,
		    c->what == CHANGE_RENAME ? -1 : done.node);
	if (c->to)
		put(disk.now, &disk.names, done.to, done.node);
	must(disk.changes < CHANGES, "too many changes");
	disk.done[disk.changes++] = done;
}

static void forget(void)
{
	for (int i = 0; i < disk.nodes; i++)
		free(disk.node[i].base);
	for (int i = 0; i < disk.changes; i++)
		if (disk.done[i].change.what == CHANGE_WRITE)
			free((void *)(uintptr_t)disk.done[i].change.data);
	disk.nodes = disk.bases = disk.names = disk.changes = 0;
	if (!disk.seen)
		disk.seen = malloc(SEEN * sizeof *disk.seen);
	must(disk.seen, "memory");
	memset(disk.seen, 0, SEEN * sizeof *disk.seen);
}

void disk_begin(const char *root)
{
	forget();
	snprintf(disk.root, sizeof disk.root, "%s", root);
	look(root);
	memcpy(disk.now, disk.base, sizeof disk.base);
	disk.names = disk.bases;
	calls_watcher = write_down;
}

void disk_end(void)
{
	calls_watcher = NULL;
}

size_t disk_changes(void)
{
	return (size_t)disk.changes;
}

/* What is left of it. */

static bool is_of_names(const struct done *d)
{
	return d->change.what != CHANGE_WRITE && d->change.what != CHANGE_SYNC;
}

static int folder_of(const char *path)
{
	char folder[256];
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	return node_at(folder);
}

static bool synced_later(int node, size_t i, size_t moment)
{
	for (size_t j = i + 1; j < moment; j++)
		if (disk.done[j].change.what == CHANGE_SYNC
		    && disk.done[j].node == node)
			return true;
	return false;
}

/* @p half: 0 the new name, 1 the old one of a rename. */
static bool is_kept(const struct done *d, int half, size_t moment)
{
	const char *path = d->to[0] && half == 0 ? d->to : d->path;
	return synced_later(folder_of(path), (size_t)(d - disk.done), moment);
}

static void apply(const struct done *d, int half, struct name *name, int *names)
{
	bool two = d->change.what == CHANGE_RENAME;
	if (half == 1) {
		if (two)
			put(name, names, d->path, -1);
	} else if (two) {
		put(name, names, d->to, d->node);
	} else {
		put(name, names, d->path, d->node);
	}
}

static void leave_names(struct name *name, int *names, size_t moment,
                        enum disk_order order, uint64_t *seed)
{
	size_t least = 0;
	memcpy(name, disk.base, sizeof disk.base);
	*names = disk.bases;
	for (size_t i = 0; i < moment; i++)
		if (is_of_names(&disk.done[i])
		    && is_kept(&disk.done[i], 0, moment))
			least = i + 1;
	size_t cut = least + disk_draw(seed, moment - least + 1);
	for (size_t i = 0; i < moment; i++)
		for (int half = 0; half < 2; half++) {
			const struct done *d = &disk.done[i];
			if (is_of_names(d)
			    && (order == DISK_ORDERED ? i < cut
			        : is_kept(d, half, moment)
			          || disk_draw(seed, 2)))
				apply(d, half, name, names);
		}
}

struct content {
	unsigned char *data;
	size_t size, room;
};

static void reach(struct content *c, size_t size)
{
	if (size > c->room) {
		c->data = realloc(c->data, size);
		must(c->data, "memory");
		c->room = size;
	}
	if (size > c->size)
		memset(c->data + c->size, 0, size - c->size);
	if (size > c->size)
		c->size = size;
}

/* A write of which no fsync tells. */
static void leave_write(struct content *c, const struct change *w,
                        uint64_t *seed)
{
	size_t at = (size_t)w->offset, n = w->size;
	const unsigned char *data = w->data;
	switch (disk_draw(seed, 6)) {
	case 0:
		return;
	case 1:
		break;
	case 2:
		n = disk_draw(seed, n + 1);
		break;
	case 3:
		n = SECTOR * disk_draw(seed, n / SECTOR + 1);
		break;
	case 4:
		reach(c, at + n);
		memset(c->data + at, 0, n);
		return;
	default: /* each sector by itself */
		reach(c, at + n);
		for (size_t i = 0; i < n; i += SECTOR)
			if (disk_draw(seed, 2))
				memcpy(c->data + at + i, data + i,
				       n - i < SECTOR ? n - i : SECTOR);
		return;
	}
	reach(c, at + n);
	memcpy(c->data + at, data, n);
}

static struct content leave_content(int node, size_t moment, uint64_t *seed)
{
	struct content c = { malloc(1), 0, 1 };
	must(c.data, "memory");
	reach(&c, disk.node[node].base_size);
	if (c.size)
		memcpy(c.data, disk.node[node].base, c.size);
	for (size_t i = 0; i < moment; i++) {
		const struct change *w = &disk.done[i].change;
		if (disk.done[i].node != node || w->what != CHANGE_WRITE)
			continue;
		if (synced_later(node, i, moment)) {
			reach(&c, (size_t)w->offset + w->size);
			memcpy(c.data + w->offset, w->data, w->size);
		} else {
			leave_write(&c, w, seed);
		}
	}
	return c;
}

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
	const unsigned char *p = data;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = n;
		memcpy(&word, p + i, n - i < 8 ? n - i : 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool is_new(uint64_t hash)
{
	for (uint64_t i = 0, at = hash; i < SEEN; i++) {
		uint64_t *place = &disk.seen[(at + i) % SEEN];
		if (*place == hash)
			return false;
		if (*place == 0) {
			*place = hash;
			return true;
		}
	}
	return true;
}

void disk_clear(const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		char inner[PATH_MAX];
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
		    || snprintf(inner, sizeof inner, "%s/%s", folder, e->d_name)
		       >= (int)sizeof inner)
			continue;
		if (unlink(inner) != 0)
			disk_clear(inner);
	}
	if (d)
		closedir(d);
	rmdir(folder);
}

void disk_folder(const char *folder)
{
	disk_clear(folder);
	must(mkdir(folder, 0700) == 0, folder);
}

bool disk_temporary(char path[64])
{
	const char *tmp = getenv("TMPDIR");
	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(path, 64, "%.40s/thrum-XXXXXX", tmp);
	return mkdtemp(path) != NULL;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->path,
	              ((const struct name *)b)->path);
}

static void write_file(const char *path, const struct content *c)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return; /* the folder was lost, and it with it */
	must(fd >= 0, path);
	must(write(fd, c->data, c->size) == (ssize_t)c->size, path);
	close(fd);
}

bool disk_make(const char *where, size_t moment, enum disk_order order,
               uint64_t *seed)
{
	static struct name name[NAMES];
	static struct content content[NODES];
	int names;
	uint64_t hash = 0xcbf29ce484222325u;

	leave_names(name, &names, moment, order, seed);
	/* Folders before what is in them. */
	qsort(name, (size_t)names, sizeof *name, by_path);
	for (int i = 0; i < names; i++) {
		int node = name[i].node;
		if (node < 0)
			continue;
		struct content *c = &content[node];
		if (!disk.node[node].folder && !c->data)
			*c = leave_content(node, moment, seed);
		hash = mix(hash, name[i].path, strlen(name[i].path) + 1);
		hash = mix(hash, c->data, c->size);
	}
	bool fresh = is_new(hash ? hash : 1);
	if (fresh)
		disk_folder(where);
	for (int i = 0; fresh && i < names; i++) {
		char path[PATH_MAX];
		int node = name[i].node;
		snprintf(path, sizeof path, "%s%.255s", where, name[i].path);
		if (node >= 0 && disk.node[node].folder)
			must(mkdir(path, 0700) == 0 || errno == EEXIST
			     || errno == ENOENT, path);
		else if (node >= 0)
			write_file(path, &content[node]);
	}
	for (int i = 0; i < disk.nodes; i++) {
		free(content[i].data);
		content[i] = (struct content){ NULL, 0, 0 };
	}
	return fresh;
}
