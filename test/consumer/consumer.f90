! SPDX-FileCopyrightText: The thrum authors
! SPDX-License-Identifier: MIT
! consumer.f90 - a Fortran 2008 program that uses libthrum as installed
module work
  use iso_c_binding
  implicit none

  type :: vectors
    real(c_double) :: a
    real(c_double), allocatable :: x(:), y(:)
  end type

  interface
    function thrum_for(pool, n, body, ctx, opts) bind(c) result(rc)
      import
      type(c_ptr), value :: pool, ctx, opts
      integer(c_size_t), value :: n
      type(c_funptr), value :: body
      integer(c_int) :: rc
    end function
  end interface

contains

  ! Indices of thrum count from 0, those of Fortran from 1.
  function axpy(ctx, first, last, task) bind(c) result(rc)
    type(c_ptr), value :: ctx, task
    integer(c_size_t), value :: first, last
    integer(c_int) :: rc
    type(vectors), pointer :: v
    call c_f_pointer(ctx, v)
    v%y(first+1:last) = v%y(first+1:last) + v%a * v%x(first+1:last)
    rc = 0
    if (c_associated(task, ctx)) rc = 1
  end function
end module

program consumer
  use work
  implicit none
  type(vectors), target :: v
  integer(c_size_t), parameter :: n = 10000
  integer(c_size_t) :: i

  v%a = 2
  v%x = [(real(i, c_double), i = 1, n)]
  allocate (v%y(n), source=1.0_c_double)
  if (thrum_for(c_null_ptr, n, c_funloc(axpy), c_loc(v), c_null_ptr) /= 0) &
    error stop 1
  do i = 1, n
    if (abs(v%y(i) - (1 + 2 * real(i, c_double))) > 0) error stop 2
  end do
end program
