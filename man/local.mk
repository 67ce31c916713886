# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# man/local.mk - manual pages

dist_man_MANS = \
	man/thrum-info.1 \
	man/thrum.7 \
	man/thrum_cancel.3 \
	man/thrum_cpus.3 \
	man/thrum_for.3 \
	man/thrum_for_tiles.3 \
	man/thrum_opts.3 \
	man/thrum_pool.3 \
	man/thrum_pool_stats.3 \
	man/thrum_progress.3 \
	man/thrum_random.3 \
	man/thrum_reduce.3 \
	man/thrum_report.3 \
	man/thrum_run.3 \
	man/thrum_stream.3 \
	man/thrum_strerror.3 \
	man/thrum_task.3
# Of libthrum-cache, installed with it.
if CACHE
dist_man_MANS += \
	man/thrum-cache.1 \
	man/thrum_array.3 \
	man/thrum_hash.3 \
	man/thrum_key.3 \
	man/thrum_memo.3 \
	man/thrum_npy.3 \
	man/thrum_npz.3
endif

# Lines `PAGE NAME`, for each function in the NAME section of a page that is
# not the name of its file: `man NAME` is to find it too. Macros are left out:
# in some file systems THRUM_OPTS.3 is thrum_opts.3.
man_links = for page in $(dist_man_MANS); do \
		case $$page in *.3) ;; *) continue ;; esac; \
		$(AWK) -v page="$$page" ' \
			BEGIN { sub(/.*\//, "", page); own = page; sub(/\.3$$/, "", own) } \
			/^\.Nd/ { exit } \
			/^\.Nm thrum_/ && $$2 != own { print page, $$2 }' \
			"$(srcdir)/$$page"; \
	done

install-data-hook:
	@$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	$(AM_V_at)$(man_links) | while read -r page name; do \
		echo ".so man3/$$page" >"$(DESTDIR)$(man3dir)/$$name.3" || exit 1; \
	done

uninstall-hook:
	$(AM_V_at)$(man_links) | while read -r page name; do \
		rm -f "$(DESTDIR)$(man3dir)/$$name.3"; \
	done
