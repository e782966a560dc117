"""Worker processes: one hub uses one core, so a deployment that wants more of them runs in several processes.

The command's own process is the *parent*. It starts the executors (spawned, never forked), supervises them like any
other child, and adds up what they report. Each executor runs its part of the plan as a `Deployment` of its own.

=====================  ========================================================================================="""
