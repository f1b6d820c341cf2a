"""Business Center over the TikTok API for Business, version 1.3.

From the wire inwards: `client` (one call, one list), `session` (one Business Center and what is known of it),
`members` and `assets`, `reading` (all of it), `batches` and `actions` (changes), `provider` (what the rest of the tool
sees). What the interface is and does is data: `vocabulary`.
"""
