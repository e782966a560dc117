"""Worker processes: one hub uses one core, so a deployment that wants more of them runs in several processes.

The command's own process is the *parent*. It starts the executors (spawned, never forked), supervises them like any
other child, and adds up what they report. Each executor runs its part of the plan as a `Deployment` of its own.

=================  ====================================================================================================
`placement`        which component runs in which executor; pure
`subplan`          the part of a plan that one executor runs, with links where the plan crosses processes; pure
`ramps.links`      how batches cross from one executor to another, and the answers back
`executor_actor`   one executor seen from the parent: an actor that crashes when its process does
`worker`           what runs in the process
`fleet`            a deployment of several executors: `start`, `wait`, `stop`, `account`, like `Deployment`
=================  ====================================================================================================
"""
