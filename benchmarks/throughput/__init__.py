"""Throughput over the number of pipelines, greenlets against threads, each next to the limit of a plain loop.

============== =========================================================================================
`events`       the 100 look-alike events that are replayed
`workload`     the classification, and the functions that pipelines, threads and the limit call
`limit`        the limit: a plain loop in a process of its own
`threads`      the baseline: one thread per ramp and pipeline, in a process of its own
`child`        what those two are told, and what they answer
`flow`         the deployment: its TOML, and what its blackholes report
`process`      runs processes, and samples their memory and CPU time
`turns`        runs several, one at a time for a tenth of a second
`measurement`  what one run showed
`variants`     what there is to measure, and in which order
`bench`        measures one variant alone, or two in turns
`rounds`       measures all of them again and again
`targets`      the ratios, and what they are held against
`tables`       what is printed and written
`plot`         the graph
`stages`       which stage of an event's way code belongs to, and a sampler
`profile`      where the time goes
`command`      the command line
============== =========================================================================================
"""
