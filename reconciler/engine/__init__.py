"""Planning: from three worlds to an ordered, guarded plan, without any I/O.

context                   one organization in its three worlds, and what a plan is limited to
entitlements              which lines hold on a day, and who can do what by the manifests alone
identities                what the manifests call today whatever is remembered
drift                     what a look says of the records, and what was not made so by this tool
diff, lifecycle           every difference and its next step, whom that has to wait for and what ends the wait
stages                    the list of all that can hold a step back, and a sequence whose every prefix is safe:
  guards                  what must not happen without an approval, change by change and over all of them
  orders                  what people were asked for already, and what of it is over
  membership_counts       how many there are, and who can act
planner                   puts these together for one organization and for all of them
plan_warnings             what a plan tells besides
holdings                  who can do what, by the manifests beside the records
"""
