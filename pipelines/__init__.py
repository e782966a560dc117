"""Events, and what happens to them between the ramps: batches, graphs of operators, the compiler."""
