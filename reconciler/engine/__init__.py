"""Planning: from three worlds to an ordered, guarded plan, without any I/O.

entitlements, refresh     prepare the worlds: dates, and what a vanished thing means
diff, lifecycle           every difference and its next step
guards, budgets           what must not happen without an approval
readiness                 what has to wait for whom
orders                    what people were asked for already, and what of it is over
order, membership_counts  a sequence whose every prefix is safe
organization              puts these together for one organization
planner                   and for all of them
"""
