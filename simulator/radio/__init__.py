"""The air between radios, and what controllers do on it: advertising, scanning, connections, the sniffer's file."""
