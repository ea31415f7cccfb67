"""The device law written out for SPICE, Verilog-A and Brian2, and what holds those forms against it."""
