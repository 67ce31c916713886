/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* consumer_cache.cc - a C++17 program that uses libthrum-cache as installed */
#include <thrum/array.h>

#include <vector>

int main()
{
	std::vector<float> x(10);
	thrum_array a = thrum_array_1d(THRUM_F32, x.data(), x.size());

	return a.shape[0] == x.size()
	       && thrum_dtype_size(a.dtype) == sizeof(float) ? 0 : 1;
}
