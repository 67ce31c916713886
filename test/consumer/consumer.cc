/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* consumer.cc - a C++17 program that uses libthrum as installed */
#include <thrum.h>

#include <cstdio>
#include <string>
#include <vector>

/* A lambda as a body: ctx is the lambda. */
template <class F> static int parallel_for(std::size_t n, F f, thrum_opts opts)
{
	auto body = [](void *ctx, std::size_t begin, std::size_t end,
	               thrum_task *) -> int {
		for (std::size_t i = begin; i < end; i++)
			(*static_cast<F *>(ctx))(i);
		return 0;
	};
	return thrum_for(nullptr, n, body, &f, &opts);
}

static int mul(thrum_task *, int n)
{
	return 7 * n;
}
THRUM_TASK(int, mul, int);

static double power(thrum_task *task, double x, unsigned n);
THRUM_TASK(double, power, double, unsigned);

static double power(thrum_task *task, double x, unsigned n)
{
	if (n < 2)
		return n ? x : 1;
	power_forked half = power_fork(task, x, n / 2);
	double rest = power(task, x, n - n / 2);
	return power_join(task, half) * rest;
}

int main()
{
	std::vector<double> y(10000);
	thrum_report r;
	thrum_opts opts{};
	opts.n_jobs = 2;
	opts.report = &r;

	if (std::string(thrum_version()) != THRUM_VERSION)
		return 1;
	int rc = parallel_for(y.size(), [&](std::size_t i) {
		y[i] = 0.5 * static_cast<double>(i);
	}, opts);
	if (rc != 0 || r.done != y.size()) {
		std::fprintf(stderr, "thrum_for: %s\n", thrum_strerror(rc));
		return 1;
	}
	for (std::size_t i = 0; i < y.size(); i++)
		if (y[i] != 0.5 * static_cast<double>(i))
			return 1;
	int product = 0;
	rc = mul_run(nullptr, 6, &product, nullptr);
	double kilo = 0;
	rc |= power_run(nullptr, 2.0, 10, &kilo, nullptr);
	return rc == 0 && product == 42 && kilo == 1024 ? 0 : 1;
}
