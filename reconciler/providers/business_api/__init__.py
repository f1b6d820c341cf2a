"""Business Center over the TikTok API for Business, version 1.3.

From the wire inwards: `client` (one call), `paging` (one list), `center` (one Business Center being worked on),
`reading` and `acting` (all of it, one change), `provider` (what the rest of the tool sees). What the interface is and
does is data: `codes`, `endpoints`, `vocabulary`, `tiers`.
"""
