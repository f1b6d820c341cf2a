"""Planning: from three worlds to an ordered, guarded plan, without any I/O.

context                   one organization in its three worlds, and what a plan is limited to
entitlements, refresh     prepare the worlds: dates, what a vanished thing means, what could not be read
identities                what the manifests call today whatever is remembered
diff, lifecycle           every difference and its next step
stages                    the list of all that can hold a step back:
  guards                  what must not happen without an approval, change by change and over all of them
  waits                   what has to wait for whom, since when, and what ends that
  orders                  what people were asked for already, and what of it is over
  layout                  a sequence whose every prefix is safe, by membership_counts
planner                   puts these together for one organization and for all of them
drift, plan_warnings      what a plan tells besides
access_paths, holdings    who can do what, by the manifests alone and beside the records
"""
