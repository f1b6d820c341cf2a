"""The sandbox's world spoken as the TikTok API for Business v1.3.

`Emulator.handle(ApiRequest) -> Response` is the whole of it and knows no web framework; `transport` puts it under an
HTTP client in the same process, `server` on a port. Each endpoint is described in a decorator of the function that
answers it, and what it does is decided by the sandbox's rules, so both ways into the world obey the same platform.
"""
