"""Types that all layers share. Standard library only; nothing here does I/O."""
