/* SPDX-FileCopyrightText: The thrum authors
 * SPDX-License-Identifier: MIT */
/* topology_flat.c - the cores of a machine, in a build without hwloc */
#include "config.h"

#include <errno.h>

#include "topology.h"

bool thrum__topology_is_slow(void)
{
	return false;
}

int thrum__topology_load(struct topology *topology,
                         const struct topology_source *source)
{
	if (source->synthetic || source->xml)
		return -ENOSYS;
	return thrum__topology_flat(topology, source);
}
