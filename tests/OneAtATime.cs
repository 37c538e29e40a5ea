// libtorch's random numbers and its number of threads belong to the process: tests that train take turns.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
