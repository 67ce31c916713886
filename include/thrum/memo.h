/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* thrum/memo.h - results of functions kept on disk (libthrum-cache)
 *
 *   thrum_key key = THRUM_KEY_INIT;
 *   thrum_key_f64(&key, "x", x);
 *   rc = thrum_memo_call(memo, THRUM_FN("area", 1), &key, area, &x,
 *                        &y, sizeof y, 0);
 *
 * An entry is named by directory, function, version and key. Raise the version
 * when the function changes: what older ones left is never touched by that, and
 * goes as limits say. An entry is used only if it is complete, its checksum is
 * right, and its function, version and whole key are those that were asked for;
 * else it is missing. Failure to read or write the store never fails a call: the
 * function is run. What a function returns other than 0 is returned, not kept.
 *
 * Any number of threads and processes, on any number of machines that share the
 * directory, may use a store at the same time. To read takes no lock. Those that
 * ask for the same missing entry run the function once: one runs it, the others
 * wait and have its result; but not longer than .wait_s, then they run it, too.
 * Nor do they share a failure: then each runs the function itself. A function that
 * asks for the very entry that it is computing, on the same thread, is run.
 *
 * A call may be made in a body. While it waits for another thread its worker is
 * missing to the pool, which goes on without. In a child of fork() a memo stays
 * usable.
 */
#ifndef THRUM_MEMO_H
#define THRUM_MEMO_H

#include <thrum/array.h>
#include <thrum/hash.h>
#include <thrum/loop.h>
#include <thrum/npy.h>

/** A store that was opened. */
typedef struct thrum_memo thrum_memo;

/** Which function: @p name of 1 to 1023 bytes, borrowed; any version. */
typedef struct thrum_fn {
	const char *name;
	unsigned version;
} thrum_fn;
#ifdef __cplusplus
#define THRUM_FN(name, version) (thrum_fn{ (name), (version) })
#else
#define THRUM_FN(name, version) ((thrum_fn){ (name), (version) })
#endif

/** Names a result; a plain value that another process can use. */
typedef struct thrum_memo_ref {
	thrum_hash function, key;
} thrum_memo_ref;

/** What is known of an entry. Borrowed during the callback. */
typedef struct thrum_memo_entry {
	thrum_fn fn;
	const char *key_text, *host; /* as `x=1.5 n=100`; where it was made */
	double age_s, duration_s;    /* since it was made; to make it */
	uint64_t bytes;              /* of its file */
} thrum_memo_entry;

/** @return 1 if the entry may be used, 0 to make it anew. Any thread. */
typedef int thrum_memo_valid_fn(void *ctx, const thrum_memo_entry *entry);

/** Compute one value of size bytes, as given to thrum_memo_call.
 * @return 0, or any other value to fail. */
typedef int thrum_memo_fn(void *ctx, void *result);

/** Compute arrays: set all @p n of them, which are zero before. What they own
 * becomes the library's, also on failure; what they borrow must stay until the
 * call that ran the function returns.
 * @return 0, or any other value to fail. */
typedef int thrum_memo_arrays_fn(void *ctx, thrum_array *results, size_t n);

typedef struct thrum_memo_opts {
	/** sizeof(thrum_memo_opts); THRUM_MEMO_OPTS and C++ set it. */
	size_t size THRUM_SET_IN_CXX(sizeof(struct thrum_memo_opts));

	/** Limits, held when an entry is stored, and by thrum_memo_evict: those
	 * that were not used for the longest time go first, but never the one
	 * just stored. Use is noted once a second, or once a minute without
	 * these limits. Above some thousand entries `longest` is among those of
	 * a part of the store that is chosen at random. 0: no limit. */
	uint64_t max_bytes;
	uint64_t max_entries;

	/** Entries made longer ago are missing. Seconds; 0: no limit. */
	double max_age_s;

	/** 1: a result is on disk (fsync) when the call returns. */
	int durable;

	/** 1: use a directory that belongs to somebody else, or that others can
	 * write. What is made then has the modes that the umask leaves, else it
	 * is for this user alone. */
	int trusted;

	/** 0 none, or THRUM_ZSTD of thrum/npy.h. Compressed arrays are loaded,
	 * never mapped. Entries are read whatever they have. */
	int compress;

	/** Most seconds to wait for another's run; 0: 60. */
	double wait_s;

	/** Asked before an entry is used; NULL: all may be. */
	thrum_memo_valid_fn *valid;
	void *valid_ctx;
} thrum_memo_opts;

/** Options by name, with 0 for the rest; lives as long as the enclosing block. */
#define THRUM_MEMO_OPTS(...) \
	(&(const thrum_memo_opts){ .size = sizeof(thrum_memo_opts), __VA_ARGS__ })

/* flags of a call */
#define THRUM_REFRESH  0x1u /* run the function and store, whatever there is;
                               waits for nobody */
#define THRUM_MAPPED   0x2u /* arrays: mapped read-only in place, not copied;
                               their elements are not compared with their
                               checksum, what describes them is. A write to
                               them is a fault */
#define THRUM_NO_STORE 0x4u /* look up, but do not keep; waits for nobody */

/** Of this memo since it was opened, by this process; but entries and bytes are
 * those in the store, as those who use it have counted them: exact after
 * thrum_memo_evict, elsewhere off by what was not counted: by processes that were
 * killed, or that found the counts in use for too long. */
typedef struct thrum_memo_stats {
	uint64_t hits, misses;
	uint64_t stores, failures; /* failures to write or to read an entry */
	uint64_t evicted, entries, bytes;
	double saved_s;            /* durations of the hits */
} thrum_memo_stats;

THRUM_BEGIN_DECLS

/** Open, and make if need be, the store in @p dir and the directories above.
 *
 * @param memo  Out: NULL on error. Any thread may use it.
 * @param dir   NULL: THRUM_CACHE_DIR; if that is not set either, nothing is
 *              kept, and every call runs its function.
 * @param opts  NULL for the defaults; copied.
 * @return 0; THRUM_EACCES: refused by the system, or the directory belongs to
 *         somebody else or others can write there, and .trusted is 0;
 *         THRUM_EIO: it cannot be opened or made; THRUM_ENOTSUP: .compress is
 *         not in this build; THRUM_EINVAL, THRUM_E2BIG, THRUM_ENOMEM. */
THRUM_API int thrum_memo_open(thrum_memo **memo, const char *dir,
                              const thrum_memo_opts *opts);

/** Close, when no call uses it any more. Mapped arrays stay. NULL is well. */
THRUM_API void thrum_memo_close(thrum_memo *memo);

/** Give the result of @p fn for @p key in @p result: stored, or computed.
 *
 * A stored one of another size is missing. What was in @p result before is not
 * kept when the function runs.
 *
 * @param memo    NULL: the function is run.
 * @param result  @p size bytes, any that can be copied; pointers in them mean
 *                nothing later. NULL with size 0: that the function was run is
 *                what is kept.
 * @param flags   THRUM_REFRESH | THRUM_NO_STORE.
 * @return 0; what @p compute returned; THRUM_EINVAL; the error of @p key. */
THRUM_API int thrum_memo_call(thrum_memo *memo, thrum_fn fn,
                              const thrum_key *key, thrum_memo_fn *compute,
                              void *ctx, void *result, size_t size,
                              unsigned flags);

/** The same for @p n arrays.
 *
 * @param results  Out: each to be released by the caller; zero on error. They
 *                 are contiguous, in Fortran order where the function gave
 *                 that, else in C order.
 * @param n        1 to 1024.
 * @param flags    THRUM_REFRESH | THRUM_NO_STORE | THRUM_MAPPED.
 * @return As thrum_memo_call; THRUM_EINVAL or THRUM_EOVERFLOW too for an array
 *         that is none; THRUM_ENOMEM. */
THRUM_API int thrum_memo_arrays(thrum_memo *memo, thrum_fn fn,
                                const thrum_key *key,
                                thrum_memo_arrays_fn *compute, void *ctx,
                                thrum_array *results, size_t n,
                                unsigned flags);

/** 1 if there is an entry that a call may use, by all but the size and the
 * checksum of its result, which are not read; else 0. Not counted as a use. */
THRUM_API int thrum_memo_contains(thrum_memo *memo, thrum_fn fn,
                                  const thrum_key *key);

/** Name a result, whether it is there or not.
 * @return 0; THRUM_EINVAL; the error of @p key. */
THRUM_API int thrum_memo_ref_of(thrum_memo_ref *ref, thrum_fn fn,
                                const thrum_key *key);

/** Get a result by its name, which another process may have made.
 * @return 0; THRUM_ENOENT if it is not there, or not any more, or of another
 *         size or number; THRUM_EINVAL; THRUM_ENOMEM. */
THRUM_API int thrum_memo_get(thrum_memo *memo, const thrum_memo_ref *ref,
                             void *result, size_t size);

/** The same for arrays. @p flags: THRUM_MAPPED. */
THRUM_API int thrum_memo_get_arrays(thrum_memo *memo,
                                    const thrum_memo_ref *ref,
                                    thrum_array *results, size_t n,
                                    unsigned flags);

/** Drop one entry; with a NULL @p key all of @p fn in this version; with a NULL
 * fn.name all there are. Who has mapped one keeps it.
 * @return 0, also if there was none; THRUM_EINVAL; the error of @p key;
 *         THRUM_EIO. */
THRUM_API int thrum_memo_forget(thrum_memo *memo, thrum_fn fn,
                                const thrum_key *key);

/** Apply limits now, count what there is, and remove what killed processes have
 * left behind.
 *
 * @param limits  Whose max_bytes, max_entries and max_age_s are used; NULL:
 *                those given to open.
 * @return 0; THRUM_EINVAL, THRUM_E2BIG, THRUM_ENOTSUP; THRUM_EIO. */
THRUM_API int thrum_memo_evict(thrum_memo *memo,
                               const thrum_memo_opts *limits);

/** Fill the first @p stats_size bytes of @p stats, sizeof(thrum_memo_stats).
 * @return 0, THRUM_EINVAL. */
THRUM_API int thrum_memo_get_stats(thrum_memo *memo, thrum_memo_stats *stats,
                                   size_t stats_size);

/** Set the key of index i; it is empty before. Any worker. */
typedef void thrum_memo_key_fn(void *ctx, size_t i, thrum_key *key);

/** thrum_map that computes only what the store lacks.
 *
 * For each index @p key_of is asked, and @p body run if its result is missing.
 * Each is stored when it is done, so that a sweep that was interrupted goes on
 * where it was when it is called again. All else, options, progress, report and
 * errors, is as in thrum_map; results that were found count as done.
 *
 * @param memo  NULL: a thrum_map.
 * @param ctx   Handed to both functions.
 * @return As thrum_map; THRUM_EINVAL. The error of a key is a failure of its
 *         index. */
THRUM_API int thrum_memo_map(thrum_memo *memo, thrum_fn fn,
                             thrum_memo_key_fn *key_of, thrum_pool *pool,
                             size_t n, thrum_map_fn *body, void *ctx,
                             void *results, size_t size,
                             const thrum_opts *opts);

THRUM_END_DECLS
#endif
