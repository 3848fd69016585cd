"""Numbers of SMBIOS in words (DMTF DSP0134 3.7: 7.4.1 chassis types, 7.18.1 form factors, 7.18.2 memory)."""

CHASSIS = {
    3: "desktop", 4: "low profile desktop", 5: "pizza box", 6: "mini tower", 7: "tower", 8: "portable",
    9: "laptop", 10: "notebook", 11: "hand held", 12: "docking station", 13: "all in one",
    14: "sub notebook", 15: "space-saving", 16: "lunch box", 17: "server", 18: "expansion chassis",
    21: "peripheral chassis", 22: "RAID chassis", 23: "rack mount", 24: "sealed PC", 25: "multi-system",
    28: "blade", 29: "blade enclosure", 30: "tablet", 31: "convertible", 32: "detachable",
    33: "IoT gateway", 34: "embedded PC", 35: "mini PC", 36: "stick PC",
}  # fmt: skip
MEMORY_TYPES = {
    3: "DRAM", 9: "RAM", 11: "Flash", 15: "SDRAM", 17: "RDRAM", 18: "DDR", 19: "DDR2", 20: "DDR2 FB-DIMM",
    24: "DDR3", 25: "FBD2", 26: "DDR4", 27: "LPDDR", 28: "LPDDR2", 29: "LPDDR3", 30: "LPDDR4",
    31: "non-volatile", 32: "HBM", 33: "HBM2", 34: "DDR5", 35: "LPDDR5", 36: "HBM3",
}  # fmt: skip
FORM_FACTORS = {
    3: "SIMM", 4: "SIP", 5: "chip", 6: "DIP", 7: "ZIP", 8: "card", 9: "DIMM", 10: "TSOP", 11: "row of chips",
    12: "RIMM", 13: "SODIMM", 14: "SRIMM", 15: "FB-DIMM", 16: "die", 17: "CAMM",
}  # fmt: skip
