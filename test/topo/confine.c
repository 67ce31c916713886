/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* confine.c - runs a program where less is allowed
 *
 *   confine [cpu=N]... [group=DIR]... [refuse=CALL:ERROR]... [files=N]
 *           PROGRAM...
 *
 * cpu     leave it these CPUs alone
 * group   put it into the control group of this directory
 * refuse  have the system answer set (sched_setaffinity) or get
 *         (sched_getaffinity) with EPERM or ENOSYS, as sandboxes do
 * files   let it have so many files open at a time; close all but three
 *
 * Ends with 77 if the machine does not allow that, else as the program does.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { NOT_HERE = 77, CPUS = 8192 };

/* One call of the system refused, by its number alone: the program that is run
 * is of the architecture that this was compiled for. */
static int refuse(const char *what)
{
	char call[8];
	const char *error = strchr(what, ':');
	size_t length = error ? (size_t)(error - what) : sizeof(call);
	if (length >= sizeof(call))
		return -1;
	memcpy(call, what, length);
	call[length] = '\0';
	unsigned number = strcmp(call, "set") == 0 ? __NR_sched_setaffinity
	                                           : __NR_sched_getaffinity;
	unsigned code = strcmp(error, ":EPERM") == 0 ? EPERM : ENOSYS;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		         offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* By their numbers, so what make and shells have left open would be in the
 * way of the program itself. */
static int limit_files(const char *number)
{
	struct rlimit limit;
	for (int fd = 3; fd < 1024; fd++)
		(void)close(fd);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -1;
	limit.rlim_cur = (rlim_t)atoi(number);
	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int join(const char *group)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	FILE *file = fopen(path, "w");
	if (!file)
		return -1;
	int written = fprintf(file, "%ld\n", (long)getpid());
	return fclose(file) == 0 && written > 0 ? 0 : -1;
}

/* The CPUs, once all are known; then what may refuse to take them. */
static int apply(char **arg, int count)
{
	unsigned char mask[CPUS / 8] = { 0 };
	cpu_set_t *set = (cpu_set_t *)mask;
	for (int i = 0; i < count; i++)
		if (strncmp(arg[i], "cpu=", 4) == 0)
			CPU_SET_S((size_t)atoi(arg[i] + 4), sizeof(mask), set);
	if (CPU_COUNT_S(sizeof(mask), set) > 0 &&
	    sched_setaffinity(0, sizeof(mask), set) != 0)
		return -1;
	for (int i = 0; i < count; i++) {
		if (strncmp(arg[i], "group=", 6) == 0 && join(arg[i] + 6) != 0)
			return -1;
		if (strncmp(arg[i], "refuse=", 7) == 0 &&
		    refuse(arg[i] + 7) != 0)
			return -1;
		if (strncmp(arg[i], "files=", 6) == 0 &&
		    limit_files(arg[i] + 6) != 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int first = 1;
	while (first < argc && strchr(argv[first], '='))
		first++;
	if (first == argc)
		return 2;
	if (apply(argv + 1, first - 1) != 0) {
		perror("confine");
		return NOT_HERE;
	}
	execvp(argv[first], argv + first);
	perror(argv[first]);
	return 2;
}

#else

int main(void)
{
	return 77;
}

#endif
