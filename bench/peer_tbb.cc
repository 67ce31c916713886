/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* peer_tbb.cc - oneTBB, a module */
#include <memory>

#include <oneapi/tbb.h>

#include "peer.h"

namespace {

namespace tbb = oneapi::tbb;
using range = tbb::blocked_range<size_t>;

std::unique_ptr<tbb::global_control> limit;
int team;

int tbb_begin(int workers)
{
	limit.reset();
	limit = std::make_unique<tbb::global_control>(
		tbb::global_control::max_allowed_parallelism,
		static_cast<size_t>(workers));
	team = workers;
	return 0;
}

int tbb_loop(size_t n, enum peer_schedule how, size_t grain,
             thrum_for_fn *body, void *ctx)
{
	auto run = [=](const range &r) {
		body(ctx, r.begin(), r.end(), nullptr);
	};
	switch (how) {
	case PEER_AUTO:
		tbb::parallel_for(range(0, n), run);
		return 0;
	case PEER_STATIC:
		tbb::parallel_for(range(0, n), run, tbb::static_partitioner());
		return 0;
	case PEER_CHUNK:
		tbb::parallel_for(range(0, n, grain), run,
		                  tbb::simple_partitioner());
		return 0;
	case PEER_GUIDED:
	case PEER_LAST_FIRST:
		break;
	}
	return -1;
}

int tbb_map(size_t n, thrum_map_fn *body, void *ctx)
{
	tbb::parallel_for(size_t{0}, n, [=](size_t i) {
		body(ctx, i, nullptr, nullptr);
	});
	return 0;
}

int tbb_nested(size_t outer, size_t inner, thrum_for_fn *body, void *ctx)
{
	tbb::parallel_for(size_t{0}, outer, [=](size_t) {
		tbb_loop(inner, PEER_AUTO, 0, body, ctx);
	});
	return 0;
}

double tbb_sum(const double *x, size_t n, peer_sum_fn *kernel)
{
	return tbb::parallel_reduce(
		range(0, n), 0.0,
		[=](const range &r, double sum) {
			return sum + kernel(x + r.begin(), r.size());
		},
		[](double a, double b) { return a + b; });
}

PEER_CALL long tbb_fib(int n)
{
	long a, b;

	if (n < 2)
		return n;
	tbb::parallel_invoke([&] { a = tbb_fib(n - 1); },
	                     [&] { b = tbb_fib(n - 2); });
	return a + b;
}

PEER_CALL long place(unsigned all, unsigned columns, unsigned left,
                     unsigned right)
{
	long row[32];
	int rows = 0;
	long ways = 0;

	if (columns == all)
		return 1;
	tbb::task_group group;
	unsigned room = all & ~(columns | left | right);
	for (unsigned bit; room; room ^= bit) {
		bit = room & -room;
		long *here = &row[rows++];
		group.run([=] {
			*here = place(all, columns | bit, (left | bit) << 1,
			              (right | bit) >> 1);
		});
	}
	group.wait();
	while (rows--)
		ways += row[rows];
	return ways;
}

long tbb_queens(int n)
{
	return place((1u << n) - 1, 0, 0, 0);
}

PEER_CALL uint64_t count(const struct uts *t, struct uts_node n)
{
	uint64_t row[UTS_CHILDREN], nodes = 1;
	int k = uts_children(t, n);

	if (!k)
		return 1;
	tbb::task_group group;
	for (int i = 0; i < k; i++) {
		uint64_t *here = &row[i];
		struct uts_node child = uts_child(n, i);
		group.run([=] { *here = count(t, child); });
	}
	group.wait();
	while (k--)
		nodes += row[k];
	return nodes;
}

uint64_t tbb_uts(const struct uts *t)
{
	uint64_t row[UTS_ROOT_MOST], nodes = 1;
	tbb::task_group group;

	for (int i = 0; i < t->b; i++) {
		uint64_t *here = &row[i];
		struct uts_node child = uts_child(uts_root(t), i);
		group.run([=] { *here = count(t, child); });
	}
	group.wait();
	for (int i = 0; i < t->b; i++)
		nodes += row[i];
	return nodes;
}

int tbb_tree(thrum_task_fn *root, void *ctx)
{
	return root(ctx, nullptr);
}

void tbb_both(thrum_task *task, thrum_task_fn *f, void *fctx,
              thrum_task_fn *g, void *gctx)
{
	tbb::parallel_invoke([=] { f(fctx, nullptr); },
	                     [=] { g(gctx, task); });
}

/* All host threads share its workers. */
int tbb_caller(int, int own)
{
	return own ? -1 : 0;
}

/* The threads end when the last handle is finalised. */
int tbb_life(int workers, thrum_for_fn *body, void *ctx)
{
	tbb::task_scheduler_handle handle{tbb::attach{}};

	tbb_begin(workers);
	tbb_loop(static_cast<size_t>(workers), PEER_STATIC, 0, body, ctx);
	limit.reset();
	return tbb::finalize(handle, std::nothrow) ? 0 : -1;
}

uint64_t tbb_stream(uint64_t n, size_t live)
{
	uint64_t count = 0, sum = 0;

	tbb::parallel_pipeline(
		live ? live : 2 * static_cast<size_t>(team),
		tbb::make_filter<void, uint64_t>(
			tbb::filter_mode::serial_in_order,
			[&](tbb::flow_control &fc) -> uint64_t {
				if (count == n) {
					fc.stop();
					return 0;
				}
				return count++;
			})
		& tbb::make_filter<uint64_t, uint64_t>(
			tbb::filter_mode::parallel,
			[](uint64_t item) { return 2 * item; })
		& tbb::make_filter<uint64_t, void>(
			tbb::filter_mode::serial_in_order,
			[&](uint64_t item) { sum += item; }));
	return sum;
}

} // namespace

/* In the order of struct peer: names of fields need C++20. */
const struct peer bench_peer = {
	"tbb",   tbb_begin,  tbb_loop, tbb_map,  tbb_nested, tbb_sum,
	tbb_fib, tbb_queens, tbb_uts,  tbb_tree, tbb_both,   tbb_caller,
	nullptr, tbb_life,   tbb_stream,
};
