"""What is known of each system: data with source and date in `data/*.yaml`, and no I/O beyond reading them once."""
