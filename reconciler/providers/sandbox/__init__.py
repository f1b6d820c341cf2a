"""The provider of the sandbox: between the tool and the embedded platform in `reconciler.sandbox`."""
