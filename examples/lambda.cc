/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
// lambda.cc - C++17 over the plain functions: a lambda as body
#include <cstdio>
#include <exception>
#include <mutex>
#include <vector>
#include "arguments.h"

// Exceptions must not cross the library: the first is kept here and thrown
// again in the caller, as std::for_each would.
template <class F>
void parallel_for(size_t n, F f, const thrum_opts &opts = thrum_opts{})
{
	struct box { F &f; std::once_flag once; std::exception_ptr error; };
	box b{ f, {}, {} };
	thrum_for_fn *body = [](void *p, size_t begin, size_t end,
	                        thrum_task *) -> int {
		box &c = *static_cast<box *>(p);
		try {
			for (size_t i = begin; i < end; i++)
				c.f(i);
			return 0;
		} catch (...) {
			std::call_once(c.once, [&] {
				c.error = std::current_exception();
			});
			return 1;
		}
	};
	if (thrum_for(nullptr, n, body, &b, &opts) > 0)
		std::rethrow_exception(b.error);
}

int main(int argc, char **argv)
{
	arguments a = arguments_read(argc, argv, { nullptr, -1, 0 });
	thrum_opts opts{};
	opts.n_jobs = a.n_jobs;
	opts.verbose = a.verbose;

	std::vector<double> y(1000, 1.0);
	parallel_for(y.size(), [&](size_t i) { y[i] += 2.0 * double(i); },
	             opts);

	int caught = 0;
	try {
		parallel_for(100, [](size_t i) { if (i == 17) throw int(i); });
	} catch (int i) {
		caught = i;
	}
	std::printf("y[10] = %g, caught %d\n", y[10], caught);
	return y[10] != 21 || caught != 17;
}
