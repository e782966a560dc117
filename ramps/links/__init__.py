"""Links: how events cross from one process of a deployment to another, and the answers back.

Nobody names these connectors in a file, and no registry knows them: a plan that is cut into parts has them where it
was cut.

==================  ===================================================================================================
`wire`              frames on a Unix socket: what they look like, and a reader for any chunks; pure
`client`            one connection as its sender sees it: write a frame, wait for the answer
`link_offramp`      the sending end, in the place of an offramp that another process has
`link_server`       what both receiving ends have in common: senders, their sequence numbers, answers
`link_onramp`       a receiving end that decodes: in front of the copies to which another process deals its input
`link_intake`       a receiving end that has encoded batches written: in front of an offramp that many processes share
`linked_batch`      a batch for which somebody else waits
==================  ===================================================================================================
"""
