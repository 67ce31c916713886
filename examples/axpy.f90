! SPDX-FileCopyrightText: The thrum authors
! SPDX-License-Identifier: MIT
! axpy.f90 - y = y + a x, from Fortran 2008 over the plain functions
module thrum
  use iso_c_binding
  implicit none
  type, bind(c) :: thrum_opts ! as in thrum/options.h
    integer(c_size_t) :: size = 104, report_size = 72
    integer(c_int) :: n_jobs = 0, verbose = 0, progress = 0, flags = 0
    integer(c_size_t) :: grain = 0, pre_dispatch = 0
    integer(c_int64_t) :: total = 0
    real(c_double) :: timeout_s = 0
    type(c_ptr) :: cancel = c_null_ptr
    type(c_funptr) :: on_progress = c_null_funptr
    type(c_ptr) :: on_progress_ctx = c_null_ptr
    type(c_ptr) :: report = c_null_ptr, status = c_null_ptr
  end type
  interface
    function thrum_for(pool, n, body, ctx, opts) bind(c) result(rc)
      import
      type(c_ptr), value :: pool, ctx
      integer(c_size_t), value :: n
      type(c_funptr), value :: body
      type(thrum_opts), intent(in) :: opts
      integer(c_int) :: rc
    end function
  end interface
end module

module work
  use iso_c_binding
  implicit none
  type :: axpy_data
    real(c_double) :: a
    real(c_double), allocatable :: x(:), y(:)
  end type
contains
  ! Indices begin .. end - 1, counted from 0 as in C
  function axpy(ctx, begin, end, task) bind(c) result(rc)
    type(c_ptr), value :: ctx, task
    integer(c_size_t), value :: begin, end
    integer(c_int) :: rc
    type(axpy_data), pointer :: c
    call c_f_pointer(ctx, c)
    c%y(begin+1:end) = c%y(begin+1:end) + c%a * c%x(begin+1:end)
    rc = 0
  end function
end module

program main
  use thrum
  use work
  type(axpy_data), target :: c
  type(thrum_opts) :: opts
  integer(c_size_t) :: i, n = 1000000
  character(16) :: n_jobs
  opts%n_jobs = -1
  call get_command_argument(2, n_jobs)
  if (n_jobs /= '') read (n_jobs, *) opts%n_jobs
  c%a = 2
  c%x = [(real(i, c_double), i = 1, n)]
  allocate(c%y(n), source = 1.0_c_double)
  if (thrum_for(c_null_ptr, n, c_funloc(axpy), c_loc(c), opts) /= 0) error stop
  if (any(c%y /= 1 + 2 * c%x)) error stop
  print '(a,f0.1)', 'y(10) = ', c%y(10)
end program
