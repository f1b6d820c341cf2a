"""Values to text. A renderer returns a string and does nothing else; `catalogue.RENDERERS` lists them all."""
