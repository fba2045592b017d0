"""Engines that look for evidence. Untrusted: whatever they find, the kernel judges."""
