"""Comparing what two revisions of the manifests want. Pure: nothing is known here of what is recorded or live.

names    what is called differently on both sides and is the same
access   who gains what and who loses what, with marks
things   organizations, assets, connections and people that appear, change or go
steps    what the change asks for that a plan would not do without an approval
findings what is said of one side and not of the other

What everybody can do with each thing on one side, over all ways that lead there, is in `engine.access_paths`.
"""
