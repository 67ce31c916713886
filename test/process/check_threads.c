/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* check_threads.c - signals, stops, stacks and many callers; what bodies may do
 */
#include "config.h"

#include "child.h"

#include <sys/syscall.h>

/* Signals. The handlers of the host run in its own threads only. */

static atomic_long in_host, in_worker;

static void note_thread(int number)
{
	(void)number;
	if (syscall(SYS_gettid) == getpid())
		atomic_fetch_add(&in_host, 1);
	else
		atomic_fetch_add(&in_worker, 1);
}

static const int numbers[] = { SIGUSR1, SIGINT, SIGCHLD, SIGPROF, SIGTERM };

static void ignore(void *ctx, const thrum_progress *p)
{
	(void)ctx, (void)p;
}

static int be_signalled(void *ctx)
{
	long n = *(long *)ctx;
	thrum_pool *pool;
	atomic_long sum = 0;
	for (int i = 0; i < 5; i++) {
		struct sigaction a = { .sa_handler = note_thread };
		sigaction(numbers[i], &a, NULL); /* no SA_RESTART */
	}
	/* All threads that the library has: a pool's, the default pool's, the
	 * one that loads, the reporter. */
	if (thrum_pool_create(&pool, THRUM_POOL_OPTS(.n_jobs = WORKERS))
	    || use(pool) || use(NULL)
	    || thrum_map(NULL, JOBS, add_one, &sum, NULL, 0,
	                 THRUM_OPTS(.n_jobs = WORKERS, .on_progress = ignore)))
		return 1;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		for (long i = 0; i < n; i++) {
			kill(parent, numbers[i % 5]);
			if (i % 16 == 0)
				nap(50);
		}
		_exit(0);
	}
	int status = 0, wrong = 0;
	while (!wrong && waitpid(pid, &status, WNOHANG) == 0)
		wrong = use(NULL) || use(pool);
	if (wrong || status)
		return 2;
	return in_worker != 0 ? 3 : in_host == 0 ? 4 : 0;
}

static unsigned long signalled, contained;

START_TEST(handlers_of_the_host_run_in_its_threads)
{
	long n = rounds_of(2000, 10000);
	assert_well(in_child(be_signalled, &n, 60), "signals");
	signalled = (unsigned long)n;
}
END_TEST

/* A stop of the process looks like a long pause to all of it. */
static int be_stopped(void *ctx)
{
	atomic_long sum = 0;
	(void)ctx;
	for (int i = 0; i < 50; i++) {
		thrum_report r;
		if (use(NULL) || thrum_map(NULL, JOBS, add_one, &sum, NULL, 0,
			THRUM_OPTS(.n_jobs = WORKERS, .report = &r,
			           .timeout_s = 600)))
			return 1;
		nap(2000);
	}
	return sum != 50L * JOBS * (JOBS + 1) / 2;
}

START_TEST(a_process_that_was_stopped_goes_on)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		have_an_alarm(60);
		_exit(be_stopped(NULL));
	}
	for (long i = 0; i < rounds_of(4, 20); i++) {
		nap(7000);
		kill(pid, SIGSTOP);
		nap(50000);
		kill(pid, SIGCONT);
	}
	assert_well(status_of(pid), "stopped");
}
END_TEST

/* Bodies that misbehave */

static pthread_t residents[JOBS];
static atomic_int resident_count;

static int show_thread(void *ctx, thrum_task *task)
{
	(void)ctx;
	if (thrum_task_worker(task) != 0)
		residents[atomic_fetch_add(&resident_count, 1)] =
			pthread_self();
	return 0;
}

/* sleep is a point of cancellation, and would end a thread that may be. */
static int nap_in_body(void *ctx, size_t i, void *result, thrum_task *task)
{
	nap(200);
	return add_one(ctx, i, result, task);
}

static int cancel_residents(void *ctx)
{
	atomic_long sum = 0;
	(void)ctx;
	if (thrum_each(NULL, show_thread, NULL, THRUM_OPTS(.n_jobs = WORKERS))
	    || resident_count == 0)
		return 1;
	for (int i = 0; i < resident_count; i++)
		pthread_cancel(residents[i]);
	for (int i = 0; i < 5; i++)
		if (thrum_map(NULL, JOBS, nap_in_body, &sum, NULL, 0,
		              THRUM_OPTS(.n_jobs = WORKERS)))
			return 2;
	if (sum != 5L * JOBS * (JOBS + 1) / 2)
		return 3;
	/* They are alive: each has its turn. */
	resident_count = 0;
	if (thrum_each(NULL, show_thread, NULL, THRUM_OPTS(.n_jobs = WORKERS))
	    || resident_count == 0)
		return 4;
	return thrum_shutdown() ? 5 : 0;
}

START_TEST(to_cancel_a_worker_has_no_effect)
{
	assert_well(in_child(cancel_residents, NULL, 20), "cancelled");
	contained++;
}
END_TEST

/* Deeper for ever, which no compiler may see. */
static volatile bool bottomless = true;

static int deeper(volatile char *above)
{
	volatile char here[4096];
	here[0] = above ? above[0] : 1;
	return bottomless ? deeper(here) + here[0] : 0;
}

static int overflow(void *ctx, thrum_task *task)
{
	if ((thrum_task_worker(task) != 0) == *(bool *)ctx)
		return deeper(NULL);
	return 0;
}

static int overflow_in_worker(void *ctx)
{
	struct rlimit small = { 1 << 20, 1 << 20 };
	setrlimit(RLIMIT_STACK, &small);
	(void)thrum_each(NULL, overflow, ctx, THRUM_OPTS(.n_jobs = WORKERS));
	return 1;
}

START_TEST(a_stack_that_overflows_is_a_segmentation_fault)
{
	if (UNDER_ASAN) {
		printf("SKIP stack overflow: AddressSanitizer has its own end\n");
		return;
	}
	for (int in_resident = 0; in_resident < 2; in_resident++) {
		bool where = in_resident;
		int status = in_child(overflow_in_worker, &where, 20);
		ck_assert(WIFSIGNALED(status));
		ck_assert(WTERMSIG(status) == SIGSEGV
		          || WTERMSIG(status) == SIGBUS);
		contained++;
	}
}
END_TEST

/* setresuid in one thread has glibc send a signal to all, and wait for them. */
static int change_user(void *ctx)
{
	(void)ctx;
	if (use(NULL))
		return 1;
	for (int i = 0; i < 20; i++) {
		if (setresuid(65534, 65534, 0) || use(NULL)
		    || setresuid(0, 0, 0) || use(NULL))
			return 2;
		nap(200);
	}
	return 0;
}

START_TEST(the_user_may_change_with_workers_alive)
{
	if (geteuid() != 0) {
		printf("SKIP setresuid: not root\n");
		return;
	}
	assert_well(in_child(change_user, NULL, 20), "setresuid");
}
END_TEST

/* Host threads that die after a call, others beside them in one */
static void *use_once(void *ctx)
{
	*(int *)ctx = use(NULL);
	return NULL;
}

static int hosts_that_die(void *ctx)
{
	for (long i = 0; i < *(long *)ctx; i++) {
		pthread_t t[4];
		int rc[4] = { 1, 1, 1, 1 };
		for (int k = 0; k < 4; k++)
			if (pthread_create(&t[k], NULL, use_once, &rc[k]))
				return 1;
		for (int k = 0; k < 4; k++)
			pthread_join(t[k], NULL);
		if (rc[0] || rc[1] || rc[2] || rc[3])
			return 2;
	}
	return 0;
}

START_TEST(threads_that_called_may_die)
{
	long n = rounds_of(100, 5000);
	assert_well(in_child(hosts_that_die, &n, 120), "threads that die");
}
END_TEST

/* Depth: loops in loops in loops, and forks in forks */

enum {
	LEVEL_BYTES = UNDER_ASAN ? 32768 : 8192,
	DEEP_IN_256_K = UNDER_ASAN ? 8 : 40,
	DEEP = 10000
};

static atomic_long ends; /* leaves that ran */
static unsigned long deepest;

struct depth {
	thrum_pool *pool;
	long left;
};

static int nest(void *ctx, size_t i, void *result, thrum_task *task)
{
	struct depth *d = ctx, below = { d->pool, d->left - 1 };
	(void)result, (void)task;
	if (i != 0 || d->left == 0) {
		atomic_fetch_add(&ends, 1);
		return 0;
	}
	return thrum_map(d->pool, 2, nest, &below, NULL, 0, NULL);
}

static int nested(void *ctx)
{
	struct depth *d = ctx;
	size_t stack = d->left <= DEEP_IN_256_K
	               ? 256u << 10 : (size_t)d->left * LEVEL_BYTES;
	if (thrum_pool_create(&d->pool, THRUM_POOL_OPTS(.n_jobs = WORKERS,
			.stack_bytes = stack)))
		return 1;
	long levels = d->left;
	if (thrum_map(d->pool, 2, nest, d, NULL, 0, NULL))
		return 2;
	/* One leaf beside each level, and two at the end. */
	return ends != levels + 2 ? 3 : thrum_pool_destroy(d->pool);
}

static long spine(thrum_task *task, long left);
THRUM_TASK(long, spine, long);

static long leaf(thrum_task *task, long n)
{
	(void)task;
	for (volatile int k = 0; k < 200; k++)
		;
	return n;
}
THRUM_TASK(long, leaf, long);

/* Down in the function itself, so on the stack of the caller, with a leaf beside
 * each level for others. */
static long spine(thrum_task *task, long left)
{
	if (left == 0)
		return 0;
	leaf_forked beside = leaf_fork(task, 1);
	long below = spine(task, left - 1);
	return leaf_join(task, beside) + below;
}

static int forked(void *ctx)
{
	struct depth *d = ctx;
	long sum = 0;
	if (thrum_pool_create(&d->pool, THRUM_POOL_OPTS(.n_jobs = WORKERS,
			.stack_bytes = 256 << 10)))
		return 1;
	for (int i = 0; i < 20; i++)
		if (spine_run(d->pool, d->left, &sum, NULL) || sum != d->left)
			return 2;
	return thrum_pool_destroy(d->pool);
}

struct on_stack {
	child_fn *fn;
	void *ctx;
	int rc;
};

static void *run_on_stack(void *ctx)
{
	struct on_stack *s = ctx;
	s->rc = s->fn(s->ctx);
	return NULL;
}

static int with_stack(child_fn *fn, void *ctx, size_t bytes)
{
	struct on_stack s = { fn, ctx, -1 };
	pthread_attr_t attr;
	pthread_t t;
	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, bytes)
	    || pthread_create(&t, &attr, run_on_stack, &s))
		return 77;
	pthread_join(t, NULL);
	return s.rc;
}

static int nested_deep(void *ctx)
{
	return with_stack(nested, ctx, (size_t)DEEP * LEVEL_BYTES);
}

static int forked_deep(void *ctx)
{
	return with_stack(forked, ctx, (size_t)DEEP * LEVEL_BYTES);
}

static int nested_in_256_k(void *ctx)
{
	return with_stack(nested, ctx, 256 << 10);
}

/* A loop in a body takes some 4.6 KiB of the stack with the body of nest, so 256
 * KiB are enough for fifty levels. With stacks that are large enough no depth is
 * too much; nor is any for workers with small ones that take leaves only. */

START_TEST(loops_nest_ten_thousand_deep)
{
	struct depth d = { NULL, DEEP };
	assert_well(in_child(nested_deep, &d, 60), "nested loops");
	deepest = DEEP;
}
END_TEST

START_TEST(forks_nest_ten_thousand_deep_beside_workers_of_256_kib)
{
	struct depth d = { NULL, DEEP };
	assert_well(in_child(forked_deep, &d, 60), "forks in forks");
}
END_TEST

START_TEST(loops_nest_in_stacks_of_256_kib)
{
	struct depth d = { NULL, DEEP_IN_256_K };
	for (long i = 0; i < rounds_of(20, 500); i++)
		assert_well(in_child(nested_in_256_k, &d, 20), "small stacks");
}
END_TEST

/* Many callers */

enum { CALLERS = 64 };
static unsigned long calls;

static int add_few(void *ctx, size_t begin, size_t end, thrum_task *task)
{
	(void)task;
	for (size_t i = begin; i < end; i++)
		atomic_fetch_add((atomic_long *)ctx, (long)i + 1);
	return 0;
}

static void *call_often(void *ctx)
{
	long *n = ctx;
	for (long i = 0; i < *n; i++) {
		atomic_long sum = 0;
		if (thrum_for(NULL, 8, add_few, &sum, THRUM_OPTS(
				.n_jobs = 1 + (int)(i % WORKERS), .grain = 1))
		    || sum != 36) {
			*n = -1;
			return NULL;
		}
	}
	return NULL;
}

static int many_callers(void *ctx)
{
	pthread_t t[CALLERS];
	long n[CALLERS];
	for (int i = 0; i < CALLERS; i++) {
		n[i] = *(long *)ctx;
		if (pthread_create(&t[i], NULL, call_often, &n[i]))
			return 1;
	}
	for (int i = 0; i < CALLERS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < CALLERS; i++)
		if (n[i] < 0)
			return 2;
	return thrum_shutdown();
}

START_TEST(sixty_four_callers_at_once)
{
	long n = rounds_of(500, 100000);
	assert_well(in_child(many_callers, &n, is_full() ? 600 : 60),
	            "64 callers");
	calls = CALLERS * (unsigned long)n;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("threads");
	TCase *c = tcase_create("contained");
	tcase_add_test(c, handlers_of_the_host_run_in_its_threads);
	tcase_add_test(c, a_process_that_was_stopped_goes_on);
	tcase_add_test(c, to_cancel_a_worker_has_no_effect);
	tcase_add_test(c, a_stack_that_overflows_is_a_segmentation_fault);
	tcase_add_test(c, the_user_may_change_with_workers_alive);
	tcase_add_test(c, threads_that_called_may_die);
	tcase_add_test(c, loops_nest_ten_thousand_deep);
	tcase_add_test(c, forks_nest_ten_thousand_deep_beside_workers_of_256_kib);
	tcase_add_test(c, loops_nest_in_stacks_of_256_kib);
	tcase_add_test(c, sixty_four_callers_at_once);
	suite_add_tcase(s, c);
	int broken = run_suite(s);
	int wrong = tell("P9", deepest, DEEP, broken,
	                 "loops and forks nested, without deadlock");
	wrong |= tell("P9", calls, is_full() ? 6400000 : 32000, broken,
	              "calls by 64 threads at once, each right");
	wrong |= tell("P11", signalled, is_full() ? 10000 : 2000, broken,
	              "signals, whose handlers ran in threads of the host only");
	wrong |= tell("P11", contained, UNDER_ASAN ? 1 : 3, broken,
	              "misdeeds of bodies contained, or ended by a signal");
	return wrong;
}
