/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* sleep.pml - sleep, wake and shutdown: nothing that was posted is left
 *
 * The protocol of lib/idle.h, lib/park.c, lib/resident.c, lib/thread.c and, for
 * the end of a call, lib/team.h, in the words that these use. A caller makes
 * CALLS calls that give a turn to each of W residents (thrum_each): a turn is
 * tied to its resident, so that one that oversleeps is not hidden by another
 * that does its work. With -DFORK one of the turns forks a task and waits until
 * somebody else has it, so that work is posted by the bell, too, and by a
 * resident. Then the caller destroys the pool. Residents are threads that do
 * not exist at first; the first REFUSE of them are refused by the pool's start
 * function and die before their first turn.
 *
 * Memory is that of TSO. A store stays in the buffer of its thread until a fence
 * or a read-modify-write of that thread, or until it pleases to go to memory.
 * Where a fence follows a store at once there is nothing to see in between, and
 * the two are one step; -DNO_FENCE_.. takes the fence away, and the store then
 * waits in `late`. Looks at several words that only grow are one step, too: what
 * they find is what was there at one moment between the first and the last.
 * -DCOARSE makes one step of each operation on the words of one sleeper.
 * The explorer knows weaker memories; here it is the progress that counts. No
 * sleep has an end by itself, so no timer can hide a wake that was lost.
 *
 * Each -DNO_.. takes one step of the protocol away; test/model/run shows that
 * the properties fail then.
 */
#ifndef W
#define W 3
#endif
#ifndef CALLS
#define CALLS 1
#endif
#ifndef REFUSE
#define REFUSE 0
#endif
#define CALLER W
#define N (W + 1)

#ifdef COARSE
#define STEP atomic
#else
#define STEP
#endif

/* Words that are stored to. */
#define EPOCH 1
#define DONE(w) (2 + (w))
#define REST(w) (2 + W + (w)) /* of a resident at home; of the caller's seat */
byte mem[2 + W + N];

#define AWAKE 0
#define PARKED 1
#define UNSTARTED 2
#define STARTING 3
#define DEAD 4

byte resting;
bool stop;
byte turns[W];     /* that a resident, or the caller for it, has claimed */
byte missed;       /* of those, by the caller */
byte token[N];     /* of the parkers: 0 awake, 1 called, 2 asleep */
bool queued[N];    /* in the kernel */
bool exists[W];    /* the thread */
bool task;         /* one is there to be taken */
bool over;

/* thrum__idle_seen. The count only grows, and is only asked whether it is still
 * what it was: a bit for each thread, set when it grows. */
byte news;
#define LOOK news = news & ~(1 << me)
#define NEWS (news & (1 << me))
#define GROWS news = 255

/* Stores and fences */

#if defined(NO_FENCE_CALL) || defined(NO_FENCE_SLEEP) || defined(NO_FENCE_DONE)
byte late_at[N], late_what[N];
#define DRAIN drain();
/* The look before the exchange, which does not wait for the buffer. */
#define PARKS(who) (mem[REST(who)] == PARKED)
#else
#define DRAIN
#define PARKS(who) true /* it only saves the exchange */
#endif

inline drain()
{
	atomic {
		if
		:: late_at[me] ->
			mem[late_at[me]] = late_what[me];
			if
			:: late_at[me] == EPOCH -> GROWS
			:: else
			fi;
			late_at[me] = 0;
			late_what[me] = 0
		:: else
		fi
	}
}

inline store_late(word, value)
{
	atomic { late_at[me] = word; late_what[me] = value };
	if /* soon, or not before the next one that waits for it */
	:: DRAIN true
	:: true
	fi
}

inline publish(epoch) /* [T1], [I2] */
{
#ifdef NO_FENCE_CALL
	store_late(EPOCH, epoch)
#else
	atomic { mem[EPOCH] = epoch; GROWS }
#endif
}

inline set_parked() /* [I4] */
{
#ifdef NO_FENCE_SLEEP
	store_late(REST(me), PARKED)
#else
	mem[REST(me)] = PARKED
#endif
}

inline done() /* [L1], [L3] */
{
#ifdef NO_FENCE_DONE
	store_late(DONE(me), turns[me])
#else
	mem[DONE(me)] = turns[me]
#endif
}

/* park.c */

inline park()
{
	DRAIN /* the kernel orders */
	if
	:: atomic { token[me] == 1 -> token[me] = 0 }
	:: STEP {
		atomic { token[me] != 1 ->
#ifdef NO_CAS_ASLEEP
		};
		atomic {
#endif
		token[me] = 2 };
#ifdef NO_COMPARE
		queued[me] = true
#else
		atomic { queued[me] = (token[me] == 2) }
#endif
	   };
	   atomic { !queued[me] -> token[me] = 0 }
	fi
}

inline unpark(who)
{
	STEP {
		atomic { called = token[who]; token[who] = 1 };
#ifdef NO_FUTEX_WAKE
		called = 0
#else
		atomic {
			if
			:: called == 2 -> queued[who] = false
			:: else
			fi;
			called = 0
		}
#endif
	}
}

/* idle.c */

inline get_up(who) /* won = (PARKED) -> (AWAKE) [I6] */
{
	STEP {
		DRAIN
#ifdef NO_CAS_REST
		won = (mem[REST(who)] == PARKED);
		if
		:: won -> mem[REST(who)] = AWAKE
		:: else
		fi;
#else
		atomic {
			won = (mem[REST(who)] == PARKED);
			if
			:: won -> mem[REST(who)] = AWAKE
			:: else
			fi
		};
#endif
		if
		:: won -> atomic { assert(resting > 0); resting-- }
		:: else
		fi
	}
}

inline wake(who)
{
#ifdef NO_WAKE
	won = false
#else
	if
	:: PARKS(who) ->
		get_up(who);
		if
		:: won -> unpark(who)
		:: else
		fi
	:: else -> won = false
	fi
#endif
}

inline rouse(who) /* thrum__idle_rouse, thrum__pool_start */
{
	if
	:: atomic { mem[REST(who)] == UNSTARTED ->
		mem[REST(who)] = STARTING;
		resting--;
		exists[who] = true;
		won = true
	   }
	:: mem[REST(who)] != UNSTARTED -> wake(who)
	fi
}

inline announce()
{
	STEP {
#ifndef NO_RESTING
		DRAIN
		resting++;
#endif
		set_parked()
	}
}

#ifdef NO_RECHECK
#define AGAIN(look) false
#else
#define AGAIN(look) (look)
#endif

/* Sleep, unless the look after the announcement says that there is work. */
inline sleep_unless(look)
{
	if
	:: AGAIN(look) ->
		get_up(me);
		if
		:: won
		:: !won -> park() /* a call is on its way */
		fi
	:: !AGAIN(look) ->
		park();
		get_up(me)
	fi;
	won = false
}

inline ring() /* [I1], [I2] */
{
#ifdef NO_BELL
	skip
#else
	DRAIN
	GROWS
#endif
}

/* Wake one member that rests: the caller first. */
inline wake_one()
{
	wake(CALLER);
	do
	:: k < W && !won ->
		if
		:: k != me -> rouse(k)
		:: else
		fi;
		k++
	:: else -> break
	od;
	atomic { k = 0; won = false }
}

inline take_task()
{
	atomic { found = task; task = false }
}

/* Turn of a resident: that of the last one forks, in the first call. */
inline body()
{
#ifdef FORK
	if
	:: me == W - 1 && turns[me] == 1 ->
		DRAIN
		task = true;
		ring();
		if
		:: resting != 0 -> wake_one()
		:: resting == 0
		fi;
		!task
	:: else
	fi
#else
	skip
#endif
}

#if W == 2
#define SUM (mem[DONE(0)] + mem[DONE(1)])
#else
#define SUM (mem[DONE(0)] + mem[DONE(1)] + mem[DONE(2)])
#endif
#define COMPLETE (SUM + missed == W * mem[EPOCH])

inline share_end()
{
	done();
	if
	:: mem[REST(CALLER)] == PARKED && COMPLETE -> wake(CALLER)
	:: mem[REST(CALLER)] != PARKED || !COMPLETE
	fi;
	won = false
}

proctype resident(byte me)
{
	byte k, called;
	bool found, won;

	exists[me];
	if
	:: me < REFUSE -> goto dies
	:: else -> mem[REST(me)] = AWAKE
	fi;
	do
	::
#ifndef NO_SEEN
		LOOK;
#endif
		if
		:: stop -> break
		:: atomic { !stop && turns[me] < mem[EPOCH] ->
			DRAIN
			turns[me]++
		   };
			body();
			share_end()
		:: atomic { !stop && turns[me] >= mem[EPOCH] ->
			take_task()
		   };
			if
			:: found
			:: else ->
#ifdef NO_SEEN
				LOOK;
#endif
				announce();
				sleep_unless(NEWS || stop)
			fi
		fi;
		atomic { found = false; won = false }
	od;
dies:
	DRAIN
	mem[REST(me)] = DEAD;
	ring();
	wake(CALLER); /* thrum__team_wake_callers */
	exists[me] = false
}

inline wake_all()
{
	do
	:: k < W ->
		rouse(k);
		atomic {
			if
			:: mem[REST(k)] == DEAD && turns[k] < mem[EPOCH] ->
				turns[k]++;
				missed++
			:: else
			fi;
			k++
		}
	:: else -> break
	od;
	atomic { k = 0; won = false }
}

inline give_turns()
{
	do
	::	LOOK;
		wake_all();
		if
		:: COMPLETE -> break
		:: !COMPLETE
		fi;
		take_task();
		if
		:: found -> found = false
		:: else ->
			announce();
			sleep_unless(COMPLETE || NEWS)
		fi
	od
}

inline end_threads()
{
	DRAIN
	stop = true;
	ring();
	do
	:: k < W ->
#ifndef NO_WAKE_AT_STOP
		wake(k);
#endif
		k++
	:: else -> break
	od;
	atomic { k = 0; won = false }
}

proctype caller()
{
	byte me = CALLER, call, k, called;
	bool found, won;

	do
	:: call < CALLS ->
		call++;
		publish(call);
		give_turns()
	:: else -> break
	od;
	end_threads();
	do /* thrum__pool_join_threads */
	:: k < W -> !exists[k]; k++
	:: else -> break
	od;
	assert(SUM + missed == W * CALLS && !task);
	over = true
}

init {
	byte w = 0;
	atomic {
		resting = W;
		do
		:: w < W ->
			mem[REST(w)] = UNSTARTED;
			run resident(w);
			w++
		:: else -> break
		od;
		run caller()
	}
}

/* All calls return, all threads end. */
ltl ends { <> over }
/* A task that is posted is taken, though who forked it does not take it back. */
ltl taken { [] (task -> <> !task) }
