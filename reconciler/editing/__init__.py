"""Changing manifests in place, so that everything else in them stays as people wrote it. No I/O."""
