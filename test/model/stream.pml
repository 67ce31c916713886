/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* stream.pml - a stream under back-pressure: every item goes through, in order
 *
 * The protocol of lib/stream.c, with that of lib/idle.h and lib/park.c below it.
 * The caller pulls, delivers, and works on items in between; W residents take
 * items from the feed. At most BOUND items are out at a time. With ITEMS 0 the
 * stream has no end, and the property is that items are delivered again and
 * again; else it ends after ITEMS, the caller returns, and the pool ends.
 *
 * An item that the caller works on lasts until all that were fed have been taken
 * by others: a worker that sleeps while an item waits is not hidden by a caller
 * that would come to it later. Items of residents end when they please.
 *
 * Memory, sleepers and -DCOARSE are as in sleep.pml, of which this repeats the
 * words: a model is read as a whole. The feed itself, a ring with two counters,
 * is one step here; the explorer looks inside. The fence of the bell, [I2], is not
 * dropped here: an item is fed to be taken by anybody, and the next one would wake
 * who overslept; sleep.pml shows what it is for.
 */
#ifndef W
#define W 2
#endif
#ifndef BOUND
#define BOUND 2
#endif
#ifndef ITEMS
#define ITEMS 3
#endif
#define MODULO 4 /* more than BOUND, and ITEMS */
#define CALLER W
#define N (W + 1)

#ifdef COARSE
#define STEP atomic
#else
#define STEP
#endif

/* Words that are stored to. */
#define STATE(n) (1 + (n))
#define REST(w) (1 + BOUND + (w)) /* of a resident at home; of the caller's seat */
byte mem[1 + BOUND + N];

#define PENDING 0
#define READY 1

#define AWAKE 0
#define PARKED 1

byte resting, news;
bool stop, over;
byte token[N];
bool queued[N];
byte living = W;

chan fed = [BOUND] of { byte };      /* items on their way */
byte complete;                       /* unordered: a bit for each item */
chan line = [BOUND] of { byte };     /* ordered: what is out, oldest first */
byte place[BOUND];                   /* of an item in the stream, modulo MODULO */
byte out, pulled, delivered;
bool beat;                           /* changes with each delivery */

#define LOOK news = news & ~(1 << me)
#define NEWS (news & (1 << me))
#define GROWS news = 255

#if defined(NO_FENCE_SLEEP) || defined(NO_FENCE_ITEM)
byte late_at[N], late_what[N];
#define DRAIN drain();
#define PARKS(who) (mem[REST(who)] == PARKED)
#else
#define DRAIN
#define PARKS(who) true
#endif

inline drain()
{
	atomic {
		if
		:: late_at[me] ->
			mem[late_at[me]] = late_what[me];
			late_at[me] = 0;
			late_what[me] = 0
		:: else
		fi
	}
}

inline store_late(word, value)
{
	atomic { late_at[me] = word; late_what[me] = value };
	if
	:: DRAIN true
	:: true
	fi
}

/* park.c and idle.c, as in sleep.pml */

inline park()
{
	DRAIN
	if
	:: atomic { token[me] == 1 -> token[me] = 0 }
	:: STEP {
		atomic { token[me] != 1 -> token[me] = 2 };
		atomic { queued[me] = (token[me] == 2) }
	   };
	   atomic { !queued[me] -> token[me] = 0 }
	fi
}

inline unpark(who)
{
	STEP {
		atomic { called = token[who]; token[who] = 1 };
		atomic {
			if
			:: called == 2 -> queued[who] = false
			:: else
			fi;
			called = 0
		}
	}
}

inline get_up(who)
{
	STEP {
		DRAIN
		atomic {
			won = (mem[REST(who)] == PARKED);
			if
			:: won -> mem[REST(who)] = AWAKE
			:: else
			fi
		};
		if
		:: won -> atomic { assert(resting > 0); resting-- }
		:: else
		fi
	}
}

inline wake(who)
{
	if
	:: PARKS(who) ->
		get_up(who);
		if
		:: won -> unpark(who)
		:: else
		fi
	:: else -> won = false
	fi
}

inline announce()
{
	STEP {
		DRAIN
		resting++;
#ifdef NO_FENCE_SLEEP
		store_late(REST(me), PARKED)
#else
		mem[REST(me)] = PARKED
#endif
	}
}

inline sleep_unless(look)
{
	if
	:: look ->
		get_up(me);
		if
		:: won
		:: !won -> park()
		fi
	:: !(look) ->
		park();
		get_up(me)
	fi;
	won = false
}

/* Of both: what work_on does after the body */
inline say_done() /* [S1], [S3] */
{
#ifdef UNORDERED
	DRAIN
	complete = complete | (1 << n);
#else
#ifdef NO_FENCE_ITEM
	store_late(STATE(n), READY);
#else
	mem[STATE(n)] = READY;
#endif
#endif
#ifndef NO_ITEM_WAKE
	if
	:: me != CALLER -> wake(CALLER)
	:: else
	fi
#endif
}

proctype resident(byte me)
{
	byte n, called;
	bool won;

	do
	::	LOOK;
		if
		:: atomic { fed?n -> DRAIN true };
			say_done()
		:: stop -> break
		:: len(fed) == 0 && !stop ->
			announce();
#ifdef NO_RECHECK
			sleep_unless(false)
#else
			sleep_unless(NEWS || stop)
#endif
		fi;
		atomic { n = 0; won = false }
	od;
	atomic { DRAIN living-- }
}

#ifdef UNORDERED
#define DELIVERABLE (ready || complete)
#else
#define DELIVERABLE (out && mem[STATE(head)] == READY)
#endif

inline settle()
{
	atomic {
#ifndef UNORDERED
		assert(place[n] == delivered % MODULO); /* in order, each once */
#endif
		mem[STATE(n)] = PENDING;
		place[n] = 0;
		spare = spare | (1 << n);
		out--;
		beat = !beat;
		delivered = (delivered + 1) % MODULO;
		n = 0;
		any = true
	}
}

inline deliver()
{
#ifdef UNORDERED
	atomic { ready == 0 -> ready = complete; complete = 0 };
	do
	:: ready ->
		atomic {
			do
			:: (ready >> n) & 1 -> break
			:: else -> n++
			od;
			ready = ready & ~(1 << n)
		};
		settle()
	:: else -> break
	od
#else
	do
	:: out && mem[STATE(head)] == READY ->
		atomic {
			line?n;
			head = 0;
			if
			:: len(line) > 0 -> line?<head>
			:: else
			fi
		};
		settle()
	:: !(out && mem[STATE(head)] == READY) -> break
	od
#endif
}

#ifdef NO_BOUND
#define MAY (out < BOUND + 1)
#else
#define MAY (out < BOUND)
#endif
#define ENDED (ITEMS && pulled == ITEMS)

inline wake_one()
{
	do
	:: k < W && !won -> wake(k); k++
	:: else -> break
	od;
	atomic { k = 0; won = false }
}

inline pull_and_feed()
{
	do
	:: !ENDED && MAY && !DELIVERABLE ->
		atomic {
			assert(out < BOUND);
			do
			:: (spare >> n) & 1 -> break
			:: else -> n++
			od;
			spare = spare & ~(1 << n);
			place[n] = pulled % MODULO;
			out++;
			pulled = (ITEMS -> pulled + 1 : (pulled + 1) % MODULO);
#ifndef UNORDERED
			line!n;
			line?<head>;
#endif
		};
		atomic { DRAIN fed!n; n = 0 };
#ifndef NO_BELL
		GROWS;
#endif
		rests = (resting != 0);
		if
#ifdef NO_FEED_WAKE
		:: true
#else
		:: rests -> wake_one()
		:: !rests
#endif
		fi;
		atomic { rests = false; any = true }
	:: else -> break
	od
}

inline help()
{
	if
	:: atomic { fed?n -> any = true };
		len(fed) == 0; /* a long body */
		say_done();
		n = 0
	:: len(fed) == 0
	fi
}

#ifdef NO_LOOK_AGAIN
#define AGAIN NEWS
#else
#define AGAIN (DELIVERABLE || NEWS)
#endif

inline run_team()
{
	do
#ifdef NO_END
	:: ENDED && out == 0 && slept -> break
#else
	:: ENDED && out == 0 -> break
#endif
	:: else ->
		LOOK;
		deliver();
		pull_and_feed();
#ifndef NO_END
		any = any || (ENDED && out == 0);
#endif
		if
		:: !any -> help()
		:: any
		fi;
		if
		:: any
		:: !any ->
			announce();
			sleep_unless(AGAIN);
#ifdef NO_END
			slept = true
#endif
		fi;
		any = false
	od
}

proctype caller()
{
	byte me = CALLER, n, k, called, head, ready, spare = 255 >> (8 - BOUND);
	bool won, any, rests;
#ifdef NO_END
	bool slept;
#endif

	run_team();
	assert(delivered == ITEMS % MODULO && len(fed) == 0 && !complete);
	/* thrum__pool_end_threads */
	DRAIN
	stop = true;
	GROWS;
	do
	:: k < W -> wake(k); k++
	:: else -> break
	od;
	living == 0;
	over = true
}

init {
	byte w = 0;
	atomic {
		do
		:: w < W -> run resident(w); w++
		:: else -> break
		od;
		run caller()
	}
}

#if ITEMS
/* The call returns, all threads end. */
ltl ends { <> over }
#else
/* There is always another delivery. */
ltl ends { [] (<> beat && <> !beat) }
#endif
