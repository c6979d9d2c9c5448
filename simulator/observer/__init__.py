"""An observer with everything that is on the air: what does it take to follow one unit from address to address?

It hears each PDU of each unit, knows no key, and has played worlds of which it was told who sent what. It learns from
them to say of two bursts whether they came from the same unit: from their times alone, from their bytes alone, from
their headers and addresses alone, and from everything together. What bytes and addresses add to the times is what they
give away; by design (`firmware/PROTOCOL.md`, 9) that is nothing. What the times give away is measured, too.

`listening.py` plays a world and cuts it into bursts; `cues.py` compares two bursts; `learning.py` is a likelihood table
and a logistic regression; `experiment.py` puts them together and says how sure the figures are. It is no radio
fingerprinting: carrier offset, signal strength and place tell units apart, too, whatever these say.
"""
