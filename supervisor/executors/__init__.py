"""Worker processes: one hub uses one core, so a deployment that wants more of them runs in several processes.

The command's own process is the *parent*. It starts the executors (spawned, never forked), supervises them like any
other child, and adds up what they report. Each executor runs its part of the plan as a `Deployment` of its own.

=====================  ================================================================================================
`placement`            which component runs in which executor; pure
`subplan`              the part of a plan that one executor runs, with links where the plan crosses processes; pure
`control`              all that parent and executor say to each other, as types and as bytes; pure
`channel`              one end of that conversation: sending never blocks
`records`              what executors log, on its way to the parent's log handlers
`process`              the process: spawned, killed, and how it ended
`executor_actor`       one executor seen from the parent: an actor that crashes when its process does
`fleet`                a deployment of several executors: `start`, `wait`, `stop`, `account`, like `Deployment`
`status`               how an executor is, for people
`worker`               the program that runs in the process, which patches first
`worker_process`       what it does
`executor_deployment`  its part of the plan, as a deployment that reports instead of deciding
=====================  ================================================================================================
"""
