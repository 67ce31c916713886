// SPDX-FileCopyrightText: The thrum authors
// SPDX-License-Identifier: MIT
// throws.cc - exceptions in bodies: caught there they are nobody's business, and
// one that nobody catches ends the process, wherever it was thrown, at once
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thrum.h>
#include <unistd.h>

namespace {

enum where { CAUGHT, IN_CALLER, IN_WORKER };

struct job {
	where at;
	std::atomic<int> caught;
};

int body(void *ctx, size_t i, void *, thrum_task *task)
{
	job *j = static_cast<job *>(ctx);
	bool caller = thrum_task_worker(task) == 0;

	usleep(1000);
	if (j->at == CAUGHT) {
		try {
			throw std::runtime_error("caught in the body");
		} catch (const std::exception &) {
			j->caught++;
		}
	} else if (caller == (j->at == IN_CALLER) && i > 2) {
		throw std::runtime_error("thrown in a body");
	}
	return 0;
}

int child(where at)
{
	job j = { at, { 0 } };
	thrum_opts o{};

	o.n_jobs = 4;
	o.grain = 1;
	int rc = thrum_map(nullptr, 200, body, &j, nullptr, 0, &o);
	return rc != 0 || j.caught != 200;
}

// The wait status of a child that may not hang, nor leave a core or a text.
int status_of(where at)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		rlimit none = { 0, 0 };
		setrlimit(RLIMIT_CORE, &none);
		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		std::signal(SIGALRM, SIG_DFL);
		alarm(20);
		_exit(child(at));
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

bool is_ended(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int number, broken;

void law(bool holds, const char *text)
{
	std::printf("%sok %d - %s\n", holds ? "" : "not ", ++number, text);
	std::fflush(stdout);
	broken += !holds;
}

} // namespace

int main()
{
	law(status_of(CAUGHT) == 0, "an exception caught in its body is well");
	law(is_ended(status_of(IN_CALLER)),
	    "one that nobody catches ends the process, from the caller");
	law(is_ended(status_of(IN_WORKER)),
	    "one that nobody catches ends the process, from a worker");
	std::printf("1..%d\nFIGURE P11 %d 3 %s exceptions caught in a body, or by "
	            "nobody: no hang\n", number, number - broken,
	            broken ? "MISSED" : "ok");
	return broken != 0;
}
