/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* replay.c - gives the fuzz targets what is kept, without libFuzzer
 *
 *   replay [FILE...]
 *
 * For each target a test, in a child with an alarm: each file of its corpus,
 * then files of it changed at random for a quarter of a second. THRUM_TEST_SEED
 * repeats what a failure has printed. With arguments: every target is given
 * these files instead, as one that libFuzzer has written.
 */
#include <dirent.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum { INPUTS = 1024, BYTES = 1 << 16 };

static struct fuzz_target *targets;

void fuzz_add(struct fuzz_target *target)
{
	target->next = targets;
	targets = target;
}

struct input {
	uint8_t *data;
	size_t size;
};

static int read_file(const char *path, struct input *in)
{
	FILE *file = fopen(path, "rb");
	in->data = malloc(BYTES);
	in->size = file && in->data ? fread(in->data, 1, BYTES, file) : 0;
	return file && in->data && fclose(file) == 0 ? 0 : -1;
}

static int read_corpus(const char *name, struct input *input)
{
	char folder[4096], path[8192];
	const char *srcdir = getenv("srcdir");
	int count = 0;
	snprintf(folder, sizeof(folder), "%s/test/fuzz/corpus/%s",
	         srcdir ? srcdir : ".", name);
	DIR *d = opendir(folder);
	for (struct dirent *e; d && count < INPUTS && (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.' && read_file(path, &input[count]) == 0)
			count++;
	}
	if (d)
		closedir(d);
	return count;
}

static uint64_t state;

static size_t draw(size_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(state >> 33) % below;
}

/* A file with a few bytes changed, taken out, or put in from another. */
static size_t change(uint8_t *out, const struct input *a,
                     const struct input *b)
{
	size_t size = a->size;
	memcpy(out, a->data, size);
	for (size_t n = 1 + draw(4); n > 0; n--) {
		size_t at = draw(size + 1), much = draw(8);
		if (draw(3) == 0 && at < size) {
			out[at] = (uint8_t)draw(256);
		} else if (draw(2) && at + much <= size) {
			memmove(out + at, out + at + much, size - at - much);
			size -= much;
		} else if (b->size > 0 && size + much <= BYTES) {
			memmove(out + at + much, out + at, size - at);
			for (size_t i = 0; i < much; i++)
				out[at + i] = b->data[draw(b->size)];
			size += much;
		}
	}
	return size;
}

/* @return how many inputs kept the law. */
static long run_all(const struct fuzz_target *t, const struct input *input,
                    int count)
{
	uint8_t *out = malloc(BYTES);
	long runs = 0;
	for (; runs < count; runs++)
		t->law(input[runs].data, input[runs].size);
	clock_t end = clock() + CLOCKS_PER_SEC / 4;
	for (; out && clock() < end; runs++) {
		const struct input *a = &input[draw((size_t)count)];
		const struct input *b = &input[draw((size_t)count)];
		t->law(out, change(out, a, b));
	}
	free(out);
	return runs;
}

static int test(const struct fuzz_target *t, char **file, int files)
{
	static struct input input[INPUTS];
	int count = 0;
	alarm(60);
	for (int i = 0; i < files && i < INPUTS; i++) {
		if (read_file(file[i], &input[count]) != 0)
			return 1;
		t->law(input[count].data, input[count].size);
		count++;
	}
	if (files > 0)
		return 0;
	count = read_corpus(t->name, input);
	if (count == 0) {
		printf("# %s: no corpus\n", t->name);
		return 1;
	}
	long runs = run_all(t, input, count);
	printf("# %s: %d files, %ld runs\n", t->name, count, runs);
	for (int i = 0; i < count; i++)
		free(input[i].data);
	return 0;
}

int main(int argc, char **argv)
{
	const char *seed = getenv("THRUM_TEST_SEED");
	int number = 0, failed = 0;
	state = seed ? strtoull(seed, NULL, 0)
	             : (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
	printf("# seed %llu\n", (unsigned long long)state);
	for (const struct fuzz_target *t = targets; t; t = t->next) {
		int status = -1;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			exit(test(t, argv + 1, argc - 1));
		if (child < 0 || waitpid(child, &status, 0) != child)
			status = -1;
		printf("%s %d - %s keeps its laws\n",
		       status == 0 ? "ok" : "not ok", ++number, t->name);
		failed |= status != 0;
	}
	printf("1..%d\n", number);
	return failed;
}
