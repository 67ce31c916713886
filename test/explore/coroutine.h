/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* coroutine.h - to go from one stack to another
 *
 * By hand on x86-64, where a run has some hundred switches: those of the C library
 * ask the kernel for the signal mask each time, which takes longer than a run.
 */
#ifndef THRUM_TEST_COROUTINE_H
#define THRUM_TEST_COROUTINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

/* Keeps what a call has to keep, on the stack that is left. */
void coroutine_switch(void **from, void *to);
__asm__(".text\n"
	".globl coroutine_switch\n"
	"coroutine_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n");

/* What to switch to in order to begin with @p body, which never returns. */
static void *coroutine_new(void *stack, size_t bytes, void (*body)(void))
{
	uint64_t *top = (uint64_t *)((char *)stack + bytes);

	/* As after a call: 8 beside a multiple of 16. */
	*--top = 0;
	*--top = (uint64_t)(uintptr_t)body;
	top -= 6;
	memset(top, 0, 6 * sizeof *top);
	return top;
}

#else

#include <ucontext.h>

enum { CONTEXTS = 16 };
static ucontext_t coroutine_context[CONTEXTS];
static int coroutine_used;

static void coroutine_switch(void **from, void *to)
{
	if (!*from)
		*from = &coroutine_context[coroutine_used++];
	swapcontext(*from, to);
}

static void *coroutine_new(void *stack, size_t bytes, void (*body)(void))
{
	/* One for each stack, and stacks are few. */
	static void *stacks[CONTEXTS];
	static ucontext_t of[CONTEXTS];
	int i = 0;

	while (stacks[i] && stacks[i] != stack)
		i++;
	stacks[i] = stack;
	getcontext(&of[i]);
	of[i].uc_stack.ss_sp = stack;
	of[i].uc_stack.ss_size = bytes;
	makecontext(&of[i], body, 0);
	return &of[i];
}

#endif

#endif
